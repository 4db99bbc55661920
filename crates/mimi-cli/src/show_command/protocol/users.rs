//! What providers ask each other about users: consent, identifiers, abuse (draft-ietf-mimi-protocol-06 sections 5.7 to 5.9).

use mimi_protocol::consent::{ConsentAction, ConsentEntry, ConsentScope};
use mimi_protocol::identifier_query::{
    IdentifierRequest, IdentifierResponse, ProfileField, QueryElement, SearchField, UserProfile,
};
use mimi_protocol::report_abuse::{AbuseReport, AbusiveMessage};

use super::super::franking::frank;
use super::super::identity::identifier;
use super::super::mls::{dictionary, key_package};
use super::super::tree::Tree;
use super::accepted;

fn scope_fields(scope: &ConsentScope) -> [(&'static str, Tree); 3] {
    [
        ("requesterUri", Tree::text(scope.requester().as_str())),
        ("targetUri", Tree::text(scope.target().as_str())),
        ("roomId", Tree::optional(scope.room(), |room| Tree::text(room.as_str()))),
    ]
}

pub(super) fn consent_scope(scope: &ConsentScope) -> Tree {
    Tree::fields(scope_fields(scope))
}

pub(super) fn consent_entry(entry: &ConsentEntry) -> Tree {
    let tree = Tree::fields([("consentOperation", Tree::word(&entry.operation()))]).and(scope_fields(&entry.scope));
    let with_packages = match &entry.action {
        ConsentAction::Grant { client_key_packages } => {
            tree.and([("clientKeyPackages", Tree::list(client_key_packages, key_package))])
        }
        _ => tree,
    };
    with_packages.and([("consent_extensions", dictionary(&entry.consent_extensions))])
}

pub(super) fn identifier_request(request: &IdentifierRequest) -> Tree {
    Tree::fields([
        ("query_elements", Tree::list(&request.query_elements, query_element)),
        ("id_request_extensions", dictionary(&request.id_request_extensions)),
    ])
}

pub(super) fn query_element(element: &QueryElement) -> Tree {
    let tree = Tree::fields([("searchType", Tree::word(&element.field.search_type()))]);
    let with_name = match &element.field {
        SearchField::OidcStdClaim(name) => tree.and([("claimName", Tree::text(name.as_str()))]),
        SearchField::VcardField(name) => tree.and([("propertyName", Tree::text(name.as_str()))]),
        _ => tree,
    };
    with_name.and([("searchValue", Tree::text(element.search_value.as_str()))])
}

pub(super) fn identifier_response(response: &IdentifierResponse) -> Tree {
    Tree::fields([
        ("responseCode", Tree::word(&response.response_code)),
        ("uri", Tree::list(&response.uri, identifier)),
        ("foundProfiles", Tree::list(&response.found_profiles, profile)),
        ("id_response_extensions", dictionary(&response.id_response_extensions)),
    ])
}

pub(super) fn profile(profile: &UserProfile) -> Tree {
    Tree::fields([
        ("stableUri", identifier(&profile.stable_uri)),
        ("fields", Tree::list(&profile.fields, profile_field)),
    ])
}

pub(super) fn profile_field(field: &ProfileField) -> Tree {
    Tree::fields([
        ("fieldSource", Tree::word(&field.field_source)),
        ("fieldName", Tree::text(field.field_name.as_str())),
        ("fieldValue", Tree::octets(field.field_value.as_slice())),
    ])
}

pub(super) fn abuse_report(report: &AbuseReport) -> Tree {
    Tree::fields([
        ("reportingUser", identifier(&report.reporting_user)),
        ("allegedAbuserUri", identifier(&report.alleged_abuser_uri)),
        ("reasonCode", Tree::number(report.reason_code.0)),
        ("note", Tree::text(report.note.as_str())),
        ("messages", Tree::list(&report.messages, abusive_message)),
        ("abuse_extensions", dictionary(&report.abuse_extensions)),
    ])
}

pub(super) fn abusive_message(message: &AbusiveMessage) -> Tree {
    Tree::fields([
        ("message_content", Tree::octets(message.message_content.as_slice())),
        ("frank", frank(&message.frank)),
        ("accepted_timestamp", accepted(message.accepted_timestamp)),
    ])
}
