//! The query of the authorization endpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authly_fuzz::authorize_query(data));
