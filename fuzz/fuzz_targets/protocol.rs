#![no_main]

#[path = "../laws/protocol.rs"]
mod protocol;
#[path = "../laws/types.rs"]
mod types;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    protocol::check(octets);
});
