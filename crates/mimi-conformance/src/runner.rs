//! Asking the checks one after the other.

use std::collections::BTreeMap;
use std::time::Instant;

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
    let mut scenario = Scenario::new(target.clone());
    let mut report = Report::default();
    let mut carries_on: BTreeMap<&str, bool> = BTreeMap::new();
    for check in checks().iter().copied().filter(|check| groups.contains(&check.group())) {
        let start = Instant::now();
        let outcome = match check.needs.iter().find(|need| !carries_on.get(**need).copied().unwrap_or_default()) {
            Some(need) => Outcome::Skipped { reason: not_possible_without(need) },
            None => ask(check, &mut scenario).await,
        };
        carries_on.insert(check.id, outcome.carries_on());
        let result = CheckResult::new(check, outcome, start.elapsed());
        progress(&result);
        report.results.push(result);
    }
    report
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
