//! Part indexes and the content IDs that name parts by them, section 4.4.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::part::{NestedPart, Part};

/// Place of a part in its message: counted from zero, depth first, containers included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartIndex(pub usize);

/// A content ID that names no content of the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CidError {
    /// Not of the form `cid:` part index `@local.invalid`.
    #[error("no content ID of this message (draft-ietf-mimi-content-08 section 4.4)")]
    Form,
    /// The message has no such part.
    #[error("the message has no part {}", .0.0)]
    NoSuchPart(PartIndex),
    /// A null or multi part, which a content ID must not name.
    #[error("part {} has no content of its own (draft-ietf-mimi-content-08 section 4.4)", .0.0)]
    NoContent(PartIndex),
}

impl PartIndex {
    /// Reads a content ID: `cid:` in any case, a decimal number without leading zeros, `@local.invalid`.
    ///
    /// # Errors
    /// [`CidError::Form`]
    // req: MC08-4.4-11
    pub fn from_cid(uri: &str) -> Result<Self, CidError> {
        let (scheme, rest) = uri.split_once(':').ok_or(CidError::Form)?;
        let (number, domain) = rest.split_once('@').ok_or(CidError::Form)?;
        let canonical = number.bytes().all(|b| b.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
        if !canonical || !scheme.eq_ignore_ascii_case("cid") || !domain.eq_ignore_ascii_case("local.invalid") {
            return Err(CidError::Form);
        }
        number.parse().map(Self).map_err(|_| CidError::Form)
    }

    /// Displays as a content ID.
    pub const fn cid(self) -> Cid {
        Cid(self)
    }
}

/// A content ID, by [`fmt::Display`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cid(PartIndex);

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cid:{}@local.invalid", self.0.0)
    }
}

/// Walks parts depth first; see [`NestedPart::iter`].
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    next: usize,
    open: Vec<core::slice::Iter<'a, NestedPart>>,
}

impl NestedPart {
    /// This part and all below it: part index, level (the body is 1) and part. Indexes are those of the message
    /// when called on its body.
    // req: MC08-4.4-10
    pub fn iter(&self) -> Parts<'_> {
        Parts { next: 0, open: vec![core::slice::from_ref(self).iter()] }
    }

    /// The part with an index.
    pub fn part(&self, index: PartIndex) -> Option<&NestedPart> {
        self.iter().nth(index.0).map(|(_, _, part)| part)
    }

    /// The part that a content ID names; call it on the body.
    ///
    /// # Errors
    /// What is wrong with the content ID.
    // req: MC08-4.4-08
    pub fn resolve_cid(&self, uri: &str) -> Result<(PartIndex, &NestedPart), CidError> {
        let index = PartIndex::from_cid(uri)?;
        let part = self.part(index).ok_or(CidError::NoSuchPart(index))?;
        match part.part {
            Part::Single(_) | Part::External(_) => Ok((index, part)),
            Part::Null | Part::Multi(_) => Err(CidError::NoContent(index)),
        }
    }

    /// Parts that the content of this one names by content ID, in order, each once. Looks into single parts
    /// whatever their media type.
    pub fn cid_references(&self) -> Vec<PartIndex> {
        let Part::Single(single) = &self.part else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut rest = single.content.as_slice();
        while let Some(at) = rest.windows(4).position(|window| window.eq_ignore_ascii_case(b"cid:")) {
            let (_, from) = rest.split_at(at);
            let domain = b"@local.invalid";
            let digits = from.iter().skip(4).take_while(|b| b.is_ascii_digit()).count();
            let end = 4 + digits + domain.len();
            if let Some(Ok(index)) =
                from.get(..end).and_then(|uri| core::str::from_utf8(uri).ok()).map(PartIndex::from_cid)
                && !found.contains(&index)
            {
                found.push(index);
            }
            rest = from.get(4..).unwrap_or_default();
        }
        found
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = (PartIndex, usize, &'a NestedPart);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.open.len();
            let Some(part) = self.open.last_mut()?.next() else {
                self.open.pop();
                continue;
            };
            if let Part::Multi(multi) = &part.part {
                self.open.push(multi.parts().iter());
            }
            let index = PartIndex(self.next);
            self.next += 1;
            return Some((index, level, part));
        }
    }
}
