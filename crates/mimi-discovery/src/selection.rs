//! Which entry a sender takes (discovery profile 0 section 16): exactly one, by a total order, and the same one the next time.
//!
//! What the recipient prefers is advice: it is enforced by nobody here. Who may really write is decided by consent
//! (draft-ietf-mimi-protocol-06 section 5.7).

use std::collections::BTreeSet;

use mimi_arch::Domain;

use crate::mapping::{MappingEntry, Tag};
use crate::record::VerifiedMapping;
use crate::sealed::Capability;

/// Who looks.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The sender's own service.
    pub own_service: Option<Domain>,
    /// Words that the sender looks for, such as `business`.
    pub wanted: BTreeSet<Tag>,
    /// What the recipient has given the sender, or a group that the sender is in.
    pub capabilities: Vec<Capability>,
    /// The service that was taken the last time.
    pub remembered: Option<Domain>,
}

/// What a look-up comes to, for this sender (R5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// There is no mapping.
    NoMapping,
    /// There are mappings without entries: the recipient does not want to be found.
    OptedOut,
    /// There are entries, and none for this sender.
    NotForThisSender,
    /// This one.
    Entry {
        /// The entry.
        entry: MappingEntry,
        /// Whether it was sealed for a capability of the sender's.
        sealed: bool,
    },
}

/// Chooses among all mappings of an identifier. Sealed entries that open come before all others, then those with more of the wanted
/// tags; the service of the last time stays if it is among the best by these; then the lowest priority counts, then the name of the service.
// req: UD03-7-01, UD03-10-01, UD03-17-01, UD03-17-02, UD03-17-03, UD03-17-04, UD03-17-05, UD03-17-06, UD03-17-07
#[must_use]
pub fn select<'a>(mappings: impl IntoIterator<Item = VerifiedMapping<'a>>, sender: &Sender) -> Selection {
    let mut candidates: Vec<(bool, MappingEntry)> = Vec::new();
    let (mut any_mapping, mut any_entry) = (false, false);
    for mapping in mappings {
        any_mapping = true;
        any_entry |= !mapping.entries().is_empty() || !mapping.sealed().is_empty();
        candidates.extend(mapping.entries().iter().map(|entry| (false, entry.clone())));
        for part in mapping.sealed() {
            let opened = sender.capabilities.iter().find_map(|capability| part.open(mapping.csi(), capability).ok()?);
            candidates.extend(opened.unwrap_or_default().into_iter().map(|entry| (true, entry)));
        }
    }
    if !any_mapping {
        return Selection::NoMapping;
    }
    if !any_entry {
        return Selection::OptedOut;
    }
    candidates.retain(|(_, entry)| !entry.flags.same_service_only || sender.own_service.as_ref() == Some(&entry.msp));
    let best = candidates.into_iter().min_by_key(|(sealed, entry)| {
        let wanted = entry.tags.intersection(&sender.wanted).count();
        let remembered = sender.remembered.as_ref() == Some(&entry.msp);
        (!*sealed, std::cmp::Reverse(wanted), !remembered, entry.priority, entry.msp.clone())
    });
    match best {
        None => Selection::NotForThisSender,
        Some((sealed, entry)) => Selection::Entry { entry, sealed },
    }
}
