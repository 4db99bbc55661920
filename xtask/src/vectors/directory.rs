//! The directory: draft-ietf-mimi-protocol-06 section 5.1.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::json;
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.1";
const ROOM: &str = "mimi://a.example/r/clubhouse";

const JSON: Rule = Rule("directory-not-json", SECTION);
const NOT_TEXT: Rule = Rule("directory-member-not-text", SECTION);
const NOT_HTTPS: Rule = Rule("template-not-https", SECTION);
const HOST: Rule = Rule("template-host", SECTION);
const PORT: Rule = Rule("template-port", SECTION);
const NO_VARIABLE: Rule = Rule("template-no-variable", SECTION);
const VARIABLE_NAME: Rule = Rule("template-variable-name", SECTION);
const SECOND_VARIABLE: Rule = Rule("template-second-variable", SECTION);
const QUERY: Rule = Rule("template-query", SECTION);
const FRAGMENT: Rule = Rule("template-fragment", SECTION);

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let update = |template: &str| json!({ "update": template }).to_string();
    let expands = |comment: &str, flag: &str, document: String, endpoint: &str, value: &str, url: &str| {
        Case::valid(comment, flag)
            .with("document", document)
            .with("endpoint", endpoint)
            .with("value", value)
            .with("url", url)
    };
    let bad = |comment: &str, rule: Rule, template: &str, offset: usize| {
        Case::invalid(comment, "Template", rule.at(offset)).with("document", update(template))
    };
    let all = json!({
        "keyMaterial": "https://mimi.a.example/v1/keyMaterial/{targetUser}",
        "update": "https://mimi.a.example/v1/update/{roomId}",
        "notify": "https://mimi.a.example/v1/notify/{roomId}",
        "submitMessage": "https://mimi.a.example/v1/submitMessage/{roomId}",
        "groupInfo": "https://mimi.a.example/v1/groupInfo/{roomId}",
        "com.example.more": ["something", {"else": true}],
    })
    .to_string();
    let encoded = "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse";
    let cases = vec![
        expands(
            "an endpoint of a room",
            "Expand",
            all.clone(),
            "update",
            ROOM,
            &format!("https://mimi.a.example/v1/update/{encoded}"),
        ),
        expands(
            "an endpoint of a user",
            "Expand",
            all.clone(),
            "keyMaterial",
            "mimi://b.example/u/bob",
            "https://mimi.a.example/v1/keyMaterial/mimi%3A%2F%2Fb.example%2Fu%2Fbob",
        ),
        expands(
            "a percent sign in the value is encoded once more",
            "Expand",
            all,
            "notify",
            "mimi://a.example/r/book%20club",
            "https://mimi.a.example/v1/notify/mimi%3A%2F%2Fa.example%2Fr%2Fbook%2520club",
        ),
        expands(
            "a port",
            "Expand",
            update("https://a.example:8443/u/{roomId}"),
            "update",
            ROOM,
            &format!("https://a.example:8443/u/{encoded}"),
        ),
        expands(
            "the variable has another name",
            "Expand",
            update("https://a.example/{room}"),
            "update",
            ROOM,
            &format!("https://a.example/{encoded}"),
        ),
        expands(
            "the variable in the middle",
            "Expand",
            update("https://a.example/{roomId}/update"),
            "update",
            ROOM,
            &format!("https://a.example/{encoded}/update"),
        ),
        expands(
            "no slash before the variable, as in the draft's example",
            "Expand",
            update("https://a.example/v1/update{roomId}"),
            "update",
            ROOM,
            &format!("https://a.example/v1/update{encoded}"),
        ),
        Case::valid("no endpoint at all", "Expand").with("document", "{}"),
        Case::invalid("no JSON", "Document", JSON.nowhere()).with("document", "keyMaterial"),
        Case::invalid("an array", "Document", JSON.nowhere()).with("document", "[]"),
        Case::invalid("a document that is cut off", "Document", JSON.nowhere()).with("document", "{\"update\":"),
        Case::invalid("a member twice", "Document", JSON.nowhere())
            .with("document", r#"{"update":"https://a.example/{roomId}","update":"https://b.example/{roomId}"}"#),
        Case::invalid("something behind the document", "Document", JSON.nowhere()).with("document", "{} {}"),
        Case::invalid("a member that is not text", "Document", NOT_TEXT.nowhere()).with("document", r#"{"update":7}"#),
        bad("plain http", NOT_HTTPS, "http://a.example/{roomId}", 0),
        bad("a path only", NOT_HTTPS, "/update/{roomId}", 0),
        bad("an address instead of a name", HOST, "https://192.0.2.1/{roomId}", 8),
        bad("a user name before the host", HOST, "https://x@a.example/{roomId}", 8),
        bad("no host", HOST, "https:///{roomId}", 8),
        bad("port 0", PORT, "https://a.example:0/{roomId}", 18),
        bad("a port that is too large", PORT, "https://a.example:65536/{roomId}", 18),
        bad("no variable", NO_VARIABLE, "https://a.example/update", 24),
        bad("an operator of RFC 6570", VARIABLE_NAME, "https://a.example/{+roomId}", 19),
        bad("two variables", SECOND_VARIABLE, "https://a.example/{roomId}/{targetUser}", 27),
        bad("a query before the variable", QUERY, "https://a.example/update?room={roomId}", 24),
        bad("a fragment", FRAGMENT, "https://a.example/{roomId}#x", 26),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "directory", "Directory", "5.1")
        .header("document is the JSON text; with endpoint, value and url: the URL of the endpoint for the value, which is percent-encoded whole.")
        .header("Offsets count in the text of the template. A template has one variable, whose name does not count, in the path.")
        .note("Expand", BugType::Disagreement, SECTION, "URLs out of a directory", Some("a request reaches another endpoint or another room"))
        .note("Document", BugType::MissingCheck, SECTION, "no directory document", None)
        .note("Template", BugType::MissingCheck, SECTION, "no URL template that can be used", Some("requests leave without TLS, or go where no certificate can vouch for the provider"))
        .group("Directory", cases)
        .finish()
}
