//! Carrying an intent out, however often the room changes under it (draft-ietf-mimi-protocol-06 section 5.3).
//!
//! A hub refuses a commit that was made for an epoch which is over, and one that leaves out proposals which it holds. Neither is the
//! user's fault: the client takes in what the queue holds, applies the intent to the room as it is then, and tries again.

use std::time::Duration;

use mimi_arch::{RoomUri, UserUri};
use mimi_client_api::RoomCall;
use mimi_protocol::{AcceptedTimestamp, Epoch, update::UpdateRoomResponse};
use tokio::time::Instant;

use super::Client;
use crate::{
    error::ClientError,
    events::Event,
    session::{Intent, RoomDetails},
};

/// How often an intent is applied before the refusal is the answer.
pub(super) const ATTEMPTS: u32 = 6;
/// How long the queue may take to bring what the hub is ahead by.
pub(super) const CATCH_UP: Duration = Duration::from_secs(10);
/// How long it may take to bring what explains another refusal: proposals that the hub holds and this client has not seen.
const EXPLAIN: Duration = Duration::from_millis(300);
/// The pause before asking again a provider that ends the stream.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// What a commit is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct MadeFor {
    epoch: Epoch,
    pending: usize,
}

impl Client {
    /// Carries an intent out: prepares the commit, sends it, and settles it. When the hub refuses because the room has moved on, takes in
    /// what the queue holds, and tries again, a bounded number of times. What came through the queue meanwhile is reported by the next
    /// [`Client::sync`], [`Client::watch`] or [`Client::unreported`].
    ///
    /// # Errors
    /// When there is nothing to do, the hub refuses for good, or an answer is lost.
    // req: MP06-5.3-22
    pub async fn carry_out(&self, room: &RoomUri, intent: Intent) -> Result<AcceptedTimestamp, ClientError> {
        let material = match &intent {
            Intent::Add { user } => self.key_material(room, user).await?,
            _ => Vec::new(),
        };
        self.ask_provider(room).await;
        let _alone = self.alone(room).await;
        // A commit that was refused may have been accepted all the same, if it was delivered twice: then the queue brings it.
        let mut done_by = None;
        let mut attempt = 1;
        loop {
            let (goal, want, packages) = (room.clone(), intent.clone(), material.clone());
            let prepared = self
                .step(move |session| {
                    let before = session.room(&goal)?;
                    let made_for = MadeFor { epoch: before.epoch, pending: before.pending_proposals };
                    Ok((made_for, session.prepare_intent(&goal, &want, &packages)?))
                })
                .await;
            let (made_for, prepared) = match (prepared, done_by) {
                (Err(error), Some(accepted)) if error.is_done() => return Ok(accepted),
                (Err(ClientError::UpdateUnresolved { .. }), _) if attempt < ATTEMPTS => {
                    self.settle_earlier(room).await?;
                    attempt += 1;
                    continue;
                }
                (prepared, _) => prepared?,
            };
            match self.submit_and_settle(prepared.update).await {
                Ok(accepted) if prepared.whole => return Ok(accepted),
                Ok(accepted) if attempt < ATTEMPTS => done_by = Some(accepted),
                Err(ClientError::UpdateRefused(refusal)) if attempt < ATTEMPTS => {
                    let no_news_needed = matches!(refusal, UpdateRoomResponse::NotAllowed { .. })
                        && self.is_forbidden(room, &intent).await?;
                    if no_news_needed {
                        return Err(ClientError::UpdateRefused(refusal));
                    }
                    let (moved, accepted) = self.caught_up(room, made_for, &refusal).await?;
                    if !moved {
                        return Err(ClientError::UpdateRefused(refusal));
                    }
                    done_by = accepted.or(done_by);
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    /// Learns once by which key and credential the provider would be an external sender of rooms that another one hosts (section 7.4). A
    /// commit is made without that, if the provider does not say.
    async fn ask_provider(&self, room: &RoomUri) {
        if room.domain() == self.user().domain()
            || self.step(|session| Ok(session.knows_provider())).await.unwrap_or(true)
        {
            return;
        }
        if let Ok(described) = self.api().describe().await {
            let _ = self.step(move |session| session.know_provider(&described.external_sender)).await;
        }
    }

    async fn is_forbidden(&self, room: &RoomUri, intent: &Intent) -> Result<bool, ClientError> {
        let (room, intent) = (room.clone(), intent.clone());
        self.step(move |session| session.is_forbidden(&room, &intent)).await
    }

    /// What the room says about itself: roles, policy, metadata.
    ///
    /// # Errors
    /// When this client is not a member, or the state file fails.
    pub async fn details(&self, room: &RoomUri) -> Result<RoomDetails, ClientError> {
        let room = room.clone();
        self.step(move |session| session.details(&room)).await
    }

    /// Fetches key material of a user through the room's hub.
    pub(super) async fn key_material(&self, room: &RoomUri, user: &UserUri) -> Result<Vec<u8>, ClientError> {
        let (room, user) = (room.clone(), user.clone());
        let call = self
            .step(move |session| {
                let body = session.key_material_request(&room, &user)?;
                Ok(RoomCall { room_uri: room.to_string(), target_user: user.to_string(), body })
            })
            .await?;
        Ok(self.api().fetch_key_material(call).await?.body)
    }

    /// Finds out what became of an update whose answer was lost, by sending it again.
    async fn settle_earlier(&self, room: &RoomUri) -> Result<(), ClientError> {
        match self.resume(room).await {
            Ok(_) => Ok(()),
            Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { current_epoch, .. })) => {
                self.wait_for(room, CATCH_UP, |epoch, _| epoch >= current_epoch).await.map(|_| ())
            }
            Err(ClientError::UpdateRefused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes in what the queue holds until the room is as far as the refusal says; whether it has moved, and when the hub accepted the last
    /// commit that came.
    async fn caught_up(
        &self,
        room: &RoomUri,
        made_for: MadeFor,
        refusal: &UpdateRoomResponse,
    ) -> Result<(bool, Option<AcceptedTimestamp>), ClientError> {
        let (goal, patience) = match refusal {
            UpdateRoomResponse::WrongEpoch { current_epoch, .. } => (Some(*current_epoch), CATCH_UP),
            _ => (None, EXPLAIN),
        };
        self.wait_for(room, patience, |epoch, pending| match goal {
            Some(goal) => epoch >= goal,
            None => made_for != MadeFor { epoch, pending },
        })
        .await
    }

    /// Takes in what the queue holds until the room is as wanted or over, or the time is.
    pub(super) async fn wait_for(
        &self,
        room: &RoomUri,
        patience: Duration,
        wanted: impl Fn(Epoch, usize) -> bool,
    ) -> Result<(bool, Option<AcceptedTimestamp>), ClientError> {
        let deadline = Instant::now() + patience;
        let mut accepted = None;
        loop {
            let events = self.drain_queue().await?;
            for event in &events {
                if let Event::Committed { room: of, accepted: when, .. } = event
                    && of == room
                {
                    accepted = Some(*when);
                }
            }
            self.keep_unreported(events);
            let now = self.room(room).await?;
            if !now.active || wanted(now.epoch, now.pending_proposals) {
                return Ok((true, accepted));
            }
            if Instant::now() >= deadline {
                return Ok((false, accepted));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
