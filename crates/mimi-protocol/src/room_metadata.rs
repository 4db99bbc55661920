//! What people see of a room: its name, descriptions and picture (draft-ietf-mimi-protocol-06 section 7.6).
//!
//! The metadata are the data of the component [`ROOM_METADATA`] in the group context's dictionary. An update is the new value as a whole,
//! and a commit has at most one.
//!
//! Where the draft leaves something to decide: an empty `room_avatar` says that there is none, since no other field could say so, and
//! everything else there is an https URI; an empty `language_tag` says nothing about the language, and any other is well-formed by RFC 5646
//! section 2.2.9 (whether subtags are registered is not asked); a description that is plain text in UTF-8 by its media type is UTF-8;
//! the same language may have several descriptions.

pub mod language_tag;

use crate::application_framing::MediaType;
use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::component::{Component, Refusal};
use crate::mls::ComponentId;

pub use mimi_arch::uri::{self, HttpsUri, Uri};

rules! {
    NUL_IN_TEXT = "the text contains a null", "draft-ietf-mimi-protocol-06 section 7.6";
    DESCRIPTION_MEDIA_TYPE_INVALID = "the media type of a description is not one", "draft-ietf-mimi-protocol-06 section 7.6";
    LANGUAGE_TAG_INVALID = "the language tag of a description is not well-formed",
        "draft-ietf-mimi-protocol-06 section 7.6";
    DESCRIPTION_NOT_UTF8 = "a description in plain text is not UTF-8", "draft-ietf-mimi-protocol-06 section 7.6";
}

/// The component that holds the metadata of a room (draft-ietf-mimi-protocol-06 section 10.4).
pub const ROOM_METADATA: ComponentId = ComponentId::ROOM_METADATA;

/// Text without nulls (draft-ietf-mimi-protocol-06 section 7.6).
// req: MP06-7.6-05
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Utf8String(String);

impl Utf8String {
    /// This text.
    ///
    /// # Errors
    /// When it contains a null.
    pub fn new(text: impl Into<String>) -> Result<Self, EncodeError> {
        let text = text.into();
        if text.contains('\0') { Err(EncodeError::new(&NUL_IN_TEXT)) } else { Ok(Self(text)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Wire for Utf8String {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Self::new(r.text()?).map_err(|error| start.error(error.rule()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.0.as_bytes())
    }
}

/// A description of a room in one language and one format (draft-ietf-mimi-protocol-06 section 7.6).
// req: MP06-7.6-06
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RichDescription {
    media_type: String,
    language_tag: String,
    description_content: Vec<u8>,
}

impl RichDescription {
    /// A description. `media_type` is in its text form; empty is `text/plain;charset=utf-8`. An empty `language_tag` says nothing
    /// about the language.
    ///
    /// # Errors
    /// When the media type or the language tag is malformed, or the content is not what a plain text is.
    pub fn new(
        media_type: impl Into<String>,
        language_tag: impl Into<String>,
        description_content: impl Into<Vec<u8>>,
    ) -> Result<Self, EncodeError> {
        let (media_type, language_tag) = (media_type.into(), language_tag.into());
        let description_content = description_content.into();
        let parsed = check_media_type(&media_type).map_err(EncodeError::new)?;
        check_language_tag(&language_tag).map_err(EncodeError::new)?;
        check_content(&parsed, &description_content).map_err(EncodeError::new)?;
        Ok(Self { media_type, language_tag, description_content })
    }

    /// A description in plain text.
    ///
    /// # Errors
    /// When the language tag is malformed.
    pub fn plain(language_tag: impl Into<String>, text: &str) -> Result<Self, EncodeError> {
        Self::new("", language_tag, text)
    }

    /// The media type as it was written; may be empty.
    pub fn media_type_text(&self) -> &str {
        &self.media_type
    }

    /// The media type that is meant.
    // req: MP06-7.6-02
    pub fn media_type(&self) -> MediaType {
        check_media_type(&self.media_type).unwrap_or_else(|_| MediaType::plain_utf8())
    }

    /// The language, in the case in which it was written.
    pub fn language_tag(&self) -> Option<&str> {
        Some(self.language_tag.as_str()).filter(|tag| !tag.is_empty())
    }

    /// The content.
    pub fn description_content(&self) -> &[u8] {
        &self.description_content
    }

    /// The content as text, if the media type says that it is plain text in UTF-8.
    pub fn text(&self) -> Option<&str> {
        if self.media_type().is_plain_utf8() { std::str::from_utf8(&self.description_content).ok() } else { None }
    }
}

// req: MP06-7.6-02
fn check_media_type(text: &str) -> Result<MediaType, &'static Rule> {
    match text {
        "" => Ok(MediaType::plain_utf8()),
        text => text.parse().map_err(|_| &DESCRIPTION_MEDIA_TYPE_INVALID),
    }
}

// req: MP06-7.6-01
fn check_language_tag(tag: &str) -> Result<(), &'static Rule> {
    if tag.is_empty() || language_tag::is_well_formed(tag) { Ok(()) } else { Err(&LANGUAGE_TAG_INVALID) }
}

fn check_content(media_type: &MediaType, content: &[u8]) -> Result<(), &'static Rule> {
    let fits = !media_type.is_plain_utf8() || std::str::from_utf8(content).is_ok();
    if fits { Ok(()) } else { Err(&DESCRIPTION_NOT_UTF8) }
}

impl Wire for RichDescription {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let media_type = r.text()?.to_owned();
        let parsed = check_media_type(&media_type).map_err(|rule| start.error(rule))?;
        let start = r.clone();
        let language_tag = r.text()?.to_owned();
        check_language_tag(&language_tag).map_err(|rule| start.error(rule))?;
        let start = r.clone();
        let description_content = r.opaque()?.to_vec();
        check_content(&parsed, &description_content).map_err(|rule| start.error(rule))?;
        Ok(Self { media_type, language_tag, description_content })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.media_type.as_bytes())?;
        codec::put_opaque(out, self.language_tag.as_bytes())?;
        codec::put_opaque(out, &self.description_content)
    }
}

/// The metadata of a room (draft-ietf-mimi-protocol-06 section 7.6).
// req: MP06-7.6-03, MP06-7.6-07, MP06-7.6-08
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RoomMetaData {
    /// The room.
    pub room_uri: Uri,
    /// Its name.
    pub room_name: Utf8String,
    /// What it is about, in several languages or formats.
    pub room_descriptions: Vec<RichDescription>,
    /// Where its picture is; on the wire an empty URI if there is none.
    pub room_avatar: Option<HttpsUri>,
    /// What is being talked about.
    pub room_subject: Utf8String,
    /// The mood.
    pub room_mood: Utf8String,
}

impl RoomMetaData {
    /// The metadata of a room of which only the name is known.
    pub fn named(room_uri: Uri, room_name: Utf8String) -> Self {
        Self {
            room_uri,
            room_name,
            room_descriptions: Vec::new(),
            room_avatar: None,
            room_subject: Utf8String::default(),
            room_mood: Utf8String::default(),
        }
    }
}

/// An update of a room's metadata: the new value as a whole (draft-ietf-mimi-protocol-06 section 7.6).
// req: MP06-7.6-09, MP06-7.6-10
pub type RoomMetaUpdate = RoomMetaData;

impl Wire for RoomMetaData {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            room_uri: Uri::decode(r)?,
            room_name: Utf8String::decode(r)?,
            room_descriptions: r.list()?,
            room_avatar: HttpsUri::decode_or_empty(r)?,
            room_subject: Utf8String::decode(r)?,
            room_mood: Utf8String::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.room_uri.encode(out)?;
        self.room_name.encode(out)?;
        codec::put_list(out, &self.room_descriptions)?;
        let avatar = self.room_avatar.as_ref().map_or("", HttpsUri::as_str);
        codec::put_opaque(out, avatar.as_bytes())?;
        self.room_subject.encode(out)?;
        self.room_mood.encode(out)
    }
}

/// The component with the metadata of a room (draft-ietf-mimi-protocol-06 section 7.6).
#[derive(Clone, Copy, Debug)]
pub enum RoomMetadata {}

impl Component for RoomMetadata {
    const ID: ComponentId = ROOM_METADATA;
    type Data = RoomMetaData;
    type Update = RoomMetaUpdate;
    type Error = RoomMetadataError;

    // req: MP06-7.6-11, MP06-7.6-12
    fn apply(data: Option<&RoomMetaData>, updates: &[RoomMetaUpdate]) -> Result<RoomMetaData, RoomMetadataError> {
        match updates {
            [update] => Ok(update.clone()),
            [] => data.cloned().ok_or(RoomMetadataError::Nothing),
            several => Err(RoomMetadataError::SeveralUpdates { count: several.len() }),
        }
    }
}

/// Updates that the room metadata component does not accept (draft-ietf-mimi-protocol-06 section 7.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomMetadataError {
    /// A commit has more than one.
    #[error("a commit has {count} updates of the room metadata")]
    SeveralUpdates {
        /// How many.
        count: usize,
    },
    /// There are neither data nor an update.
    #[error("there are no room metadata and no update of them")]
    Nothing,
}

impl RoomMetadataError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-protocol-06 section 7.6"
    }
}

impl Refusal for RoomMetadataError {
    fn section(&self) -> &'static str {
        self.section()
    }
}

#[cfg(test)]
mod tests;
