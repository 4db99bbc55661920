//! Reading and writing the TLS presentation language as RFC 9420 section 2.1 uses it.
//!
//! Reading is strict: a length is in its shortest form and never larger than what is at hand, an optional value is
//! announced by 0 or 1, and nothing follows the end of a value. Every [`DecodeError`] says at which octet which rule
//! was broken, and where that rule stands. Nothing is allocated from a length or a count that the input merely
//! claims.

use std::fmt;

use tls_codec::{Serialize as _, VLByteSlice};

/// The longest vector that RFC 9420 section 2.1.2 can express, in octets.
pub const MAX_VECTOR_LENGTH: usize = (1 << 30) - 1;

/// A rule that input or a value to be written can break.
///
/// Rules are statics beside the type that has them, so that two errors can be compared by rule.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rule {
    text: &'static str,
    section: &'static str,
}

impl Rule {
    /// A rule in one sentence and the document and section it comes from.
    pub const fn new(text: &'static str, section: &'static str) -> Self {
        Self { text, section }
    }

    /// What is wrong when the rule is broken, in one sentence without a full stop.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Document and section of the rule.
    pub const fn section(&self) -> &'static str {
        self.section
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.section)
    }
}

/// Declares rules as public statics whose documentation is their text:
/// `rules! { NAME = "what is wrong", "document and section"; }`.
#[macro_export]
macro_rules! rules {
    ($($name:ident = $text:literal, $section:literal;)+) => {
        $(
            #[doc = concat!("Broken when: ", $text, " (", $section, ").")]
            pub static $name: $crate::codec::Rule = $crate::codec::Rule::new($text, $section);
        )+
    };
}
pub use crate::rules;

rules! {
    TRUNCATED = "the input ends inside a value", "RFC 9420 section 2.1";
    TRAILING = "octets follow the end of the value", "RFC 9420 section 2.1";
    VECTOR_TOO_LONG = "vector length exceeds the bytes at hand", "RFC 9420 section 2.1.2";
    LENGTH_NOT_SHORTEST = "vector length is not in its shortest form", "RFC 9420 section 2.1.2";
    LENGTH_PREFIX_INVALID = "vector length starts with the reserved bits 11", "RFC 9420 section 2.1.2";
    PRESENCE_INVALID = "presence octet is neither 0 nor 1", "RFC 9420 section 2.1.1";
    EMPTY_ITEM = "vector item occupies no octets", "RFC 9420 section 2.1.2";
    NOT_UTF8 = "text is not UTF-8", "draft-ietf-mimi-protocol-06 section 5";
    ENCODE_TOO_LONG = "vector is longer than 2^30-1 octets", "RFC 9420 section 2.1.2";
}

/// Input that is not an encoding of the value asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("offset {offset}: {rule}")]
pub struct DecodeError {
    offset: usize,
    rule: &'static Rule,
}

impl DecodeError {
    /// The rule that the octet at `offset` breaks.
    pub const fn new(offset: usize, rule: &'static Rule) -> Self {
        Self { offset, rule }
    }

    /// Where, counted in octets from the start of the outermost input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong.
    pub const fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }
}

/// A value that has no encoding.
///
/// Besides the length limit of vectors this covers what the reader of the same type refuses: nothing is written that
/// a strict peer could not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{rule}")]
pub struct EncodeError {
    rule: &'static Rule,
}

impl EncodeError {
    /// The rule that the value breaks.
    pub const fn new(rule: &'static Rule) -> Self {
        Self { rule }
    }

    /// What is wrong.
    pub const fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }
}

/// A type with exactly one encoding.
///
/// `from_bytes(to_bytes(x)) == x`, and `to_bytes(from_bytes(b)) == b` for every `b` that is accepted.
// req: MP06-5-02
pub trait Wire: Sized {
    /// Reads one value and leaves the reader behind it.
    ///
    /// # Errors
    /// The first rule that the input breaks.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Appends the encoding to `out`. After an error, what was appended is of no use.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads one value that fills `bytes` exactly.
    ///
    /// # Errors
    /// The first rule that the input breaks; octets after the value are an error too.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    /// The encoding.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode(&mut out)?;
        Ok(out)
    }
}

/// Reads values from a slice and knows where it is.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at offset 0.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// Octets read so far, counted from the start of the outermost input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// An error at the present offset.
    pub const fn error(&self, rule: &'static Rule) -> DecodeError {
        DecodeError::new(self.offset, rule)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When octets are left over.
    pub const fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error(&TRAILING)) }
    }

    /// The next `count` octets.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.error(&TRUNCATED))?;
        self.rest = rest;
        self.offset += count;
        Ok(taken)
    }

    /// The next `N` octets as an array.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(self.error(&TRUNCATED))?;
        self.rest = rest;
        self.offset += N;
        Ok(*taken)
    }

    /// A `uint8`.
    ///
    /// # Errors
    /// When the input has ended.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// A `uint16`.
    ///
    /// # Errors
    /// When the input ends inside it.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// When the input ends inside it.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A `uint64`.
    ///
    /// # Errors
    /// When the input ends inside it.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A variable-size vector length (RFC 9420 section 2.1.2).
    fn length(&mut self) -> Result<usize, DecodeError> {
        let start = self.offset;
        let first = self.u8()?;
        let low = usize::from(first & 0x3f);
        let (length, least) = match first >> 6 {
            0 => (low, 0),
            1 => (low << 8 | usize::from(self.u8()?), 1 << 6),
            2 => {
                let [a, b, c] = self.array()?;
                (low << 24 | usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c), 1 << 14)
            }
            _ => return Err(DecodeError::new(start, &LENGTH_PREFIX_INVALID)),
        };
        if length < least {
            return Err(DecodeError::new(start, &LENGTH_NOT_SHORTEST));
        }
        Ok(length)
    }

    /// An `opaque<V>`: the octets without their length.
    ///
    /// # Errors
    /// When the length is malformed or larger than what is left.
    pub fn opaque(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.offset;
        let length = self.length()?;
        let (content, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::new(start, &VECTOR_TOO_LONG))?;
        self.rest = rest;
        self.offset += length;
        Ok(content)
    }

    /// A vector, as a reader over its content.
    ///
    /// # Errors
    /// When the length is malformed or larger than what is left.
    pub fn vector(&mut self) -> Result<Reader<'a>, DecodeError> {
        let content = self.opaque()?;
        Ok(Reader { rest: content, offset: self.offset - content.len() })
    }

    /// An `opaque<V>` that holds UTF-8; what the protocol draft calls a string.
    ///
    /// # Errors
    /// When the vector is malformed or not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let content = self.vector()?;
        std::str::from_utf8(content.rest)
            .map_err(|error| DecodeError::new(content.offset + error.valid_up_to(), &NOT_UTF8))
    }

    /// A vector of items.
    ///
    /// # Errors
    /// When the vector or an item is malformed, or the last item reaches past the vector's end.
    pub fn list<T: Wire>(&mut self) -> Result<Vec<T>, DecodeError> {
        self.list_with(T::decode)
    }

    /// A vector of items that `item` reads.
    ///
    /// # Errors
    /// When the vector or an item is malformed, or the last item reaches past the vector's end.
    pub fn list_with<T>(
        &mut self,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut content = self.vector()?;
        let mut items = Vec::new();
        while !content.is_empty() {
            let before = content.offset;
            items.push(item(&mut content)?);
            if content.offset == before {
                return Err(content.error(&EMPTY_ITEM));
            }
        }
        Ok(items)
    }

    /// An `optional<T>`: a presence octet, then the value if the octet is 1.
    ///
    /// # Errors
    /// When the octet is neither 0 nor 1, or the value is malformed.
    pub fn optional<T: Wire>(&mut self) -> Result<Option<T>, DecodeError> {
        self.optional_with(T::decode)
    }

    /// An `optional<T>` whose value `value` reads.
    ///
    /// # Errors
    /// When the octet is neither 0 nor 1, or the value is malformed.
    pub fn optional_with<T>(
        &mut self,
        value: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let start = self.offset;
        match self.u8()? {
            0 => Ok(None),
            1 => value(self).map(Some),
            _ => Err(DecodeError::new(start, &PRESENCE_INVALID)),
        }
    }

    /// What `value` reads, together with the octets it took.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn capture<T>(
        &mut self,
        value: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<(&'a [u8], T), DecodeError> {
        let mut start = self.clone();
        let value = value(self)?;
        let bytes = start.take(self.offset - start.offset)?;
        Ok((bytes, value))
    }
}

/// Appends an `opaque<V>`.
///
/// # Errors
/// When it is longer than [`MAX_VECTOR_LENGTH`].
pub fn put_opaque(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
    match VLByteSlice(bytes).tls_serialize(out) {
        Ok(_) => Ok(()),
        Err(_) => Err(EncodeError::new(&ENCODE_TOO_LONG)),
    }
}

/// Appends a vector of items.
///
/// # Errors
/// When an item has no encoding or all together are too long.
pub fn put_list<T: Wire>(out: &mut Vec<u8>, items: &[T]) -> Result<(), EncodeError> {
    put_list_with(out, items, T::encode)
}

/// Appends a vector of items that `item` writes.
///
/// # Errors
/// When an item has no encoding or all together are too long.
pub fn put_list_with<T>(
    out: &mut Vec<u8>,
    items: &[T],
    item: impl Fn(&T, &mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let mut content = Vec::new();
    for value in items {
        item(value, &mut content)?;
    }
    put_opaque(out, &content)
}

/// Appends an `optional<T>`.
///
/// # Errors
/// When the value has no encoding.
pub fn put_optional<T: Wire>(out: &mut Vec<u8>, value: Option<&T>) -> Result<(), EncodeError> {
    out.push(u8::from(value.is_some()));
    value.map_or(Ok(()), |value| value.encode(out))
}

impl Wire for u8 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.u8()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self);
        Ok(())
    }
}

/// Gives newtypes over integers their encoding: `wire_newtype!(Name(u16))`.
#[macro_export]
macro_rules! wire_newtype {
    ($($type:ident($inner:ident))+) => {
        $(impl $crate::codec::Wire for $type {
            fn decode(r: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                <$inner as $crate::codec::Wire>::decode(r).map(Self)
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::codec::EncodeError> {
                $crate::codec::Wire::encode(&self.0, out)
            }
        })+
    };
}

macro_rules! wire_integer {
    ($($type:ident)+) => {
        $(impl Wire for $type {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.$type()
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                out.extend_from_slice(&self.to_be_bytes());
                Ok(())
            }
        })+
    };
}
wire_integer!(u16 u32 u64);

#[cfg(test)]
mod tests;
