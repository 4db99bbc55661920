//! Which media types the clients of a group understand, and saying which one a message has (draft-ietf-mls-extensions section 6.2).
//!
//! A client lists what it can receive in the component [`CONTENT_MEDIA_TYPES`] of its leaf node. If the group context has that component,
//! it lists what every member has to understand, and the application data of every message are an [`ApplicationFraming`]; if not, they
//! have no frame. [`framing`] tells which, [`seal`] and [`open`] go by it.

use std::borrow::Cow;

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::mls::{AppDataDictionary, ComponentId};

pub use mimi_arch::media_type::{
    MEDIA_TYPE_MALFORMED, MediaType, MediaTypeError, PARAMETER_MALFORMED, PARAMETER_NAME_MALFORMED, PARAMETER_TWICE,
    Parameter,
};

rules! {
    MEDIA_TYPE_LIST_EMPTY = "the list of media types is empty", "draft-ietf-mls-extensions section 6.2.2";
    PARAMETERS_WITHOUT_TYPE = "a media type has parameters and no type", "draft-ietf-mls-extensions section 6.2.4";
    MEDIA_TYPE_NEEDED = "the group has no frame that could say the media type",
        "draft-ietf-mls-extensions section 6.2.4";
}

/// The component that lists media types (draft-ietf-mls-extensions section 6.2.1): in a leaf node those that the client can receive,
/// in the group context those that every member has to.
pub const CONTENT_MEDIA_TYPES: ComponentId = ComponentId::CONTENT_MEDIA_TYPES;

/// A list of at least one media type, in order (draft-ietf-mls-extensions section 6.2.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MediaTypeList(Vec<MediaType>);

impl MediaTypeList {
    /// A list of these media types.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(media_types: Vec<MediaType>) -> Result<Self, EncodeError> {
        if media_types.is_empty() { Err(EncodeError::new(&MEDIA_TYPE_LIST_EMPTY)) } else { Ok(Self(media_types)) }
    }

    /// The media types in order.
    pub fn as_slice(&self) -> &[MediaType] {
        &self.0
    }

    /// Whether a client that can receive `supported` understands everything of this list; see [`MediaType::covers`].
    pub fn satisfied_by(&self, supported: &Self) -> bool {
        self.0.iter().all(|required| supported.0.iter().any(|supported| supported.covers(required)))
    }

    /// The list in a dictionary, of a leaf node or a group context.
    ///
    /// # Errors
    /// When there is one and it is malformed. The offset counts from the start of the component's data.
    pub fn in_dictionary(dictionary: Option<&AppDataDictionary>) -> Result<Option<Self>, DecodeError> {
        dictionary.and_then(|dictionary| dictionary.find(CONTENT_MEDIA_TYPES)).map(Self::from_bytes).transpose()
    }
}

impl Wire for MediaTypeList {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Self::new(r.list()?).map_err(|error| start.error(error.rule()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// Application data with their media type (draft-ietf-mls-extensions section 6.2.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ApplicationFraming {
    /// The media type of the content. Absent, on the wire without type and parameters: the first one that the group requires.
    pub media_type: Option<MediaType>,
    /// The content.
    pub inner_application_content: Vec<u8>,
}

impl Wire for ApplicationFraming {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { media_type: media_type_or_none(r)?, inner_application_content: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &self.media_type {
            Some(media_type) => media_type.encode(out)?,
            None => out.extend([0, 0]),
        }
        codec::put_opaque(out, &self.inner_application_content)
    }
}

fn media_type_or_none(r: &mut Reader<'_>) -> Result<Option<MediaType>, DecodeError> {
    let mut ahead = r.clone();
    if !ahead.opaque()?.is_empty() {
        return MediaType::decode(r).map(Some);
    }
    let parameters = ahead.clone();
    if !ahead.list::<Parameter>()?.is_empty() {
        return Err(parameters.error(&PARAMETERS_WITHOUT_TYPE));
    }
    *r = ahead;
    Ok(None)
}

/// How the application data of a group are framed (draft-ietf-mls-extensions section 6.2.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Framing {
    /// Not at all: the application data are the content.
    Bare,
    /// By [`ApplicationFraming`]. The first media type of the list is the one that is meant when none is named.
    Framed(MediaTypeList),
}

/// How application data are framed in a group with this dictionary in its context (draft-ietf-mls-extensions section
/// 6.2).
///
/// # Errors
/// When the group's list of media types is malformed.
pub fn framing(group_context: Option<&AppDataDictionary>) -> Result<Framing, DecodeError> {
    Ok(MediaTypeList::in_dictionary(group_context)?.map_or(Framing::Bare, Framing::Framed))
}

/// Content with its media type, which only a frame can say (draft-ietf-mls-extensions section 6.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened<'a> {
    /// The media type, if the group frames its application data.
    pub media_type: Option<Cow<'a, MediaType>>,
    /// The content.
    pub content: Vec<u8>,
}

/// Takes application data out of their frame, if the group has one (draft-ietf-mls-extensions section 6.2).
///
/// # Errors
/// When there has to be a frame and it is malformed.
pub fn open<'a>(framing: &'a Framing, application_data: &[u8]) -> Result<Opened<'a>, DecodeError> {
    let Framing::Framed(required) = framing else {
        return Ok(Opened { media_type: None, content: application_data.to_vec() });
    };
    let framed = ApplicationFraming::from_bytes(application_data)?;
    let media_type = framed.media_type.map(Cow::Owned).or_else(|| required.0.first().map(Cow::Borrowed));
    Ok(Opened { media_type, content: framed.inner_application_content })
}

/// Puts content into the frame that the group asks for (draft-ietf-mls-extensions section 6.2). The media type that
/// comes first in the group's list is not written.
///
/// # Errors
/// When a media type is named in a group without frames, or the content is too long.
pub fn seal(framing: &Framing, media_type: Option<&MediaType>, content: &[u8]) -> Result<Vec<u8>, EncodeError> {
    match (framing, media_type) {
        (Framing::Bare, None) => Ok(content.to_vec()),
        (Framing::Bare, Some(_)) => Err(EncodeError::new(&MEDIA_TYPE_NEEDED)),
        (Framing::Framed(required), media_type) => {
            let named = media_type.filter(|media_type| required.0.first() != Some(*media_type));
            let framed = ApplicationFraming { media_type: named.cloned(), inner_application_content: content.to_vec() };
            framed.to_bytes()
        }
    }
}

#[cfg(test)]
mod tests;
