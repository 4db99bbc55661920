#![no_main]

#[path = "../laws/timeline.rs"]
mod timeline;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| timeline::check(octets));
