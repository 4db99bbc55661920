//! Consent to be added to rooms (draft-ietf-mimi-protocol-06 sections 5.7 and 8): asking for it, and giving it.

use mimi_arch::{RoomUri, UserUri};
use mimi_client_api::{
    ConveyConsentRequest, consent::State, convey_consent_request::Operation, convey_consent_response,
};
use mimi_protocol::consent::ScopeState;

use super::Client;
use crate::error::ClientError;

/// How far something about consent got. Nothing here tells whether the other user saw it.
// req: MP06-8-09
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conveyed {
    /// The other user's provider has received it.
    Received,
    /// The other user's provider says that it does not have the user.
    UserUnknown,
    /// It is kept at the own provider, and nobody was told.
    Kept,
}

/// Where consent stands between this user and another one, for a room or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentSummary {
    /// The other user.
    pub user: UserUri,
    /// The room; any room if there is none.
    pub room: Option<RoomUri>,
    /// Where it stands.
    pub state: ScopeState,
}

/// The consents of a user on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Consents {
    /// What others asked this user for, and what this user decided.
    pub of_others: Vec<ConsentSummary>,
    /// What this user asked others for, and what they granted. A denial is usually not told.
    // req: MP06-8-10
    pub to_others: Vec<ConsentSummary>,
}

impl Client {
    /// Asks a user for consent to be added to a room, or to any.
    ///
    /// # Errors
    /// When too many requests wait already, or the other provider cannot be reached; the request is kept then, and sent
    /// when asked again.
    pub async fn request_consent(&self, target: &UserUri, room: Option<&RoomUri>) -> Result<Conveyed, ClientError> {
        self.convey(Operation::Request, target, room, false, false).await
    }

    /// Takes a request back, which had the same user and room.
    ///
    /// # Errors
    /// When no such request waits, or the other provider cannot be reached.
    // req: MP06-5.7-06
    pub async fn cancel_consent(&self, target: &UserUri, room: Option<&RoomUri>) -> Result<Conveyed, ClientError> {
        self.convey(Operation::Cancel, target, room, false, false).await
    }

    /// Lets a user add this user to a room, or to any, asked or not. Key packages of this user's clients may go along, so
    /// that the user can be added at once.
    ///
    /// # Errors
    /// When too many decisions are kept, or the other provider cannot be reached; the consent is given all the same, and
    /// told when given again.
    pub async fn grant_consent(
        &self,
        requester: &UserUri,
        room: Option<&RoomUri>,
        with_key_packages: bool,
    ) -> Result<Conveyed, ClientError> {
        self.convey(Operation::Grant, requester, room, with_key_packages, false).await
    }

    /// Takes consent back, or denies it beforehand. The other provider is told only if wanted.
    ///
    /// # Errors
    /// When too many decisions are kept, or the other provider is to be told and cannot be reached.
    // req: MP06-5.7-27
    pub async fn revoke_consent(
        &self,
        requester: &UserUri,
        room: Option<&RoomUri>,
        tell: bool,
    ) -> Result<Conveyed, ClientError> {
        self.convey(Operation::Revoke, requester, room, false, tell).await
    }

    async fn convey(
        &self,
        operation: Operation,
        user: &UserUri,
        room: Option<&RoomUri>,
        with_key_packages: bool,
        tell: bool,
    ) -> Result<Conveyed, ClientError> {
        let request = ConveyConsentRequest {
            operation: operation.into(),
            user_uri: user.to_string(),
            room_uri: room.map(ToString::to_string).unwrap_or_default(),
            with_key_packages,
            tell,
        };
        Ok(match self.api().convey_consent(request).await? {
            convey_consent_response::Conveyed::Received => Conveyed::Received,
            convey_consent_response::Conveyed::UserUnknown => Conveyed::UserUnknown,
            convey_consent_response::Conveyed::Kept => Conveyed::Kept,
        })
    }

    /// What others asked this user for, and this user others.
    ///
    /// # Errors
    /// When the provider cannot be reached, or its answer cannot be read.
    pub async fn consents(&self) -> Result<Consents, ClientError> {
        let found = self.api().list_consents().await?;
        Ok(Consents {
            of_others: found.of_others.into_iter().map(summary).collect::<Result<_, _>>()?,
            to_others: found.to_others.into_iter().map(summary).collect::<Result<_, _>>()?,
        })
    }

    /// Whether others get key packages of this user only with consent; `require` changes it first.
    ///
    /// # Errors
    /// When the provider cannot be reached.
    pub async fn requires_consent(&self, require: Option<bool>) -> Result<bool, ClientError> {
        Ok(self.api().set_account(mimi_client_api::SetAccountRequest { require_consent: require }).await?)
    }

    /// Deletes the user's account with all its clients, for good. The state file stays.
    ///
    /// # Errors
    /// When the provider cannot be reached or refuses.
    pub async fn delete_account(&self) -> Result<(), ClientError> {
        Ok(self.api().delete_account(self.user_secret().to_owned()).await?)
    }
}

fn summary(consent: mimi_client_api::Consent) -> Result<ConsentSummary, ClientError> {
    let state = match consent.state() {
        State::Unknown => ScopeState::Unknown,
        State::Requested => ScopeState::Requested,
        State::Granted => ScopeState::Granted,
        State::Denied => ScopeState::Denied,
        State::DeniedRequested => ScopeState::DeniedRequested,
    };
    let room = if consent.room_uri.is_empty() { None } else { Some(consent.room_uri.parse()?) };
    Ok(ConsentSummary { user: consent.user_uri.parse()?, room, state })
}
