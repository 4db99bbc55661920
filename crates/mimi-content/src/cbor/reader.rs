//! A cursor over octets that takes deterministic CBOR only, RFC 8949 section 4.2.1 and sections 6.1 to 6.3.

use crate::cbor::float;
use crate::error::{DecodeError, Field, Rule};
use crate::{MAX_EXTENSION_DEPTH, MAX_INTEGER_KEY, MAX_TEXT_KEY};

/// Major type of an item, RFC 8949 section 3.1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Major {
    /// 0
    Unsigned,
    /// 1: the number is `-1 - argument`
    Negative,
    /// 2
    Bytes,
    /// 3
    Text,
    /// 4
    Array,
    /// 5
    Map,
    /// 6
    Tag,
    /// 7
    SimpleOrFloat,
}

/// Head of an item: what it is and the number with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Head {
    /// Offset of its first octet.
    pub offset: usize,
    /// Major type.
    pub major: Major,
    /// Value, length, count, tag number, simple value or bits of a float.
    pub argument: u64,
    /// Octets the argument takes after the first: 0, 1, 2, 4 or 8.
    pub width: u8,
}

/// The cursor. It borrows the octets and hands out slices of them.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the first octet.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, end: octets.len() }
    }

    /// Offset of the next octet.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// The octets not read yet.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Refuses octets that are left.
    ///
    /// # Errors
    /// [`Rule::TrailingBytes`]
    pub const fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::new(self.offset(), Rule::TrailingBytes)) }
    }

    /// Reads the head of the next item. Content of strings is left for [`Reader::take`].
    ///
    /// # Errors
    /// The rules of a head: truncated, reserved, indefinite, not the shortest; and the rules of floats and simple values.
    #[inline(always)]
    pub fn head(&mut self) -> Result<Head, DecodeError> {
        let offset = self.offset();
        let Some((&initial, rest)) = self.rest.split_first() else {
            return Err(DecodeError::new(offset, Rule::Truncated));
        };
        let major = match initial >> 5 {
            0 => Major::Unsigned,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::SimpleOrFloat,
        };
        let information = initial & 0x1f;
        if information < 24 {
            self.rest = rest;
            return Ok(Head { offset, major, argument: u64::from(information), width: 0 });
        }
        // Most lengths above 23 take one octet; the other widths are rare.
        if information == 24
            && major != Major::SimpleOrFloat
            && let Some((&octet, rest)) = rest.split_first()
            && octet >= 24
        {
            self.rest = rest;
            return Ok(Head { offset, major, argument: u64::from(octet), width: 1 });
        }
        self.long_head(offset, major, information, rest)
    }

    #[cold]
    fn long_head(&mut self, offset: usize, major: Major, information: u8, rest: &'a [u8]) -> Result<Head, DecodeError> {
        let error = |rule| DecodeError::new(offset, rule);
        let (width, argument, rest) = match information {
            24 => rest.split_first_chunk::<1>().map(|(octets, rest)| (1, u64::from(u8::from_be_bytes(*octets)), rest)),
            25 => rest.split_first_chunk::<2>().map(|(octets, rest)| (2, u64::from(u16::from_be_bytes(*octets)), rest)),
            26 => rest.split_first_chunk::<4>().map(|(octets, rest)| (4, u64::from(u32::from_be_bytes(*octets)), rest)),
            27 => rest.split_first_chunk::<8>().map(|(octets, rest)| (8, u64::from_be_bytes(*octets), rest)),
            31 if !matches!(major, Major::Unsigned | Major::Negative | Major::Tag) => {
                return Err(error(Rule::IndefiniteLength));
            }
            _ => return Err(error(Rule::ReservedAdditionalInformation)),
        }
        .ok_or(error(Rule::Truncated))?;
        // req: MC08-6.1-01, MC08-6.1-02, MC08-6.1-06
        if major == Major::SimpleOrFloat {
            check_simple_or_float(width, argument).map_err(error)?;
        } else {
            let shorter = match width {
                1 => 23,
                2 => 0xff,
                4 => 0xffff,
                _ => 0xffff_ffff,
            };
            if argument <= shorter {
                return Err(error(Rule::NotShortestHead));
            }
        }
        self.rest = rest;
        Ok(Head { offset, major, argument, width })
    }

    /// Takes the content of a string whose head was read.
    ///
    /// # Errors
    /// [`Rule::Truncated`], at the head.
    #[inline]
    pub fn take(&mut self, head: Head) -> Result<&'a [u8], DecodeError> {
        match usize::try_from(head.argument).ok().and_then(|length| self.rest.split_at_checked(length)) {
            Some((content, rest)) => {
                self.rest = rest;
                Ok(content)
            }
            None => Err(DecodeError::new(head.offset, Rule::Truncated)),
        }
    }

    /// Takes the content of a text string whose head was read.
    ///
    /// # Errors
    /// [`Rule::Truncated`], at the head; [`Rule::InvalidUtf8`], at the first wrong octet.
    #[inline]
    pub fn take_text(&mut self, head: Head) -> Result<&'a str, DecodeError> {
        let start = self.offset();
        let content = self.take(head)?;
        // req: MC08-6.2-05
        core::str::from_utf8(content).map_err(|e| DecodeError::new(start + e.valid_up_to(), Rule::InvalidUtf8))
    }

    /// Number of items of an array or entries of a map whose head was read, if the octets at hand can hold
    /// them.
    ///
    /// # Errors
    /// [`Rule::Truncated`], at the head.
    #[inline]
    pub fn count(&self, head: Head) -> Result<usize, DecodeError> {
        let least = if head.major == Major::Map { 2 } else { 1 };
        match usize::try_from(head.argument) {
            Ok(count) if count <= self.rest.len() / least => Ok(count),
            _ => Err(DecodeError::new(head.offset, Rule::Truncated)),
        }
    }

    /// Reads a head that has to be of one type.
    #[inline]
    fn expect(&mut self, major: Major, field: Field) -> Result<Head, DecodeError> {
        let head = self.head()?;
        if head.major == major { Ok(head) } else { Err(DecodeError::new(head.offset, Rule::Type(field))) }
    }

    /// Reads a byte string.
    ///
    /// # Errors
    /// The rules of CBOR, and [`Rule::Type`].
    #[inline]
    pub fn bytes(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        let head = self.expect(Major::Bytes, field)?;
        self.take(head)
    }

    /// Reads a byte string of one length.
    ///
    /// # Errors
    /// The rules of CBOR, [`Rule::Type`] and [`Rule::Length`].
    #[inline]
    pub fn array_of_bytes<const N: usize>(&mut self, field: Field) -> Result<&'a [u8; N], DecodeError> {
        let head = self.expect(Major::Bytes, field)?;
        if head.argument != N as u64 {
            return Err(DecodeError::new(head.offset, Rule::Length(field)));
        }
        let content = self.take(head)?;
        content.try_into().map_err(|_| DecodeError::new(head.offset, Rule::Length(field)))
    }

    /// Reads a text string.
    ///
    /// # Errors
    /// The rules of CBOR, and [`Rule::Type`].
    #[inline]
    pub fn text(&mut self, field: Field) -> Result<&'a str, DecodeError> {
        let head = self.expect(Major::Text, field)?;
        self.take_text(head)
    }

    /// Reads an unsigned integer up to a limit.
    ///
    /// # Errors
    /// The rules of CBOR, [`Rule::Type`] and [`Rule::Range`].
    #[inline]
    pub fn unsigned(&mut self, field: Field, limit: u64) -> Result<u64, DecodeError> {
        let head = self.head()?;
        match head.major {
            Major::Unsigned if head.argument <= limit => Ok(head.argument),
            Major::Unsigned | Major::Negative => Err(DecodeError::new(head.offset, Rule::Range(field))),
            _ => Err(DecodeError::new(head.offset, Rule::Type(field))),
        }
    }

    /// Reads a boolean.
    ///
    /// # Errors
    /// The rules of CBOR, and [`Rule::Type`].
    pub fn bool(&mut self, field: Field) -> Result<bool, DecodeError> {
        let head = self.head()?;
        match (head.major, head.width, head.argument) {
            (Major::SimpleOrFloat, 0, 20) => Ok(false),
            (Major::SimpleOrFloat, 0, 21) => Ok(true),
            _ => Err(DecodeError::new(head.offset, Rule::Type(field))),
        }
    }

    /// Reads the head of an array: offset and number of elements.
    ///
    /// # Errors
    /// The rules of CBOR, and [`Rule::Type`]. The number may be larger than the octets at hand can hold.
    #[inline]
    pub fn array(&mut self, field: Field) -> Result<(usize, u64), DecodeError> {
        let head = self.expect(Major::Array, field)?;
        Ok((head.offset, head.argument))
    }

    /// Takes a null if one is next.
    #[inline]
    pub fn null(&mut self) -> bool {
        match self.rest.split_first() {
            Some((0xf6, rest)) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Checks the extensions, which have to be next, and returns their entries' octets and number.
    #[inline(always)]
    pub(crate) fn extensions(&mut self) -> Result<(&'a [u8], usize), DecodeError> {
        let head = self.expect(Major::Map, Field::Extensions)?;
        let count = self.count(head)?;
        let entries = self.rest;
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.rest;
            let key = self.head()?;
            match key.major {
                Major::Unsigned | Major::Negative => integer_key(key)?,
                Major::Text => {
                    // req: MC08-4.3-01, MC08-6.2-01
                    if !(1..=MAX_TEXT_KEY as u64).contains(&key.argument) {
                        return Err(DecodeError::new(key.offset, Rule::ExtensionKeyLength));
                    }
                    self.take_text(key)?;
                }
                _ => return Err(DecodeError::new(key.offset, Rule::ExtensionKeyType)),
            }
            previous = self.next_key(previous, start, key.offset)?;
            let known = key.major == Major::Unsigned && matches!(key.argument, 1 | 2);
            if known {
                let value = self.head()?;
                if value.major != Major::Text {
                    return Err(DecodeError::new(value.offset, Rule::ExtensionValueType));
                }
                self.take_text(value)?;
            } else {
                self.value(2)?;
            }
        }
        Ok((self.consumed(entries), count))
    }

    /// Checks a value of an extension. `level` is the one it has if it is a map, an array or a tag; the map of the extensions
    /// is level 1.
    // req: MC08-4.3-03
    pub(crate) fn value(&mut self, level: usize) -> Result<(), DecodeError> {
        let head = self.head()?;
        // req: MC08-6.3-02
        if matches!(head.major, Major::Array | Major::Map | Major::Tag) && level > MAX_EXTENSION_DEPTH {
            return Err(DecodeError::new(head.offset, Rule::ExtensionDepth));
        }
        match head.major {
            Major::Unsigned | Major::Negative | Major::SimpleOrFloat => {}
            Major::Bytes => {
                self.take(head)?;
            }
            Major::Text => {
                self.take_text(head)?;
            }
            Major::Array => {
                for _ in 0..self.count(head)? {
                    self.value(level + 1)?;
                }
            }
            Major::Map => self.map(head, level)?,
            Major::Tag => {
                if matches!(head.argument, 2 | 3) {
                    self.bignum()?;
                } else {
                    self.value(level + 1)?;
                }
            }
        }
        Ok(())
    }

    fn map(&mut self, head: Head, level: usize) -> Result<(), DecodeError> {
        let mut previous: &[u8] = &[];
        for _ in 0..self.count(head)? {
            let start = self.rest;
            let key = self.head()?;
            // req: MC08-6.2-02
            match key.major {
                Major::Unsigned | Major::Negative => integer_key(key)?,
                Major::Bytes => {
                    self.take(key)?;
                }
                Major::Text => {
                    self.take_text(key)?;
                }
                _ => return Err(DecodeError::new(key.offset, Rule::MapKeyType)),
            }
            previous = self.next_key(previous, start, key.offset)?;
            self.value(level + 1)?;
        }
        Ok(())
    }

    /// Compares the key that was just read with the one before it; no key encodes to nothing.
    #[inline]
    fn next_key(&self, previous: &[u8], start: &'a [u8], offset: usize) -> Result<&'a [u8], DecodeError> {
        let key = self.consumed(start);
        // req: MC08-6.1-03, MC08-6.1-04, MC08-4.3-02
        match key.cmp(previous) {
            core::cmp::Ordering::Greater => Ok(key),
            core::cmp::Ordering::Equal => Err(DecodeError::new(offset, Rule::DuplicateMapKey)),
            core::cmp::Ordering::Less => Err(DecodeError::new(offset, Rule::MapKeyOrder)),
        }
    }

    /// A bignum that fits an integer is written as one, RFC 8949 section 3.4.3.
    // req: MC08-6.1-05
    fn bignum(&mut self) -> Result<(), DecodeError> {
        let head = self.head()?;
        if head.major != Major::Bytes {
            return Err(DecodeError::new(head.offset, Rule::BignumContent));
        }
        let magnitude = self.take(head)?;
        if magnitude.len() <= 8 || magnitude.first() == Some(&0) {
            return Err(DecodeError::new(head.offset, Rule::BignumNotShortest));
        }
        Ok(())
    }

    /// The octets from an earlier place up to here.
    #[inline]
    pub(crate) fn consumed(&self, from: &'a [u8]) -> &'a [u8] {
        from.get(..from.len() - self.rest.len()).unwrap_or_default()
    }
}

fn integer_key(head: Head) -> Result<(), DecodeError> {
    // -1 - argument has to be at least -(2^53 - 1).
    let limit = match head.major {
        Major::Negative => MAX_INTEGER_KEY as u64 - 1,
        _ => MAX_INTEGER_KEY as u64,
    };
    // req: MC08-6.2-03
    if head.argument > limit {
        return Err(DecodeError::new(head.offset, Rule::MapKeyRange));
    }
    Ok(())
}

fn check_simple_or_float(width: u8, argument: u64) -> Result<(), Rule> {
    match width {
        1 if argument < 32 => Err(Rule::InvalidSimpleValue),
        1 => Ok(()),
        // req: MC08-6.2-04
        2 if argument & 0x7c00 == 0x7c00 && argument & 0x3ff != 0 && argument != 0x7e00 => Err(Rule::Nan),
        2 => Ok(()),
        4 => {
            let bits = u32::try_from(argument).unwrap_or_default();
            if f32::from_bits(bits).is_nan() {
                Err(Rule::Nan)
            } else if float::half_of_single(bits).is_some() {
                Err(Rule::NotShortestFloat)
            } else {
                Ok(())
            }
        }
        _ => {
            if f64::from_bits(argument).is_nan() {
                Err(Rule::Nan)
            } else if float::single_of_double(argument).is_some() {
                Err(Rule::NotShortestFloat)
            } else {
                Ok(())
            }
        }
    }
}
