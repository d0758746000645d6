//! Password hashes and the bounded pool that computes them, behind the traits of directory.
