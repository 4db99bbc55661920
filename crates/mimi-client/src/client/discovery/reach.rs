//! The whole way: discovery, one service, its user, consent, a conversation.

use std::collections::BTreeSet;

use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_discovery::{Csi, CsiKind, selection::Selection};
use mimi_protocol::{
    consent::ScopeState,
    identifier_query::{IdentifierQueryCode, QueryElement, SearchField},
};

use super::{DiscoveryError, LookUp, LookUpOptions, Next, Progress};
use crate::client::Client;

/// How far the way to a person was gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What discovery came to.
    pub look_up: LookUp,
    /// The user, when one was found.
    pub user: Option<UserUri>,
    /// What comes next.
    pub next: Next,
}

impl Client {
    /// Goes the way from an identifier to a person as far as it can be gone now: discovery, one service, that service's user. With `ask` the user is asked for
    /// consent, unless that was done before.
    ///
    /// # Errors
    /// Those of [`Client::look_up`], and when the service names no user, or several.
    pub async fn find_by_identifier(
        &self,
        csi: &Csi,
        options: &LookUpOptions,
        ask: bool,
    ) -> Result<Reached, DiscoveryError> {
        let look_up = self.look_up(csi, options).await?;
        let mut progress = Progress { selection: look_up.selection.clone(), user: None, consent: None };
        loop {
            let next = progress.next();
            match &next {
                Next::AskService(service) => progress.user = Some(self.user_of(csi, service).await?),
                Next::LookForConsent(user) => progress.consent = Some(self.consent_of(user).await?),
                Next::AskForConsent(user) if ask => {
                    self.request_consent(user, None).await?;
                    progress.consent = Some(ScopeState::Requested);
                }
                Next::Stop(_) | Next::AskForConsent(_) | Next::Wait(_) | Next::Talk(_) => {
                    return Ok(Reached { look_up, user: progress.user, next });
                }
            }
        }
    }

    /// Opens a conversation with who has granted consent: a new room of this name at the own provider with the two users.
    ///
    /// # Errors
    /// When consent is missing, or the room cannot be made.
    pub async fn open_conversation(&self, user: &UserUri, room: &str) -> Result<RoomUri, DiscoveryError> {
        if self.consent_of(user).await? != ScopeState::Granted {
            return Err(DiscoveryError::NotReady("the user has not consented yet; ask, and try again later"));
        }
        let room = self.create_room(room).await?;
        self.add(&room, user).await?;
        Ok(room)
    }

    /// The one user of a service who has the identifier in the profile; none at a service that the mapping lists and the holder does not use.
    // req: UD03-6-03
    async fn user_of(&self, csi: &Csi, service: &Domain) -> Result<UserUri, DiscoveryError> {
        let no = |what| DiscoveryError::NoUser { msp: service.clone(), what };
        let field = match csi.kind() {
            CsiKind::E164 => SearchField::Phone,
            CsiKind::MAIL => SearchField::Email,
            // The identifier is the user's name already, if it is one of this service.
            CsiKind::MIMI_URI => {
                let user: UserUri = csi.value().parse().map_err(|_| no("cannot be asked for such an identifier"))?;
                let is_theirs = user.domain() == service;
                return if is_theirs { Ok(user) } else { Err(no("has other names for its users")) };
            }
            _ => return Err(no("cannot be asked for such an identifier")),
        };
        let element = QueryElement { field, search_value: csi.value().to_owned() };
        let answer = self.find(service, vec![element]).await?;
        match answer.response_code {
            IdentifierQueryCode::Success => {}
            IdentifierQueryCode::NotFound => {
                return Err(no("finds nobody: the holder has to let the profile be searched by it"));
            }
            IdentifierQueryCode::Ambiguous => return Err(no("wants more than this identifier")),
            IdentifierQueryCode::Forbidden => return Err(no("does not allow the query")),
            IdentifierQueryCode::UnsupportedField => return Err(no("does not support queries by such an identifier")),
        }
        let named = answer.found_profiles.iter().map(|profile| profile.stable_uri.as_str());
        let users: BTreeSet<UserUri> = named
            .chain(answer.uri.iter().map(|uri| uri.as_str()))
            .filter_map(|uri| uri.parse::<UserUri>().ok())
            .filter(|user| user.domain() == service)
            .collect();
        let mut users = users.into_iter();
        match (users.next(), users.next()) {
            (Some(user), None) => Ok(user),
            (None, _) => Err(no("names no user of its own")),
            (Some(_), Some(_)) => Err(no("names several users")),
        }
    }

    async fn consent_of(&self, user: &UserUri) -> Result<ScopeState, DiscoveryError> {
        let consents = self.consents().await?;
        let of_user = consents.to_others.into_iter().filter(|consent| consent.user == *user && consent.room.is_none());
        Ok(of_user.map(|consent| consent.state).next().unwrap_or(ScopeState::Unknown))
    }
}

impl Reached {
    /// The service that was taken.
    #[must_use]
    pub fn service(&self) -> Option<&Domain> {
        match &self.look_up.selection {
            Selection::Entry { entry, .. } => Some(&entry.msp),
            _ => None,
        }
    }
}
