//! The part of the client API that is about users: consents, profiles, searches, accounts.

use std::sync::Arc;

use mimi_arch::{ClientUri, Domain, UserUri};
use mimi_client_api::{
    Account, Consent, ConveyConsentRequest, ConveyConsentResponse, FindUsersRequest, FindUsersResponse,
    ListConsentsResponse, Profile, ProfileField as ApiField, RemoveClientRequest,
    consent::State,
    convey_consent_request::Operation,
    convey_consent_response::Conveyed as ApiConveyed,
    profile_field::{Searchable as ApiSearchable, Vocabulary},
};
use mimi_ds::{
    Effect, StoreError,
    consent::UserConsents,
    store::{Conflict, FieldVocabulary, ProfileField},
};
use mimi_protocol::{
    codec::Wire,
    consent::{ConsentOperation, ConsentScope, Keeper, ScopeState},
    identifier_query::{IdentifierRequest, Searchable},
};
use tonic::Status;

use super::{encode, invalid, malformed, room, store_status};
use crate::{
    accounts,
    consent::{self, Conveyed, Wish, WishError},
    departed,
    identifier_query::{self, ProfileError},
    provider::Core,
};

/// Sections 5.7 and 8 for an own user.
pub(super) async fn convey_consent(
    core: &Arc<Core>,
    user: UserUri,
    request: ConveyConsentRequest,
) -> Result<ConveyConsentResponse, Status> {
    let operation = match request.operation() {
        Operation::Cancel => ConsentOperation::Cancel,
        Operation::Request => ConsentOperation::Request,
        Operation::Grant => ConsentOperation::Grant,
        Operation::Revoke => ConsentOperation::Revoke,
    };
    let other: UserUri = request.user_uri.parse().map_err(invalid)?;
    let about = if request.room_uri.is_empty() { None } else { Some(room(&request.room_uri)?) };
    if other == user {
        return Err(Status::invalid_argument("nobody needs consent to add own clients"));
    }
    let scope = match operation {
        ConsentOperation::Cancel | ConsentOperation::Request => ConsentScope::new(user.clone(), other, about),
        ConsentOperation::Grant | ConsentOperation::Revoke => ConsentScope::new(other, user.clone(), about),
    };
    let wish = Wish { user, operation, scope, with_key_packages: request.with_key_packages, tell: request.tell };
    let conveyed = consent::convey(core, wish).await.map_err(|error| match error {
        WishError::NothingToCancel => Status::failed_precondition(error.to_string()),
        WishError::TooManyRequests | WishError::TooManyDecisions => Status::resource_exhausted(error.to_string()),
        WishError::Call(error) => error.into(),
    })?;
    let conveyed = match conveyed {
        Conveyed::Received => ApiConveyed::Received,
        Conveyed::UserUnknown => ApiConveyed::UserUnknown,
        Conveyed::Kept => ApiConveyed::Kept,
    };
    Ok(ConveyConsentResponse { conveyed: conveyed.into() })
}

/// What is kept of an own user on both sides.
pub(super) async fn list_consents(core: &Arc<Core>, user: UserUri) -> Result<ListConsentsResponse, Status> {
    let held = core.clone();
    core.blocking(move || {
        Ok(ListConsentsResponse {
            of_others: consents(&held, Keeper::TargetProvider, &user)?,
            to_others: consents(&held, Keeper::RequesterProvider, &user)?,
        })
    })
    .await
    .map_err(store_status)
}

fn consents(core: &Core, keeper: Keeper, user: &UserUri) -> Result<Vec<Consent>, StoreError> {
    let consents = UserConsents::read(&*core.store, keeper, user)?;
    let scopes = consents.states().pairs(user).flat_map(|(other, pair)| {
        pair.scopes().map(move |(room, state)| Consent {
            state: match state {
                ScopeState::Unknown => State::Unknown,
                ScopeState::Requested => State::Requested,
                ScopeState::Granted => State::Granted,
                ScopeState::Denied => State::Denied,
                ScopeState::DeniedRequested => State::DeniedRequested,
            }
            .into(),
            user_uri: other.to_string(),
            room_uri: room.map(ToString::to_string).unwrap_or_default(),
        })
    });
    Ok(scopes.collect())
}

/// Section 5.8 for an own user.
pub(super) async fn find_users(core: &Arc<Core>, request: FindUsersRequest) -> Result<FindUsersResponse, Status> {
    let domain: Domain = request.domain.parse().map_err(invalid)?;
    let query = IdentifierRequest::from_bytes(&request.body).map_err(malformed)?;
    let answer = identifier_query::ask(core, &domain, query).await?;
    Ok(FindUsersResponse { body: encode(&answer)? })
}

/// Replaces a profile, and gives it back as it is stored.
pub(super) async fn set_profile(core: &Arc<Core>, user: UserUri, profile: Profile) -> Result<Profile, Status> {
    let fields = profile.fields.into_iter().map(field).collect();
    let (held, own) = (core.clone(), user.clone());
    let put = core.runtime.spawn_blocking(move || identifier_query::put_profile(&held, own, fields)).await;
    let put = put.map_err(|_| Status::internal("storing the profile was interrupted"))?;
    put.map_err(|error| match error {
        ProfileError::Store(error) => store_status(error),
        ProfileError::HandleTaken => Status::already_exists(error.to_string()),
        _ => Status::invalid_argument(error.to_string()),
    })?;
    fetch_profile(core, user).await
}

/// The profile as it is stored.
pub(super) async fn fetch_profile(core: &Arc<Core>, user: UserUri) -> Result<Profile, Status> {
    let store = core.store.clone();
    let profile = core.blocking(move || store.profile(&user)).await.map_err(store_status)?;
    Ok(Profile { fields: profile.fields.into_iter().map(api_field).collect() })
}

fn field(field: ApiField) -> ProfileField {
    let vocabulary = match field.vocabulary() {
        Vocabulary::Handle => FieldVocabulary::Handle,
        Vocabulary::OidcStdClaim => FieldVocabulary::OidcStdClaim,
        Vocabulary::VcardField => FieldVocabulary::VcardField,
    };
    let searchable = match field.searchable() {
        ApiSearchable::No => Searchable::No,
        ApiSearchable::Exactly => Searchable::Exactly,
        ApiSearchable::InPart => Searchable::InPart,
    };
    ProfileField { vocabulary, name: field.name, value: field.value, searchable }
}

fn api_field(field: ProfileField) -> ApiField {
    let vocabulary = match field.vocabulary {
        FieldVocabulary::Handle => Vocabulary::Handle,
        FieldVocabulary::OidcStdClaim => Vocabulary::OidcStdClaim,
        FieldVocabulary::VcardField => Vocabulary::VcardField,
    };
    let searchable = match field.searchable {
        Searchable::No => ApiSearchable::No,
        Searchable::Exactly => ApiSearchable::Exactly,
        Searchable::InPart => ApiSearchable::InPart,
    };
    ApiField { vocabulary: vocabulary.into(), name: field.name, value: field.value, searchable: searchable.into() }
}

/// Changes what is given, and tells how things stand then.
pub(super) async fn set_account(
    core: &Arc<Core>,
    user: UserUri,
    require_consent: Option<bool>,
) -> Result<Account, Status> {
    let store = core.store.clone();
    let account = core
        .blocking(move || {
            if let Some(requires) = require_consent {
                store.commit(vec![Effect::SetRequiresConsent { user: user.clone(), requires }])?;
            }
            store.account(&user)
        })
        .await
        .map_err(store_status)?;
    Ok(Account { require_consent: account.is_some_and(|account| account.requires_consent) })
}

/// Ends another client of the same user, for whoever shows the account's secret. One that is not there has ended already.
pub(super) async fn remove_client(
    core: &Arc<Core>,
    caller: ClientUri,
    request: RemoveClientRequest,
) -> Result<(), Status> {
    let client: ClientUri = request.client_uri.parse().map_err(invalid)?;
    let user = caller.user().ok_or_else(|| Status::permission_denied("the caller has no user"))?;
    if client == caller || client.user().as_ref() != Some(&user) {
        return Err(Status::permission_denied("this is no other client of the user"));
    }
    let held = core.clone();
    let removed = core
        .blocking(move || {
            if !accounts::is_secret_of(&*held.store, &user, &request.user_secret)? {
                return Ok(false);
            }
            held.store.commit(vec![Effect::DropClient { client }])?;
            Ok(true)
        })
        .await
        .map_err(store_status)?;
    if removed { Ok(()) } else { Err(Status::permission_denied("the account's secret is not right")) }
}

/// Deletes an account for whoever shows its secret.
///
/// The removal from the rooms is proposed first: after a failure in between, whoever asks again is where it went on. It is looked at once
/// more afterwards, for a room into which the user was taken meanwhile.
pub(super) async fn delete_account(core: &Arc<Core>, user: UserUri, secret: String) -> Result<(), Status> {
    let held = core.clone();
    let deleted = core
        .blocking(move || {
            if !accounts::is_secret_of(&*held.store, &user, &secret)? {
                return Ok(false);
            }
            departed::propose_removal(&held, &user)?;
            match held.store.commit(vec![Effect::DeleteAccount { user: user.clone() }]) {
                // Somebody else was faster.
                Err(StoreError::Conflict(Conflict::AccountMissing)) => {}
                done => done?,
            }
            departed::propose_removal(&held, &user)?;
            Ok(true)
        })
        .await
        .map_err(store_status)?;
    if deleted { Ok(()) } else { Err(Status::permission_denied("the account's secret is not right")) }
}
