//! The user's profile, and looking for others by theirs (draft-ietf-mimi-protocol-06 section 5.8).

use mimi_arch::Domain;
use mimi_client_api::{
    FindUsersRequest, Profile, ProfileField as ApiField,
    profile_field::{Searchable as ApiSearchable, Vocabulary},
};
use mimi_protocol::{
    codec::Wire as _,
    identifier_query::{IdentifierRequest, IdentifierResponse, QueryElement, Searchable},
    mls::AppDataDictionary,
};

use super::Client;
use crate::error::ClientError;

/// What a field of a profile is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileFieldName {
    /// A handle at the user's provider, like `im:alice@a.example`.
    Handle,
    /// The standard claim of OpenID Connect with this name.
    OidcStdClaim(String),
    /// The vCard property with this name.
    VcardField(String),
}

/// One field of the user's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    /// What it is.
    pub name: ProfileFieldName,
    /// Its value.
    pub value: String,
    /// What queries may find it.
    pub searchable: Searchable,
}

impl Client {
    /// Looks for users at a provider by what they let be searched for. All elements have to match.
    ///
    /// # Errors
    /// When the query cannot be encoded, or the provider cannot be reached or refuses.
    pub async fn find(
        &self,
        domain: &Domain,
        query_elements: Vec<QueryElement>,
    ) -> Result<IdentifierResponse, ClientError> {
        let query = IdentifierRequest { query_elements, id_request_extensions: AppDataDictionary::default() };
        let request = FindUsersRequest { domain: domain.to_string(), body: query.to_bytes()? };
        Ok(IdentifierResponse::from_bytes(&self.api().find_users(request).await?)?)
    }

    /// The user's profile at the provider.
    ///
    /// # Errors
    /// When the provider cannot be reached.
    pub async fn profile(&self) -> Result<Vec<ProfileField>, ClientError> {
        Ok(self.api().profile().await?.fields.into_iter().map(field).collect())
    }

    /// Replaces the user's profile; gives it back as the provider has it.
    ///
    /// # Errors
    /// When a field is not one a profile has, another user has a handle, or the provider cannot be reached.
    pub async fn set_profile(&self, fields: Vec<ProfileField>) -> Result<Vec<ProfileField>, ClientError> {
        let profile = Profile { fields: fields.into_iter().map(api_field).collect() };
        Ok(self.api().set_profile(profile).await?.fields.into_iter().map(field).collect())
    }
}

fn field(field: ApiField) -> ProfileField {
    let searchable = match field.searchable() {
        ApiSearchable::No => Searchable::No,
        ApiSearchable::Exactly => Searchable::Exactly,
        ApiSearchable::InPart => Searchable::InPart,
    };
    let name = match field.vocabulary() {
        Vocabulary::Handle => ProfileFieldName::Handle,
        Vocabulary::OidcStdClaim => ProfileFieldName::OidcStdClaim(field.name),
        Vocabulary::VcardField => ProfileFieldName::VcardField(field.name),
    };
    ProfileField { name, value: field.value, searchable }
}

fn api_field(field: ProfileField) -> ApiField {
    let (vocabulary, name) = match field.name {
        ProfileFieldName::Handle => (Vocabulary::Handle, String::new()),
        ProfileFieldName::OidcStdClaim(name) => (Vocabulary::OidcStdClaim, name),
        ProfileFieldName::VcardField(name) => (Vocabulary::VcardField, name),
    };
    let searchable = match field.searchable {
        Searchable::No => ApiSearchable::No,
        Searchable::Exactly => ApiSearchable::Exactly,
        Searchable::InPart => ApiSearchable::InPart,
    };
    ApiField { vocabulary: vocabulary.into(), name, value: field.value, searchable: searchable.into() }
}
