//! The embedded run as a test: the conformance suite against three providers in this process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_cli::Embedded;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_flow_and_every_other_check_pass_against_three_providers() {
    let embedded = Embedded::start().await.unwrap();
    let mut failures = Vec::new();
    let report = mimi_conformance::run(&embedded.target(), &mut |result| {
        if !result.outcome.is_passed() {
            failures.push(format!("{}: {:?}", result.id, result.outcome));
        }
    })
    .await;
    embedded.stop().await;
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(report.all_passed(), "{}", report.summary());
    assert_eq!(report.results.len(), mimi_conformance::checks().len());
}
