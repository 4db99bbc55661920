//! What consent comes of requests, cancellations, grants and revocations (draft-ietf-mimi-protocol-06 sections 5.7 and 8).
//!
//! Each scope of two users is in one of five states ([`ScopeState`]); [`ScopeState::after`] is the table of what
//! follows what. Decisions on one room and on any room go together like this:
//!
//! * A decision on a room goes before the one on any room, whichever came first.
//! * A revocation for any room also takes back the grants of single rooms before it, since from then on the requester
//!   may not add the target to any room. A grant for any room does not lift the denial of a single room: that takes a
//!   grant for the room.
//! * A decision on any room answers requests for single rooms too, except that a grant leaves open what is asked for a
//!   room that stays denied.
//! * Requests and cancellations never change who may do what; a cancellation does not take back a grant.

use std::collections::BTreeMap;

use mimi_arch::RoomUri;

use crate::key_material::KeyMaterialUserCode;

use super::entry::ConsentOperation;

/// Where consent stands for one scope (draft-ietf-mimi-protocol-06 sections 5.7 and 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ScopeState {
    /// Nobody asked and nothing was decided.
    #[default]
    Unknown,
    /// Asked, and not answered.
    Requested,
    /// Granted.
    Granted,
    /// Denied or revoked.
    Denied,
    /// Denied or revoked, and asked again since.
    DeniedRequested,
}

/// What happens to one scope (draft-ietf-mimi-protocol-06 sections 5.7 and 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScopeEvent {
    /// Consent is asked for.
    Request,
    /// The request is taken back.
    Cancel,
    /// Consent is given.
    Grant,
    /// Consent is denied or taken back.
    Revoke,
    /// The scope is one room, and consent is given for any room.
    GrantAny,
    /// The scope is one room, and consent is denied or taken back for any room.
    RevokeAny,
}

impl ScopeState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Requested, Self::Granted, Self::Denied, Self::DeniedRequested];

    /// The table of transitions.
    // req: MP06-5.7-06, MP06-5.7-12, MP06-5.7-19, MP06-8-03, MP06-8-04, MP06-8-06
    pub const fn after(self, event: ScopeEvent) -> Self {
        use ScopeEvent::{Cancel, Grant, GrantAny, Request, Revoke, RevokeAny};
        match (self, event) {
            (Self::Unknown, Request) | (Self::Requested, Request) => Self::Requested,
            (Self::Granted, Request) => Self::Granted,
            (Self::Denied, Request) | (Self::DeniedRequested, Request) => Self::DeniedRequested,

            (Self::Unknown, Cancel) | (Self::Requested, Cancel) => Self::Unknown,
            (Self::Granted, Cancel) => Self::Granted,
            (Self::Denied, Cancel) | (Self::DeniedRequested, Cancel) => Self::Denied,

            (_, Grant) => Self::Granted,
            (_, Revoke) => Self::Denied,

            // From here on the decision on any room covers the room, so that it needs no state of its own.
            (Self::Unknown | Self::Requested | Self::Granted, GrantAny | RevokeAny) => Self::Unknown,
            (Self::Denied, GrantAny) => Self::Denied,
            (Self::DeniedRequested, GrantAny) => Self::DeniedRequested,
            (Self::Denied | Self::DeniedRequested, RevokeAny) => Self::Denied,
        }
    }

    /// Whether a request waits for an answer.
    pub const fn is_requested(self) -> bool {
        matches!(self, Self::Requested | Self::DeniedRequested)
    }

    /// What the target decided: `true` for a grant.
    pub const fn decision(self) -> Option<bool> {
        match self {
            Self::Unknown | Self::Requested => None,
            Self::Granted => Some(true),
            Self::Denied | Self::DeniedRequested => Some(false),
        }
    }
}

/// Whether a requester may fetch key material of a target (draft-ietf-mimi-protocol-06 sections 5.2 and 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Consent {
    /// The target has granted it.
    Granted,
    /// The target has denied it.
    Denied,
    /// The target has denied it for this room, and not for every other one.
    DeniedForThisRoom,
    /// The target has not decided; what holds by default is the provider's own matter.
    // req: MP06-8-07
    Unknown,
}

impl Consent {
    /// The code with which a request for key material is refused, if consent is what it fails for. Unknown counts as
    /// none: a provider with other grounds for consent asks for those first.
    ///
    /// `tells_rooms_apart` is whether the provider lets requesters know that only this room was denied.
    // req: MP06-5.2-36, MP06-5.2-37
    pub const fn refusal(self, tells_rooms_apart: bool) -> Option<KeyMaterialUserCode> {
        match self {
            Self::Granted => None,
            Self::DeniedForThisRoom if tells_rooms_apart => Some(KeyMaterialUserCode::NoConsentForThisRoom),
            Self::Denied | Self::DeniedForThisRoom | Self::Unknown => Some(KeyMaterialUserCode::NoConsent),
        }
    }
}

/// Where consent stands for one requester and one target (draft-ietf-mimi-protocol-06 sections 5.7 and 8).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PairConsent {
    any: ScopeState,
    /// Rooms in a state other than unknown.
    rooms: BTreeMap<RoomUri, ScopeState>,
}

/// How many requests and decisions are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Kept {
    pub(super) requests: usize,
    pub(super) decisions: usize,
}

impl Kept {
    fn of(states: impl Iterator<Item = ScopeState>) -> Self {
        states.fold(Self::default(), |kept, state| Self {
            requests: kept.requests + usize::from(state.is_requested()),
            decisions: kept.decisions + usize::from(state.decision().is_some()),
        })
    }
}

impl PairConsent {
    /// The state of a room by itself, or of any room.
    pub fn state(&self, room: Option<&RoomUri>) -> ScopeState {
        match room {
            None => self.any,
            Some(room) => self.rooms.get(room).copied().unwrap_or_default(),
        }
    }

    /// Whether the requester may add the target to the room, or to any room.
    // req: MP06-8-01, MP06-8-04, MP06-8-05
    pub fn may(&self, room: Option<&RoomUri>) -> Consent {
        let own = room.and_then(|room| self.state(Some(room)).decision());
        match own.or(self.any.decision()) {
            None => Consent::Unknown,
            Some(true) => Consent::Granted,
            Some(false) if room.is_some() && self.is_open_elsewhere() => Consent::DeniedForThisRoom,
            Some(false) => Consent::Denied,
        }
    }

    /// Whether there are or may be rooms for which consent is not denied by name or by a denial for any room.
    fn is_open_elsewhere(&self) -> bool {
        self.any.decision() != Some(false) || self.rooms.values().any(|state| *state == ScopeState::Granted)
    }

    /// The scopes for which a request waits for an answer; `None` is any room.
    pub fn requested(&self) -> impl Iterator<Item = Option<&RoomUri>> {
        let any = self.any.is_requested().then_some(None);
        let rooms = self.rooms.iter().filter(|(_, state)| state.is_requested()).map(|(room, _)| Some(room));
        any.into_iter().chain(rooms)
    }

    /// The scopes in another state than unknown; `None` is any room.
    pub fn scopes(&self) -> impl Iterator<Item = (Option<&RoomUri>, ScopeState)> {
        let any = (self.any != ScopeState::Unknown).then_some((None, self.any));
        any.into_iter().chain(self.rooms.iter().map(|(room, state)| (Some(room), *state)))
    }

    /// Puts back a scope; what is kept of it before and after.
    pub(super) fn restore(&mut self, room: Option<RoomUri>, state: ScopeState) -> (Kept, Kept) {
        let before = self.state(room.as_ref());
        match room {
            None => self.any = state,
            Some(room) if state == ScopeState::Unknown => drop(self.rooms.remove(&room)),
            Some(room) => drop(self.rooms.insert(room, state)),
        }
        (Kept::of([before].into_iter()), Kept::of([state].into_iter()))
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.any == ScopeState::Unknown && self.rooms.is_empty()
    }

    /// Does an operation on the room, or on any room.
    pub fn apply(&mut self, operation: ConsentOperation, room: Option<&RoomUri>) {
        let to = self.next(operation, room);
        let Some(room) = room else {
            self.any = to;
            if let Some(event) = on_rooms(operation) {
                self.rooms.retain(|_, state| {
                    *state = state.after(event);
                    *state != ScopeState::Unknown
                });
            }
            return;
        };
        if to == ScopeState::Unknown {
            self.rooms.remove(room);
        } else {
            self.rooms.insert(room.clone(), to);
        }
    }

    /// The state of the scope after an operation on it.
    fn next(&self, operation: ConsentOperation, room: Option<&RoomUri>) -> ScopeState {
        let from = self.state(room);
        let covered = room.is_some() && self.any == ScopeState::Granted;
        match operation {
            ConsentOperation::Cancel => from.after(ScopeEvent::Cancel),
            ConsentOperation::Request if covered && from == ScopeState::Unknown => ScopeState::Unknown,
            ConsentOperation::Request => from.after(ScopeEvent::Request),
            ConsentOperation::Grant if covered => ScopeState::Unknown,
            ConsentOperation::Grant => from.after(ScopeEvent::Grant),
            ConsentOperation::Revoke => from.after(ScopeEvent::Revoke),
        }
    }

    /// What of the pair an operation may change is kept before and after it: `(before, after)`.
    pub(super) fn kept_around(&self, operation: ConsentOperation, room: Option<&RoomUri>) -> (Kept, Kept) {
        let own = [self.state(room)].into_iter();
        let to = [self.next(operation, room)].into_iter();
        match on_rooms(operation).filter(|_| room.is_none()) {
            None => (Kept::of(own), Kept::of(to)),
            Some(event) => {
                let rooms = self.rooms.values().copied();
                (Kept::of(own.chain(rooms.clone())), Kept::of(to.chain(rooms.map(|state| state.after(event)))))
            }
        }
    }
}

/// What an operation on any room is to a single room.
const fn on_rooms(operation: ConsentOperation) -> Option<ScopeEvent> {
    match operation {
        ConsentOperation::Cancel | ConsentOperation::Request => None,
        ConsentOperation::Grant => Some(ScopeEvent::GrantAny),
        ConsentOperation::Revoke => Some(ScopeEvent::RevokeAny),
    }
}
