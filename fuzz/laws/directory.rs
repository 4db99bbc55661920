//! What holds for any text that is read as a directory document. Used by the fuzz target and by the test that replays the corpus.

use mimi_protocol::directory::{Directory, Endpoint};

/// Whether the octets are a document.
///
/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) -> bool {
    let directory = match Directory::from_json(octets) {
        Ok(directory) => directory,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.section().is_empty());
            return false;
        }
    };
    let text = directory.to_json();
    // Printing with line breaks can make a document longer than is read.
    if text.len() <= mimi_protocol::directory::MAX_OCTETS {
        let again = Directory::from_json(text.as_bytes()).expect("what was written can be read");
        assert_eq!(again.to_json(), text, "a document has one text");
        assert!(again.endpoints().eq(directory.endpoints()), "endpoints stay what they are");
    }
    for endpoint in Endpoint::ALL {
        let has = directory.get(endpoint).is_some();
        assert_eq!(directory.expand(endpoint, "mimi://a.example/r/tea").is_ok(), has, "{endpoint}");
        assert!(!directory.other().contains_key(endpoint.name()));
    }
    true
}
