//! The body of the token endpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authly_fuzz::token_form(data));
