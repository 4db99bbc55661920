//! Accepting an application message (section 5.4).

use mimi_arch::{Domain, UserUri};
use mimi_protocol::{
    AcceptedTimestamp,
    mls::ContentType,
    notify::FanoutEvent,
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
};

use mimi_room_policy::{
    authorize::{Action, Actor},
    capability::CapabilityType,
};

use super::{Accepted, HubFranking, HubRoom, Standing, SubmitRefusal};
use crate::{
    effect::{Effect, LogEntry},
    group::RoomGroup,
};

impl<G: RoomGroup> HubRoom<G> {
    /// Accepts an application message that the provider `source` sent.
    ///
    /// Only the current epoch is accepted: a message of the one before could come from a client that the commit removed, and the
    /// hub cannot see who sent it. The client seals it again.
    ///
    /// A message with a franking tag is franked if the room's agent is this hub; one without a tag is accepted without a frank.
    ///
    /// # Errors
    /// The refusal; the room is as before.
    // req: MP06-3.4-02
    // req: MP06-5.3-06
    // req: MP06-5.4-03
    // req: MP06-5.4-04
    // req: MP06-5.4-14
    // req: DS06-9.4-01
    pub fn submit(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &SubmitMessageRequest,
        franking: &HubFranking<'_>,
    ) -> Result<Accepted, SubmitRefusal> {
        self.check_has_group()?;
        let message = request
            .app_message
            .as_private()
            .filter(|message| message.content_type == ContentType::Application)
            .ok_or(SubmitRefusal::NotApplication)?;
        if message.group_id != self.group.group_id() {
            return Err(SubmitRefusal::WrongGroup);
        }
        let sender: UserUri = request
            .sending_uri
            .parse()
            .ok()
            .filter(|user: &UserUri| user.domain() == source)
            .ok_or_else(|| SubmitRefusal::ForeignSender(source.clone()))?;
        let standing = self.standing(&sender);
        if matches!(standing, Standing::Inactive | Standing::LeavingInactive) {
            return Err(SubmitRefusal::Inactive(sender));
        }
        self.policy.authorize(&Actor::member(&sender), &sender, &Action::Message)?;
        if !standing.sends_messages() {
            return Err(SubmitRefusal::Leaving(sender));
        }
        // A change of role that is accepted counts before its commit, as a removal does.
        if let Some(role) = self.role_with_pending(&sender) {
            self.policy.role_holds(role, &sender, CapabilityType::CAN_SEND_MESSAGE)?;
        }
        let current = self.epoch();
        if message.epoch < current {
            return Err(SubmitRefusal::EpochTooOld { current });
        }
        if message.epoch > current {
            return Err(SubmitRefusal::EpochAhead { current });
        }

        let timestamp = self.next_timestamp(now);
        let sequence = self.sequence.saturating_add(1);
        let silent = self.silent_leaves();
        let frank = self.frank(franking, &message.authenticated_data, &request.sending_uri, timestamp)?;
        // req: MP06-5.4.1.2-06
        let event = FanoutEvent::Application { message: request.app_message.clone(), frank: frank.clone() };
        let fan_out = self
            .fan_out(timestamp, event, self.audience(&silent))
            .map_err(|error| SubmitRefusal::Internal(error.to_string()))?;
        let log =
            Effect::AppendLog { room: self.room.clone(), sequence, entry: LogEntry::Application, accepted: timestamp };
        let effects = std::iter::once(log).chain(fan_out).collect();
        self.sequence = sequence;
        self.accepted = timestamp;
        Ok(Accepted { timestamp, frank, effects })
    }
}

impl Accepted {
    /// The answer to an accepted message.
    // req: MP06-5.4-05, MP06-5.4-06, MP06-5.4-11, MP06-5.5-16, MP06-5.4.1.1-07
    pub fn submit_response(&self) -> SubmitMessageResponse {
        SubmitMessageResponse::Accepted { accepted_timestamp: self.timestamp, frank: self.frank.clone() }
    }
}
