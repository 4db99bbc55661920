//! Values of extensions: any CBOR within sections 6.1 to 6.3, as a tree or as checked octets.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::cbor::{Float, Major, Reader, Writer};
use crate::error::DecodeError;
use crate::{MAX_EXTENSION_DEPTH, MAX_INTEGER_KEY};

/// A CBOR value. There is one value per encoding and one encoding per value, so nothing is lost on the way through it.
///
/// A tree can be built that the format does not allow (too deep, a bignum that an integer could carry);
/// [`Value::check`] tells, and nothing takes a value into a message without it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// `0` to `2^64 - 1`.
    Unsigned(u64),
    /// `-1 - n`, so `-1` down to `-2^64`.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map, in the order of its keys' encodings.
    Map(BTreeMap<MapKey, Value>),
    /// A tag number and its content.
    Tag(u64, Box<Value>),
    /// A boolean.
    Bool(bool),
    /// Null.
    Null,
    /// Undefined.
    Undefined,
    /// A simple value without a name.
    Simple(Simple),
    /// A floating point number. Section 6.2 discourages them.
    Float(Float),
}

/// A key of a map inside an extension, section 6.2. Ordered as the encodings are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum MapKey {
    /// An integer; within ±(2^53 - 1) or [`Value::check`] refuses it.
    Int(i64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
}

/// A simple value that is not false, true, null or undefined: 0 to 19 and 32 to 255.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Simple(u8);

/// A value that the format does not allow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Maps, arrays and tags below one another.
    #[error(
        "maps, arrays and tags nested more than {MAX_EXTENSION_DEPTH} levels deep, the extensions' own map counted"
    )]
    TooDeep,
    /// An integer key that a double cannot carry exactly.
    #[error("integer key {0} outside ±(2^53 - 1)")]
    KeyRange(i64),
    /// Tag 2 or 3 around something else than a byte string without leading zeros that no integer can carry.
    #[error("bignum that is not the shortest form of its number")]
    Bignum,
}

impl Simple {
    /// A simple value; `None` for 20 to 31, which are others or nothing.
    pub const fn new(value: u8) -> Option<Self> {
        if matches!(value, 20..=31) { None } else { Some(Self(value)) }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Value {
    /// Whether a message may carry this value in an extension.
    ///
    /// # Errors
    /// What is wrong with it. Sections 6.1 to 6.3.
    pub fn check(&self) -> Result<(), ValueError> {
        self.check_at(2)
    }

    fn check_at(&self, level: usize) -> Result<(), ValueError> {
        if matches!(self, Self::Array(_) | Self::Map(_) | Self::Tag(..)) && level > MAX_EXTENSION_DEPTH {
            return Err(ValueError::TooDeep);
        }
        match self {
            Self::Array(items) => items.iter().try_for_each(|item| item.check_at(level + 1)),
            Self::Map(entries) => entries.iter().try_for_each(|(key, value)| {
                if let MapKey::Int(key) = key {
                    check_integer_key(*key)?;
                }
                value.check_at(level + 1)
            }),
            Self::Tag(2 | 3, content) => match &**content {
                Self::Bytes(magnitude) if magnitude.len() > 8 && !magnitude.starts_with(&[0]) => Ok(()),
                _ => Err(ValueError::Bignum),
            },
            Self::Tag(_, content) => content.check_at(level + 1),
            _ => Ok(()),
        }
    }

    /// Reads one value that an extension could have.
    ///
    /// # Errors
    /// The rule that is broken, and where.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        reader.value(2)?;
        reader.finish()?;
        Self::read(&mut Reader::new(octets))
    }

    /// Writes a value that an extension could have.
    ///
    /// # Errors
    /// What [`Value::check`] finds.
    pub fn encode(&self) -> Result<Vec<u8>, ValueError> {
        self.check()?;
        let mut writer = Writer::new();
        self.write(&mut writer);
        Ok(writer.into_octets())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one of 64 bits with a sign.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Unsigned(n) => i64::try_from(*n).ok(),
            Self::Negative(n) => i64::try_from(*n).ok().map(|n| !n),
            _ => None,
        }
    }

    /// Builds the tree of octets that were checked; so it recurses no deeper than the check did.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let head = reader.head()?;
        Ok(match head.major {
            Major::Unsigned => Self::Unsigned(head.argument),
            Major::Negative => Self::Negative(head.argument),
            Major::Bytes => Self::Bytes(reader.take(head)?.to_vec()),
            Major::Text => Self::Text(reader.take_text(head)?.into()),
            Major::Array => {
                let mut items = Vec::new();
                for _ in 0..reader.count(head)? {
                    items.push(Self::read(reader)?);
                }
                Self::Array(items)
            }
            Major::Map => {
                let mut entries = BTreeMap::new();
                for _ in 0..reader.count(head)? {
                    let key = MapKey::read(reader)?;
                    entries.insert(key, Self::read(reader)?);
                }
                Self::Map(entries)
            }
            Major::Tag => Self::Tag(head.argument, Box::new(Self::read(reader)?)),
            Major::SimpleOrFloat => match (head.width, head.argument) {
                (0, 20) => Self::Bool(false),
                (0, 21) => Self::Bool(true),
                (0, 22) => Self::Null,
                (0, 23) => Self::Undefined,
                (0 | 1, number) => Self::Simple(Simple(number as u8)),
                (2, bits) => Self::Float(Float::from_half(bits as u16)),
                (4, bits) => Self::Float(Float::from_single(bits as u32)),
                (_, bits) => Self::Float(Float::from_double(bits)),
            },
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Unsigned(n) => writer.unsigned(*n),
            Self::Negative(n) => writer.head(Major::Negative, *n),
            Self::Bytes(octets) => writer.bytes(octets),
            Self::Text(text) => writer.text(text),
            Self::Array(items) => {
                writer.array(items.len());
                for item in items {
                    item.write(writer);
                }
            }
            Self::Map(entries) => {
                writer.map(entries.len());
                for (key, value) in entries {
                    match key {
                        MapKey::Int(n) => writer.integer(*n),
                        MapKey::Bytes(octets) => writer.bytes(octets),
                        MapKey::Text(text) => writer.text(text),
                    }
                    value.write(writer);
                }
            }
            Self::Tag(number, content) => {
                writer.tag(*number);
                content.write(writer);
            }
            Self::Bool(value) => writer.bool(*value),
            Self::Null => writer.null(),
            Self::Undefined => writer.simple(23),
            Self::Simple(value) => writer.simple(value.0),
            Self::Float(value) => writer.float(*value),
        }
    }
}

pub(crate) fn check_integer_key(key: i64) -> Result<(), ValueError> {
    if (-MAX_INTEGER_KEY..=MAX_INTEGER_KEY).contains(&key) { Ok(()) } else { Err(ValueError::KeyRange(key)) }
}

impl MapKey {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let head = reader.head()?;
        Ok(match head.major {
            Major::Bytes => Self::Bytes(reader.take(head)?.to_vec()),
            Major::Text => Self::Text(reader.take_text(head)?.into()),
            Major::Negative => Self::Int(!(head.argument as i64)),
            _ => Self::Int(head.argument as i64),
        })
    }
}

impl Ord for MapKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => order_integers(*a, *b),
            (Self::Bytes(a), Self::Bytes(b)) => order_strings(a, b),
            (Self::Text(a), Self::Text(b)) => order_strings(a.as_bytes(), b.as_bytes()),
            (Self::Int(_), _) | (Self::Bytes(_), Self::Text(_)) => Ordering::Less,
            (_, Self::Int(_)) | (Self::Text(_), Self::Bytes(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for MapKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Order of the encodings: zero and above upwards, then below zero downwards.
pub(crate) fn order_integers(a: i64, b: i64) -> Ordering {
    (a < 0).cmp(&(b < 0)).then_with(|| if a < 0 { b.cmp(&a) } else { a.cmp(&b) })
}

/// Order of the encodings: the length stands first.
pub(crate) fn order_strings(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(octets: Vec<u8>) -> Self {
        Self::Bytes(octets)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Unsigned(n)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        if n < 0 { Self::Negative(!(n as u64)) } else { Self::Unsigned(n as u64) }
    }
}

/// A value inside a message that was checked, as its octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueRef<'a>(pub(crate) &'a [u8]);

impl<'a> ValueRef<'a> {
    /// Its encoding.
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it is one.
    pub fn as_text(self) -> Option<&'a str> {
        let mut reader = Reader::new(self.0);
        match reader.head() {
            Ok(head) if head.major == Major::Text => reader.take_text(head).ok(),
            _ => None,
        }
    }

    /// The tree.
    pub fn to_value(self) -> Value {
        // The octets were checked when the message was read.
        Value::read(&mut Reader::new(self.0)).unwrap_or(Value::Undefined)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let key = prop_oneof![
            any::<i64>().prop_map(MapKey::Int),
            (0..40i64).prop_map(MapKey::Int),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(MapKey::Bytes),
            "[a-c]{0,2}".prop_map(MapKey::Text),
        ];
        let leaf = prop_oneof![Just(Value::Null), prop::collection::vec(0..3u8, 7..11).prop_map(Value::Bytes),];
        leaf.prop_recursive(5, 16, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::btree_map(key.clone(), inner.clone(), 0..3).prop_map(Value::Map),
                (0..6u64, inner).prop_map(|(number, v)| Value::Tag(number, Box::new(v))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_check_of_a_tree_agrees_with_the_check_of_its_octets(value in any_value()) {
            // req: MC08-6.2-03, MC08-6.3-02
            let mut writer = Writer::new();
            value.write(&mut writer);
            let read = Value::decode(&writer.into_octets());
            prop_assert_eq!(value.check().is_ok(), read.is_ok());
            if let Ok(read) = read {
                prop_assert_eq!(read, value);
            }
        }

        #[test]
        fn keys_are_ordered_as_their_octets(a in -400..400i64, b in any::<i64>()) {
            // req: MC08-6.1-03
            let octets = |n: i64| {
                let mut writer = Writer::new();
                writer.integer(n);
                writer.into_octets()
            };
            prop_assert_eq!(order_integers(a, b), octets(a).cmp(&octets(b)));
        }
    }

    #[test]
    fn the_keys_of_rfc_8949_section_4_2_1_sort_as_they_do_there() {
        // req: MC08-6.1-03
        let mut keys = vec![
            MapKey::Text("aa".into()),
            MapKey::Text("z".into()),
            MapKey::Int(-1),
            MapKey::Int(100),
            MapKey::Int(10),
        ];
        keys.sort();
        assert_eq!(
            keys,
            [MapKey::Int(10), MapKey::Int(100), MapKey::Int(-1), MapKey::Text("z".into()), MapKey::Text("aa".into()),]
        );
    }
}
