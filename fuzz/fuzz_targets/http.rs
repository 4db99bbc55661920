#![no_main]

#[path = "../laws/http.rs"]
mod http;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    http::check(octets);
});
