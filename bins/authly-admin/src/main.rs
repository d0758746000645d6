//! The command line that administrators run.

fn main() {}
