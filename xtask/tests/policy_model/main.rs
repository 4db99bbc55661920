//! Random rooms, actors and actions: the model of `xtask` and `mimi_room_policy::authorize` come to the same answer.
//!
//! The model is a table of facts out of the draft, written without the implementation at hand. Rooms keep their own constraints to begin
//! with. `MIMI_LONG_TESTS=1` asks a hundred times as many questions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;

use mimi_room_policy::authorize::Decision;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, json};

#[allow(dead_code, reason = "only the model is used here")]
mod authorization;
mod draw;
#[allow(dead_code, reason = "only the model is used here")]
#[path = "../../src/vectors/layout.rs"]
mod layout;
#[path = "../../../crates/mimi-conformance/src/policy/situation.rs"]
mod situation;

use authorization::{encode, model};

#[test]
fn the_model_and_the_library_decide_alike() {
    let cases = if std::env::var_os("MIMI_LONG_TESTS").is_some() { 500_000 } else { 5_000 };
    let (allowed, refused) = (Cell::new(0), Cell::new(0));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(any::<u8>(), 400), |octets| {
            let (room, actor, action) = draw::question(&octets);
            let test = Map::from_iter([
                ("room".to_owned(), encode::room_json(&room)),
                ("actor".to_owned(), json!(actor)),
                ("action".to_owned(), encode::action_json(&action, &room)),
            ]);
            let said = model::judge(&room, &actor, &action);
            let decision = situation::decide(&test).map_err(TestCaseError::fail)?;
            let counter = if said.is_ok() { &allowed } else { &refused };
            counter.set(counter.get() + 1);
            let differ = match (&said, &decision) {
                (Ok(grounds), Decision::Allowed(_)) => {
                    let names = situation::names(&decision);
                    *grounds != names && !(grounds.is_empty() && names == ["membership"])
                }
                (Err(_), Decision::Refused(_)) => false,
                _ => true,
            };
            if differ {
                let question = serde_json::to_string(&test).unwrap();
                return Err(TestCaseError::fail(format!("model {said:?}, library {decision:?}: {question}")));
            }
            Ok(())
        })
        .unwrap();
    // Both answers are common, or the comparison would say little.
    let (allowed, refused) = (allowed.get(), refused.get());
    assert!(allowed > cases / 20 && refused > cases / 20, "{allowed} allowed, {refused} refused");
}
