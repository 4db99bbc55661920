//! What was read, as a tree of names and values: the one form that all types are turned into, and its JSON.
//!
//! Names are those of the draft. In JSON octets are hex, values of closed enumerations stand by name and numbers of registries as
//! numbers, the way the vectors have it. Numbers past 2^53 - 1 are decimal text, as not every reader of JSON keeps them.

use std::borrow::Cow;
use std::fmt::{self, Debug};

use mimi_protocol::{DecodeError, Wire};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// Largest number that every reader of JSON keeps exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// A value with what is in it.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// An optional value that is not there.
    Absent,
    /// Yes or no.
    Bool(bool),
    /// A number, and what it says to a person: a name in a registry, a date. The note may be empty.
    Number { value: u64, note: Cow<'static, str> },
    /// Numbers of one registry.
    Numbers { values: Vec<u64>, name: fn(u64) -> &'static str },
    /// A value of a closed enumeration, and its number on the wire.
    Word { name: Cow<'static, str>, value: Option<u64> },
    /// Text.
    Text(String),
    /// Octets whose meaning is not looked into.
    Octets(Vec<u8>),
    /// What JSON has a form for already.
    Json(serde_json::Value),
    /// A structure.
    Fields(Vec<(Cow<'static, str>, Tree)>),
    /// Values of one type.
    List(Vec<Tree>),
    /// Octets that hold a value of a type which the number or name beside them tells, and what came of reading it.
    Inside { octets: Vec<u8>, kind: &'static str, read: Result<Box<Tree>, ShowError> },
}

/// Why octets are not a value of the type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule} ({section}{})", At(*offset))]
pub(super) struct ShowError {
    /// The octet at which the rule is broken, counted from 0; absent if the error has no place.
    pub(super) offset: Option<usize>,
    /// What is wrong.
    pub(super) rule: String,
    /// Document and section of the rule.
    pub(super) section: &'static str,
}

struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |offset| write!(f, ", offset {offset}"))
    }
}

impl From<DecodeError> for ShowError {
    fn from(error: DecodeError) -> Self {
        Self { offset: Some(error.offset()), rule: error.rule().text().to_owned(), section: error.section() }
    }
}

/// Reads a value that fills `octets` and describes it.
pub(super) fn read<T: Wire>(octets: &[u8], describe: impl FnOnce(&T) -> Tree) -> Result<Tree, ShowError> {
    Ok(describe(&T::from_bytes(octets)?))
}

impl Tree {
    /// A number that says all by itself.
    pub(super) fn number(value: impl Into<u64>) -> Self {
        Self::Number { value: value.into(), note: Cow::Borrowed("") }
    }

    /// A number of a registry with its name there, which is empty if nobody knows it.
    pub(super) fn named(value: impl Into<u64>, name: fn(u64) -> &'static str) -> Self {
        let value = value.into();
        Self::Number { value, note: Cow::Borrowed(name(value)) }
    }

    /// A unit variant of an enumeration, which is called like in the draft but for casing.
    pub(super) fn word<T: Wire + Debug>(value: &T) -> Self {
        let number = value
            .to_bytes()
            .ok()
            .filter(|octets| octets.len() <= 8)
            .map(|octets| octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)));
        let variant = format!("{value:?}");
        let mut letters = variant.chars();
        let name =
            letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect::<String>();
        Self::Word { name: name.into(), value: number }
    }

    /// A value of an enumeration by its name and number.
    pub(super) fn constant(name: &'static str, value: u64) -> Self {
        Self::Word { name: name.into(), value: Some(value) }
    }

    /// Text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Octets.
    pub(super) fn octets(octets: impl Into<Vec<u8>>) -> Self {
        Self::Octets(octets.into())
    }

    /// A structure.
    pub(super) fn fields<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::Fields(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The structure with more fields at its end.
    pub(super) fn and<const N: usize>(mut self, more: [(&'static str, Self); N]) -> Self {
        if let Self::Fields(fields) = &mut self {
            fields.extend(more.into_iter().map(|(name, value)| (name.into(), value)));
        }
        self
    }

    /// Values of one type.
    pub(super) fn list<T>(items: impl IntoIterator<Item = T>, describe: impl Fn(T) -> Self) -> Self {
        Self::List(items.into_iter().map(describe).collect())
    }

    /// An optional value.
    pub(super) fn optional<T>(value: Option<T>, describe: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, describe)
    }

    /// Octets that hold a value of the type `kind`.
    pub(super) fn inside<T: Wire>(octets: &[u8], kind: &'static str, describe: impl FnOnce(&T) -> Self) -> Self {
        Self::Inside { octets: octets.to_vec(), kind, read: read(octets, describe).map(Box::new) }
    }
}

/// A number in JSON.
fn exact<S: Serializer>(value: u64, serializer: S) -> Result<S::Ok, S::Error> {
    if value <= MAX_EXACT { serializer.serialize_u64(value) } else { serializer.collect_str(&value) }
}

struct Exact(u64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        exact(self.0, serializer)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number { value, .. } => exact(*value, serializer),
            Self::Numbers { values, .. } => serializer.collect_seq(values.iter().copied().map(Exact)),
            Self::Word { name, .. } => serializer.serialize_str(name),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Octets(octets) => serializer.serialize_str(&hex::encode(octets)),
            Self::Json(value) => value.serialize(serializer),
            Self::Fields(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Inside { octets, kind, read } => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("octets", &hex::encode(octets))?;
                map.serialize_entry("type", kind)?;
                match read {
                    Ok(tree) => map.serialize_entry("value", tree)?,
                    Err(error) => map.serialize_entry("refused", &error.to_string())?,
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn fields_keep_their_order_in_json() {
        let tree = Tree::fields([("b", Tree::number(1_u8)), ("a", Tree::Absent)]);
        assert_eq!(serde_json::to_string(&tree).unwrap(), r#"{"b":1,"a":null}"#);
    }

    #[test]
    fn numbers_that_json_readers_may_round_are_text() {
        let tree = Tree::Numbers { values: vec![MAX_EXACT, MAX_EXACT + 1, u64::MAX], name: |_| "" };
        let json = serde_json::to_string(&tree).unwrap();
        assert_eq!(json, r#"[9007199254740991,"9007199254740992","18446744073709551615"]"#);
    }

    #[test]
    fn an_error_says_rule_section_and_offset() {
        let error = ShowError { offset: Some(3), rule: "it is wrong".to_owned(), section: "RFC 9420 section 6" };
        assert_eq!(error.to_string(), "it is wrong (RFC 9420 section 6, offset 3)");
        assert_eq!(ShowError { offset: None, ..error }.to_string(), "it is wrong (RFC 9420 section 6)");
    }
}
