//! Writes deterministic CBOR, RFC 8949 section 4.2.1.

use alloc::vec::Vec;

use crate::cbor::{Float, Major};

/// Octets under construction. Every head is the shortest; order of map keys is the caller's, whose maps are sorted.
#[derive(Clone, Default, Debug)]
pub struct Writer {
    octets: Vec<u8>,
}

impl Writer {
    /// An empty one.
    pub const fn new() -> Self {
        Self { octets: Vec::new() }
    }

    /// One with room for so many octets.
    pub fn with_capacity(octets: usize) -> Self {
        Self { octets: Vec::with_capacity(octets) }
    }

    /// What was written.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// Writes a head.
    pub fn head(&mut self, major: Major, argument: u64) {
        let major = (major as u8) << 5;
        let octets = argument.to_be_bytes();
        let [.., b4, b5, b6, b7] = octets;
        if argument < 24 {
            self.octets.push(major | b7);
        } else if argument <= 0xff {
            self.octets.extend_from_slice(&[major | 24, b7]);
        } else if argument <= 0xffff {
            self.octets.extend_from_slice(&[major | 25, b6, b7]);
        } else if argument <= 0xffff_ffff {
            self.octets.extend_from_slice(&[major | 26, b4, b5, b6, b7]);
        } else {
            self.octets.push(major | 27);
            self.octets.extend_from_slice(&octets);
        }
    }

    /// Writes an unsigned integer.
    pub fn unsigned(&mut self, value: u64) {
        self.head(Major::Unsigned, value);
    }

    /// Writes an integer.
    pub fn integer(&mut self, value: i64) {
        if value < 0 {
            self.head(Major::Negative, !(value as u64));
        } else {
            self.head(Major::Unsigned, value as u64);
        }
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(Major::Bytes, value.len() as u64);
        self.octets.extend_from_slice(value);
    }

    /// Writes a text string.
    pub fn text(&mut self, value: &str) {
        self.head(Major::Text, value.len() as u64);
        self.octets.extend_from_slice(value.as_bytes());
    }

    /// Writes the head of an array; its elements follow.
    pub fn array(&mut self, elements: usize) {
        self.head(Major::Array, elements as u64);
    }

    /// Writes the head of a map; its entries follow in the order of their keys.
    pub fn map(&mut self, entries: usize) {
        self.head(Major::Map, entries as u64);
    }

    /// Writes the head of a tag; its content follows.
    pub fn tag(&mut self, number: u64) {
        self.head(Major::Tag, number);
    }

    /// Writes null.
    pub fn null(&mut self) {
        self.octets.push(0xf6);
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        self.octets.push(0xf4 | u8::from(value));
    }

    /// Writes a simple value that has no name of its own, or undefined.
    pub(crate) fn simple(&mut self, value: u8) {
        self.head(Major::SimpleOrFloat, u64::from(value));
    }

    /// Writes a float in the shortest width that carries it.
    pub fn float(&mut self, value: Float) {
        let (width, bits) = value.shortest();
        let octets = bits.to_be_bytes();
        self.octets.push(match width {
            2 => 0xf9,
            4 => 0xfa,
            _ => 0xfb,
        });
        let start = octets.len() - usize::from(width);
        self.octets.extend_from_slice(octets.get(start..).unwrap_or_default());
    }
}
