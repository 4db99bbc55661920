//! Files of test vectors, as in `spec-vectors`: the octets of one test, and the type that the file is about.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The octets of a test, and the name of their type.
pub(super) struct FromVector {
    /// The type that the file is about.
    pub(super) type_name: String,
    /// The test's octets.
    pub(super) octets: Vec<u8>,
}

/// The member that all files of vectors have and nothing else.
#[derive(Deserialize)]
struct Marker {
    #[serde(rename = "testGroups")]
    _test_groups: Vec<IgnoredAny>,
}

/// Whether text is a file of vectors.
pub(super) fn is_file(input: &[u8]) -> bool {
    input.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<Marker>(input).is_ok()
}

/// The member `encoded` of the test with this number.
pub(super) fn read(input: &[u8], number: u64) -> Result<FromVector, String> {
    let file: Value = serde_json::from_slice(input).map_err(|error| format!("is no file of vectors: {error}"))?;
    let groups = file.get("testGroups").and_then(Value::as_array).ok_or("is no file of vectors: no testGroups")?;
    let test = groups
        .iter()
        .filter_map(|group| group.get("tests")?.as_array())
        .flatten()
        .find(|test| test.get("tcId").and_then(Value::as_u64) == Some(number))
        .ok_or_else(|| format!("has no test {number}"))?;
    let encoded = test.get("encoded").and_then(Value::as_str).ok_or_else(|| format!("test {number} has no octets"))?;
    let octets = hex::decode(encoded).map_err(|error| format!("test {number}: not hex: {error}"))?;
    let type_name = file.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(FromVector { type_name, octets })
}
