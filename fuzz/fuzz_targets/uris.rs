#![no_main]

#[path = "../laws/uris.rs"]
mod uris;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    uris::check(octets);
});
