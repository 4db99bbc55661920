//! Checks a MIMI provider, or several that speak to each other, against the drafts.
//!
//! A [`Check`] is one question with a stable ID, such as `flow.s3.2.welcome-routed`. [`run`] asks all of them in a fixed
//! order and gives a [`Report`]. The suite sees only what is public: it is a user's client at every provider, and it plays a
//! provider of its own towards the others. It shares no code with the hub or the follower that it grades, and its malformed
//! requests are octets written by hand.
//!
//! ```
//! // What would be asked, and why?
//! assert!(mimi_conformance::list().contains("flow.s3.2.welcome-routed"));
//! let text = mimi_conformance::explain("flow.s3.2.welcome-routed").expect("there is such a check");
//! assert!(text.contains("section 3.2"));
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod catalogue;
mod check;
mod client;
mod consent;
mod content;
mod discovery;
mod flow;
mod follower;
mod franking;
mod input;
mod joining;
mod lifecycle;
mod moderation;
mod outcome;
mod peer;
mod policy;
mod privacy;
mod query;
mod raw;
mod report;
mod runner;
mod scenario;
mod target;
mod transport;

pub use catalogue::{UnknownCheck, checks, explain, find, groups, list};
pub use check::{Check, Draft, Level};
pub use outcome::{CheckResult, Outcome};
pub use report::Report;
pub use runner::{run, run_at_once, run_groups};
pub use target::{DiscoveryTarget, ProviderTarget, Target, TestIdentity};
