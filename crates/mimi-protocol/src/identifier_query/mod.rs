//! Finding the internal URI of a user (draft-ietf-mimi-protocol-06 section 5.8): `POST /identifierQuery/{domain}`.
//!
//! This file has the request and the response as they stand on the wire; [`matching`] says when a profile matches an
//! element of a query, [`answer`](answer()) makes the response from a request, the provider's [`SearchPolicy`] and the
//! profiles. The query goes straight to the provider of the user who is looked for and passes no hub.

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::identifier_uri::IdentifierUri;
use crate::mls::AppDataDictionary;

mod answer;
pub mod matching;
mod policy;

pub use answer::answer;
pub use matching::{Field, FieldKind, Profile, Searchable};
pub use policy::{SearchPolicy, StandardClaims};

rules! {
    SEARCH_TYPE_UNKNOWN = "the search type is not one that is defined", "draft-ietf-mimi-protocol-06 section 5.8";
    QUERY_CODE_UNKNOWN = "the response code is not one that is defined", "draft-ietf-mimi-protocol-06 section 5.8";
    FIELD_SOURCE_UNKNOWN = "the source of the field is not one that is defined",
        "draft-ietf-mimi-protocol-06 section 5.8";
    FOUND_URI_EMPTY = "the URI of a user who was found is empty", "draft-ietf-mimi-protocol-06 section 5.8";
    SUCCESS_WITHOUT_MATCH = "the code is success and nobody was found", "draft-ietf-mimi-protocol-06 section 5.8";
    MATCH_WITHOUT_SUCCESS = "somebody was found and the code is not success",
        "draft-ietf-mimi-protocol-06 section 5.8";
}

/// The kinds of search, by their numbers (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-05
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SearchIdentifierType {
    /// The whole handle URI.
    Handle,
    /// A nickname, or the user part of a handle.
    Nick,
    /// An email address.
    Email,
    /// A telephone number in international form.
    Phone,
    /// A part of a name.
    PartialName,
    /// A part of anything in the profile.
    WholeProfile,
    /// A standard claim of OpenID Connect.
    OidcStdClaim,
    /// A vCard property.
    VcardField,
}

impl SearchIdentifierType {
    /// All kinds, in the draft's order.
    pub const ALL: [Self; 8] = [
        Self::Handle,
        Self::Nick,
        Self::Email,
        Self::Phone,
        Self::PartialName,
        Self::WholeProfile,
        Self::OidcStdClaim,
        Self::VcardField,
    ];

    /// The number on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Handle => 1,
            Self::Nick => 2,
            Self::Email => 3,
            Self::Phone => 4,
            Self::PartialName => 5,
            Self::WholeProfile => 6,
            Self::OidcStdClaim => 7,
            Self::VcardField => 8,
        }
    }
}

impl Wire for SearchIdentifierType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let value = r.u8()?;
        Self::ALL.into_iter().find(|known| known.value() == value).ok_or(start.error(&SEARCH_TYPE_UNKNOWN))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.value());
        Ok(())
    }
}

/// Where a search looks: its kind, and the claim or property where the kind calls for one (draft-ietf-mimi-protocol-06
/// section 5.8).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SearchField {
    /// The whole handle URI.
    Handle,
    /// A nickname, or the user part of a handle.
    Nick,
    /// An email address.
    Email,
    /// A telephone number in international form.
    Phone,
    /// A part of a name.
    PartialName,
    /// A part of anything in the profile.
    WholeProfile,
    /// The standard claim of OpenID Connect with this name.
    OidcStdClaim(String),
    /// The vCard property with this name.
    VcardField(String),
}

impl SearchField {
    /// The kind of search.
    pub const fn search_type(&self) -> SearchIdentifierType {
        match self {
            Self::Handle => SearchIdentifierType::Handle,
            Self::Nick => SearchIdentifierType::Nick,
            Self::Email => SearchIdentifierType::Email,
            Self::Phone => SearchIdentifierType::Phone,
            Self::PartialName => SearchIdentifierType::PartialName,
            Self::WholeProfile => SearchIdentifierType::WholeProfile,
            Self::OidcStdClaim(_) => SearchIdentifierType::OidcStdClaim,
            Self::VcardField(_) => SearchIdentifierType::VcardField,
        }
    }
}

/// One condition of a query (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-06
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueryElement {
    /// Where to look.
    pub field: SearchField,
    /// What to look for.
    pub search_value: String,
}

impl Wire for QueryElement {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let field = match SearchIdentifierType::decode(r)? {
            SearchIdentifierType::Handle => SearchField::Handle,
            SearchIdentifierType::Nick => SearchField::Nick,
            SearchIdentifierType::Email => SearchField::Email,
            SearchIdentifierType::Phone => SearchField::Phone,
            SearchIdentifierType::PartialName => SearchField::PartialName,
            SearchIdentifierType::WholeProfile => SearchField::WholeProfile,
            SearchIdentifierType::OidcStdClaim => SearchField::OidcStdClaim(r.text()?.to_owned()),
            SearchIdentifierType::VcardField => SearchField::VcardField(r.text()?.to_owned()),
        };
        Ok(Self { field, search_value: r.text()?.to_owned() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.field.search_type().encode(out)?;
        if let SearchField::OidcStdClaim(name) | SearchField::VcardField(name) = &self.field {
            codec::put_opaque(out, name.as_bytes())?;
        }
        codec::put_opaque(out, self.search_value.as_bytes())
    }
}

/// A query for users (draft-ietf-mimi-protocol-06 section 5.8). All elements have to match.
// req: MP06-5.8-04, MP06-5.8-07, MP06-5.8-23
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct IdentifierRequest {
    /// What a user's profile has to match.
    pub query_elements: Vec<QueryElement>,
    /// For extensions.
    pub id_request_extensions: AppDataDictionary,
}

impl Wire for IdentifierRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { query_elements: r.list()?, id_request_extensions: AppDataDictionary::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.query_elements)?;
        self.id_request_extensions.encode(out)
    }
}

/// What came of a query (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-17, MP06-5.8-22
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IdentifierQueryCode {
    /// Somebody matches.
    Success,
    /// The query is in order and nobody matches.
    NotFound,
    /// The provider answers only when certain fields match exactly.
    Ambiguous,
    /// The provider does not allow the query.
    Forbidden,
    /// The provider does not support queries on one of the fields.
    UnsupportedField,
}

impl IdentifierQueryCode {
    /// All codes, in the draft's order.
    pub const ALL: [Self; 5] =
        [Self::Success, Self::NotFound, Self::Ambiguous, Self::Forbidden, Self::UnsupportedField];

    /// The number on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotFound => 1,
            Self::Ambiguous => 2,
            Self::Forbidden => 3,
            Self::UnsupportedField => 4,
        }
    }
}

impl Wire for IdentifierQueryCode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let value = r.u8()?;
        Self::ALL.into_iter().find(|known| known.value() == value).ok_or(start.error(&QUERY_CODE_UNKNOWN))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.value());
        Ok(())
    }
}

/// Which vocabulary the name of a profile field is from (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-18
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FieldSource {
    /// The standard claims of OpenID Connect.
    OidcStdClaim,
    /// The vCard properties.
    VcardField,
}

impl Wire for FieldSource {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            7 => Ok(Self::OidcStdClaim),
            8 => Ok(Self::VcardField),
            _ => Err(start.error(&FIELD_SOURCE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(match self {
            Self::OidcStdClaim => 7,
            Self::VcardField => 8,
        });
        Ok(())
    }
}

/// One field of a profile that was found (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-19
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProfileField {
    /// Which vocabulary the name is from.
    pub field_source: FieldSource,
    /// The name of the claim or property.
    pub field_name: String,
    /// Its value. The draft does not say that it is text.
    pub field_value: Vec<u8>,
}

impl Wire for ProfileField {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            field_source: FieldSource::decode(r)?,
            field_name: r.text()?.to_owned(),
            field_value: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.field_source.encode(out)?;
        codec::put_opaque(out, self.field_name.as_bytes())?;
        codec::put_opaque(out, &self.field_value)
    }
}

/// The profile of a user who was found (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-20
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UserProfile {
    /// The user's internal URI; not empty.
    pub stable_uri: IdentifierUri,
    /// What the provider tells about the user.
    pub fields: Vec<ProfileField>,
}

impl Wire for UserProfile {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { stable_uri: found_uri(r)?, fields: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_found_uri(&self.stable_uri, out)?;
        codec::put_list(out, &self.fields)
    }
}

/// The answer to a query (draft-ietf-mimi-protocol-06 section 5.8).
///
/// Users are found exactly when the code is success.
// req: MP06-5.8-16, MP06-5.8-17, MP06-5.8-21, MP06-5.8-24
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IdentifierResponse {
    /// What came of the query.
    pub response_code: IdentifierQueryCode,
    /// The internal URIs of the users who match; none is empty.
    pub uri: Vec<IdentifierUri>,
    /// What the provider tells about them.
    pub found_profiles: Vec<UserProfile>,
    /// For extensions.
    pub id_response_extensions: AppDataDictionary,
}

impl IdentifierResponse {
    /// An answer that names nobody.
    pub(crate) fn nobody(response_code: IdentifierQueryCode) -> Self {
        Self {
            response_code,
            uri: Vec::new(),
            found_profiles: Vec::new(),
            id_response_extensions: AppDataDictionary::default(),
        }
    }

    fn check(&self) -> Result<(), &'static Rule> {
        let found = !self.uri.is_empty() || !self.found_profiles.is_empty();
        match (self.response_code, found) {
            (IdentifierQueryCode::Success, false) => Err(&SUCCESS_WITHOUT_MATCH),
            (IdentifierQueryCode::Success, true) | (_, false) => Ok(()),
            (_, true) => Err(&MATCH_WITHOUT_SUCCESS),
        }
    }
}

impl Wire for IdentifierResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let response = Self {
            response_code: IdentifierQueryCode::decode(r)?,
            uri: r.list_with(found_uri)?,
            found_profiles: r.list()?,
            id_response_extensions: AppDataDictionary::decode(r)?,
        };
        response.check().map(|()| response).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        self.response_code.encode(out)?;
        codec::put_list_with(out, &self.uri, put_found_uri)?;
        codec::put_list(out, &self.found_profiles)?;
        self.id_response_extensions.encode(out)
    }
}

fn found_uri(r: &mut Reader<'_>) -> Result<IdentifierUri, DecodeError> {
    let start = r.clone();
    let uri = IdentifierUri::decode(r)?;
    if uri.is_empty() { Err(start.error(&FOUND_URI_EMPTY)) } else { Ok(uri) }
}

fn put_found_uri(uri: &IdentifierUri, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if uri.is_empty() { Err(EncodeError::new(&FOUND_URI_EMPTY)) } else { uri.encode(out) }
}

#[cfg(test)]
mod tests;
