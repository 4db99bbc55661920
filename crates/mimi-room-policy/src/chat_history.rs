//! Whether new participants see what was said before they came (draft-ietf-mimi-room-policy-03 section 6.6).

use mimi_arch::RoleIndex;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use crate::fields::{self, replaced_as_a_whole};
use crate::optionality::Conditional;

rules! {
    SHARED_BY_NO_PARTICIPANT = "a role that cannot take part may share history: 0 or 1",
        "draft-ietf-mimi-room-policy-03 section 6.6";
}

/// Who shares history, and how much of it (draft-ietf-mimi-room-policy-03 section 6.6).
///
/// That the roles exist and may have clients is checked with the roles of the room, see [`crate::policy::RoomPolicy::check`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct HistoryTerms {
    /// The roles whose holders may share. Neither [`RoleIndex::NON_PARTICIPANT`] nor [`RoleIndex::BANNED`].
    pub roles_that_can_share: Vec<RoleIndex>,
    /// Whether clients share without being told to by a person.
    pub automatically_share: bool,
    /// How far back, in seconds.
    pub max_time_period: u32,
}

impl HistoryTerms {
    // req: RP03-6.6-03
    fn names_outsiders(&self) -> bool {
        self.roles_that_can_share.iter().any(|role| matches!(*role, RoleIndex::NON_PARTICIPANT | RoleIndex::BANNED))
    }
}

impl Wire for HistoryTerms {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let roles_that_can_share = r.list_with(|r| r.u32().map(RoleIndex))?;
        let automatically_share = fields::decode_bool(r)?;
        let terms = Self { roles_that_can_share, automatically_share, max_time_period: r.u32()? };
        if terms.names_outsiders() { Err(start.error(&SHARED_BY_NO_PARTICIPANT)) } else { Ok(terms) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.names_outsiders() {
            return Err(EncodeError::new(&SHARED_BY_NO_PARTICIPANT));
        }
        codec::put_list_with(out, &self.roles_that_can_share, |role, out| role.0.encode(out))?;
        fields::put_bool(out, self.automatically_share);
        self.max_time_period.encode(out)
    }
}

/// Whether new participants see what was said before they came (draft-ietf-mimi-room-policy-03 section 6.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HistoryPolicy {
    /// Whether, and on which terms.
    pub history_sharing: Conditional<HistoryTerms>,
}

// req: RP03-6.6-01
impl HistoryPolicy {
    /// No one shares history.
    pub const FORBIDDEN: Self = Self { history_sharing: Conditional::Forbidden };

    /// The roles whose holders may share; none when it is forbidden.
    pub fn roles_that_can_share(&self) -> &[RoleIndex] {
        self.history_sharing.terms().map(|terms| terms.roles_that_can_share.as_slice()).unwrap_or_default()
    }

    /// Whether clients share without being told to; false when it is forbidden.
    pub fn automatically_share(&self) -> bool {
        self.history_sharing.terms().is_some_and(|terms| terms.automatically_share)
    }

    /// How far back, in seconds; zero when it is forbidden.
    pub fn max_time_period(&self) -> u32 {
        self.history_sharing.terms().map_or(0, |terms| terms.max_time_period)
    }

    /// Whether a holder of this role may share.
    // req: RP03-6.6-02
    pub fn may_share(&self, role: RoleIndex) -> bool {
        self.roles_that_can_share().contains(&role)
    }
}

// req: RP03-6.6-05, RP03-6.6-06, RP03-6.6-07
impl Wire for HistoryPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { history_sharing: Conditional::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.history_sharing.encode(out)
    }
}

replaced_as_a_whole!(
    HistoryPolicy,
    CHAT_HISTORY_POLICY,
    "chat_history_policy",
    "draft-ietf-mimi-room-policy-03 section 6.6"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, not_written, refused};

    use super::*;

    fn terms(roles: &[u32]) -> HistoryTerms {
        HistoryTerms {
            roles_that_can_share: roles.iter().copied().map(RoleIndex).collect(),
            automatically_share: true,
            max_time_period: 0x0102,
        }
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.6-05, RP03-6.6-06, RP03-6.6-07
        let policy = HistoryPolicy { history_sharing: Conditional::Optional(terms(&[3, 4])) };
        assert_eq!(laws(&policy), [0, 8, 0, 0, 0, 3, 0, 0, 0, 4, 1, 0, 0, 1, 2]);
        // req: RP03-6.6-02
        assert!(policy.may_share(RoleIndex(4)));
        assert!(!policy.may_share(RoleIndex(5)));
    }

    #[test]
    fn what_is_forbidden_is_shared_by_no_one_not_automatically_and_for_no_time() {
        // req: RP03-6.6-01
        let policy = HistoryPolicy::FORBIDDEN;
        assert_eq!(laws(&policy), [2]);
        assert_eq!(policy.roles_that_can_share(), &[]);
        assert_eq!((policy.automatically_share(), policy.max_time_period()), (false, 0));
        refused::<HistoryPolicy>(&[2, 0, 0, 0, 0, 0, 0], 1, &mimi_arch::codec::TRAILING);
    }

    #[test]
    fn outsiders_and_banned_users_share_nothing() {
        // req: RP03-6.6-03
        for role in [0, 1] {
            refused::<HistoryPolicy>(&[1, 8, 0, 0, 0, 3, 0, 0, 0, role, 1, 0, 0, 0, 0], 1, &SHARED_BY_NO_PARTICIPANT);
            not_written(&terms(&[role.into()]), &SHARED_BY_NO_PARTICIPANT);
        }
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let after = HistoryPolicy { history_sharing: Conditional::Required(terms(&[2])) };
        let updated = HistoryPolicy::apply(Some(&HistoryPolicy::FORBIDDEN), std::slice::from_ref(&after));
        assert_eq!(updated, Ok(after));
    }
}
