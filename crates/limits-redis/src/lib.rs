//! Token buckets shared by several nodes through Redis.
