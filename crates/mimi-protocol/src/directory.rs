//! The directory document: where a provider keeps its endpoints (draft-ietf-mimi-protocol-06 section 5.1).
//!
//! A provider publishes one URL template per endpoint at [`WELL_KNOWN`]. Reading is strict about the members the draft
//! names and keeps the others; an endpoint that a provider does not have is simply absent. The value put into a template
//! is percent-encoded whole, so that a MIMI URI stays one path segment.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod template;
#[cfg(test)]
mod tests;

pub use template::{ExpandError, TemplateError, TemplateRule, UrlTemplate};
use template::{bad_escape, is_pchar};

/// The path at which every provider publishes its directory (draft-ietf-mimi-protocol-06 section 5.1).
// req: MP06-5.1-02
pub const WELL_KNOWN: &str = "/.well-known/mimi-protocol-directory";

/// Media type of the directory document.
pub const MEDIA_TYPE: &str = "application/json";

/// Upper limit of a directory document in octets. The draft sets none; ten URLs fit in a fraction of it.
pub const MAX_OCTETS: usize = 64 * 1024;

/// What precedes `ENDPOINT/VALUE` in the paths of the directories that [`Directory::of`] makes.
pub const PATH_PREFIX: &str = "/mimi/v1/";

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.1";

/// An endpoint that a directory can name, in the draft's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
// req: MP06-5.1-04
pub enum Endpoint {
    /// Claims key packages of a user (section 5.2).
    KeyMaterial,
    /// Changes the state of a room (section 5.3).
    Update,
    /// Takes events of a room from its hub (section 5.5).
    Notify,
    /// Sends an application message to a room (section 5.4).
    SubmitMessage,
    /// Hands out what an external join needs (section 5.6).
    GroupInfo,
    /// Asks for consent (section 5.7).
    RequestConsent,
    /// Tells that consent was granted or revoked (section 5.7).
    UpdateConsent,
    /// Finds the internal URI of a user (section 5.8).
    IdentifierQuery,
    /// Reports abuse to the hub (section 5.9).
    ReportAbuse,
    /// Downloads an asset through the hub (section 5.10.2).
    ProxyDownload,
}

impl Endpoint {
    /// All endpoints in the draft's order.
    pub const ALL: [Self; 10] = [
        Self::KeyMaterial,
        Self::Update,
        Self::Notify,
        Self::SubmitMessage,
        Self::GroupInfo,
        Self::RequestConsent,
        Self::UpdateConsent,
        Self::IdentifierQuery,
        Self::ReportAbuse,
        Self::ProxyDownload,
    ];

    /// The endpoints that this crate implements: all of them. Which of them a provider offers is the provider's choice, see
    /// [`Directory::of`].
    pub const IMPLEMENTED: [Self; 10] = Self::ALL;

    /// The member name in the directory document.
    // req: MP06-5.1-04
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyMaterial => "keyMaterial",
            Self::Update => "update",
            Self::Notify => "notify",
            Self::SubmitMessage => "submitMessage",
            Self::GroupInfo => "groupInfo",
            Self::RequestConsent => "requestConsent",
            Self::UpdateConsent => "updateConsent",
            Self::IdentifierQuery => "identifierQuery",
            Self::ReportAbuse => "reportAbuse",
            Self::ProxyDownload => "proxyDownload",
        }
    }

    /// The endpoint with this member name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    /// The variable name that we print. Section 5.1 and section 5.7 name the variables of the consent endpoints
    /// differently, so any name is accepted when reading.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::KeyMaterial | Self::RequestConsent => "targetUser",
            Self::Update | Self::Notify | Self::SubmitMessage | Self::GroupInfo | Self::ReportAbuse => "roomId",
            Self::UpdateConsent => "requesterUser",
            Self::IdentifierQuery => "domain",
            Self::ProxyDownload => "downloadUrl",
        }
    }

    /// Where the draft defines the endpoint.
    pub const fn section(self) -> &'static str {
        match self {
            Self::KeyMaterial => "draft-ietf-mimi-protocol-06 section 5.2",
            Self::Update => "draft-ietf-mimi-protocol-06 section 5.3",
            Self::Notify => "draft-ietf-mimi-protocol-06 section 5.5",
            Self::SubmitMessage => "draft-ietf-mimi-protocol-06 section 5.4",
            Self::GroupInfo => "draft-ietf-mimi-protocol-06 section 5.6",
            Self::RequestConsent | Self::UpdateConsent => "draft-ietf-mimi-protocol-06 section 5.7",
            Self::IdentifierQuery => "draft-ietf-mimi-protocol-06 section 5.8",
            Self::ReportAbuse => "draft-ietf-mimi-protocol-06 section 5.9",
            Self::ProxyDownload => "draft-ietf-mimi-protocol-06 section 5.10.2",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A directory document (draft-ietf-mimi-protocol-06 section 5.1).
///
/// ```
/// use mimi_protocol::directory::{Directory, Endpoint};
///
/// let directory = Directory::of("https://a.example", Endpoint::IMPLEMENTED)?;
/// assert_eq!(
///     directory.expand(Endpoint::Update, "mimi://a.example/r/clubhouse")?,
///     "https://a.example/mimi/v1/update/mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    templates: BTreeMap<Endpoint, UrlTemplate>,
    other: BTreeMap<String, Value>,
}

impl Directory {
    /// Our own document: the endpoints that we offer, below [`PATH_PREFIX`] at `base_url`, which is `https://DOMAIN` or
    /// `https://DOMAIN:PORT` and nothing more.
    ///
    /// # Errors
    /// [`DirectoryError::Template`] when `base_url` is something else.
    pub fn of(base_url: &str, endpoints: impl IntoIterator<Item = Endpoint>) -> Result<Self, DirectoryError> {
        let base = base_url.strip_suffix('/').unwrap_or(base_url);
        let mut templates = BTreeMap::new();
        for endpoint in endpoints {
            let text = format!("{base}{PATH_PREFIX}{endpoint}/{{{}}}", endpoint.variable());
            let template: UrlTemplate = text.parse().map_err(|source| DirectoryError::Template { endpoint, source })?;
            // A path in the base would make paths that `match_path` does not know.
            if let Some(source) = template.path_other_than(base.len()) {
                return Err(DirectoryError::Template { endpoint, source });
            }
            templates.insert(endpoint, template);
        }
        Ok(Self { templates, other: BTreeMap::new() })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it is longer than [`MAX_OCTETS`], not a JSON object, has a member twice, or when a member the draft names is
    /// not a template we accept. Members that the draft does not name are kept as they are.
    // req: MP06-5.1-03
    pub fn from_json(bytes: &[u8]) -> Result<Self, DirectoryError> {
        if bytes.len() > MAX_OCTETS {
            return Err(DirectoryError::TooLarge { octets: bytes.len(), limit: MAX_OCTETS });
        }
        let Members(members) = serde_json::from_slice(bytes).map_err(|error| DirectoryError::Json {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        })?;
        let mut directory = Self::default();
        for (name, value) in members {
            match (Endpoint::from_name(&name), value) {
                (Some(endpoint), Value::String(text)) => {
                    let template = text.parse().map_err(|source| DirectoryError::Template { endpoint, source })?;
                    directory.templates.insert(endpoint, template);
                }
                (Some(endpoint), _) => return Err(DirectoryError::NotText { endpoint }),
                (None, value) => {
                    directory.other.insert(name, value);
                }
            }
        }
        Ok(directory)
    }

    /// Writes the document: endpoints in the draft's order, then the other members by name.
    pub fn to_json(&self) -> String {
        // Strings and JSON values as members of one object: serialization has nothing to refuse.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The template of an endpoint, if this provider has it.
    pub fn get(&self, endpoint: Endpoint) -> Option<&UrlTemplate> {
        self.templates.get(&endpoint)
    }

    /// Sets the template of an endpoint.
    pub fn insert(&mut self, endpoint: Endpoint, template: UrlTemplate) {
        self.templates.insert(endpoint, template);
    }

    /// The endpoints this provider has, in the draft's order.
    pub fn endpoints(&self) -> impl Iterator<Item = (Endpoint, &UrlTemplate)> {
        self.templates.iter().map(|(endpoint, template)| (*endpoint, template))
    }

    /// Members that the draft does not name.
    pub fn other(&self) -> &BTreeMap<String, Value> {
        &self.other
    }

    /// The URL of an endpoint for one value, which is percent-encoded whole.
    ///
    /// # Errors
    /// When the provider lacks the endpoint, or the value cannot be a path segment.
    // req: MP06-5.1-01
    // req: MP06-5.2-06
    pub fn expand(&self, endpoint: Endpoint, value: &str) -> Result<String, ExpandError> {
        self.get(endpoint).ok_or(ExpandError::Absent { endpoint })?.expand(value)
    }
}

impl Serialize for Directory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.templates.len() + self.other.len()))?;
        for (endpoint, template) in &self.templates {
            map.serialize_entry(endpoint.name(), template.as_str())?;
        }
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The members of a JSON object, none of them twice.
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a URL template per endpoint")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.contains_key(&name) {
                        return Err(de::Error::custom(format_args!("the member {name:?} is there twice")));
                    }
                    members.insert(name, value);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Finds the endpoint that a request path of our own layout (see [`Directory::of`]) names, and the value in it.
///
/// `None` is for a path that is not ours at all: another prefix, an unknown endpoint, no value, or more than one segment
/// after the endpoint. A path of ours whose value is not properly percent-encoded UTF-8 gives the error beside the endpoint.
pub fn match_path(path: &str) -> Option<(Endpoint, Result<String, ValueError>)> {
    let (name, value) = path.strip_prefix(PATH_PREFIX)?.split_once('/')?;
    if value.is_empty() || value.contains('/') {
        return None;
    }
    Some((Endpoint::from_name(name)?, decode_value(value)))
}

fn decode_value(value: &str) -> Result<String, ValueError> {
    if let Some(offset) = bad_escape(value) {
        return Err(ValueError::Escape { offset });
    }
    if let Some(offset) = value.bytes().position(|octet| octet != b'%' && !is_pchar(octet)) {
        return Err(ValueError::Character { offset });
    }
    match percent_decode_str(value).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(ValueError::NotUtf8),
    }
}

/// Why a directory document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Longer than [`MAX_OCTETS`].
    #[error("a directory of {octets} octets; the limit is {limit}")]
    TooLarge {
        /// Length of the document.
        octets: usize,
        /// Our limit.
        limit: usize,
    },
    /// Not JSON, not an object, or a member twice.
    #[error("not a directory document: {message}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A member that the draft names holds something else than text.
    #[error("the member {endpoint} is not text")]
    NotText {
        /// The member.
        endpoint: Endpoint,
    },
    /// A member that the draft names holds no template we accept.
    #[error("the template of {endpoint}: {source}")]
    Template {
        /// The member.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: TemplateError,
    },
}

impl DirectoryError {
    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// Why the value in a request path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A percent sign is not followed by two hexadecimal digits (RFC 3986 section 2.1).
    #[error("offset {offset}: a percent sign is not followed by two hexadecimal digits")]
    Escape {
        /// Octets before it, within the segment.
        offset: usize,
    },
    /// A character that has to be percent-encoded (RFC 3986 section 3.3).
    #[error("offset {offset}: this character has to be percent-encoded")]
    Character {
        /// Octets before it, within the segment.
        offset: usize,
    },
    /// The decoded octets are not UTF-8.
    #[error("the decoded value is not UTF-8")]
    NotUtf8,
}

impl ValueError {
    /// Octets before the place within the segment, where known.
    pub const fn offset(&self) -> Option<usize> {
        match self {
            Self::Escape { offset } | Self::Character { offset } => Some(*offset),
            Self::NotUtf8 => None,
        }
    }

    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        "RFC 3986 section 2.1"
    }
}
