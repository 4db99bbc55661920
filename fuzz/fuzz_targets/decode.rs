#![no_main]

#[path = "../laws/decode.rs"]
mod decode;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| decode::check(octets));
