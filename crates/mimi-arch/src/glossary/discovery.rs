//! The terms of discovery, from the identifier to the choice of a provider: of the requirements draft where it has them, else of the project's discovery
//! profile.

use super::{Item, Source, Term};
use crate::revisions::DISCOVERY_REQUIREMENTS;

const fn draft(section: &'static str) -> Source {
    Source::Draft(DISCOVERY_REQUIREMENTS, section)
}

/// Every term of discovery.
pub(super) const TERMS: &[Term] = &[
    Term {
        word: "Cross-service identifier",
        source: draft("1"),
        meaning: "A telephone number, a mail address or the like by which people know a user whatever provider the user is at; CSI in code. It has \
                  one canonical form.",
        item: Item::Path("mimi_discovery::Csi"),
        do_not_say: &["Service independent identifier", "SII", "External identifier"],
    },
    Term {
        word: "Issuer",
        source: draft("1"),
        meaning: "Who gives a cross-service identifier to a user, such as a carrier, and attests it; CSIP in code. Who issues look-up tokens is \
                  called a token issuer.",
        item: Item::Absent("an issuer is known by domain and key, which `mimi_discovery::Anchors` holds"),
        do_not_say: &["Identity provider", "Verifier"],
    },
    Term {
        word: "Attestation",
        source: Source::Profile("3"),
        meaning: "The issuer's signed statement that a key speaks for a cross-service identifier, for a time and an assignment.",
        item: Item::Path("mimi_discovery::CsiAttestation"),
        do_not_say: &["Proof of ownership"],
    },
    Term {
        word: "Assignment epoch",
        source: Source::Profile("3"),
        meaning: "A number that the issuer raises when a cross-service identifier goes to somebody else; what was said under a lower one is void.",
        item: Item::Path("mimi_discovery::attestation::AssignmentEpoch"),
        do_not_say: &["Generation"],
    },
    Term {
        word: "Recipient",
        source: draft("6"),
        meaning: "The user who can be found by a cross-service identifier: who holds the key that the issuer has attested.",
        item: Item::Absent("a person is no value; code holds the key"),
        do_not_say: &["Callee", "Target user"],
    },
    Term {
        word: "Asker",
        source: Source::Profile("10"),
        meaning: "Who looks a cross-service identifier up; the requirements draft says sender, which here is who sends messages.",
        item: Item::Path("mimi_client::LookUpOptions"),
        do_not_say: &["Searcher", "Querier"],
    },
    Term {
        word: "Mapping",
        source: draft("6"),
        meaning: "The recipient's signed statement at which providers to be reached; it may list none, and there may be several for one \
                  cross-service identifier.",
        item: Item::Path("mimi_discovery::Mapping"),
        do_not_say: &["Binding", "Listing"],
    },
    Term {
        word: "Entry",
        source: Source::Profile("4"),
        meaning: "One provider in a mapping, with the recipient's preferences for it: priority, conditions, tags.",
        item: Item::Path("mimi_discovery::mapping::MappingEntry"),
        do_not_say: &["Endpoint of a mapping"],
    },
    Term {
        word: "Sealed entry",
        source: Source::Profile("5"),
        meaning: "An entry that is encrypted for those to whom the recipient has given a capability of 32 octets. Everybody else sees that there are \
                  sealed entries, and not what they say.",
        item: Item::Path("mimi_discovery::sealed::SealedEntries"),
        do_not_say: &["Hidden entry", "Private entry"],
    },
    Term {
        word: "Removal",
        source: draft("14"),
        meaning: "The signed statement by which the recipient, or the issuer, takes mappings back. What stays of it, so that nothing removed comes \
                  back, is a tombstone.",
        item: Item::Path("mimi_discovery::Removal"),
        do_not_say: &["Revocation", "Unregistration"],
    },
    Term {
        word: "Record",
        source: Source::Profile("7"),
        meaning: "A mapping or removal with all that is needed to verify it, as it is kept and passed on.",
        item: Item::Path("mimi_discovery::Record"),
        do_not_say: &["Row of a directory"],
    },
    Term {
        word: "Freshness",
        source: Source::Profile("7"),
        meaning: "Which of two statements stands: the one with the higher assignment epoch, then the one with the higher sequence, in whatever \
                  order they come.",
        item: Item::Path("mimi_discovery::freshness::CsiState"),
        do_not_say: &["Last writer wins"],
    },
    Term {
        word: "Discovery provider",
        source: draft("1"),
        meaning: "Who keeps records and answers look-ups; DP in code. It can neither make nor change a record. In sentences with both it is \
                  said in full, and the provider whose users are found is an MSP in code.",
        item: Item::Path("mimi_discovery_provider::DiscoveryProvider"),
        do_not_say: &["Discovery server", "Registry of users"],
    },
    Term {
        word: "Relay",
        source: Source::Profile("10"),
        meaning: "Who passes look-ups on to a discovery provider and is run by somebody else: it sees who asks and not what for, the discovery \
                  provider sees what for and not who asks.",
        item: Item::Path("mimi_discovery_provider::Relay"),
        do_not_say: &["Proxy", "Anonymizer"],
    },
    Term {
        word: "Look-up",
        source: draft("8"),
        meaning: "To ask a discovery provider for all mappings of a cross-service identifier, through a relay. The mode says what is hidden from \
                  the discovery provider: S the asker, B and P the cross-service identifier, too.",
        item: Item::Path("mimi_discovery::lookup"),
        do_not_say: &["Resolution"],
    },
    Term {
        word: "Look-up token",
        source: draft("13"),
        meaning: "What a look-up costs: an asker's own provider issues so many for each day, blinded, and a discovery provider takes each once. \
                  It shows which provider has issued it and for which day, and nothing more.",
        item: Item::Path("mimi_discovery::token::Token"),
        do_not_say: &["Ticket", "Voucher"],
    },
    Term {
        word: "Issuing key",
        source: Source::Profile("13"),
        meaning: "The key with which a provider issues look-up tokens for one discovery provider; both have it.",
        item: Item::Path("mimi_discovery::token::IssuingKey"),
        do_not_say: &["Token secret"],
    },
    Term {
        word: "Snapshot",
        source: Source::Profile("8"),
        meaning: "What a discovery provider commits itself to: the signed root over all its mappings. Every answer is proven against one. The \
                  snapshot of a room, from which a hub loads it, is said to be that.",
        item: Item::Path("mimi_discovery::snapshot::Snapshot"),
        do_not_say: &["Tree head"],
    },
    Term {
        word: "Answer",
        source: Source::Profile("9"),
        meaning: "All mappings of a cross-service identifier, or none, with the proof against a snapshot that it is so.",
        item: Item::Path("mimi_discovery::answer::Answer"),
        do_not_say: &["Search result"],
    },
    Term {
        word: "Bucket",
        source: Source::Profile("11"),
        meaning: "A part of a discovery provider's records that is fetched as a whole, so that it shows not for whom; each row opens only to who has \
                  asked for its cross-service identifier.",
        item: Item::Path("mimi_discovery::lookup::b::Bucket"),
        do_not_say: &["Shard", "Partition"],
    },
    Term {
        word: "Selection",
        source: Source::Profile("16"),
        meaning: "The asker's choice of exactly one entry, by a total order.",
        item: Item::Path("mimi_discovery::selection::Selection"),
        do_not_say: &["Routing"],
    },
];
