#![no_main]

#[path = "../laws/policy.rs"]
mod policy;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| policy::check(octets));
