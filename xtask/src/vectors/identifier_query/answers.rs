//! Which users a query finds: draft-ietf-mimi-protocol-06 section 5.8, the rules. Every answer is written down by hand.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::{CODES, SECTION, found, query};
use crate::vectors::builder::{Built, Case, FileBuilder};

const XAVIER: &str = "mimi://xyz.example/u/xavier";
const YOLANDA: &str = "mimi://xyz.example/u/yolanda";
const ZACH: &str = "mimi://xyz.example/u/zach";
const MATT: &str = "mimi://xyz.example/u/matt";

/// What is told of Xavier whenever he is found.
const OF_XAVIER: &[(u8, &str, &[u8])] =
    &[(7, "given_name", b"Xavier"), (7, "family_name", b"Young"), (8, "TITLE", b"Sales")];

fn profiles() -> Value {
    let field =
        |kind: &str, value: &str, searchable: &str| json!({"kind": kind, "value": value, "searchable": searchable});
    json!([
        {"stableUri": XAVIER, "fields": [
            field("handle", "im:xavier.y@xyz.example", "inPart"),
            field("nick", "Xav", "inPart"),
            field("nick", "salesman", "inPart"),
            field("oidcStdClaim:given_name", "Xavier", "inPart"),
            field("oidcStdClaim:family_name", "Young", "inPart"),
            field("vcardField:TITLE", "Sales", "inPart"),
            field("vcardField:ORG", "Acme", "exactly"),
            field("email", "xy@xyz.example", "exactly"),
            field("phone", "+12125551212", "exactly"),
            field("oidcStdClaim:birthdate", "1970-01-01", "no"),
        ]},
        {"stableUri": YOLANDA, "fields": [
            field("handle", "mimi://xyz.example/u/yolanda", "exactly"),
            field("name", "Yolanda Young", "no"),
            field("phone", "+12125551213", "no"),
        ]},
        {"stableUri": ZACH, "fields": [
            field("handle", "im:zach@xyz.example", "no"),
            field("name", "Zach Young", "no"),
            field("vcardField:ORG", "Acme", "no"),
        ]},
        {"stableUri": MATT, "fields": [
            field("name", "Matthew ÉLAN", "inPart"),
            field("phone", "12125551214", "inPart"),
            field("vcardField:ORG", "Acme", "exactly"),
        ]},
    ])
}

fn policy() -> Value {
    json!({
        "supported": ["handle", "nick", "email", "phone", "partialName", "wholeProfile", "oidcStdClaim:given_name",
            "oidcStdClaim:family_name", "oidcStdClaim:birthdate", "vcardField:ORG", "vcardField:TITLE"],
        "forbidden": [], "exact": [],
        "maxResults": 2, "maxElements": 3, "maxValueOctets": 64, "minPartialOctets": 3,
    })
}

/// The policy with one member replaced.
fn policy_with(name: &str, value: Value) -> Value {
    let mut policy = policy();
    if let Some(members) = policy.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    policy
}

/// A query that is answered with these users and what is told of them besides what is always told.
fn finds(
    flag: &str,
    comment: &str,
    policy: Value,
    elements: &[(&str, &str)],
    users: &[&str],
    more: &[(u8, &str, &[u8])],
) -> Case {
    let told: Vec<_> = users
        .iter()
        .map(|user| {
            let own = if *user == XAVIER { OF_XAVIER } else { &[] };
            (*user, own.iter().chain(more).copied().collect::<Vec<_>>())
        })
        .collect();
    let code = u8::from(users.is_empty());
    case(flag, comment, policy, elements, code, found(code, users, &told).octets())
}

/// A query that is answered with a code and nobody.
fn code(number: u8, comment: &str, policy: Value, elements: &[(&str, &str)]) -> Case {
    case("Code", comment, policy, elements, number, found(number, &[], &[]).octets())
}

fn case(flag: &str, comment: &str, policy: Value, elements: &[(&str, &str)], code: u8, answer: Vec<u8>) -> Case {
    let name = CODES.get(usize::from(code)).copied().unwrap_or_default();
    Case::valid(comment, flag)
        .with("searchPolicy", policy)
        .with("profiles", profiles())
        .octets("encoded", &query(elements).octets())
        .with("answerCode", name)
        .octets("answer", &answer)
}

pub(super) fn build() -> Result<Built> {
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "identifier-query", "IdentifierResponse", "5.8")
        .header("encoded is an IdentifierRequest; answer is the IdentifierResponse that a provider with this searchPolicy and these profiles gives.")
        .header("searchable says by which searches a field may be found: no by none, exactly by those that have its whole value, inPart by all.")
        .header("A field's kind may have a name after a colon. supported, forbidden and exact in searchPolicy list searches in the same way; exact lists combinations of which a query must have one whole, and then no more than one user may match.")
        .header("What is told of a user is left to the provider by the draft: here claims and properties that are searchable in part, and those that are searchable exactly and were asked for by their whole value.")
        .note("Match", BugType::Basic, SECTION, "the match rule of a search type", Some("users are not found, or by others than they wished"))
        .note("And", BugType::MissingCheck, SECTION, "several elements, all of which have to match", Some("a query finds users who match only a part of it"))
        .note("Hidden", BugType::MissingCheck, SECTION, "users or fields that are not searchable", Some("whoever asks learns of a user who does not wish to be found"))
        .note("Code", BugType::Basic, SECTION, "the codes other than success and notFound", None)
        .group("IdentifierQuery", [matches(), others(), codes()].into_iter().flatten().collect())
        .finish()
}

fn matches() -> Vec<Case> {
    let one = |comment: &str, search: &str, value: &str, users: &[&str], more: &[(u8, &str, &[u8])]| {
        finds("Match", comment, policy(), &[(search, value)], users, more)
    };
    let org: &[(u8, &str, &[u8])] = &[(8, "ORG", b"Acme")];
    vec![
        one("a whole handle", "handle", "im:xavier.y@xyz.example", &[XAVIER], &[]),
        one("a handle in another case", "handle", "im:Xavier.y@xyz.example", &[], &[]),
        one("a handle without its scheme", "handle", "xavier.y@xyz.example", &[], &[]),
        one("the start of a handle", "handle", "im:xavier.y", &[], &[]),
        one("a handle that only exact searches find", "handle", "mimi://xyz.example/u/yolanda", &[YOLANDA], &[]),
        one("a nickname", "nick", "Xav", &[XAVIER], &[]),
        one("the other nickname", "nick", "salesman", &[XAVIER], &[]),
        one("the user part of a handle", "nick", "xavier.y", &[XAVIER], &[]),
        one("the user part of a handle that is a MIMI URI", "nick", "yolanda", &[YOLANDA], &[]),
        one("a nickname in another case", "nick", "xav", &[], &[]),
        one("a part of a nickname", "nick", "sales", &[], &[]),
        one("a whole handle is no nickname", "nick", "im:xavier.y@xyz.example", &[], &[]),
        one("an email address", "email", "xy@xyz.example", &[XAVIER], &[]),
        one("an email address in another case", "email", "XY@xyz.example", &[], &[]),
        one("an email address with angle brackets", "email", "<xy@xyz.example>", &[], &[]),
        one("a telephone number", "phone", "+12125551212", &[XAVIER], &[]),
        one("a telephone number without its plus sign", "phone", "12125551212", &[], &[]),
        one("a telephone number with spaces", "phone", "+1 212 555 1212", &[], &[]),
        one("a number in the profile that is not in international form", "phone", "12125551214", &[], &[]),
        one("the start of a name", "partialName", "matt", &[MATT], &[]),
        one("the middle of a name", "partialName", "THEW", &[MATT], &[]),
        one("a name outside ASCII in another case", "partialName", "élan", &[MATT], &[]),
        one("a name in a claim", "partialName", "xav", &[XAVIER], &[]),
        one("a nickname is no name", "partialName", "salesman", &[], &[]),
        one("an organization is no name", "partialName", "Acme", &[], &[]),
        one("a part of anything", "wholeProfile", "xyz.example", &[XAVIER], &[]),
        one("a part of anything in another case", "wholeProfile", "XYZ.example", &[], &[]),
        one("a part of a number, which one of two users lets be found", "wholeProfile", "1255512", &[MATT], &[]),
        one(
            "the whole of a field that only exact searches find",
            "wholeProfile",
            "mimi://xyz.example/u/yolanda",
            &[YOLANDA],
            &[],
        ),
        one("a claim", "oidcStdClaim:given_name", "Xavier", &[XAVIER], &[]),
        one("a claim in another case", "oidcStdClaim:given_name", "xavier", &[], &[]),
        one("a part of a claim", "oidcStdClaim:given_name", "Xavi", &[], &[]),
        one("the value of another claim", "oidcStdClaim:given_name", "Young", &[], &[]),
        one("a property that two users have", "vcardField:ORG", "Acme", &[XAVIER, MATT], org),
        one("the name of a property in lower case", "vcardField:title", "Sales", &[XAVIER], &[]),
        one("a property in another case", "vcardField:ORG", "acme", &[], &[]),
    ]
}

fn others() -> Vec<Case> {
    let hidden =
        |comment: &str, search: &str, value: &str| finds("Hidden", comment, policy(), &[(search, value)], &[], &[]);
    let and = |comment: &str, elements: &[(&str, &str)], users: &[&str], more: &[(u8, &str, &[u8])]| {
        finds("And", comment, policy(), elements, users, more)
    };
    let org: &[(u8, &str, &[u8])] = &[(8, "ORG", b"Acme")];
    vec![
        hidden("the exact handle of a user who is not searchable", "handle", "im:zach@xyz.example"),
        hidden("a handle that nobody has", "handle", "im:nobody@xyz.example"),
        hidden("the user part of a hidden handle", "nick", "zach"),
        hidden("the name of a user who is found by handle only", "partialName", "yolanda"),
        hidden("a part of a handle that only exact searches find", "wholeProfile", "yolanda"),
        hidden("a hidden number of a user who can be found otherwise", "phone", "+12125551213"),
        hidden("a hidden claim of a user who can be found otherwise", "oidcStdClaim:birthdate", "1970-01-01"),
        hidden("a part of a hidden claim", "wholeProfile", "1970"),
        and(
            "given and family name",
            &[("oidcStdClaim:given_name", "Xavier"), ("oidcStdClaim:family_name", "Young")],
            &[XAVIER],
            &[],
        ),
        and(
            "given name and organization",
            &[("oidcStdClaim:given_name", "Xavier"), ("vcardField:ORG", "Acme")],
            &[XAVIER],
            org,
        ),
        and(
            "the first of two elements does not match",
            &[("oidcStdClaim:given_name", "Yves"), ("vcardField:ORG", "Acme")],
            &[],
            &[],
        ),
        and(
            "the last of two elements does not match",
            &[("vcardField:ORG", "Acme"), ("oidcStdClaim:given_name", "Yves")],
            &[],
            &[],
        ),
        and("the elements match different users", &[("nick", "Xav"), ("partialName", "matthew")], &[], &[]),
        and("two nicknames of one user", &[("nick", "Xav"), ("nick", "salesman")], &[XAVIER], &[]),
        and(
            "one element matches what is hidden",
            &[("nick", "Xav"), ("oidcStdClaim:birthdate", "1970-01-01")],
            &[],
            &[],
        ),
    ]
}

fn codes() -> Vec<Case> {
    let long = "x".repeat(65);
    let exact = |fields: Value| policy_with("exact", fields);
    let names = json!([["handle"], ["oidcStdClaim:given_name", "oidcStdClaim:family_name"]]);
    let org: &[(u8, &str, &[u8])] = &[(8, "ORG", b"Acme")];
    vec![
        code(3, "no element", policy(), &[]),
        code(3, "an empty value", policy(), &[("handle", "")]),
        code(3, "an empty value that would be a part of everything", policy(), &[("wholeProfile", "")]),
        code(3, "one empty value of two", policy(), &[("nick", "Xav"), ("partialName", "")]),
        code(3, "a part of a name of two octets", policy(), &[("partialName", "ma")]),
        code(3, "a value of 65 octets", policy(), &[("nick", &long)]),
        code(3, "four elements", policy(), &[("nick", "Xav"); 4]),
        code(
            3,
            "a field that is forbidden",
            policy_with("forbidden", json!(["wholeProfile"])),
            &[("wholeProfile", "Acme")],
        ),
        code(
            3,
            "a property that is forbidden, in lower case",
            policy_with("forbidden", json!(["vcardField:ORG"])),
            &[("vcardField:org", "Acme")],
        ),
        code(3, "nothing is supported", policy_with("supported", json!([])), &[("nick", "Xav")]),
        code(
            4,
            "a field that is not supported",
            policy_with("supported", json!(["nick"])),
            &[("handle", "im:zach@xyz.example")],
        ),
        code(4, "one of two fields is not supported", policy(), &[("nick", "Xav"), ("vcardField:NOTE", "x")]),
        code(4, "a claim that is not supported", policy(), &[("oidcStdClaim:website", "https://x.example")]),
        code(
            4,
            "a claim that is no standard claim, whatever the policy says",
            policy_with("supported", json!(["oidcStdClaim:shoe_size"])),
            &[("oidcStdClaim:shoe_size", "46")],
        ),
        code(2, "a handle or both names are needed", exact(names.clone()), &[("partialName", "Xavier")]),
        code(2, "one name of two is there", exact(names.clone()), &[("oidcStdClaim:given_name", "Xavier")]),
        code(
            2,
            "more than one user matches, and no more than one may",
            exact(json!([["vcardField:ORG"]])),
            &[("vcardField:ORG", "Acme")],
        ),
        finds(
            "Code",
            "the handle is there",
            exact(names.clone()),
            &[("handle", "im:xavier.y@xyz.example")],
            &[XAVIER],
            &[],
        ),
        finds(
            "Code",
            "both names are there",
            exact(names.clone()),
            &[("oidcStdClaim:family_name", "Young"), ("oidcStdClaim:given_name", "Xavier")],
            &[XAVIER],
            &[],
        ),
        finds(
            "Hidden",
            "the exact handle of a user who is not searchable, where handles are asked for",
            exact(names),
            &[("handle", "im:zach@xyz.example")],
            &[],
            &[],
        ),
        finds(
            "Code",
            "no more users than the policy allows",
            policy_with("maxResults", json!(1)),
            &[("vcardField:ORG", "Acme")],
            &[XAVIER],
            org,
        ),
    ]
}
