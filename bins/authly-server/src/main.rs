//! The server that operators run.

fn main() {}
