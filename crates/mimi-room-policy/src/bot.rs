//! Which chat bots take part (draft-ietf-mimi-room-policy-03 section 6.7).

use mimi_arch::RoleIndex;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::uri::Uri;

use crate::fields::{self, replaced_as_a_whole};

rules! {
    LOCAL_BOT_HAS_ROLE = "a bot of a local client has a role in the room", "draft-ietf-mimi-room-policy-03 section 6.7";
}

/// A chat bot and what it may do (draft-ietf-mimi-room-policy-03 section 6.7).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bot {
    /// Its name, for people.
    pub name: String,
    /// What it does, for people.
    pub description: String,
    /// Where it is described; on the wire an empty URI if nowhere.
    pub homepage: Option<Uri>,
    /// Whether it reads along with the client of a user instead of being a participant. Its role is then 0.
    pub local_client_bot: bool,
    /// The role in which it acts; [`RoleIndex::NON_PARTICIPANT`] if it is no active participant.
    pub bot_role_index: RoleIndex,
    /// Whether it may write to single users of the room, by targeted messages or elsewhere.
    pub can_target_message_in_group: bool,
    /// Whether it may send different content to each member.
    pub per_user_content: bool,
}

impl Bot {
    // req: RP03-6.7-02, RP03-6.7-04, RP03-6.7-05
    const fn is_local_with_role(&self) -> bool {
        self.local_client_bot && self.bot_role_index.0 != RoleIndex::NON_PARTICIPANT.0
    }
}

// req: RP03-6.7-06, RP03-6.7-07, RP03-6.7-08
impl Wire for Bot {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let name = fields::decode_text(r)?;
        let description = fields::decode_text(r)?;
        let homepage = fields::decode_uri_or_empty(r)?;
        let local_client_bot = fields::decode_bool(r)?;
        let start = r.clone();
        let bot = Self {
            name,
            description,
            homepage,
            local_client_bot,
            bot_role_index: RoleIndex(r.u32()?),
            can_target_message_in_group: fields::decode_bool(r)?,
            per_user_content: fields::decode_bool(r)?,
        };
        if bot.is_local_with_role() { Err(start.error(&LOCAL_BOT_HAS_ROLE)) } else { Ok(bot) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.is_local_with_role() {
            return Err(EncodeError::new(&LOCAL_BOT_HAS_ROLE));
        }
        codec::put_opaque(out, self.name.as_bytes())?;
        codec::put_opaque(out, self.description.as_bytes())?;
        fields::put_uri_or_empty(out, self.homepage.as_ref())?;
        fields::put_bool(out, self.local_client_bot);
        self.bot_role_index.0.encode(out)?;
        fields::put_bool(out, self.can_target_message_in_group);
        fields::put_bool(out, self.per_user_content);
        Ok(())
    }
}

/// The chat bots of a room (draft-ietf-mimi-room-policy-03 section 6.7).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct BotPolicy {
    /// The bots that are allowed.
    pub allowed_bots: Vec<Bot>,
}

// req: RP03-6.7-09
impl Wire for BotPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { allowed_bots: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.allowed_bots)
    }
}

replaced_as_a_whole!(BotPolicy, BOT_POLICY, "bot_policy", "draft-ietf-mimi-room-policy-03 section 6.7");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, not_written, refused};

    use super::*;
    use crate::fields::BOOL_INVALID;

    fn bot(local_client_bot: bool, role: u32) -> Bot {
        Bot {
            name: "pk".to_owned(),
            description: "d".to_owned(),
            homepage: Some(Uri::new("h:x").unwrap()),
            local_client_bot,
            bot_role_index: RoleIndex(role),
            can_target_message_in_group: true,
            per_user_content: false,
        }
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.7-06, RP03-6.7-07, RP03-6.7-08, RP03-6.7-09
        let policy = BotPolicy { allowed_bots: vec![bot(false, 5)] };
        assert_eq!(laws(&policy), b"\x10\x02pk\x01d\x03h:x\x00\x00\x00\x00\x05\x01\x00");
        assert_eq!(laws(&BotPolicy::default()), [0]);
        let plain = Bot { homepage: None, ..bot(false, 0) };
        laws(&BotPolicy { allowed_bots: vec![plain, bot(true, 0)] });
    }

    #[test]
    fn a_bot_of_a_local_client_has_role_zero() {
        // req: RP03-6.7-02, RP03-6.7-04, RP03-6.7-05
        refused::<BotPolicy>(b"\x0d\x00\x00\x03h:x\x01\x00\x00\x00\x05\x01\x00", 8, &LOCAL_BOT_HAS_ROLE);
        not_written(&bot(true, 5), &LOCAL_BOT_HAS_ROLE);
        laws(&bot(true, 0));
    }

    #[test]
    fn booleans_are_strict() {
        refused::<Bot>(b"\0\0\0\x02\0\0\0\0\0\0", 3, &BOOL_INVALID);
        refused::<Bot>(b"\0\0\0\0\0\0\0\0\0\x02", 9, &BOOL_INVALID);
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let after = BotPolicy { allowed_bots: vec![bot(true, 0)] };
        assert_eq!(BotPolicy::apply(Some(&BotPolicy::default()), std::slice::from_ref(&after)), Ok(after));
    }
}
