//! Who may do what (draft-ietf-mimi-room-policy-03 section 8).
//!
//! [`authorize`] decides about what one party sends, [`authorize_commit`] about a commit to which several parties contributed proposals.
//! Both only look; [`RoomState::act`] and [`RoomState::act_commit`] also make the change if it is allowed, so that no change gets around
//! the decision.
//!
//! # Order of the checks
//! The first rule that refuses is the one that is told:
//! 1. the actor: a banned user does nothing, an external sender has a preauthorized role, a member is a participant;
//! 2. how it was sent: members commit, others join by external commit;
//! 3. each step by itself, in order: the capability, the target, the roles it names, the transition list or preauthorization, the fixed
//!    membership, whether a user is touched a second time;
//! 4. all steps together: updates of roles and preauthorized users beside participants; the clients of each user, by user; roles in use;
//!    the parent room; the constraints of each role, by index: minimum, active minimum, maximum, active maximum; `max_users`, `max_clients`
//!    and `multi_device`.
//!
//! # Which roles count
//! Capabilities, transitions and preauthorizations are those before the action. Constraints and limits are checked on what the action leaves
//! behind, for the roles that somebody leaves or enters, and with the roles and the base policy that it brings.
//!
//! Not decided here: what is inside messages, validity of MLS messages, and limits on what a component holds.

mod action;
mod constraints;
mod decision;
mod meaning;
mod projection;
mod standing;
mod state;
mod steps;

pub use action::{Action, Actor, AssetKind, JoinCode, MetadataField, Part, Sent, Step};
pub use decision::{Authority, Decision, Grounds, Refusal};
pub use state::{Participant, RoleCount, RoomState, StateError};

use self::{
    projection::Projection,
    standing::{Standing, has},
    steps::Judge,
};
use crate::capability::{CapabilityType, Enforcement};

/// Decides whether the actor may do this in a room in this state.
///
/// For a message this takes one search among the participants and allocates nothing.
pub fn authorize(state: &RoomState, actor: &Actor<'_>, action: &Action<'_>) -> Decision {
    match decide(state, actor, action) {
        Ok((grounds, _)) => Decision::Allowed(grounds),
        Err(refusal) => Decision::Refused(refusal),
    }
}

/// Decides about a commit: the parts are the proposals of each party, and what the committer adds by value. All of it is judged against the
/// state before the commit, and together.
pub fn authorize_commit(state: &RoomState, parts: &[Part<'_>]) -> Decision {
    match decide_commit(state, parts) {
        Ok((grounds, _)) => Decision::Allowed(grounds),
        Err(refusal) => Decision::Refused(refusal),
    }
}

impl RoomState {
    /// Decides as [`authorize`] does, and makes the change if it is allowed. A destroyed room is no state; that is left to the caller.
    pub fn act(&mut self, actor: &Actor<'_>, action: &Action<'_>) -> Decision {
        let decided = decide(self, actor, action);
        self.make(decided)
    }

    /// Decides as [`authorize_commit`] does, and makes the change if it is allowed.
    pub fn act_commit(&mut self, parts: &[Part<'_>]) -> Decision {
        let decided = decide_commit(self, parts).map(|(grounds, projection)| (grounds, Some(projection)));
        self.make(decided)
    }

    fn make(&mut self, decided: Result<(Grounds, Option<Projection<'_>>), Refusal>) -> Decision {
        match decided {
            Ok((grounds, projection)) => {
                if let Some(projection) = projection {
                    projection.apply(self);
                }
                Decision::Allowed(grounds)
            }
            Err(refusal) => Decision::Refused(refusal),
        }
    }
}

fn decide<'a>(
    state: &RoomState,
    actor: &Actor<'a>,
    action: &Action<'a>,
) -> Result<(Grounds, Option<Projection<'a>>), Refusal> {
    let authority = match *action {
        Action::Change { sent, steps } => {
            let (grounds, projection) = decide_commit(state, &[Part { actor: *actor, sent, steps }])?;
            return Ok((grounds, Some(projection)));
        }
        Action::DestroyRoom => destroy(state, actor),
        Action::Message => message(state, actor),
        Action::Receive => use_of(state, actor, CapabilityType::CAN_RECEIVE_MESSAGE),
        Action::Upload(kind) => use_of(state, actor, upload_capability(kind)),
        Action::Download(kind) => use_of(state, actor, download_capability(kind)),
        Action::ReportAbuse => use_of(state, actor, CapabilityType::CAN_REPORT_ABUSE),
        Action::Exercise(capability) => exercise(state, actor, capability),
    };
    Ok((Grounds::one(authority?), None))
}

// req: RP03-8-03
fn decide_commit<'a>(state: &RoomState, parts: &[Part<'a>]) -> Result<(Grounds, Projection<'a>), Refusal> {
    let mut projection = Projection::default();
    let mut authorities = Vec::with_capacity(parts.iter().map(|part| part.steps.len()).sum());
    for part in parts {
        let standing = Standing::of(state, &part.actor)?;
        check_sent(&standing, part)?;
        let mut judge = Judge { state, standing, sent: part.sent, projection: &mut projection };
        for step in part.steps {
            authorities.push(judge.judge(step)?);
        }
    }
    constraints::check(state, &projection)?;
    Ok((Grounds::several(authorities), projection))
}

/// Members commit; whoever is not one yet comes in by external commit, which brings in the one client that makes it.
fn check_sent(standing: &Standing<'_>, part: &Part<'_>) -> Result<(), Refusal> {
    let member = matches!(standing, Standing::Participant { member: true, .. });
    let joins = part.steps.iter().filter(|step| step.brings_acting_client()).count();
    match (part.sent, standing) {
        (Sent::Commit | Sent::ExternalCommit, Standing::Sender { .. } | Standing::Hub) => {
            Err(Refusal::OnlyClientsCommit)
        }
        (Sent::ExternalCommit, _) if member => Err(Refusal::AlreadyMember),
        (Sent::Commit, _) if !member => Err(Refusal::NotMember),
        (Sent::Proposals, _) if part.steps.is_empty() && !member => Err(Refusal::NotMember),
        (Sent::ExternalCommit, _) if joins != 1 => Err(Refusal::OneClientJoins { joins }),
        _ if joins > 1 => Err(Refusal::OneClientJoins { joins }),
        _ => Ok(()),
    }
}

// req: RP03-8.3-01, RP03-8.3-22
fn message(state: &RoomState, actor: &Actor<'_>) -> Result<Authority, Refusal> {
    let (_, participant, member) = Standing::of(state, actor)?.participant()?;
    if !member {
        return Err(Refusal::NotMember);
    }
    has(state, participant.role, CapabilityType::CAN_SEND_MESSAGE)
}

/// What participants do, with or without a client in the group.
// req: RP03-8.3-02, RP03-8.3-04, RP03-8.3-23
fn use_of(state: &RoomState, actor: &Actor<'_>, capability: CapabilityType) -> Result<Authority, Refusal> {
    let (_, participant, _) = Standing::of(state, actor)?.participant()?;
    has(state, participant.role, capability)
}

/// What clients hold each other to.
// req: RP03-8.3-21, RP03-8.3-24
fn exercise(state: &RoomState, actor: &Actor<'_>, capability: CapabilityType) -> Result<Authority, Refusal> {
    if capability.enforced_by() == Some(Enforcement::Clients) {
        use_of(state, actor, capability)
    } else {
        Err(Refusal::NotForClients { capability })
    }
}

// req: RP03-8.6-04
fn destroy(state: &RoomState, actor: &Actor<'_>) -> Result<Authority, Refusal> {
    let standing = Standing::of(state, actor)?;
    if let Standing::Hub = standing {
        return Ok(Authority::Hub);
    }
    standing.holder(state, CapabilityType::CAN_DESTROY_ROOM)?;
    Ok(Authority::Capability(CapabilityType::CAN_DESTROY_ROOM))
}

// req: RP03-8.4-01, RP03-8.4-03, RP03-8.4-05, RP03-8.4-07
const fn upload_capability(kind: AssetKind) -> CapabilityType {
    match kind {
        AssetKind::Image => CapabilityType::CAN_UPLOAD_IMAGE,
        AssetKind::Audio => CapabilityType::CAN_UPLOAD_AUDIO,
        AssetKind::Video => CapabilityType::CAN_UPLOAD_VIDEO,
        AssetKind::Attachment => CapabilityType::CAN_UPLOAD_ATTACHMENT,
    }
}

// req: RP03-8.4-02, RP03-8.4-04, RP03-8.4-06, RP03-8.4-08
const fn download_capability(kind: AssetKind) -> CapabilityType {
    match kind {
        AssetKind::Image => CapabilityType::CAN_DOWNLOAD_IMAGE,
        AssetKind::Audio => CapabilityType::CAN_DOWNLOAD_AUDIO,
        AssetKind::Video => CapabilityType::CAN_DOWNLOAD_VIDEO,
        AssetKind::Attachment => CapabilityType::CAN_DOWNLOAD_ATTACHMENT,
    }
}

#[cfg(test)]
mod tests;
