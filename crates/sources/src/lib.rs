//! Readers of the systems that accounts come from.
