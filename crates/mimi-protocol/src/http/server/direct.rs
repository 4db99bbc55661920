//! Requests that go straight from provider to provider, without a hub: consent and identifier queries
//! (draft-ietf-mimi-protocol-06 sections 5.7 and 5.8).

use mimi_arch::{Domain, UserUri};

use super::{Call, Limits, Problem};
use crate::consent::{ConsentEndpoint, ConsentEntry, ConsentRefusal, Peers};
use crate::directory::Endpoint;
use crate::http::problem::ProblemKind;

/// How many octets a request to a consent endpoint may have.
pub(super) const fn consent_limit(endpoint: ConsentEndpoint, limits: &Limits) -> usize {
    match endpoint {
        ConsentEndpoint::RequestConsent => limits.request_consent,
        ConsentEndpoint::UpdateConsent => limits.update_consent,
    }
}

/// Checks that the entry belongs to the endpoint and its path, and may come from the source to us.
// req: MP06-5.7-07
// req: MP06-5.7-08
// req: MP06-5.7-22
// req: MP06-5.7-23
pub(super) fn consent(
    endpoint: ConsentEndpoint,
    value: &str,
    entry: ConsentEntry,
    source: &Domain,
    own: &Domain,
) -> Result<Call, Problem> {
    let section = endpoint.endpoint().section();
    if value.parse::<Domain>().is_err() {
        value.parse::<UserUri>().map_err(|error| Problem::malformed_uri(&error))?;
    }
    let peers = Peers { sender: std::slice::from_ref(source), receiver: std::slice::from_ref(own) };
    endpoint.check(&entry, peers).map_err(|refusal| refused(&refusal))?;
    if !endpoint.path_fits(&entry.scope, value) {
        let user = endpoint.receiving_user(&entry.scope);
        return Err(Problem::violated(
            format!("the body is for {user}, the path says {value}"),
            "the path names the receiving user or that user's domain",
            section,
        ));
    }
    Ok(match endpoint {
        ConsentEndpoint::RequestConsent => Call::RequestConsent { entry },
        ConsentEndpoint::UpdateConsent => Call::UpdateConsent { entry },
    })
}

/// 404 for a user of somebody else, 403 for acting in the name of another provider's user, 400 for the rest.
fn refused(refusal: &ConsentRefusal) -> Problem {
    let kind = match refusal {
        ConsentRefusal::TargetNotOfReceiver { .. } | ConsentRefusal::RequesterNotOfReceiver { .. } => {
            ProblemKind::UnknownUser
        }
        ConsentRefusal::RequesterNotOfSender { .. } | ConsentRefusal::TargetNotOfSender { .. } => {
            ProblemKind::NotPermitted
        }
        ConsentRefusal::OperationOfOtherEndpoint { .. } | ConsentRefusal::KeyPackageNotOfTarget { .. } => {
            ProblemKind::MalformedBody
        }
    };
    Problem::new(kind, refusal.to_string()).rule(refusal, refusal.section())
}

/// A query is for one of our domains.
pub(super) fn check_domain(domain: &Domain, own: &Domain) -> Result<(), Problem> {
    if domain == own {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::UnknownUser, format!("{domain} is not a domain of this provider"))
        .rule("a query goes to the provider of the domain in its path", Endpoint::IdentifierQuery.section()))
}

#[cfg(test)]
mod tests;
