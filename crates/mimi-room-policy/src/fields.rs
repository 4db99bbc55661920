//! Kinds of fields that several components have: booleans, URIs that may be absent, and what makes a component that is replaced as a whole.

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use mimi_arch::component::Refusal;
use mimi_arch::uri::Uri;

rules! {
    BOOL_INVALID = "a boolean is neither 0 nor 1", "draft-ietf-mimi-room-policy-03 section 5";
}

// req: RP03-5-25
pub(crate) fn decode_bool(r: &mut Reader<'_>) -> Result<bool, DecodeError> {
    let start = r.clone();
    match r.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(start.error(&BOOL_INVALID)),
    }
}

pub(crate) fn put_bool(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// A URI, or no octets for none.
pub(crate) fn decode_uri_or_empty(r: &mut Reader<'_>) -> Result<Option<Uri>, DecodeError> {
    let mut ahead = r.clone();
    if ahead.opaque()?.is_empty() {
        *r = ahead;
        return Ok(None);
    }
    Uri::decode(r).map(Some)
}

pub(crate) fn put_uri_or_empty(out: &mut Vec<u8>, uri: Option<&Uri>) -> Result<(), EncodeError> {
    codec::put_opaque(out, uri.map_or("", Uri::as_str).as_bytes())
}

/// A vector of URIs of which the draft means one: none or one of them; `several` is broken by more.
pub(crate) fn decode_single_uri(r: &mut Reader<'_>, several: &'static Rule) -> Result<Option<Uri>, DecodeError> {
    let mut content = r.vector()?;
    if content.is_empty() {
        return Ok(None);
    }
    let uri = Uri::decode(&mut content)?;
    if content.is_empty() { Ok(Some(uri)) } else { Err(content.error(several)) }
}

pub(crate) fn put_single_uri(out: &mut Vec<u8>, uri: Option<&Uri>) -> Result<(), EncodeError> {
    codec::put_list(out, uri.map(std::slice::from_ref).unwrap_or_default())
}

/// Text in an `opaque<V>`.
pub(crate) fn decode_text(r: &mut Reader<'_>) -> Result<String, DecodeError> {
    r.text().map(str::to_owned)
}

/// Updates that a component does not accept whose update is its new value as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// A commit has more than one.
    #[error("a commit has {count} updates of {component}")]
    SeveralUpdates {
        /// The component's name in the registry.
        component: &'static str,
        /// Document and section of the component.
        section: &'static str,
        /// How many.
        count: usize,
    },
    /// There are neither data nor an update.
    #[error("there are no data of {component} and no update of them")]
    Nothing {
        /// The component's name in the registry.
        component: &'static str,
        /// Document and section of the component.
        section: &'static str,
    },
}

impl ReplaceError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::SeveralUpdates { section, .. } | Self::Nothing { section, .. } => section,
        }
    }
}

impl Refusal for ReplaceError {
    fn section(&self) -> &'static str {
        self.section()
    }
}

/// The value after all updates of one commit, when an update is the new value as a whole and a commit has at most one.
pub(crate) fn replace<T: Clone>(
    data: Option<&T>,
    updates: &[T],
    component: &'static str,
    section: &'static str,
) -> Result<T, ReplaceError> {
    match updates {
        [update] => Ok(update.clone()),
        [] => data.cloned().ok_or(ReplaceError::Nothing { component, section }),
        several => Err(ReplaceError::SeveralUpdates { component, section, count: several.len() }),
    }
}

/// Makes a type a component whose update is its new value as a whole.
macro_rules! replaced_as_a_whole {
    ($type:ty, $id:ident, $name:literal, $section:literal) => {
        impl mimi_arch::component::Component for $type {
            const ID: mimi_arch::mls::ComponentId = mimi_arch::mls::ComponentId::$id;
            type Data = Self;
            type Update = Self;
            type Error = $crate::fields::ReplaceError;

            fn apply(data: Option<&Self>, updates: &[Self]) -> Result<Self, Self::Error> {
                $crate::fields::replace(data, updates, $name, $section)
            }
        }
    };
}
pub(crate) use replaced_as_a_whole;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_boolean_is_one_octet_of_zero_or_one() {
        // req: RP03-5-25
        assert_eq!(decode_bool(&mut Reader::new(&[0])), Ok(false));
        assert_eq!(decode_bool(&mut Reader::new(&[1])), Ok(true));
        let error = decode_bool(&mut Reader::new(&[2])).unwrap_err();
        assert_eq!((error.offset(), error.rule()), (0, &BOOL_INVALID));
    }

    #[test]
    fn an_update_replaces_the_value_and_comes_alone() {
        assert_eq!(replace(Some(&1), &[2], "x", "s"), Ok(2));
        assert_eq!(replace(None, &[2], "x", "s"), Ok(2));
        assert_eq!(replace(Some(&1), &[], "x", "s"), Ok(1));
        let twice = replace(Some(&1), &[2, 3], "x", "s").unwrap_err();
        assert_eq!((twice.to_string().as_str(), twice.section()), ("a commit has 2 updates of x", "s"));
        assert_eq!(replace::<u8>(None, &[], "x", "s").unwrap_err().section(), "s");
    }
}
