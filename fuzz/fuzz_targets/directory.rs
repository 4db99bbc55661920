#![no_main]

#[path = "../laws/directory.rs"]
mod directory;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    directory::check(octets);
});
