//! The components of draft-ietf-mimi-room-policy-03 sections 3 to 6: octets, meaning, and what breaks them. Section 7 is in
//! [`operational`].

mod operational;

use anyhow::{Context as _, Result};
use mimi_arch::revisions;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::layout::{self, Part, Struct, opaque, vector};
use super::rules::{NOT_UTF8, PRESENCE_INVALID, TRAILING, TRUNCATED};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

macro_rules! sections {
    ($($name:ident = $section:literal;)+) => {
        $(const $name: &str = concat!("draft-ietf-mimi-room-policy-03 section ", $section);)+
    };
}
sections! {
    S3 = "3"; S5 = "5"; S61 = "6.1"; S62 = "6.2"; S63 = "6.3"; S64 = "6.4"; S65 = "6.5"; S66 = "6.6"; S67 = "6.7"; S68 = "6.8";
    S811 = "8.1.1";
}

const BOOL: Rule = Rule("bool-invalid", S5);
const OPTIONALITY: Rule = Rule("optionality-invalid", S61);
const ROLE_TWICE: Rule = Rule("role-twice", S3);
const OPEN_JOIN: Rule = Rule("open-join-outside-role-zero", S811);
const PARENT_MISSING: Rule = Rule("parent-missing", S5);
const PARENT_UNEXPECTED: Rule = Rule("parent-unexpected", S5);
const SEVERAL_PARENTS: Rule = Rule("several-parents", S5);
const LINK_EMPTY: Rule = Rule("join-link-empty", S62);
const LINK_FORM: Rule = Rule("code-link-form", S62);
const AUTODETECT: Rule = Rule("autodetect-required", S63);
const PROXY_MISSING: Rule = Rule("preview-proxy-missing", S63);
const SEVERAL_PROXIES: Rule = Rule("several-preview-proxies", S63);
const UPLOAD_LOCATION: Rule = Rule("upload-location-invalid", S64);
const DOWNLOAD_TYPE: Rule = Rule("download-type-invalid", S64);
const DOMAIN: Rule = Rule("domain-invalid", S64);
const PROVIDER_TWICE: Rule = Rule("upload-provider-twice", S64);
const HUB_NOT_ALONE: Rule = Rule("upload-hub-not-alone", S64);
const CONTRADICTORY: Rule = Rule("download-type-contradictory", S64);
const DEFAULT_NOT_ALLOWED: Rule = Rule("download-default-not-allowed", S64);
const LOGGING_CLIENT: Rule = Rule("logging-client-missing", S65);
const SHARED_BY_OUTSIDER: Rule = Rule("history-shared-by-outsider", S66);
const LOCAL_BOT: Rule = Rule("local-bot-has-role", S67);
const BOUNDS: Rule = Rule("expiration-bounds-crossed", S68);
const DEFAULT_OUTSIDE: Rule = Rule("expiration-default-outside", S68);

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![
        roles_list()?,
        preauth_list()?,
        base_room_policy()?,
        status_notification()?,
        join_link_policy()?,
        join_links()?,
        join_links_update()?,
        code_link()?,
        link_preview()?,
        asset()?,
        logging()?,
        history()?,
        bots()?,
        expiration()?,
        operational::build()?,
    ])
}

/// A value in both forms.
type Both = (Part, Value);

/// A struct in both forms, out of its fields in order.
fn of<const N: usize>(fields: [(&str, Both); N]) -> (Struct, Value) {
    let (mut octets, mut meaning) = (Struct::new(), Map::new());
    for (name, (part, value)) in fields {
        octets = octets.add(name, part);
        meaning.insert(name.to_owned(), value);
    }
    (octets, Value::Object(meaning))
}

/// A struct as a field of another one.
fn inner((octets, meaning): (Struct, Value)) -> Both {
    (Part::Struct(octets), meaning)
}

fn bool(value: bool) -> Both {
    (layout::u8(value.into()), value.into())
}

fn u32(value: u32) -> Both {
    (layout::u32(value), value.into())
}

fn u64(value: u64) -> Both {
    (layout::u64(value), value.into())
}

fn text(value: &str) -> Both {
    (opaque(value.as_bytes()), value.into())
}

fn list(items: Vec<Both>) -> Both {
    let (parts, values): (Vec<Part>, Vec<Value>) = items.into_iter().unzip();
    (vector(parts), values.into())
}

fn optional(value: Option<Both>) -> Both {
    match value {
        None => (layout::optional(None), Value::Null),
        Some((part, value)) => (layout::optional(Some(part)), value),
    }
}

/// `optional`, `required` or `forbidden`.
fn optionality(name: &str) -> Both {
    let value = ["optional", "required", "forbidden"].iter().position(|known| *known == name).unwrap_or_default();
    (layout::u8(u8::try_from(value).unwrap_or_default()), name.into())
}

/// A struct and what follows it, as one.
fn and((octets, meaning): (Struct, Value), (more, others): (Struct, Value)) -> (Struct, Value) {
    let mut meaning = meaning;
    if let (Some(meaning), Some(others)) = (meaning.as_object_mut(), others.as_object()) {
        meaning.extend(others.clone());
    }
    (octets.add_all(more), meaning)
}

fn good(comment: &str, (octets, meaning): &(Struct, Value)) -> Case {
    valid(comment, octets, meaning.clone())
}

/// The booleans of a component with values that are none.
fn bad_bools(usual: &Struct, paths: &[&str]) -> Result<Vec<Case>> {
    paths
        .iter()
        .map(|path| replaced(&format!("{path} is 2"), "UnknownValue", BOOL, usual, path, layout::u8(2)))
        .collect()
}

fn bad_optionality(usual: &Struct, paths: &[&str]) -> Result<Vec<Case>> {
    paths
        .iter()
        .map(|path| replaced(&format!("{path} is 3"), "UnknownValue", OPTIONALITY, usual, path, layout::u8(3)))
        .collect()
}

/// A component's file. `Forbidden` and `UnknownValue` are noted where a case has them.
fn file(name: &str, r#type: &str, number: &str, section: &str, header: &str, cases: Vec<Case>) -> Result<Built> {
    let mut file = FileBuilder::new("mimi-room-policy", revisions::ROOM_POLICY, name, r#type, number).header(header);
    file = wire::valid_note(wire::notes(file), section);
    if cases.iter().any(|case| case.has_flag("UnknownValue")) {
        file = wire::unknown_value_note(file, section);
    }
    if cases.iter().any(|case| case.has_flag("Forbidden")) {
        file = file.note(
            "Forbidden",
            BugType::MissingCheck,
            section,
            "values that the draft does not allow",
            Some("hub and clients follow different policies, each believing that it is the room's"),
        );
    }
    file.group(GROUP_TYPE, cases).finish()
}

fn role(
    index: u32,
    name: &str,
    capabilities: &[u16],
    limits: [Option<u32>; 2],
    changes: &[(u32, &[u32])],
) -> (Struct, Value) {
    let capability = |value: &u16| (layout::u16(*value), (*value).into());
    let change = |(from, targets): &(u32, &[u32])| {
        inner(of([
            ("from_role_index", u32(*from)),
            ("target_role_indexes", list(targets.iter().map(|target| u32(*target)).collect())),
        ]))
    };
    of([
        ("role_index", u32(index)),
        ("role_name", text(name)),
        ("role_description", text("")),
        ("role_capabilities", list(capabilities.iter().map(capability).collect())),
        ("minimum_participants_constraint", u32(0)),
        ("maximum_participants_constraint", optional(limits[0].map(u32))),
        ("minimum_active_participants_constraint", u32(1)),
        ("maximum_active_participants_constraint", optional(limits[1].map(u32))),
        ("authorized_role_changes", list(changes.iter().map(change).collect())),
    ])
}

fn roles(list_of: Vec<(Struct, Value)>) -> (Struct, Value) {
    of([("roles", list(list_of.into_iter().map(inner).collect()))])
}

fn roles_list() -> Result<Built> {
    let nobody = || role(0, "", &[0x0004], [None, Some(0)], &[(0, &[2])]);
    let user =
        |capabilities: &[u16]| role(2, "m\u{e9}mbre", capabilities, [Some(100), None], &[(2, &[0]), (0, &[2, 3])]);
    let usual = roles(vec![nobody(), user(&[0x0100, 0x0101])]);
    let mut cases = vec![
        good("two roles; canOpenJoin on role zero", &usual),
        good("no roles", &roles(vec![])),
        good(
            "unknown capabilities and ones for private use are kept",
            &roles(vec![user(&[0x0012, 0x0fff, 0xf000, 0xffff])]),
        ),
        good(
            "indexes with gaps, in no order, and repeated capabilities",
            &roles(vec![role(0xffff_ffff, "last", &[1, 1, 0], [None, None], &[(0, &[]), (0, &[5, 5])]), nobody()]),
        ),
        good("the banned role", &roles(vec![role(1, "banned", &[], [None, Some(0)], &[])])),
    ];
    cases.extend(wire::malformed(&usual.0, "roles", "roles/1/role_capabilities")?);
    let twice = roles(vec![user(&[]), nobody(), user(&[])]).0;
    cases.push(broken("a role index twice", "Forbidden", ROLE_TWICE, &twice, "roles/2")?);
    let misplaced = roles(vec![nobody(), user(&[0x0100, 0x0004])]).0;
    cases.push(broken("canOpenJoin on role 2", "Forbidden", OPEN_JOIN, &misplaced, "roles/1")?);
    let path = "roles/0/maximum_participants_constraint/presence";
    cases.push(replaced("a presence octet of 2", "UnknownValue", PRESENCE_INVALID, &usual.0, path, layout::u8(2))?);
    let at = usual.0.offset("roles/1/role_name/content").unwrap_or_default();
    let spoilt = usual.0.clone().replace("roles/1/role_name", opaque(&[b'm', 0xc3, b'm', b'b', b'r', b'e', b's']));
    cases.push(
        Case::invalid("a name that is not UTF-8", "Forbidden", NOT_UTF8.at(at + 1)).octets("encoded", &spoilt.octets()),
    );
    file(
        "roles-list",
        "RoleData",
        "3",
        S3,
        "The data of component 0x0025, and its update, which replaces the data.",
        cases,
    )
}

fn claim(credential_type: u16, id: &[u8], value: &[u8]) -> Both {
    let octets = |octets: &[u8]| (opaque(octets), Value::from(hex::encode(octets)));
    inner(of([
        (
            "claim_id",
            inner(of([
                ("credential_type", (layout::u16(credential_type), credential_type.into())),
                ("id", octets(id)),
            ])),
        ),
        ("claim_value", octets(value)),
    ]))
}

fn preauth_list() -> Result<Built> {
    let entries = |list_of: Vec<(Vec<Both>, (Struct, Value))>| {
        let entry = |(claims, target): (Vec<Both>, (Struct, Value))| {
            inner(of([("claimset", list(claims)), ("target_role", inner(target))]))
        };
        of([("preauthorized_entries", list(list_of.into_iter().map(entry).collect()))])
    };
    let user = || role(2, "user", &[0x0005], [None, None], &[]);
    let usual = entries(vec![
        (vec![claim(2, &[0x55, 0x04, 0x0a], b"Example"), claim(0xf005, b"dept", b"hr")], user()),
        (vec![], role(3, "guest", &[], [Some(5), None], &[])),
    ]);
    let mut cases = vec![
        good("two claims of two types, then an entry for everyone", &usual),
        good("no entries", &entries(vec![])),
        good("a claim without an identifier and without a value", &entries(vec![(vec![claim(0, b"", b"")], user())])),
    ];
    cases.extend(wire::malformed(&usual.0, "preauthorized_entries", "preauthorized_entries")?);
    let open = entries(vec![(vec![], role(2, "user", &[0x0004], [None, None], &[]))]).0;
    cases.push(broken(
        "a role 2 with canOpenJoin",
        "Forbidden",
        OPEN_JOIN,
        &open,
        "preauthorized_entries/0/target_role",
    )?);
    let section = "draft-ietf-mimi-room-policy-03 section 4";
    file(
        "preauth-list",
        "PreAuthData",
        "4",
        section,
        "The data of component 0x0026, and its update, which replaces the data.",
        cases,
    )
}

fn base_room_policy() -> Result<Built> {
    let base = |fixed, parents: &[&str], limits: [Option<u32>; 2], ids: &[u16]| {
        let id = |value: &u16| (layout::u16(*value), (*value).into());
        of([
            ("fixed_membership", bool(fixed)),
            ("parent_dependant", bool(!parents.is_empty())),
            ("parent_room", list(parents.iter().map(|parent| text(parent)).collect())),
            ("multi_device", bool(true)),
            ("max_clients", optional(limits[0].map(u32))),
            ("max_users", optional(limits[1].map(u32))),
            ("pseudonyms_allowed", bool(false)),
            ("persistent_room", bool(true)),
            ("discoverable", bool(false)),
            ("policy_component_ids", list(ids.iter().map(id).collect())),
        ])
    };
    let usual = base(true, &["mimi://a.example/r/parent"], [Some(1000), Some(0)], &[0x0025, 0x0026, 0xf00d]);
    let mut cases = vec![
        good("fixed membership, a parent room, both limits", &usual),
        good("nothing set but one component", &base(false, &[], [None, None], &[0x0025])),
        good("no components", &base(false, &[], [None, Some(0xffff_ffff)], &[])),
    ];
    cases.extend(wire::malformed(&usual.0, "policy_component_ids", "parent_room")?);
    cases.extend(bad_bools(
        &usual.0,
        &[
            "fixed_membership",
            "parent_dependant",
            "multi_device",
            "pseudonyms_allowed",
            "persistent_room",
            "discoverable",
        ],
    )?);
    cases.push(replaced(
        "parent-dependent without a parent",
        "Forbidden",
        PARENT_MISSING,
        &usual.0,
        "parent_room",
        vector([]),
    )?);
    let alone = usual.0.clone().replace("parent_dependant", layout::u8(0));
    cases.push(broken("a parent, and not parent-dependent", "Forbidden", PARENT_UNEXPECTED, &alone, "parent_room")?);
    let two = base(false, &["m:a", "m:b"], [None, None], &[]).0;
    cases.push(broken("two parents", "Forbidden", SEVERAL_PARENTS, &two, "parent_room/1")?);
    file(
        "base-room-policy",
        "BaseRoomPolicy",
        "5",
        S5,
        "The data of component 0x0027, and its update, which replaces the data.",
        cases,
    )
}

fn status_notification() -> Result<Built> {
    let policy =
        |delivery, read| of([("delivery_notifications", optionality(delivery)), ("read_receipts", optionality(read))]);
    let mut cases: Vec<Case> = ["optional", "required", "forbidden"]
        .into_iter()
        .flat_map(|delivery| ["optional", "required", "forbidden"].map(|read| (delivery, read)))
        .map(|(delivery, read)| good(&format!("delivery {delivery}, read {read}"), &policy(delivery, read)))
        .collect();
    let usual = policy("optional", "required").0;
    cases.extend(bad_optionality(&usual, &["delivery_notifications", "read_receipts"])?);
    // There is no vector to spoil.
    let octets = usual.octets();
    cases.push(Case::invalid("no octets at all", "Truncated", super::rules::TRUNCATED.at(0)).octets("encoded", &[]));
    cases.push(
        Case::invalid("one octet", "Truncated", super::rules::TRUNCATED.at(1))
            .octets("encoded", octets.get(..1).unwrap_or_default()),
    );
    cases.push(
        Case::invalid("three octets", "Trailing", super::rules::TRAILING.at(2))
            .octets("encoded", &[&octets[..], &[0]].concat()),
    );
    let file = FileBuilder::new(
        "mimi-room-policy",
        revisions::ROOM_POLICY,
        "status-notification-policy",
        "StatusNotificationPolicy",
        "6.1",
    )
    .header("The data of component 0x0028, and its update, which replaces the data.")
    .note("Truncated", BugType::MissingCheck, "RFC 9420 section 2.1", "the octets end too early", None)
    .note("Trailing", BugType::Malleability, "RFC 9420 section 2.1", "octets follow the end", None);
    wire::unknown_value_note(wire::valid_note(file, S61), S61).group(GROUP_TYPE, cases).finish()
}

fn join_link_policy() -> Result<Built> {
    let policy = |on_request, link: &str, multiuser, seconds| {
        of([
            ("on_request", bool(on_request)),
            ("join_link", text(link)),
            ("multiuser", bool(multiuser)),
            ("expiration", u32(seconds)),
        ])
    };
    let usual = policy(true, "https://a.example/join", false, 3600);
    let mut cases = vec![
        good("links are asked for at a URI", &usual),
        good("no URI; links for several users that never end soon", &policy(false, "", true, 0xffff_ffff)),
        good("links that are valid for no time", &policy(false, "", false, 0)),
    ];
    cases.extend(wire::malformed(&usual.0, "expiration", "join_link")?);
    cases.extend(bad_bools(&usual.0, &["on_request", "multiuser"])?);
    file(
        "join-link-policy",
        "JoinLinkPolicy",
        "6.2",
        S62,
        "The data of component 0x0029, and its update, which replaces the data.",
        cases,
    )
}

fn link(octets: &[u8]) -> Both {
    (opaque(octets), hex::encode(octets).into())
}

fn join_links() -> Result<Built> {
    let links = |links: &[&[u8]]| of([("join_links", list(links.iter().map(|octets| link(octets)).collect()))]);
    let usual = links(&[b"https://a.example/j/1", &[0xff, 0x00]]);
    let mut cases = vec![
        good("two links, one of them no text", &usual),
        good("no links", &links(&[])),
        good("the same link twice", &links(&[b"a", b"a"])),
    ];
    cases.extend(wire::malformed(&usual.0, "join_links", "join_links/0")?);
    cases.push(broken("an empty link", "Forbidden", LINK_EMPTY, &links(&[b"a", b""]).0, "join_links/1")?);
    file("join-links", "JoinLinksData", "6.2", S62, "The data of component 0x002A.", cases)
}

fn join_links_update() -> Result<Built> {
    let update = |removed: &[u32], added: &[&[u8]]| {
        of([
            ("removedIndices", list(removed.iter().map(|index| u32(*index)).collect())),
            ("added_links", list(added.iter().map(|octets| link(octets)).collect())),
        ])
    };
    let usual = update(&[2, 0], &[b"new"]);
    let mut cases = vec![good("two go, one comes", &usual), good("nothing changes", &update(&[], &[]))];
    cases.extend(wire::malformed(&usual.0, "added_links", "removedIndices")?);
    cases.push(broken("an empty link is added", "Forbidden", LINK_EMPTY, &update(&[], &[b""]).0, "added_links/0")?);
    file("join-links-update", "JoinLinksUpdate", "6.2", S62, "The update of component 0x002A.", cases)
}

/// What opens a link, for the vectors.
const CODE: &[u8] = &[0xc0; 16];

fn code_link() -> Result<Built> {
    let digest = |code: &[u8]| -> [u8; 32] {
        Sha256::new().chain_update(b"MIMI joining code").chain_update(code).finalize().into()
    };
    let link = |role, multiuser, not_after, code: &[u8]| {
        let digest = digest(code);
        of([
            ("form", (layout::u8(1), 1.into())),
            ("role", u32(role)),
            ("multiuser", bool(multiuser)),
            ("notAfter", u64(not_after)),
            ("digest", (layout::raw(digest), hex::encode(digest).into())),
        ])
    };
    let usual = link(2, false, 1_800_000_000, CODE);
    let opened = |case: Case, code: &[u8]| case.octets("code", code);
    let octets = usual.0.octets();
    let without_last = octets.get(..octets.len() - 1).unwrap_or_default();
    let digest_at = usual.0.offset("digest").context("a link has a digest")?;
    let mut cases = vec![
        opened(good("for one user", &usual), CODE),
        opened(good("for several users, by a code of another length", &link(7, true, u64::MAX, b"abc")), b"abc"),
        opened(good("by the empty code", &link(2, false, 0, b"")), b""),
        Case::invalid("no octets at all", "Truncated", TRUNCATED.at(0)).octets("encoded", &[]),
        Case::invalid("the last octet of the digest is missing", "Truncated", TRUNCATED.at(digest_at))
            .octets("encoded", without_last),
        Case::invalid("one octet too many", "Trailing", TRAILING.at(octets.len()))
            .octets("encoded", &[&octets[..], &[0]].concat()),
    ];
    for form in [0, 2, 255] {
        cases.push(replaced(&format!("form {form}"), "UnknownValue", LINK_FORM, &usual.0, "form", layout::u8(form))?);
    }
    cases.extend(bad_bools(&usual.0, &["multiuser"])?);
    let header = "What stands in a JoinLink of the component 0x002A by interpretation IRP-70; the draft leaves it open. `code` opens the link.";
    let file = FileBuilder::new("mimi-room-policy", revisions::ROOM_POLICY, "code-link", "CodeLink", "6.2")
        .header(header)
        .note("Truncated", BugType::MissingCheck, "RFC 9420 section 2.1", "the octets end too early", None)
        .note("Trailing", BugType::Malleability, "RFC 9420 section 2.1", "octets follow the end", None);
    wire::unknown_value_note(wire::valid_note(file, S62), S62).group(GROUP_TYPE, cases).finish()
}

fn link_preview() -> Result<Built> {
    let policy = |autodetect, send, automatic, proxy_use, proxies: Option<&[&str]>| {
        let start = of([
            ("autodetect_hyperlinks_in_text", optionality(autodetect)),
            ("send_link_previews", optionality(send)),
            ("automatic_link_previews", optionality(automatic)),
            ("link_preview_proxy_use", optionality(proxy_use)),
        ]);
        match proxies {
            None => start,
            Some(proxies) => {
                and(start, of([("link_preview_proxy", list(proxies.iter().map(|proxy| text(proxy)).collect()))]))
            }
        }
    };
    let usual = policy("optional", "required", "forbidden", "required", Some(&["https://p.example"]));
    let mut cases = vec![
        good("previews through a proxy", &usual),
        good(
            "the proxy is optional",
            &policy("forbidden", "optional", "required", "optional", Some(&["https://p.example"])),
        ),
        good("no proxy, no field for it", &policy("optional", "forbidden", "forbidden", "forbidden", None)),
    ];
    cases.extend(wire::malformed(&usual.0, "link_preview_proxy", "link_preview_proxy")?);
    cases.extend(bad_optionality(&usual.0, &["send_link_previews", "automatic_link_previews"])?);
    cases.push(replaced(
        "detecting links is required",
        "Forbidden",
        AUTODETECT,
        &usual.0,
        "autodetect_hyperlinks_in_text",
        layout::u8(1),
    )?);
    for proxy_use in ["optional", "required"] {
        let none = policy("optional", "optional", "optional", proxy_use, Some(&[])).0;
        cases.push(broken(
            &format!("the proxy is {proxy_use}, and there is none"),
            "Forbidden",
            PROXY_MISSING,
            &none,
            "link_preview_proxy",
        )?);
    }
    let two = policy("optional", "optional", "optional", "required", Some(&["p:a", "p:b"])).0;
    cases.push(broken("two proxies", "Forbidden", SEVERAL_PROXIES, &two, "link_preview_proxy/1")?);
    file(
        "link-preview-policy",
        "LinkPreviewPolicy",
        "6.3",
        S63,
        "The data of component 0x002B, and its update, which replaces the data.",
        cases,
    )
}

fn media_type(name: &str) -> Both {
    inner(of([("type", text(name)), ("parameters", list(vec![]))]))
}

fn asset() -> Result<Built> {
    let names = |value: u8, names: [&str; 3]| -> Both {
        (layout::u8(value), names.get(usize::from(value)).copied().unwrap_or("").into())
    };
    let location = |value| names(value, ["unspecified", "localProvider", "hub"]);
    let way = |value| names(value, ["direct", "hubProxy", "ohttp"]);
    let ways = |values: &[u8]| list(values.iter().map(|value| way(*value)).collect());
    let policy =
        |place, providers: &[&str], allowed: &[u8], forbidden: &[u8], default, permitted: Option<Vec<Both>>| {
            let provider = |provider: &&str| {
                let destinations = list(vec![text("up.a.example"), text("cdn.example")]);
                inner(of([("provider", text(provider)), ("asset_upload_destinations", destinations)]))
            };
            let privacy = of([
                ("allowed_download_types", ways(allowed)),
                ("forbidden_download_types", ways(forbidden)),
                ("default_download_type", way(default)),
            ]);
            of([
                ("asset_upload_location", location(place)),
                ("upload_domains", list(providers.iter().map(provider).collect())),
                ("download_privacy", inner(privacy)),
                ("max_image", u64(1)),
                ("max_audio", u64(2)),
                ("max_video", u64(0xffff_ffff_ffff)),
                ("max_attachment", u64(0)),
                ("forbidden_media_types", list(vec![media_type("text/html")])),
                ("permitted_media_types", optional(permitted.map(list))),
            ])
        };
    let some = || Some(vec![media_type("image/png"), media_type("text/plain")]);
    let usual = policy(1, &["a.example", "b.example"], &[1, 2], &[0], 2, some());
    let mut cases = vec![
        good("uploads to the local provider", &usual),
        good("uploads to the hub", &policy(2, &["a.example"], &[1], &[], 1, None)),
        good("uploads anywhere, nothing permitted", &policy(0, &[], &[0], &[], 0, Some(vec![]))),
    ];
    cases.extend(wire::malformed(&usual.0, "permitted_media_types/value", "upload_domains")?);
    let mut bad = |comment: &str, flag: &str, rule, path: &str, part: Part| -> Result<()> {
        cases.push(replaced(comment, flag, rule, &usual.0, path, part)?);
        Ok(())
    };
    bad("an upload location of 3", "UnknownValue", UPLOAD_LOCATION, "asset_upload_location", layout::u8(3))?;
    bad(
        "a download type of 3",
        "UnknownValue",
        DOWNLOAD_TYPE,
        "download_privacy/default_download_type",
        layout::u8(3),
    )?;
    bad("a provider in capitals", "Forbidden", DOMAIN, "upload_domains/1/provider", opaque(b"B.example"))?;
    bad(
        "a destination with a port",
        "Forbidden",
        DOMAIN,
        "upload_domains/0/asset_upload_destinations/0",
        opaque(b"a.example:8443"),
    )?;
    let twice = policy(1, &["a.example", "a.example"], &[1], &[], 1, None).0;
    cases.push(broken("a provider twice", "Forbidden", PROVIDER_TWICE, &twice, "asset_upload_location")?);
    for (comment, providers) in [
        ("uploads to the hub, and nobody listed", &[][..]),
        ("uploads to the hub, and two listed", &["a.example", "b.example"][..]),
    ] {
        let policy = policy(2, providers, &[1], &[], 1, None).0;
        cases.push(broken(comment, "Forbidden", HUB_NOT_ALONE, &policy, "asset_upload_location")?);
    }
    let both = policy(1, &["a.example"], &[1, 2], &[2], 1, None).0;
    cases.push(broken("ohttp is allowed and forbidden", "Forbidden", CONTRADICTORY, &both, "download_privacy")?);
    let other = policy(1, &["a.example"], &[1], &[], 2, None).0;
    cases.push(broken("the default is not allowed", "Forbidden", DEFAULT_NOT_ALLOWED, &other, "download_privacy")?);
    file(
        "asset-policy",
        "AssetPolicy",
        "6.4",
        S64,
        "The data of component 0x002C, and its update, which replaces the data.",
        cases,
    )
}

fn logging() -> Result<Built> {
    let policy = |name, clients: &[&str], machine: &str, human: &str| {
        let clients = list(clients.iter().map(|client| text(client)).collect());
        let terms = of([
            ("logging_clients", clients),
            ("machine_readable_policy", text(machine)),
            ("human_readable_policy", text(human)),
        ]);
        and(of([("logging", optionality(name))]), terms)
    };
    let usual = policy("required", &["mimi://a.example/d/log"], "https://a.example/p.json", "https://a.example/p");
    let mut cases = vec![
        good("logging is required", &usual),
        good("logging is optional and nobody logs", &policy("optional", &[], "", "")),
        good("two logging clients", &policy("optional", &["m:a", "m:b"], "", "https://a.example/p")),
        good("logging is forbidden; nothing follows", &of([("logging", optionality("forbidden"))])),
    ];
    cases.extend(wire::malformed(&usual.0, "human_readable_policy", "logging_clients")?);
    cases.extend(bad_optionality(&usual.0, &["logging"])?);
    cases.push(broken(
        "logging is required and nobody logs",
        "Forbidden",
        LOGGING_CLIENT,
        &policy("required", &[], "", "").0,
        "logging",
    )?);
    file(
        "logging-policy",
        "LoggingPolicy",
        "6.5",
        S65,
        "The data of component 0x002D, and its update, which replaces the data.",
        cases,
    )
}

fn history() -> Result<Built> {
    let policy = |name, roles: &[u32], automatic, seconds| {
        let roles = list(roles.iter().map(|role| u32(*role)).collect());
        let terms = of([
            ("roles_that_can_share", roles),
            ("automatically_share", bool(automatic)),
            ("max_time_period", u32(seconds)),
        ]);
        and(of([("history_sharing", optionality(name))]), terms)
    };
    let usual = policy("optional", &[3, 4], true, 86_400);
    let mut cases = vec![
        good("two roles may share a day", &usual),
        good("sharing is required, by nobody", &policy("required", &[], false, 0)),
        good("sharing is forbidden; nothing follows", &of([("history_sharing", optionality("forbidden"))])),
    ];
    cases.extend(wire::malformed(&usual.0, "max_time_period", "roles_that_can_share")?);
    cases.extend(bad_optionality(&usual.0, &["history_sharing"])?);
    cases.extend(bad_bools(&usual.0, &["automatically_share"])?);
    for outsider in [0, 1] {
        let policy = policy("optional", &[2, outsider], true, 1).0;
        cases.push(broken(
            &format!("role {outsider} may share"),
            "Forbidden",
            SHARED_BY_OUTSIDER,
            &policy,
            "roles_that_can_share",
        )?);
    }
    file(
        "history-policy",
        "HistoryPolicy",
        "6.6",
        S66,
        "The data of component 0x002E, and its update, which replaces the data.",
        cases,
    )
}

fn bots() -> Result<Built> {
    let bot = |name: &str, homepage: &str, local, role| {
        inner(of([
            ("name", text(name)),
            ("description", text("deals cards")),
            ("homepage", text(homepage)),
            ("local_client_bot", bool(local)),
            ("bot_role_index", u32(role)),
            ("can_target_message_in_group", bool(true)),
            ("per_user_content", bool(true)),
        ]))
    };
    let policy = |bots: Vec<Both>| of([("allowed_bots", list(bots))]);
    let usual = policy(vec![bot("poker", "https://bots.example/poker", false, 4)]);
    let mut cases = vec![
        good("one bot with a role", &usual),
        good("no bots", &policy(vec![])),
        good(
            "a local bot and one that is no participant, both without a homepage",
            &policy(vec![bot("local", "", true, 0), bot("hook", "", false, 0)]),
        ),
    ];
    cases.extend(wire::malformed(&usual.0, "allowed_bots", "allowed_bots/0/homepage")?);
    cases.extend(bad_bools(
        &usual.0,
        &[
            "allowed_bots/0/local_client_bot",
            "allowed_bots/0/can_target_message_in_group",
            "allowed_bots/0/per_user_content",
        ],
    )?);
    let local = policy(vec![bot("local", "", true, 2)]).0;
    cases.push(broken("a local bot with role 2", "Forbidden", LOCAL_BOT, &local, "allowed_bots/0/bot_role_index")?);
    file(
        "bot-policy",
        "BotPolicy",
        "6.7",
        S67,
        "The data of component 0x002F, and its update, which replaces the data.",
        cases,
    )
}

fn expiration() -> Result<Built> {
    let policy = |name, shortest, longest, default: Option<u32>| {
        let terms = of([
            ("min_expiration_duration", u32(shortest)),
            ("max_expiration_duration", u32(longest)),
            ("default_expiration_duration", optional(default.map(u32))),
        ]);
        and(of([("expiring_messages", optionality(name))]), terms)
    };
    let usual = policy("required", 60, 86_400, Some(3_600));
    let mut cases = vec![
        good("between a minute and a day", &usual),
        good("no preferred time", &policy("optional", 0, 0xffff_ffff, None)),
        good("one time only", &policy("optional", 60, 60, Some(60))),
        good("forbidden; nothing follows", &of([("expiring_messages", optionality("forbidden"))])),
    ];
    let octets = usual.0.octets();
    cases.push(Case::invalid("no octets at all", "Truncated", super::rules::TRUNCATED.at(0)).octets("encoded", &[]));
    let at = usual.0.offset("default_expiration_duration/value").unwrap_or_default();
    cases.push(
        Case::invalid("the last octet is missing", "Truncated", super::rules::TRUNCATED.at(at))
            .octets("encoded", octets.get(..octets.len() - 1).unwrap_or_default()),
    );
    cases.push(
        Case::invalid("one octet too many", "Trailing", super::rules::TRAILING.at(octets.len()))
            .octets("encoded", &[&octets[..], &[0]].concat()),
    );
    cases.push(
        Case::invalid("something follows forbidden", "Trailing", super::rules::TRAILING.at(1))
            .octets("encoded", &[2, 0, 0, 0, 0]),
    );
    cases.extend(bad_optionality(&usual.0, &["expiring_messages"])?);
    let path = "default_expiration_duration/presence";
    cases.push(replaced("a presence octet of 2", "UnknownValue", PRESENCE_INVALID, &usual.0, path, layout::u8(2))?);
    cases.push(broken(
        "the shortest is longer than the longest",
        "Forbidden",
        BOUNDS,
        &policy("optional", 61, 60, None).0,
        "min_expiration_duration",
    )?);
    for default in [59, 61] {
        let policy = policy("optional", 60, 60, Some(default)).0;
        cases.push(broken(
            &format!("60 seconds only, {default} preferred"),
            "Forbidden",
            DEFAULT_OUTSIDE,
            &policy,
            "min_expiration_duration",
        )?);
    }
    let file =
        FileBuilder::new("mimi-room-policy", revisions::ROOM_POLICY, "message-expiration", "MessageExpiration", "6.8")
            .header("The data of component 0x0030, and its update, which replaces the data.")
            .note("Truncated", BugType::MissingCheck, "RFC 9420 section 2.1", "the octets end too early", None)
            .note("Trailing", BugType::Malleability, "RFC 9420 section 2.1", "octets follow the end", None)
            .note("Forbidden", BugType::MissingCheck, S68, "values that the draft does not allow", None);
    wire::unknown_value_note(wire::valid_note(file, S68), S68).group(GROUP_TYPE, cases).finish()
}
