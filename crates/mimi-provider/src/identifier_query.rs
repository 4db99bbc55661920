//! Queries for users and the profiles they are answered from (draft-ietf-mimi-protocol-06 section 5.8). A query goes from the
//! asker's provider straight to the one that is asked and changes nothing there.

use std::sync::Arc;

use mimi_arch::{Domain, UserUri};
use mimi_ds::{
    Effect, StoreError,
    store::{Conflict, FieldVocabulary, ProfileField},
};
use mimi_protocol::identifier_query::{self, IdentifierRequest, IdentifierResponse, StandardClaims};
use thiserror::Error;

use crate::{hub_calls::CallError, provider::Core};

/// How many fields a profile has at most.
const MAX_FIELDS: usize = 64;
/// How many octets name and value of a field have at most, each.
const MAX_FIELD_OCTETS: usize = 1024;

/// Answers a query about this provider's users.
// req: MP06-5.8-02, MP06-5.8-16
pub(crate) async fn answer(core: &Arc<Core>, request: IdentifierRequest) -> Result<IdentifierResponse, CallError> {
    let held = core.clone();
    Ok(core
        .blocking(move || {
            let profiles = held.store.searchable_profiles()?;
            Ok(identifier_query::answer(&request, &held.search_policy, &profiles))
        })
        .await?)
}

/// Asks for a client of ours: another provider, or this one.
// req: MP06-5.8-01, MP06-5.8-03
pub(crate) async fn ask(
    core: &Arc<Core>,
    domain: &Domain,
    request: IdentifierRequest,
) -> Result<IdentifierResponse, CallError> {
    if domain == &core.domain {
        return answer(core, request).await;
    }
    core.peers.identifier_query(domain, &request).await.map_err(CallError::Peer)
}

/// Why a profile is not stored.
#[derive(Debug, Error)]
pub(crate) enum ProfileError {
    #[error("a profile has at most {MAX_FIELDS} fields")]
    TooManyFields,
    #[error("name and value of a field have at most {MAX_FIELD_OCTETS} octets each, and the value is not empty: {0:?}")]
    Length(String),
    #[error("{0:?} is not a standard claim of OpenID Connect")]
    UnknownClaim(String),
    #[error("{0:?} is not the name of a vCard property: letters, digits and hyphens")]
    PropertyName(String),
    #[error("the handle {handle:?} is not one of {domain}, like im:alice@{domain}")]
    ForeignHandle { handle: String, domain: Domain },
    #[error("another user has one of these handles")]
    HandleTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a profile that a user wants to have.
pub(crate) fn check_profile(own: &Domain, fields: &[ProfileField]) -> Result<(), ProfileError> {
    if fields.len() > MAX_FIELDS {
        return Err(ProfileError::TooManyFields);
    }
    fields.iter().try_for_each(|field| check_field(own, field))
}

fn check_field(own: &Domain, field: &ProfileField) -> Result<(), ProfileError> {
    let ProfileField { vocabulary, name, value, .. } = field;
    if name.len() > MAX_FIELD_OCTETS || value.len() > MAX_FIELD_OCTETS || value.is_empty() {
        return Err(ProfileError::Length(name.clone()));
    }
    match vocabulary {
        FieldVocabulary::Handle if !is_handle_of(own, value) => {
            Err(ProfileError::ForeignHandle { handle: value.clone(), domain: own.clone() })
        }
        FieldVocabulary::OidcStdClaim if !StandardClaims::contains(name) => {
            Err(ProfileError::UnknownClaim(name.clone()))
        }
        FieldVocabulary::VcardField
            if name.is_empty() || !name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') =>
        {
            Err(ProfileError::PropertyName(name.clone()))
        }
        _ => Ok(()),
    }
}

/// Whether this is `im:USER@OWN` with a user part that needs no encoding. A handle of another domain would take in others.
fn is_handle_of(own: &Domain, handle: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+".contains(&octet);
    handle
        .strip_prefix("im:")
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(user, domain)| domain == own.as_str() && !user.is_empty() && user.bytes().all(plain))
}

/// Stores a profile that was checked. Blocks.
pub(crate) fn put_profile(core: &Core, user: UserUri, fields: Vec<ProfileField>) -> Result<(), ProfileError> {
    check_profile(&core.domain, &fields)?;
    match core.store.commit(vec![Effect::PutProfile { user, fields }]) {
        Err(StoreError::Conflict(Conflict::HandleTaken)) => Err(ProfileError::HandleTaken),
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::identifier_query::Searchable;

    use super::*;

    fn check(vocabulary: FieldVocabulary, name: &str, value: &str) -> bool {
        let (name, value) = (name.to_owned(), value.to_owned());
        let field = ProfileField { vocabulary, name, value, searchable: Searchable::No };
        check_profile(&"a.example".parse().unwrap(), &[field]).is_ok()
    }

    #[test]
    fn a_handle_is_of_the_providers_own_domain() {
        use FieldVocabulary::Handle;
        assert!(check(Handle, "", "im:alice.smith@a.example"));
        for other in
            ["im:alice@b.example", "im:@a.example", "alice@a.example", "im:a@b@a.example", "im:alice@A.example", ""]
        {
            assert!(!check(Handle, "", other), "{other}");
        }
    }

    #[test]
    fn claims_are_standard_ones_and_properties_have_names_of_vcard() {
        assert!(check(FieldVocabulary::OidcStdClaim, "given_name", "Alice"));
        assert!(!check(FieldVocabulary::OidcStdClaim, "shoe_size", "38"));
        assert!(check(FieldVocabulary::VcardField, "X-SHOE-SIZE", "38"));
        assert!(!check(FieldVocabulary::VcardField, "", "38"));
        assert!(!check(FieldVocabulary::VcardField, "A B", "38"));
        assert!(!check(FieldVocabulary::VcardField, "ORG", ""));
        assert!(!check(FieldVocabulary::VcardField, "ORG", &"x".repeat(MAX_FIELD_OCTETS + 1)));
    }
}
