//! The terms themselves, in the order of the draft.

use super::{Item, Source, Term};
use crate::revisions::ARCH;

/// Every term, in the order of the draft.
pub(super) const TERMS: &[Term] = &[
    Term {
        word: "Provider",
        source: Source::Draft(ARCH, "2"),
        meaning: "Who runs a messaging service for its own users under one domain, and speaks \
                  MIMI to the others like it.",
        item: Item::Path("mimi_provider::Provider"),
        do_not_say: &["Messaging provider", "Service", "Homeserver", "Instance"],
    },
    Term {
        word: "User",
        source: Source::Draft(ARCH, "2"),
        meaning: "Whoever stands behind one or more clients, usually a person, with an account at \
                  one provider.",
        item: Item::Absent("a person is no value; code holds a user ID"),
        do_not_say: &["Account", "Contact"],
    },
    Term {
        word: "User ID",
        source: Source::Draft(ARCH, "2"),
        meaning: "The one name of a user everywhere: a MIMI URI of the user kind.",
        item: Item::Path("mimi_arch::UserUri"),
        do_not_say: &["Handle", "Username"],
    },
    Term {
        word: "Client",
        source: Source::Draft(ARCH, "2"),
        meaning: "The program of one user on one machine: it holds keys, encrypts and decrypts, \
                  and shows rooms. In MLS it is one leaf of each group it is in.",
        item: Item::Path("mimi_client::Client"),
        // req: AR02-2-03
        do_not_say: &["Device", "MLS client", "App"],
    },
    Term {
        word: "Client ID",
        source: Source::Draft(ARCH, "2"),
        meaning: "What tells a client from the other clients of its user: a MIMI URI of the \
                  client kind.",
        item: Item::Path("mimi_arch::ClientUri"),
        do_not_say: &["Device ID"],
    },
    Term {
        word: "Server",
        source: Source::Draft(ARCH, "2"),
        meaning: "The one place at a provider, on however many machines, that takes, keeps and \
                  passes on messages for its users. It takes part in a room as long as one of its \
                  users is on the participant list. Say hub or follower when its part in a room is \
                  meant, provider otherwise.",
        item: Item::Path("mimi_provider::RunningProvider"),
        do_not_say: &["Backend", "Node"],
    },
    Term {
        word: "Hub",
        source: Source::Draft(ARCH, "2"),
        meaning: "The server that is in charge of a room: it decides what is accepted, puts it in \
                  order, keeps the room's state and passes everything on to the followers. Each \
                  room has one.",
        item: Item::Path("mimi_ds::hub"),
        do_not_say: &["Owning provider", "Main server"],
    },
    Term {
        word: "Follower",
        source: Source::Draft(ARCH, "2"),
        meaning: "Every other server that takes part in a room. It sends through the hub and \
                  brings what the hub passes on to the clients of its own users.",
        item: Item::Path("mimi_ds::follower"),
        do_not_say: &["Guest server", "Remote server"],
    },
    Term {
        word: "Room",
        source: Source::Draft(ARCH, "2"),
        meaning: "Where users talk to each other: its participant list, its policy and one MLS \
                  group at a time that holds the keys.",
        item: Item::Path("mimi_ds::hub::HubRoom"),
        do_not_say: &["Chat", "Conversation", "Channel"],
    },
    Term {
        word: "MLS group",
        source: Source::Draft(ARCH, "2"),
        meaning: "The cryptographic part of a room: the clients that share its keys. Users see \
                  the room, clients see the group.",
        item: Item::Path("mimi_ds::RoomGroup"),
        do_not_say: &["Group chat"],
    },
    Term {
        word: "Room ID",
        source: Source::Draft(ARCH, "2"),
        meaning: "The one name of a room everywhere: a MIMI URI of the room kind, in the domain \
                  of the hub.",
        item: Item::Path("mimi_arch::RoomUri"),
        do_not_say: &["Group ID"],
    },
    Term {
        word: "State",
        source: Source::Draft(ARCH, "2"),
        meaning: "Everything that is true of a room at one time: who participates, the MLS group, \
                  the policy and other data about the room.",
        item: Item::Path("mimi_ds::store::StoredRoom"),
        do_not_say: &["Room data"],
    },
    Term {
        word: "User participation",
        source: Source::Draft(ARCH, "2"),
        meaning: "The relation of users to a room: those who can talk in it now, and those who \
                  could after a step of their own, such as accepting an invitation.",
        item: Item::Absent("its value is the participant list"),
        do_not_say: &["User membership"],
    },
    Term {
        word: "Participant",
        source: Source::Draft(ARCH, "2"),
        meaning: "A user on the participant list of a room. Users participate, clients are \
                  members.",
        item: Item::Path("mimi_protocol::participant_list::UserRolePair"),
        do_not_say: &["Attendee", "Occupant"],
    },
    Term {
        word: "Participant list",
        source: Source::Draft(ARCH, "2"),
        meaning: "The users of a room, each with the number of their role; a component of the MLS \
                  group, so that all clients and the hub agree on it.",
        item: Item::Path("mimi_protocol::participant_list::ParticipantListData"),
        do_not_say: &["Roster"],
    },
    Term {
        word: "Client membership",
        source: Source::Draft(ARCH, "2"),
        meaning: "The relation of clients to a room: which clients of its participants are in its \
                  MLS group.",
        item: Item::Absent("its value is the membership"),
        do_not_say: &["Client participation"],
    },
    Term {
        word: "Member",
        source: Source::Draft(ARCH, "2"),
        meaning: "A client in the MLS group of a room. Clients are members, users participate.",
        item: Item::Absent("a member is a leaf of the MLS group, named by its client ID"),
        do_not_say: &["Group user"],
    },
    Term {
        word: "Membership",
        source: Source::Draft(ARCH, "2"),
        meaning: "The list of the members of a room. It follows from the ratchet tree of the MLS \
                  group.",
        item: Item::Path("mimi_protocol::mls::RatchetTree"),
        do_not_say: &["Member roster"],
    },
    Term {
        word: "Active participant",
        source: Source::Draft(ARCH, "2"),
        meaning: "A participant of whom at least one client is a member.",
        item: Item::Absent("it follows from participant list and membership and is not kept"),
        do_not_say: &["Online user"],
    },
    Term {
        word: "Inactive participant",
        source: Source::Draft(ARCH, "2"),
        meaning: "A participant none of whose clients is a member. What is said meanwhile may stay \
                  unreadable to that user.",
        item: Item::Absent("it follows from participant list and membership and is not kept"),
        do_not_say: &["Offline user"],
    },
    Term {
        word: "Add",
        source: Source::Draft(ARCH, "2"),
        meaning: "To bring a user or a client into a room so that it can talk there. A user comes \
                  with all the clients they have.",
        item: Item::Path("mimi_client::Client::add"),
        do_not_say: &["Invite"],
    },
    Term {
        word: "Remove",
        source: Source::Draft(ARCH, "2"),
        meaning: "To take a user or a client out of a room so that it neither receives nor reads \
                  what follows. A user goes with all their clients. Whoever removes themself \
                  leaves.",
        item: Item::Path("mimi_client::Client::leave"),
        do_not_say: &["Kick", "Evict"],
    },
    Term {
        word: "Policy",
        source: Source::Draft(ARCH, "2"),
        meaning: "The rules of a room on who may do what. Users and servers change it in the \
                  course of time.",
        item: Item::Absent("only the role numbers exist so far, `mimi_arch::RoleIndex`"),
        do_not_say: &["Permissions"],
    },
    Term {
        word: "Policy envelope",
        source: Source::Draft(ARCH, "2"),
        meaning: "The bounds within which the policy of a room can be changed; the hub sets them \
                  when it creates the room.",
        item: Item::Absent("it comes with the policy"),
        do_not_say: &["Policy range"],
    },
    Term {
        word: "Event",
        source: Source::Draft(ARCH, "2"),
        meaning: "What servers pass on to each other about a room: a change of its state or a \
                  message of a client.",
        item: Item::Path("mimi_protocol::notify::FanoutMessage"),
        do_not_say: &["Notification"],
    },
    Term {
        word: "State event",
        source: Source::Draft(ARCH, "2"),
        meaning: "An event that changes the state of a room. Servers see as much of it as they \
                  need to check who sent it and whether they may.",
        item: Item::Path("mimi_protocol::update::HandshakeBundle"),
        do_not_say: &["Control message"],
    },
    Term {
        word: "Message event",
        source: Source::Draft(ARCH, "2"),
        meaning: "An event that carries a message of a client. No server can read what the \
                  message says.",
        item: Item::Path("mimi_protocol::submit_message::SubmitMessageRequest"),
        do_not_say: &["Chat message"],
    },
];
