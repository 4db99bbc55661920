//! Which statements stand (discovery profile 0 section 7): the higher assignment wins, then the higher sequence.
//!
//! The state of an identifier depends on the set of statements that came and not on their order or number: providers that push records to each
//! other come to the same state. [`CsiState::merge`] is that rule; [`CsiState::admit`] is stricter, for a person who registers and wants to
//! know what was wrong.

use std::collections::BTreeMap;

use crate::attestation::AssignmentEpoch;
use crate::mapping::{MappingName, Sequence};
use crate::profile::Seconds;
use crate::record::{Statement, VerifiedMapping, VerifiedRecord};

/// How many named statements of an identifier stand at most: those with the highest sequence.
pub const MAX_MAPPINGS: usize = 4;

/// All that stands of one identifier. Statements in it are of one identifier; the caller sees to that.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CsiState {
    assignment: AssignmentEpoch,
    /// Until when attestations of earlier assignments may be valid.
    earlier_until: Seconds,
    /// By the issuer: the assignment is over.
    ended: Option<VerifiedRecord>,
    /// By the recipient: everything up to here is void.
    removal: Option<VerifiedRecord>,
    /// Mappings, and removals of one mapping.
    named: BTreeMap<MappingName, VerifiedRecord>,
}

/// What came of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merged {
    /// It stands now.
    Applied,
    /// It stood already.
    Known,
    /// A fresher one stands.
    Stale,
}

/// Why a statement is not registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// The identifier is somebody else's by now.
    #[error("the identifier has been assigned anew: assignment {current} stands, this is of {given}", current = .current.0, given = .given.0)]
    EarlierAssignment {
        /// That of the statement.
        given: AssignmentEpoch,
        /// The one that stands.
        current: AssignmentEpoch,
    },
    /// The issuer has ended the assignment.
    #[error("the issuer has ended the assignment")]
    AssignmentEnded,
    /// The sequence was used before, for something else.
    #[error("sequence {} was used for another statement", .0.0)]
    SequenceReused(Sequence),
    /// A later statement stands.
    #[error("sequence {} is not after {}, which stands", .given.0, .current.0)]
    Older {
        /// That of the statement.
        given: Sequence,
        /// The one that stands.
        current: Sequence,
    },
    /// The identifier has as many mappings as it may have.
    #[error("there are 4 mappings already; remove one")]
    TooMany,
}

/// The place of a statement among those of one assignment.
type Rank = (Sequence, [u8; 32]);

fn rank(record: &VerifiedRecord) -> Rank {
    (record.sequence(), record.digest())
}

impl CsiState {
    // req: UD03-14-05, UD03-14-10
    /// Takes up a statement, if it stands. The result is the same in whatever order and however often statements come.
    pub fn merge(&mut self, record: &VerifiedRecord) -> Merged {
        if record.assignment_epoch() < self.assignment {
            return Merged::Stale;
        }
        let before = self.clone();
        if record.assignment_epoch() > self.assignment {
            *self = Self { assignment: record.assignment_epoch(), ..Self::default() };
        }
        self.earlier_until = self.earlier_until.max(record.earlier_until());
        let stands = self.take(record);
        if *self == before {
            let known = self.records().any(|known| known == record);
            return if known { Merged::Known } else { Merged::Stale };
        }
        if stands { Merged::Applied } else { Merged::Stale }
    }

    /// Whether it stands now.
    fn take(&mut self, record: &VerifiedRecord) -> bool {
        if let Statement::EndAssignment = record.statement() {
            let stands = self.ended.as_ref().is_none_or(|ended| rank(record) > rank(ended));
            if stands {
                self.ended = Some(record.clone());
            }
            self.removal = None;
            self.named.clear();
            return stands;
        }
        if self.ended.is_some() || self.removal.as_ref().is_some_and(|removal| record.sequence() < removal.sequence()) {
            return false;
        }
        let name = match record.statement() {
            Statement::EndAssignment => return false,
            Statement::RemoveAll => {
                let stands = self.removal.as_ref().is_none_or(|removal| rank(record) > rank(removal));
                if stands {
                    self.named.retain(|_, named| named.sequence() > record.sequence());
                    self.removal = Some(record.clone());
                }
                return stands;
            }
            Statement::Mapping(mapping) => mapping.name().clone(),
            Statement::RemoveOne(name) => name.clone(),
        };
        if self.removal.as_ref().is_some_and(|removal| record.sequence() <= removal.sequence()) {
            return false;
        }
        if self.named.get(&name).is_some_and(|named| rank(record) <= rank(named)) {
            return false;
        }
        self.named.insert(name.clone(), record.clone());
        if self.named.len() > MAX_MAPPINGS {
            // Who is beyond the bound has the lowest place, and all places only grow: nobody comes back in another order.
            let lowest = self.named.iter().min_by_key(|(_, named)| rank(named)).map(|(name, _)| name.clone());
            if let Some(lowest) = lowest {
                self.named.remove(&lowest);
            }
        }
        self.named.contains_key(&name)
    }

    /// The same for somebody who registers: what would have no effect is refused and said why. The state is as before after an error.
    ///
    /// # Errors
    /// See [`AdmitError`]. A statement that stands already is none.
    pub fn admit(&mut self, record: &VerifiedRecord) -> Result<Merged, AdmitError> {
        let (given, current) = (record.assignment_epoch(), self.assignment);
        if given < current {
            return Err(AdmitError::EarlierAssignment { given, current });
        }
        if self.records().any(|known| known == record) {
            return Ok(Merged::Known);
        }
        if given == current {
            let ends = matches!(record.statement(), Statement::EndAssignment);
            if self.ended.is_some() && !ends {
                return Err(AdmitError::AssignmentEnded);
            }
            let name = match record.statement() {
                Statement::Mapping(mapping) => Some(mapping.name()),
                Statement::RemoveOne(name) => Some(name),
                _ => None,
            };
            let rivals = match name {
                // A removal of everything has to come after everything that it is to remove.
                None => self.removal.iter().chain(self.named.values()).map(VerifiedRecord::sequence).max(),
                Some(name) => self.removal.iter().chain(self.named.get(name)).map(VerifiedRecord::sequence).max(),
            };
            if let Some(standing) = rivals.filter(|_| !ends) {
                let given = record.sequence();
                if given == standing {
                    return Err(AdmitError::SequenceReused(given));
                }
                if given < standing {
                    return Err(AdmitError::Older { given, current: standing });
                }
            }
            let live = self.mappings().filter(|mapping| Some(mapping.name()) != name).count();
            if matches!(record.statement(), Statement::Mapping(_)) && live >= MAX_MAPPINGS {
                return Err(AdmitError::TooMany);
            }
        }
        Ok(self.merge(record))
    }

    /// The mappings that stand, by name. An ended assignment has none.
    pub fn mappings(&self) -> impl Iterator<Item = VerifiedMapping<'_>> {
        self.named.values().filter_map(|record| match record.statement() {
            Statement::Mapping(mapping) => Some(mapping),
            _ => None,
        })
    }

    /// The records of the mappings that stand, by name: what an answer holds.
    pub fn mapping_records(&self) -> impl Iterator<Item = &VerifiedRecord> {
        self.named.values().filter(|record| matches!(record.statement(), Statement::Mapping(_)))
    }

    /// All statements that stand, tombstones included: what other providers are sent.
    pub fn records(&self) -> impl Iterator<Item = &VerifiedRecord> {
        self.ended.iter().chain(&self.removal).chain(self.named.values())
    }

    /// The assignment that stands.
    #[must_use]
    pub const fn assignment(&self) -> AssignmentEpoch {
        self.assignment
    }

    /// Until when attestations of earlier assignments may be valid, so that the assignment has to be remembered.
    #[must_use]
    pub const fn earlier_until(&self) -> Seconds {
        self.earlier_until
    }

    /// A state of which only the assignment is remembered, as a store has it.
    #[must_use]
    pub fn of_assignment(assignment: AssignmentEpoch, earlier_until: Seconds) -> Self {
        Self { assignment, earlier_until, ..Self::default() }
    }

    /// Lets go of what has ended by `now`; whether anything did.
    pub fn sweep(&mut self, now: Seconds) -> bool {
        let before = self.records().count();
        let counts = |record: &VerifiedRecord| record.counts_until() >= now;
        self.named.retain(|_, record| counts(record));
        self.removal.take_if(|record| !counts(record));
        self.ended.take_if(|record| !counts(record));
        self.records().count() != before
    }

    /// Whether nothing is left to be remembered at `now`.
    #[must_use]
    pub fn is_over(&self, now: Seconds) -> bool {
        self.records().next().is_none() && self.earlier_until < now
    }
}
