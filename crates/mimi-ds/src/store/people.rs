//! What is kept of the provider's own users beside their clients: settings, consents and profiles.

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::{
    consent::ScopeState,
    identifier_query::{Field, FieldKind, Profile, Searchable},
};

use super::StoredKeyPackage;

/// What an account's user has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// Whether others need the user's consent before they get key packages (draft-ietf-mimi-protocol-06 section 8).
    pub requires_consent: bool,
    /// Whether the account was deleted; its name stays taken.
    pub deleted: bool,
}

/// How many tokens for discovery an account has had on a day (discovery profile 0 section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokensIssued {
    /// The day: how many there were since the Unix epoch.
    pub day: u64,
    /// How many tokens on it.
    pub used: u32,
}

/// Where consent stands between a local user and all others (draft-ietf-mimi-protocol-06 section 5.7).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StoredConsents {
    /// Grows with every decision on the user's consents; see [`crate::Effect::PutConsent`].
    pub version: u64,
    /// The scopes that are kept: other user, room or any, state.
    pub scopes: Vec<(UserUri, Option<RoomUri>, ScopeState)>,
}

/// A key package that came with a grant of consent (draft-ietf-mimi-protocol-06 section 5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedKeyPackage {
    /// The room of the grant, or any.
    pub room: Option<RoomUri>,
    /// The key package.
    pub key_package: StoredKeyPackage,
}

/// Which vocabulary the name of a profile field is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldVocabulary {
    /// A handle URI; the field has no name.
    Handle,
    /// A standard claim of OpenID Connect.
    OidcStdClaim,
    /// A vCard property.
    VcardField,
}

/// One field of a user's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    /// Which vocabulary its name is from.
    pub vocabulary: FieldVocabulary,
    /// Its name; empty for a handle.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What queries may find it.
    pub searchable: Searchable,
}

/// The profile of a local user (draft-ietf-mimi-protocol-06 section 5.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProfile {
    /// The user.
    pub user: UserUri,
    /// The fields, in the user's order.
    pub fields: Vec<ProfileField>,
}

impl Profile for StoredProfile {
    fn stable_uri(&self) -> &UserUri {
        &self.user
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().map(|field| Field {
            kind: match field.vocabulary {
                FieldVocabulary::Handle => FieldKind::Handle,
                FieldVocabulary::OidcStdClaim => FieldKind::OidcStdClaim(&field.name),
                FieldVocabulary::VcardField => FieldKind::VcardField(&field.name),
            },
            value: &field.value,
            searchable: field.searchable,
        })
    }
}
