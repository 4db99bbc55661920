//! When a member commits the proposals of others: the strategy of the room's operational policy
//! (draft-ietf-mimi-room-policy-03 section 7.1) as a function of what is known at the moment.
//!
//! All members of a room hear of the same proposals at about the same time, one commit is enough, and of several for one epoch the hub
//! takes the first alone. So whatever the strategy is, the members spread: over the interval that the room names, or over one that grows
//! with their number (interpretation IRP-80).

use mimi_protocol::AcceptedTimestamp;
use mimi_room_policy::operational::PendingProposalPolicy;

/// By how much the interval grows with each further member when a room wants commits at once: about the time that a commit takes to
/// reach the others on a fast network.
const AT_ONCE_MS: u64 = 20;
/// Where it ends.
const AT_ONCE_MOST_MS: u64 = 1_000;
/// By how much it grows with each further member when a room says nothing.
const UNSAID_MS: u64 = 100;
/// Where it ends.
const UNSAID_MOST_MS: u64 = 30_000;

/// Proposals that wait in a room, as one member sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingProposals {
    /// When the hub accepted them.
    pub accepted: AcceptedTimestamp,
    /// What the room says.
    pub policy: PendingProposalPolicy,
    /// How many clients could commit them: the members without those that they remove.
    pub committers: usize,
    /// Whether this client may commit: it is a member whose user takes part, and no update of its own is out.
    pub may_commit: bool,
    /// Whether the proposals take this client out of the group.
    pub is_leaving: bool,
}

/// When to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitTime {
    /// At once.
    Now,
    /// At this time, in milliseconds since the Unix epoch, unless somebody else was faster.
    At(AcceptedTimestamp),
    /// Not by this client.
    Never,
}

impl WaitingProposals {
    /// When this client commits them. `draw` is a random number, of which all 64 bits are used.
    ///
    /// The time runs from the hub's acceptance, so that a client that comes late does not wait as long again. Those for whom it is over
    /// already, because they were away or their clocks are ahead, spread as for a commit at once. A clock that is behind the hub's delays
    /// nothing: its own time counts then.
    // req: RP03-7.1-02, RP03-7.1-03
    pub fn when_to_commit(&self, now: AcceptedTimestamp, draw: u64) -> CommitTime {
        if !self.may_commit || self.is_leaving {
            return CommitTime::Never;
        }
        let others = u64::try_from(self.committers.saturating_sub(1)).unwrap_or(u64::MAX);
        let at_once = others.saturating_mul(AT_ONCE_MS).min(AT_ONCE_MOST_MS);
        let (shortest, longest) = match self.policy {
            PendingProposalPolicy::ImmediateCommit => (0, at_once),
            PendingProposalPolicy::Unspecified => (0, others.saturating_mul(UNSAID_MS).min(UNSAID_MOST_MS)),
            PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } => {
                (minimum_delay_ms, maximum_delay_ms.max(minimum_delay_ms))
            }
        };
        let delay = shortest.saturating_add(part_of(longest - shortest, draw));
        let planned = self.accepted.min(now).0.saturating_add(delay);
        let at = if planned > now.0 { planned } else { now.0.saturating_add(part_of(at_once, draw)) };
        if at > now.0 { CommitTime::At(AcceptedTimestamp(at)) } else { CommitTime::Now }
    }
}

/// The draw as a number from 0 to `longest`, each of them as likely as another.
fn part_of(longest: u64, draw: u64) -> u64 {
    let parts = u128::from(longest) + 1;
    u64::try_from((u128::from(draw) * parts) >> 64).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const NOW: AcceptedTimestamp = AcceptedTimestamp(1_000_000);

    fn waiting(policy: PendingProposalPolicy, committers: usize) -> WaitingProposals {
        WaitingProposals { accepted: NOW, policy, committers, may_commit: true, is_leaving: false }
    }

    fn delays(waiting: WaitingProposals) -> (u64, u64) {
        let of = |draw| match waiting.when_to_commit(NOW, draw) {
            CommitTime::Now => 0,
            CommitTime::At(at) => at.0 - NOW.0,
            CommitTime::Never => panic!("never"),
        };
        (of(0), of(u64::MAX))
    }

    #[test]
    fn each_strategy_has_its_interval() {
        // req: RP03-7.1-02, RP03-7.1-03
        let range = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 700, maximum_delay_ms: 900 };
        let exact = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 50, maximum_delay_ms: 50 };
        let table = [
            (range, 1, (700, 900)),
            (range, 500, (700, 900)),
            (exact, 3, (50, 50)),
            (PendingProposalPolicy::ImmediateCommit, 1, (0, 0)),
            (PendingProposalPolicy::ImmediateCommit, 3, (0, 40)),
            (PendingProposalPolicy::ImmediateCommit, 5000, (0, 1000)),
            (PendingProposalPolicy::Unspecified, 1, (0, 0)),
            (PendingProposalPolicy::Unspecified, 11, (0, 1000)),
            (PendingProposalPolicy::Unspecified, 5000, (0, 30_000)),
        ];
        for (policy, committers, expected) in table {
            assert_eq!(delays(waiting(policy, committers)), expected, "{policy:?} with {committers}");
        }
    }

    #[test]
    fn who_is_leaving_or_may_not_commit_never_does() {
        for (may_commit, is_leaving) in [(false, false), (true, true), (false, true)] {
            let waiting =
                WaitingProposals { may_commit, is_leaving, ..waiting(PendingProposalPolicy::ImmediateCommit, 2) };
            assert_eq!(waiting.when_to_commit(NOW, 7), CommitTime::Never);
        }
    }

    #[test]
    fn the_time_runs_from_the_acceptance() {
        let policy = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 1000, maximum_delay_ms: 1000 };
        let earlier = WaitingProposals { accepted: AcceptedTimestamp(NOW.0 - 400), ..waiting(policy, 2) };
        assert_eq!(earlier.when_to_commit(NOW, 0), CommitTime::At(AcceptedTimestamp(NOW.0 + 600)));
        // A hub whose clock is ahead makes nobody wait for longer.
        let ahead = WaitingProposals { accepted: AcceptedTimestamp(NOW.0 + 60_000), ..earlier };
        assert_eq!(ahead.when_to_commit(NOW, 0), CommitTime::At(AcceptedTimestamp(NOW.0 + 1000)));
    }

    #[test]
    fn who_comes_when_the_time_is_over_commits_at_once_but_not_all_together() {
        let policy = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 0, maximum_delay_ms: 5000 };
        let long_ago = WaitingProposals { accepted: AcceptedTimestamp(5), ..waiting(policy, 11) };
        assert_eq!(delays(long_ago), (0, 200));
        assert_eq!(delays(WaitingProposals { committers: 1, ..long_ago }), (0, 0));
    }

    #[test]
    fn extreme_values_of_a_policy_overflow_nothing() {
        let policy = PendingProposalPolicy::RandomDelay { minimum_delay_ms: u64::MAX, maximum_delay_ms: u64::MAX };
        let never_over = waiting(policy, usize::MAX);
        assert_eq!(never_over.when_to_commit(NOW, u64::MAX), CommitTime::At(AcceptedTimestamp(u64::MAX)));
        let wide = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 0, maximum_delay_ms: u64::MAX };
        assert_eq!(waiting(wide, 2).when_to_commit(NOW, 0), CommitTime::Now);
    }

    /// How many of the members have made a commit by the time that the first one has reached them.
    fn commits_made(waiting: WaitingProposals, latency: u64, seed: u64) -> usize {
        let mut draw = seed;
        let mut times: Vec<u64> = (0..waiting.committers)
            .map(|_| {
                // Knuth's MMIX generator, whose high bits are good enough.
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                match waiting.when_to_commit(NOW, draw) {
                    CommitTime::Now => NOW.0,
                    CommitTime::At(at) => at.0,
                    CommitTime::Never => panic!("never"),
                }
            })
            .collect();
        times.sort_unstable();
        times.iter().filter(|time| **time < times[0] + latency).count()
    }

    #[test]
    fn many_members_make_few_commits_before_the_first_has_reached_them() {
        for (policy, members, latency, at_most) in [
            (PendingProposalPolicy::ImmediateCommit, 2, 20, 2.0),
            (PendingProposalPolicy::ImmediateCommit, 50, 20, 3.0),
            (PendingProposalPolicy::ImmediateCommit, 500, 20, 15.0),
            (PendingProposalPolicy::Unspecified, 50, 100, 3.0),
            (PendingProposalPolicy::Unspecified, 300, 100, 3.0),
        ] {
            let runs = 200;
            let made: usize = (0..runs).map(|seed| commits_made(waiting(policy, members), latency, seed)).sum();
            let mean = made as f64 / runs as f64;
            assert!(mean <= at_most, "{policy:?}, {members} members: {mean} commits");
        }
    }

    #[test]
    fn a_draw_is_spread_evenly() {
        let mut counts = [0u32; 5];
        for step in 0..1000u64 {
            counts[usize::try_from(part_of(4, step * (u64::MAX / 1000))).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (199..=201).contains(count)), "{counts:?}");
    }
}
