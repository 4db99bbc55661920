#![no_main]

#[path = "../laws/discovery.rs"]
mod discovery;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    discovery::check(octets);
});
