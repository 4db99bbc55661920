//! A provider that is not the hub: what it gives out of its users' key packages (section 5.2) and what it does with what a hub sends
//! it (section 5.5). Pure, like the hub; what the decisions need of the store comes in as values.

mod authorization;
mod key_material;
mod leaves;
mod notify;
mod order;

pub use self::{
    authorization::Authorization,
    key_material::{ClaimPolicy, ClaimRefusal, TargetUser, answer_from_grant, claim_for_grant, claim_key_material},
    leaves::{Leaves, LeavesChange, LeavesHead, StoredLeaves},
    notify::{FanoutDecision, FanoutFacts, NotifyRefusal, accept_fanout, fanout_digest},
    order::{FanoutMark, Irregularity},
};
