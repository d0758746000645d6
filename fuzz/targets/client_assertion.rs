//! The JWT of private_key_jwt.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authly_fuzz::client_assertion(data));
