//! What has to be true in every state and of every step, and where that is written.

use std::fmt;

/// One thing that has to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// A client is a member only if its user is a participant, and not a banned one.
    MemberIsParticipant,
    /// Group, participant list and the policy's count agree at the hub ([`mimi_ds::hub::HubRoom::check_lists`]).
    ListsAgree,
    /// The hub's participant list is the one that the clients work out, in its order.
    ListIsTheClients,
    /// The members are those that the clients work out, at their leaves.
    MembersAreTheClients,
    /// The hub's policy is the one in the group context that the clients hold.
    PolicyIsTheClients,
    /// What waits, and the epoch, are what the clients know.
    WaitingIsTheClients,
    /// A user is active with a client among the members, inactive without, and the rest of docs/user-states.md.
    Standing,
    /// The servers that take part are those with an active participant.
    Servers,
    /// Who adds a user adds all of the user's clients.
    AddingBringsAll,
    /// Who is removed or banned keeps no client.
    RemovingTakesAll,
    /// Only who has a way in, and neither is banned nor leaves, gets the GroupInfo.
    GroupInfo,
    /// The same for who comes in by external commit.
    ComesIn,
    /// Nobody but an active participant sends, proposes or commits.
    Acts,
    /// The role allows it, by the list and by what waits.
    RoleAllows,
    /// A commit carries all that waits, so that a leaving user's clients get the one that takes them out, and no other.
    CommitCarriesAll,
    /// Each event goes to exactly those who have to have it.
    Delivery,
    /// Timestamps increase and the sequence goes on by one.
    Order,
    /// What is refused changes nothing.
    RefusalLeavesNoTrace,
    /// What the store has leads to the same room.
    Restored,
    /// Somebody can commit what waits, unless all members go by their own wish.
    Committable,
}

impl Invariant {
    /// All of them.
    pub(crate) const ALL: [Self; 20] = [
        Self::MemberIsParticipant,
        Self::ListsAgree,
        Self::ListIsTheClients,
        Self::MembersAreTheClients,
        Self::PolicyIsTheClients,
        Self::WaitingIsTheClients,
        Self::Standing,
        Self::Servers,
        Self::AddingBringsAll,
        Self::RemovingTakesAll,
        Self::GroupInfo,
        Self::ComesIn,
        Self::Acts,
        Self::RoleAllows,
        Self::CommitCarriesAll,
        Self::Delivery,
        Self::Order,
        Self::RefusalLeavesNoTrace,
        Self::Restored,
        Self::Committable,
    ];

    /// The requirements it follows from, or the page where we have set it down ourselves.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::MemberIsParticipant => "AR02-4.2-02, MP06-5.3-04",
            Self::ListsAgree => "AR02-4.2-01, AR02-4.3-02, MP06-5.3-01",
            Self::ListIsTheClients => "AR02-2-08, AR02-4.3-02, MP06-7.5-13",
            Self::MembersAreTheClients => "AR02-2-09",
            Self::PolicyIsTheClients => "AR02-4.4-05",
            Self::WaitingIsTheClients => "MP06-7.1-05",
            Self::Standing => "AR02-2-10, AR02-2-11, AR02-4.2-03, MP06-7.1-04",
            Self::Servers => "AR02-2-04",
            Self::AddingBringsAll => "AR02-2-12, AR02-4.3-03",
            Self::RemovingTakesAll => "AR02-2-13, AR02-4.3-03, MP06-5.3-05, RP03-8.1.3-08",
            Self::GroupInfo | Self::ComesIn => "AR02-4.4-01, MP06-3.6-06, RP03-4-03",
            Self::Acts => "AR02-2-13, MP06-5.3-06, MP06-5.3-07, MP06-5.3-08",
            Self::RoleAllows => "AR02-2-14, AR02-4-01, AR02-4.4-01, MP06-7.1-02, MP06-7.1-05",
            Self::CommitCarriesAll => "MP06-3.5-06, MP06-3.5-08, MP06-5.5-19",
            Self::Delivery => "AR02-2-05, MP06-5.5-01, MP06-3.3-02",
            Self::Order => "MP06-5.5-02, MP06-5.5-11",
            Self::RefusalLeavesNoTrace => "AR02-4.4-06, docs/user-states.md",
            Self::Restored => "MP06-5.5-16, docs/user-states.md",
            Self::Committable => "MP06-3.5-06, docs/user-states.md",
        }
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    pub(crate) detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}): {}", self.invariant, self.invariant.source(), self.detail)
    }
}

pub(crate) type Check = Result<(), Violation>;

macro_rules! ensure {
    ($invariant:ident, $holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::invariants::Violation {
                invariant: $crate::invariants::Invariant::$invariant,
                detail: format!($($why)+),
            });
        }
    };
}
pub(crate) use ensure;
