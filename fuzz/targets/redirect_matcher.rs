//! Registered against presented redirect URIs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authly_fuzz::redirect_matcher(data));
