//! Asking the checks: those of one group one after the other, the groups one after the other or at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;

use crate::catalogue::{checks, find};
use crate::check::Check;
use crate::outcome::{CheckResult, Outcome};
use crate::report::Report;
use crate::scenario::{Halt, Scenario};
use crate::target::Target;

/// Asks all checks in their order. `progress` hears of every result as it comes.
pub async fn run(target: &Target, progress: &mut dyn FnMut(&CheckResult)) -> Report {
    run_groups(target, &crate::groups(), progress).await
}

/// Asks the checks of some groups only. A group does not build on another one.
pub async fn run_groups(target: &Target, groups: &[&str], progress: &mut dyn FnMut(&CheckResult)) -> Report {
    let mut report = Report::default();
    let mut hear = |_, result: CheckResult| {
        progress(&result);
        report.results.push(result);
    };
    ask_all(&mut Scenario::new(target.clone(), ""), &of_groups(groups), &mut hear).await;
    report
}

/// Asks all checks, the groups at once: much of what a check does is to wait. The results come in the same order as from [`run`], each
/// as soon as those before it are there. The providers get the requests of many users at the same time.
pub async fn run_at_once(target: &Target, progress: &mut dyn FnMut(&CheckResult)) -> Report {
    let in_order = RefCell::new(InOrder { next: 0, early: BTreeMap::new(), report: Report::default(), progress });
    let groups = crate::groups();
    let lanes = groups.iter().map(|group| {
        let in_order = &in_order;
        async move {
            let mut scenario = Scenario::new(target.clone(), group);
            let mut hear = |number, result| in_order.borrow_mut().take(number, result);
            ask_all(&mut scenario, &of_groups(&[group]), &mut hear).await;
        }
    });
    join_all(lanes).await;
    in_order.into_inner().report
}

/// Results that come in any order and go on in that of the checks.
struct InOrder<'a> {
    next: usize,
    early: BTreeMap<usize, CheckResult>,
    report: Report,
    progress: &'a mut dyn FnMut(&CheckResult),
}

impl InOrder<'_> {
    fn take(&mut self, number: usize, result: CheckResult) {
        self.early.insert(number, result);
        while let Some(result) = self.early.remove(&self.next) {
            self.next += 1;
            (self.progress)(&result);
            self.report.results.push(result);
        }
    }
}

/// The checks of these groups, each with its number among all.
fn of_groups(groups: &[&str]) -> Vec<(usize, &'static Check)> {
    checks().iter().copied().enumerate().filter(|(_, check)| groups.contains(&check.group())).collect()
}

async fn ask_all(
    scenario: &mut Scenario,
    checks: &[(usize, &'static Check)],
    hear: &mut dyn FnMut(usize, CheckResult),
) {
    let mut carries_on: BTreeMap<&str, bool> = BTreeMap::new();
    for (number, check) in checks {
        let start = Instant::now();
        let outcome = match check.needs.iter().find(|need| !carries_on.get(**need).copied().unwrap_or_default()) {
            Some(need) => Outcome::Skipped { reason: not_possible_without(need) },
            None => ask(check, scenario).await,
        };
        carries_on.insert(check.id, outcome.carries_on());
        hear(*number, CheckResult::new(check, outcome, start.elapsed()));
    }
}

fn not_possible_without(need: &str) -> String {
    let sentence = find(need).map_or("", |check| check.sentence);
    format!("{need} did not pass ({sentence})")
}

async fn ask(check: &Check, scenario: &mut Scenario) -> Outcome {
    match tokio::time::timeout(Check::TIME_LIMIT, (check.ask)(scenario)).await {
        Ok(Ok(observed)) => Outcome::Passed { observed },
        Ok(Err(Halt::Failed { expected, observed })) => Outcome::Failed { expected, observed },
        Ok(Err(Halt::Skipped(reason))) => Outcome::Skipped { reason },
        Ok(Err(Halt::Warning(note))) => Outcome::Warning { note },
        Err(_elapsed) => Outcome::Failed {
            expected: format!("an end within {} s", Check::TIME_LIMIT.as_secs()),
            observed: "none".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::target::{ProviderTarget, TestIdentity};

    /// Three providers that nobody runs.
    fn nobody_there(scratch: &str) -> Target {
        let identity =
            || TestIdentity { domain: "d.example".parse().unwrap(), certificate_pem: Vec::new(), key_pem: Vec::new() };
        // A port that was free a moment ago, and that nothing listens on.
        let address =
            std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap().local_addr().unwrap();
        let provider = |domain: &str| ProviderTarget {
            domain: domain.parse().unwrap(),
            peer_address: address,
            client_endpoint: format!("https://{address}"),
        };
        Target {
            providers: ["a.example", "b.example", "c.example"].map(provider).to_vec(),
            ca_pem: Vec::new(),
            suite: identity(),
            foreign: identity(),
            scratch: std::env::temp_dir().join(format!("mimi-conformance-{scratch}-{}", std::process::id())),
            body_limit: 1024,
            discovery: None,
        }
    }

    #[tokio::test]
    async fn against_nobody_every_check_has_a_result_and_none_that_asks_a_provider_passes() {
        let target = nobody_there("all");
        let mut heard = Vec::new();
        let report = run(&target, &mut |result| heard.push(result.id)).await;
        let _ = std::fs::remove_dir_all(&target.scratch);
        let all: Vec<&str> = checks().iter().map(|check| check.id).collect();
        assert_eq!(heard, all);
        assert_eq!(report.results.len(), all.len());
        let passed: BTreeSet<&str> = report
            .results
            .iter()
            .filter(|result| result.outcome.is_passed())
            .map(|result| result.check().group())
            .collect();
        // These ask the library and no provider.
        let groups = ["content", "policy", "privacy", "semiprivate", "status"];
        assert_eq!(passed.into_iter().collect::<Vec<_>>(), groups);
        assert!(report.failed() > 0);
        assert!(!report.all_passed());
    }

    #[tokio::test]
    async fn groups_asked_at_once_give_the_results_in_the_same_order() {
        let target = nobody_there("at-once");
        let mut heard = Vec::new();
        let report = run_at_once(&target, &mut |result| heard.push(result.id)).await;
        let _ = std::fs::remove_dir_all(&target.scratch);
        let all: Vec<&str> = checks().iter().map(|check| check.id).collect();
        assert_eq!(heard, all);
        assert_eq!(report.results.iter().map(|result| result.id).collect::<Vec<_>>(), all);
    }

    #[tokio::test]
    async fn a_check_whose_need_did_not_pass_is_skipped_with_the_reason() {
        let target = nobody_there("skipped");
        let report = run_groups(&target, &["flow"], &mut |_| {}).await;
        let _ = std::fs::remove_dir_all(&target.scratch);
        let groups: BTreeSet<&str> = report.results.iter().map(|result| result.check().group()).collect();
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["flow"]);
        assert!(report.results[0].outcome.is_failed(), "{:?}", report.results[0]);
        let second = &report.results[1].outcome;
        assert!(
            matches!(second, Outcome::Skipped { reason } if reason.starts_with("flow.s3.1.create-room ")),
            "{second:?}"
        );
    }

    #[tokio::test]
    async fn a_target_with_too_few_providers_is_said_to_be_one() {
        let target = Target { providers: Vec::new(), ..nobody_there("few") };
        let report = run_groups(&target, &["flow"], &mut |_| {}).await;
        let first = &report.results[0].outcome;
        assert!(matches!(first, Outcome::Skipped { reason } if reason.contains("0 providers")), "{first:?}");
    }
}
