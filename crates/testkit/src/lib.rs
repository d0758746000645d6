//! An in-process server and typed clients for end-to-end tests.
