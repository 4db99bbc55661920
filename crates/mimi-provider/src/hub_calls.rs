//! The calls on rooms: decided by `mimi_ds::hub` when this provider is the room's hub, sent to the hub otherwise; and what
//! hubs send us (sections 5.3 to 5.6 of draft-ietf-mimi-protocol-06).

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode};
use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_ds::{
    Effect, OpenMlsHpke, StoreError,
    follower::{FanoutDecision, FanoutFacts, NotifyRefusal, accept_fanout},
    hub::{
        ClaimedGroupInfo, CreateRefusal, GroupInfoRefusal, HubFranking, NextGroup, ParentParticipants, UpdateFacts,
        joiner_named, key_packages_named,
    },
    store::Conflict,
};
use mimi_protocol::{
    AcceptedTimestamp, IdentifierUri,
    codec::{DecodeError, EncodeError, Wire},
    crypto::SignatureError,
    enqueue_authorization::{self, FanoutAuthToken},
    group_info::{self, GroupInfoCode, GroupInfoRequestIn, GroupInfoResponse},
    http::{
        client::ClientError,
        server::{Problem, ProblemKind},
    },
    mls::{GroupInfo, MlsMessageView, RatchetTree, Sender},
    notify::FanoutMessage,
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
    update::{HandshakeBundle, UpdateRequest, UpdateRoomResponse},
};
use thiserror::Error;
use tonic::Status;
use tracing::{debug, error, warn};

use crate::{
    clock, dependent,
    provider::Core,
    proxy_download::DownloadRefusal,
    rates::{Limited, with_retry_after},
    report_abuse::ReportError,
    rooms::{self, Change, Room, Visit},
};

/// When others may try again after something failed here.
pub(crate) const TRY_AGAIN: Duration = Duration::from_secs(1);

/// When others may send reports again that a person has to look at first.
const MUCH_LATER: Duration = Duration::from_secs(60 * 60);

/// How often a notification is looked at anew when another request with the same messages is under way.
const NOTIFY_ATTEMPTS: usize = 8;

/// Why a call has no answer of the draft's.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("there is no room {0} here")]
    UnknownRoom(RoomUri),
    #[error("neither the user {0} nor the room is this provider's")]
    NotHere(String),
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Invalid(String),
    #[error("a room of that name exists")]
    RoomExists,
    #[error("there is a room with exactly these participants, and they are fixed in both")]
    FixedRoomExists,
    #[error("the room cannot be created: {0}")]
    Create(CreateRefusal),
    #[error("signature: {0}")]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("the answer cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    #[error("internal: {0}")]
    Internal(String),
    #[error("the report is not taken: {0}")]
    Report(ReportError),
    #[error("the asset: {0}")]
    Download(DownloadRefusal),
    #[error("the other provider: {0}")]
    Peer(ClientError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Limited(#[from] Limited),
}

impl CallError {
    /// What another provider is told.
    pub(crate) fn into_problem(self) -> Problem {
        let detail = self.to_string();
        match self {
            Self::UnknownRoom(_) => Problem::new(ProblemKind::UnknownRoom, detail),
            Self::NotHere(_) => Problem::new(ProblemKind::UnknownUser, detail),
            Self::Denied(_) | Self::Create(_) | Self::Signature(_) | Self::RoomExists | Self::FixedRoomExists => {
                Problem::new(ProblemKind::NotPermitted, detail)
            }
            Self::Report(error @ ReportError::Content { .. }) => {
                Problem::new(ProblemKind::MalformedBody, detail).rule(&error, error.section())
            }
            Self::Report(ReportError::Full(_)) => Problem::unavailable(detail, MUCH_LATER),
            Self::Report(error) => Problem::not_permitted(detail, &error, error.section()),
            Self::Download(_) => Problem::unavailable(detail, TRY_AGAIN),
            Self::Decode(error) => Problem::malformed_body(&error),
            Self::Invalid(_) => Problem::new(ProblemKind::MalformedBody, detail),
            Self::Peer(error) => Problem::unavailable(detail, error.retry_after().unwrap_or(TRY_AGAIN)),
            Self::Limited(limited) => limited.into(),
            Self::Encode(_) | Self::Internal(_) | Self::Store(_) => {
                error!(%detail, "a request could not be carried out");
                Problem::unavailable("the request could not be stored, try again", TRY_AGAIN)
            }
        }
    }
}

impl From<CallError> for Status {
    /// What the own client is told.
    fn from(error: CallError) -> Self {
        let detail = error.to_string();
        match error {
            CallError::UnknownRoom(_) | CallError::NotHere(_) => Self::not_found(detail),
            CallError::Report(ReportError::Full(_)) => Self::resource_exhausted(detail),
            CallError::Download(refusal) => match refusal.status() {
                StatusCode::BAD_REQUEST => Self::invalid_argument(detail),
                StatusCode::FORBIDDEN => Self::permission_denied(detail),
                StatusCode::NOT_FOUND => Self::not_found(detail),
                StatusCode::TOO_MANY_REQUESTS => Self::resource_exhausted(detail),
                _ => Self::failed_precondition(detail),
            },
            CallError::Denied(_) | CallError::Signature(_) | CallError::Report(_) => Self::permission_denied(detail),
            CallError::RoomExists | CallError::FixedRoomExists => Self::already_exists(detail),
            CallError::Create(_) | CallError::Decode(_) | CallError::Invalid(_) => Self::invalid_argument(detail),
            CallError::Limited(limited) => limited.into(),
            CallError::Peer(ClientError::Status { status, retry_after: Some(delay), .. }) if status.as_u16() == 429 => {
                with_retry_after(Self::resource_exhausted(detail), delay)
            }
            CallError::Peer(ClientError::Status { .. }) => Self::failed_precondition(detail),
            CallError::Peer(_) => Self::unavailable(detail),
            CallError::Encode(_) | CallError::Internal(_) | CallError::Store(_) => {
                error!(%detail, "a call could not be carried out");
                Self::unavailable("the call could not be stored, try again")
            }
        }
    }
}

/// Creates a room of which this provider is the hub (section 3.1).
// req: AR02-4-02
pub(crate) async fn create(
    core: &Arc<Core>,
    creator: ClientUri,
    room: RoomUri,
    group_info: GroupInfo,
    tree: RatchetTree,
) -> Result<AcceptedTimestamp, CallError> {
    if room.domain() != &core.domain {
        return Err(CallError::Denied(format!("{room} is not a room of {}", core.domain)));
    }
    if room.group_number(group_info.group_id()).is_some_and(|number| number > 1) {
        return found_next_group(core, creator, room, group_info, tree).await;
    }
    let held = core.clone();
    core.blocking(move || {
        let now = clock::now();
        let create = |parent: Option<&ParentParticipants>| {
            Room::create_under(now, &held.identity, &creator, room.clone(), group_info.clone(), &tree, parent)
        };
        let created = match create(None) {
            Err(CreateRefusal::Parent(parent)) => create(dependent::participants(&held, &parent)?.as_ref()),
            created => created,
        };
        match created {
            Err(refusal) => {
                held.metrics.refused("createRoom", &refusal);
                Ok(Err(CallError::Create(refusal)))
            }
            Ok((created, accepted)) => match held.rooms.create(&held, &room, created, accepted.effects) {
                Ok(parent) => {
                    held.metrics.accepted("room");
                    // The parent may have changed in between.
                    parent.iter().try_for_each(|parent| dependent::compare(&held, parent))?;
                    Ok(Ok(accepted.timestamp))
                }
                Err(StoreError::Conflict(Conflict::RoomExists)) => Ok(Err(CallError::RoomExists)),
                Err(StoreError::Conflict(Conflict::FixedRoomExists)) => Ok(Err(CallError::FixedRoomExists)),
                Err(error) => Err(error),
            },
        }
    })
    .await?
}

/// The next group of a room of this provider that has none at present (draft-ietf-mimi-room-policy-03 section 5).
async fn found_next_group(
    core: &Arc<Core>,
    creator: ClientUri,
    room: RoomUri,
    group_info: GroupInfo,
    tree: RatchetTree,
) -> Result<AcceptedTimestamp, CallError> {
    let held = core.clone();
    decide(core, room, move |room| {
        match room.found_next_group(clock::now(), &held.identity, &creator, group_info, &tree) {
            Ok(accepted) => {
                held.metrics.accepted("room");
                (Ok(accepted.timestamp), Change::Durable(accepted.effects))
            }
            Err(refusal) => {
                held.metrics.refused("createRoom", &refusal);
                (Err(CallError::Create(refusal)), Change::None)
            }
        }
    })
    .await?
}

/// What the next group of a room has to hold, for a client that may make it.
pub(crate) async fn next_group(core: &Arc<Core>, client: ClientUri, room: RoomUri) -> Result<NextGroup, CallError> {
    decide(core, room, move |room| (room.next_group(&client).map_err(CallError::Create), Change::None)).await?
}

/// A decision on a room of this provider, with its effects durable before it is returned.
pub(crate) async fn decide<T: Send + 'static>(
    core: &Arc<Core>,
    room: RoomUri,
    decision: impl FnOnce(&mut Room) -> (T, Change) + Send + 'static,
) -> Result<T, CallError> {
    let held = core.clone();
    let name = room.clone();
    match core.blocking(move || held.rooms.visit(&held, &name, decision)).await? {
        Visit::Done(answer) => Ok(answer),
        Visit::NoSuchRoom => Err(CallError::UnknownRoom(room)),
    }
}

/// The same for a decision that takes some microseconds.
async fn decide_briefly<T: Send + 'static>(
    core: &Arc<Core>,
    room: RoomUri,
    decision: impl FnOnce(&mut Room) -> (T, Change) + Send + 'static,
) -> Result<T, CallError> {
    match rooms::visit_briefly(core, room.clone(), decision).await? {
        Visit::Done(answer) => Ok(answer),
        Visit::NoSuchRoom => Err(CallError::UnknownRoom(room)),
    }
}

/// A refusal has left the room as it was and has an answer of the draft's, or the hub itself has failed.
fn refused<T>(response: Option<T>, refusal: &impl ToString) -> (Result<T, CallError>, Change) {
    match response {
        Some(response) => (Ok(response), Change::None),
        None => (Err(CallError::Internal(refusal.to_string())), Change::Broken),
    }
}

/// Section 5.3 at the hub.
pub(crate) async fn update(
    core: &Arc<Core>,
    source: Domain,
    room: RoomUri,
    request: UpdateRequest,
) -> Result<UpdateRoomResponse, CallError> {
    core.limit_room(&room)?;
    let kind = match &request.0 {
        HandshakeBundle::Commit { .. } => "commit",
        HandshakeBundle::Proposals { .. } => "proposals",
    };
    let (held, named, name) = (core.clone(), request.clone(), room.clone());
    let (facts, parent) = core
        .blocking(move || {
            let mut facts = UpdateFacts::default();
            for reference in key_packages_named(&named) {
                if let Some(provider) = held.store.route(reference)? {
                    facts.routes.insert(reference.clone(), provider);
                }
            }
            if let Some(joiner) = joiner_named(&named) {
                facts.grant = held.store.join_grant(&name, &joiner)?;
            }
            Ok((facts, dependent::parent_of(&held, &name)?))
        })
        .await?;
    let (held, name) = (core.clone(), room.clone());
    let (parent, known) = parent.unzip();
    let answer = decide(core, room, move |room| {
        if let Some(known) = known {
            room.know_parent(known);
        }
        match room.update_knowing(clock::now(), &source, &request, &facts, Some(&held.signer)) {
            Ok(accepted) => (Ok(accepted.update_response()), Change::Durable(accepted.effects)),
            Err(refusal) => {
                held.metrics.refused("update", &refusal);
                refused(refusal.response(), &refusal)
            }
        }
    })
    .await?;
    if matches!(answer, Ok(UpdateRoomResponse::Success { .. })) {
        core.metrics.accepted(kind);
        if kind == "commit" {
            let held = core.clone();
            let compared = core.blocking(move || {
                parent.iter().chain([&name]).try_for_each(|parent| dependent::compare(&held, parent))
            });
            // What was accepted is accepted; the comparison is made again when the provider starts.
            if let Err(error) = compared.await {
                warn!(%error, "rooms that depend on another one could not be compared with it");
            }
        }
    }
    answer
}

/// Section 5.3 for a client of this provider, wherever the hub is.
///
/// A client that joins by an external commit is entered among the room's local clients before the commit is sent, so that
/// nothing the hub fans out afterwards can miss it; a refusal takes it out again.
// req: MP06-4.3-03
pub(crate) async fn update_as_client(
    core: &Arc<Core>,
    client: ClientUri,
    room: RoomUri,
    request: UpdateRequest,
) -> Result<UpdateRoomResponse, CallError> {
    if room.domain() == &core.domain {
        return update(core, core.domain.clone(), room, request).await;
    }
    let joins = is_external_commit(&request);
    if joins {
        let (held, room, client) = (core.clone(), room.clone(), client.clone());
        core.blocking(move || held.submit(vec![Effect::JoinLocal { room, client }]).wait()).await?;
    }
    let body = request.to_bytes()?;
    let response = core.peers.update(room.domain(), &room, body).await;
    let refused = match &response {
        Ok(response) => !matches!(response, UpdateRoomResponse::Success { .. }),
        Err(error) => matches!(error, ClientError::Status { .. }),
    };
    if joins && refused {
        // Meanwhile a Welcome may have brought the client in.
        let held = core.clone();
        core.blocking(move || held.submit(vec![Effect::TakeBackJoin { room, client }]).wait()).await?;
    }
    response.map_err(CallError::Peer)
}

fn is_external_commit(request: &UpdateRequest) -> bool {
    match &request.0 {
        HandshakeBundle::Commit { commit, .. } => {
            matches!(commit.view(), MlsMessageView::PublicMessage(message) if message.sender == Sender::NewMemberCommit)
        }
        HandshakeBundle::Proposals { .. } => false,
    }
}

/// Section 5.4 at the hub.
pub(crate) async fn submit(
    core: &Arc<Core>,
    source: Domain,
    room: RoomUri,
    request: SubmitMessageRequest,
) -> Result<SubmitMessageResponse, CallError> {
    core.limit_room(&room)?;
    let held = core.clone();
    let hub_key =
        core.franking.newest().ok_or_else(|| CallError::Internal("there is no franking secret".to_owned()))?;
    let answer = decide_briefly(core, room, move |room| {
        match room.submit(clock::now(), &source, &request, &HubFranking { hub_key: &hub_key, signer: &held.signer }) {
            Ok(accepted) => (Ok(accepted.submit_response()), Change::Durable(accepted.effects)),
            Err(refusal) => {
                held.metrics.refused("submitMessage", &refusal);
                refused(refusal.response(), &refusal)
            }
        }
    })
    .await?;
    if matches!(answer, Ok(SubmitMessageResponse::Accepted { .. })) {
        core.metrics.accepted("message");
    }
    answer
}

/// Whether a client of this provider is in a room, as far as this provider knows.
pub(crate) async fn is_member(core: &Arc<Core>, room: &RoomUri, client: &ClientUri) -> Result<bool, CallError> {
    let (client, held) = (client.clone(), core.clone());
    if room.domain() == &core.domain {
        return decide(core, room.clone(), move |room| (room.is_member(&client), Change::None)).await;
    }
    let room = room.clone();
    Ok(core.blocking(move || Ok(held.store.local_members(&room)?.contains(&client))).await?)
}

/// Section 5.6 at the hub.
pub(crate) async fn group_info(
    core: &Arc<Core>,
    source: Domain,
    room: RoomUri,
    request: GroupInfoRequestIn,
) -> Result<GroupInfoResponse, CallError> {
    core.limit_room(&room)?;
    let request = request.verify()?;
    if request.tbs().joining_code.is_some() {
        core.limit_codes(&room, &source)?;
    }
    let room_id = IdentifierUri::from(&room);
    let answer = decide(core, room, {
        let request = request.clone();
        move |room| match room.claim_group_info(clock::now(), &source, &request) {
            Ok(ClaimedGroupInfo { contents, effects }) if effects.is_empty() => (Ok(contents), Change::None),
            // Only once it is durable by whose code it was is the GroupInfo given out.
            Ok(ClaimedGroupInfo { contents, effects }) => (Ok(contents), Change::Durable(effects)),
            Err(refusal) => (Err(refusal), Change::None),
        }
    })
    .await;
    match answer {
        Ok(Ok(contents)) => {
            let credential = core.identity.external_sender.credential.clone();
            group_info::seal_response(&OpenMlsHpke::default(), &core.signer, credential, room_id, &request, &contents)
                .map_err(|error| CallError::Denied(error.to_string()))
        }
        Ok(Err(GroupInfoRefusal::Internal(reason))) => Err(CallError::Internal(reason.to_string())),
        Ok(Err(refusal)) => {
            core.metrics.refused("groupInfo", &refusal);
            debug!(%room_id, %refusal, "group info refused");
            Ok(match refusal.code() {
                Some(GroupInfoCode::NoSuchRoom) => GroupInfoResponse::NoSuchRoom { room_id },
                _ => GroupInfoResponse::NotAuthorized { room_id },
            })
        }
        // req: MP06-5.6-25
        Err(CallError::UnknownRoom(_)) => Ok(GroupInfoResponse::NoSuchRoom { room_id }),
        Err(error) => Err(error),
    }
}

/// The tokens that a hub shows; `None` where this provider does not ask for them.
pub(crate) fn shown_tokens(core: &Core, values: &[HeaderValue]) -> Result<Option<Vec<FanoutAuthToken>>, CallError> {
    if !core.demands_tokens {
        return Ok(None);
    }
    let read = enqueue_authorization::read_field(values.iter().map(HeaderValue::as_bytes));
    read.map(Some).map_err(|error| CallError::Invalid(error.to_string()))
}

/// Section 5.5 at a follower: what the hub of a room sends.
pub(crate) async fn notify(
    core: &Arc<Core>,
    source: Domain,
    room: RoomUri,
    messages: Vec<FanoutMessage>,
    shown: Option<Vec<FanoutAuthToken>>,
) -> Result<(), CallError> {
    let held = core.clone();
    core.blocking(move || {
        for _ in 0..NOTIFY_ATTEMPTS {
            let mut facts = FanoutFacts::read(&*held.store, &source, &room, &messages)?;
            if let Some(shown) = &shown {
                facts.demand_tokens(&*held.store, &room, shown.clone())?;
            }
            let FanoutDecision { effects, irregular, unauthorized } =
                match accept_fanout(&source, &held.domain, &room, &messages, &facts) {
                    Ok(decision) => decision,
                    Err(NotifyRefusal::UnknownRoom(room)) => return Ok(Err(CallError::UnknownRoom(room))),
                    Err(refusal) => {
                        held.metrics.refused("notify", &refusal);
                        if matches!(refusal, NotifyRefusal::OutOfOrder { .. }) {
                            warn!(%room, %refusal, "the hub's events are not in order");
                        }
                        return Ok(Err(CallError::Denied(refusal.to_string())));
                    }
                };
            if effects.is_empty() {
                return Ok(Ok(()));
            }
            match held.submit(effects).wait() {
                // The same messages came in another request at the same time.
                Err(StoreError::Conflict(Conflict::FanoutSeen | Conflict::FanoutMark)) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    for client in unauthorized {
                        held.metrics.refused("notify", &NotifyRefusal::NotAuthorized);
                        warn!(%room, %client, "the hub has not shown the client's token: it gets nothing");
                    }
                    for irregularity in irregular {
                        held.metrics.irregular(&irregularity);
                        warn!(%room, %irregularity, "the hub's events are not in order");
                    }
                    return Ok(Ok(()));
                }
            }
        }
        Err(StoreError::Conflict(Conflict::FanoutSeen))
    })
    .await?
}
