//! Which texts are MIMI URIs, what they normalise to, and where the others fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeSet, HashSet};

use mimi_arch::{
    ClientUri, Domain, GroupUri, MAX_URI, MimiUri, ProviderUri, PseudonymUri, RoomUri, TeamUri, UriError, UriKind,
    UriRule, UserUri, revisions,
};

/// Kind, text and its normal form.
const VALID: &[(UriKind, &str, &str)] = &[
    (UriKind::Provider, "mimi://a.example", "mimi://a.example"),
    (UriKind::Provider, "MiMi://A.EXAMPLE", "mimi://a.example"),
    (UriKind::Provider, "mimi://localhost", "mimi://localhost"),
    (UriKind::Provider, "mimi://xn--mnchen-3ya.example", "mimi://xn--mnchen-3ya.example"),
    (UriKind::Provider, "mimi://1.2.3.4a", "mimi://1.2.3.4a"),
    (UriKind::User, "mimi://a.example/u/alice", "mimi://a.example/u/alice"),
    (
        UriKind::User,
        "mimi://irc.example.com/u/jcapulet1583@example.com",
        "mimi://irc.example.com/u/jcapulet1583@example.com",
    ),
    (UriKind::User, "mimi://local.invalid/u/alice.smith", "mimi://local.invalid/u/alice.smith"),
    (UriKind::User, "mimi://a.example/%75/%61lice%2dx", "mimi://a.example/u/alice-x"),
    (UriKind::User, "mimi://a.example/u/j%c3%bcrgen%2f1", "mimi://a.example/u/j%C3%BCrgen%2F1"),
    (UriKind::User, "mimi://a.example/u/-._~!$&'()*+,;=:@", "mimi://a.example/u/-._~!$&'()*+,;=:@"),
    (UriKind::User, "mimi://a.example/u/...", "mimi://a.example/u/..."),
    (UriKind::Pseudonym, "mimi://a.example/p/crazykoala75", "mimi://a.example/p/crazykoala75"),
    (UriKind::Client, "mimi://a.example/d/ClientA1", "mimi://a.example/d/ClientA1"),
    (UriKind::Client, "mimi://a.example/d/alice/ClientA1", "mimi://a.example/d/alice/ClientA1"),
    (UriKind::Room, "mimi://a.example/r/clubhouse", "mimi://a.example/r/clubhouse"),
    (UriKind::Group, "mimi://a.example/g/TII9t5viBrXiXc", "mimi://a.example/g/TII9t5viBrXiXc"),
    (UriKind::Team, "mimi://a.example/t/engineering", "mimi://a.example/t/engineering"),
];

/// A text with `^` before the octet at which it breaks the rule.
const INVALID: &[(UriRule, &str)] = &[
    (UriRule::SchemeNotMimi, "^"),
    (UriRule::SchemeNotMimi, "^https://a.example/u/alice"),
    (UriRule::SchemeNotMimi, "mimi^s://a.example"),
    (UriRule::SchemeNotMimi, "mim^"),
    (UriRule::SchemeNotMimi, "^ mimi://a.example"),
    (UriRule::AuthorityMissing, "mimi:^"),
    (UriRule::AuthorityMissing, "mimi:^a.example"),
    (UriRule::AuthorityMissing, "mimi:/^a.example/u/alice"),
    (UriRule::HostEmpty, "mimi://^"),
    (UriRule::HostEmpty, "mimi://^/u/alice"),
    (UriRule::HostEmpty, "mimi://^:443/u/alice"),
    (UriRule::UserinfoPresent, "mimi://^alice@a.example"),
    (UriRule::UserinfoPresent, "mimi://^@a.example"),
    (UriRule::UserinfoPresent, "mimi://^alice:secret@a.example:1"),
    (UriRule::HostIsAddress, "mimi://^[2001:db8::1]/u/alice"),
    (UriRule::HostIsAddress, "mimi://^192.0.2.1/u/alice"),
    (UriRule::HostIsAddress, "mimi://^127.1"),
    (UriRule::HostIsAddress, "mimi://^3221225985"),
    (UriRule::HostIsAddress, "mimi://^a.0x7F"),
    (UriRule::HostLabelEmpty, "mimi://^.a.example"),
    (UriRule::HostLabelEmpty, "mimi://a.^.example"),
    (UriRule::HostLabelEmpty, "mimi://a.example.^/u/alice"),
    (UriRule::HostCharacter, "mimi://a^_b.example"),
    (UriRule::HostCharacter, "mimi://^%61.example"),
    (UriRule::HostCharacter, "mimi://m^ünchen.example"),
    (UriRule::HostCharacter, "mimi://a^ .example"),
    (UriRule::HostLabelHyphen, "mimi://^-a.example"),
    (UriRule::HostLabelHyphen, "mimi://a^-.example"),
    (UriRule::PortPresent, "mimi://a.example^:443/u/alice"),
    (UriRule::PortPresent, "mimi://a.example^:"),
    (UriRule::SegmentEmpty, "mimi://a.example/^"),
    (UriRule::SegmentEmpty, "mimi://a.example/^/u/alice"),
    (UriRule::SegmentEmpty, "mimi://a.example/u/^"),
    (UriRule::SegmentEmpty, "mimi://a.example/u/^/alice"),
    (UriRule::SegmentEmpty, "mimi://a.example/u/alice/^"),
    (UriRule::SegmentEmpty, "mimi://a.example/d/alice/^"),
    (UriRule::SegmentMissing, "mimi://a.example/u^"),
    (UriRule::SegmentMissing, "mimi://a.example/d^"),
    (UriRule::SegmentMissing, "mimi://a.example/u^?x"),
    (UriRule::SegmentSurplus, "mimi://a.example/u/alice/^phone"),
    (UriRule::SegmentSurplus, "mimi://a.example/d/alice/phone/^x"),
    (UriRule::DiscriminatorUnknown, "mimi://a.example/^x/alice"),
    (UriRule::DiscriminatorUnknown, "mimi://a.example/^U/alice"),
    (UriRule::DiscriminatorUnknown, "mimi://a.example/^users/alice"),
    (UriRule::SegmentIsDots, "mimi://a.example/^../r/clubhouse"),
    (UriRule::SegmentIsDots, "mimi://a.example/u/^."),
    (UriRule::SegmentIsDots, "mimi://a.example/u/^.."),
    (UriRule::SegmentIsDots, "mimi://a.example/u/^%2e%2E"),
    (UriRule::SegmentIsDots, "mimi://a.example/d/^./phone"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/al^ ice"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/^ü"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/a^[b"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/a^\\b"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/a^\0"),
    (UriRule::SegmentCharacter, "mimi://a.example/u/a^\n"),
    (UriRule::PercentEncodingBroken, "mimi://a.example/u/a^%"),
    (UriRule::PercentEncodingBroken, "mimi://a.example/u/a^%4"),
    (UriRule::PercentEncodingBroken, "mimi://a.example/u/a^%4g"),
    (UriRule::PercentEncodingBroken, "mimi://a.example/u/a^%+41"),
    (UriRule::PercentEncodingBroken, "mimi://a.example/d/a^%/x"),
    (UriRule::PercentEncodingNotUtf8, "mimi://a.example/u/a^%FF"),
    (UriRule::PercentEncodingNotUtf8, "mimi://a.example/u/%C3%BC^%C3"),
    (UriRule::PercentEncodingNotUtf8, "mimi://a.example/u/^%C0%AF"),
    (UriRule::PercentEncodingNotUtf8, "mimi://a.example/u/^%ED%A0%80"),
    (UriRule::PercentEncodingNotUtf8, "mimi://a.example/d/^%C3/%BC"),
    (UriRule::NulOctet, "mimi://a.example/u/a^%00b"),
    (UriRule::QueryPresent, "mimi://a.example/u/alice^?x=1"),
    (UriRule::QueryPresent, "mimi://a.example^?"),
    (UriRule::QueryPresent, "mimi://a.example/u/alice^?x#y"),
    (UriRule::FragmentPresent, "mimi://a.example/u/alice^#x"),
    (UriRule::FragmentPresent, "mimi://a.example^#?"),
];

fn fault(text: &str) -> (UriRule, usize) {
    let error = text.parse::<MimiUri>().expect_err(text);
    (error.rule(), error.offset())
}

fn other_kind(expected: UriKind, found: UriKind) -> UriRule {
    UriRule::OtherKind { expected, found }
}

#[test]
fn every_form_of_the_identity_draft_is_read_and_brought_into_normal_form() {
    // req: ID05-4-01
    // req: ID05-4-02
    // req: ID05-4-03
    // req: ID05-4-04
    // req: ID05-4-05
    // req: ID05-4-06
    // req: ID05-4-07
    // req: ID05-4-08
    // req: ID05-4-09
    // req: ID05-4-10
    // req: ID05-4-12
    for (kind, text, normal) in VALID {
        let uri: MimiUri = text.parse().expect(text);
        assert_eq!(uri.kind(), *kind, "{text}");
        assert_eq!(uri.as_str(), *normal, "{text}");
        assert_eq!(uri.to_string(), *normal, "{text}");
        assert_eq!(uri, normal.parse().expect(normal), "{text}");
        assert_eq!(MimiUri::from_bytes(text.as_bytes()), Ok(uri), "{text}");
    }
}

#[test]
fn a_text_that_is_no_mimi_uri_is_refused_with_the_rule_and_the_place() {
    for (rule, marked) in INVALID {
        let offset = marked.find('^').expect(marked);
        let text = marked.replacen('^', "", 1);
        assert_eq!(fault(&text), (*rule, offset), "{marked}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let mut tested: HashSet<_> = INVALID.iter().map(|(rule, _)| std::mem::discriminant(rule)).collect();
    for rule in
        [UriRule::TooLong, UriRule::HostTooLong, UriRule::HostLabelTooLong, other_kind(UriKind::User, UriKind::Room)]
    {
        assert!(tested.insert(std::mem::discriminant(&rule)), "{rule}");
    }
    const RULES: usize = 24;
    assert_eq!(tested.len(), RULES);
}

#[test]
fn octets_that_are_not_utf8_are_refused_where_they_stand() {
    let error = UserUri::from_bytes(b"mimi://a.example/u/a\xff").unwrap_err();
    assert_eq!((error.rule(), error.offset()), (UriRule::SegmentCharacter, 20));
}

#[test]
fn a_uri_of_the_greatest_length_is_read_and_one_octet_more_is_refused() {
    let longest = format!("mimi://a.example/u/{}", "a".repeat(MAX_URI - 19));
    assert_eq!(longest.len(), MAX_URI);
    assert!(longest.parse::<UserUri>().is_ok());
    assert_eq!(fault(&format!("{longest}a")), (UriRule::TooLong, MAX_URI));
}

#[test]
fn a_label_of_63_octets_is_read_and_one_of_64_is_refused() {
    let label = "a".repeat(63);
    assert!(format!("mimi://{label}").parse::<ProviderUri>().is_ok());
    assert_eq!(fault(&format!("mimi://b.{label}a.example")), (UriRule::HostLabelTooLong, 9 + 63));
}

#[test]
fn a_host_of_253_octets_is_read_and_one_of_254_is_refused() {
    let label = "a".repeat(63);
    let host = [&label, &label, &label, &label[..61]].join(".");
    assert_eq!(host.len(), 253);
    assert!(format!("mimi://{host}").parse::<ProviderUri>().is_ok());
    assert_eq!(fault(&format!("mimi://{host}a/u/alice")), (UriRule::HostTooLong, 7 + 253));
}

#[test]
fn a_uri_of_another_kind_is_refused_at_its_first_path_segment() {
    let error = "mimi://a.example/r/clubhouse".parse::<UserUri>().unwrap_err();
    assert_eq!(error.offset(), 17);
    assert_eq!(error.rule(), other_kind(UriKind::User, UriKind::Room));
    assert_eq!(
        error.to_string(),
        "offset 17: this names a room where a user is required \
         (draft-mahy-mimi-identity-05 section 4)"
    );
}

#[test]
fn a_provider_where_a_room_is_required_is_refused_at_its_end() {
    let error = "mimi://a.example".parse::<RoomUri>().unwrap_err();
    assert_eq!(error.offset(), 16);
    assert_eq!(error.rule(), other_kind(UriKind::Room, UriKind::Provider));
}

#[test]
fn each_type_reads_its_own_kind_only() {
    for (kind, text, _) in VALID {
        let read = [
            (UriKind::Provider, text.parse::<ProviderUri>().is_ok()),
            (UriKind::User, text.parse::<UserUri>().is_ok()),
            (UriKind::Pseudonym, text.parse::<PseudonymUri>().is_ok()),
            (UriKind::Client, text.parse::<ClientUri>().is_ok()),
            (UriKind::Room, text.parse::<RoomUri>().is_ok()),
            (UriKind::Group, text.parse::<GroupUri>().is_ok()),
            (UriKind::Team, text.parse::<TeamUri>().is_ok()),
        ];
        for (reader, ok) in read {
            assert_eq!(ok, reader == *kind, "{text} read as {reader}");
        }
    }
}

#[test]
fn names_differ_by_case_and_by_percent_encoding_of_reserved_characters() {
    // req: AR02-2-01
    // req: AR02-2-07
    let texts = [
        "mimi://a.example/u/alice",
        "mimi://a.example/u/Alice",
        "mimi://a.example/u/alice@x",
        "mimi://a.example/u/alice%40x",
        "mimi://b.example/u/alice",
    ];
    let uris: BTreeSet<UserUri> = texts.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(uris.len(), texts.len());
}

#[test]
fn a_name_is_percent_encoded_when_a_uri_is_made_and_decoded_when_it_is_asked_for() {
    let domain: Domain = "A.Example".parse().unwrap();
    let user = UserUri::new(&domain, "Jürgen 100%/2@home").unwrap();
    assert_eq!(user.as_str(), "mimi://a.example/u/J%C3%BCrgen%20100%25%2F2@home");
    assert_eq!(user.name(), "Jürgen 100%/2@home");
    assert_eq!(user.domain(), &domain);
    assert_eq!(user.provider().as_str(), "mimi://a.example");
}

#[test]
fn a_uri_cannot_be_made_from_a_name_that_has_no_form() {
    let domain: Domain = "a.example".parse().unwrap();
    let rule = |name: &str| RoomUri::new(&domain, name).unwrap_err().rule();
    assert_eq!(rule(""), UriRule::SegmentEmpty);
    assert_eq!(rule("."), UriRule::SegmentIsDots);
    assert_eq!(rule(".."), UriRule::SegmentIsDots);
    assert_eq!(rule("a\0b"), UriRule::NulOctet);
    assert_eq!(rule(&"ü".repeat(400)), UriRule::TooLong);
}

#[test]
fn a_client_names_its_user_in_the_long_form_only() {
    // req: ID05-4-05
    // req: AR02-2-02
    let alice: UserUri = "mimi://a.example/u/alice%2F1".parse().unwrap();
    let long = ClientUri::of_user(&alice, "Client A1").unwrap();
    assert_eq!(long.as_str(), "mimi://a.example/d/alice%2F1/Client%20A1");
    assert_eq!(long.user(), Some(alice));
    assert_eq!(long.device(), "Client A1");

    let short = ClientUri::new(long.domain(), "Client A1").unwrap();
    assert_eq!(short.as_str(), "mimi://a.example/d/Client%20A1");
    assert_eq!(short.user(), None);
    assert_eq!(short.device(), "Client A1");
}

#[test]
fn the_group_of_a_room_has_the_same_name() {
    let room: RoomUri = "mimi://a.example/r/book%20club".parse().unwrap();
    assert_eq!(room.group().as_str(), "mimi://a.example/g/book%20club");
    assert_eq!(room.group().name(), "book club");
}

#[test]
fn a_provider_is_named_by_its_domain_alone() {
    // req: MP06-3-01
    let domain: Domain = "A.Example".parse().unwrap();
    let provider = ProviderUri::new(&domain);
    assert_eq!(provider.as_str(), "mimi://a.example");
    assert_eq!(Ok(provider), "mimi://A.example".parse());
}

#[test]
fn a_domain_is_a_bare_host_name_and_no_uri() {
    // req: MP06-3-02
    let fault = |text: &str| {
        let error = text.parse::<Domain>().expect_err(text);
        (error.rule(), error.offset())
    };
    assert_eq!(fault(""), (UriRule::HostEmpty, 0));
    assert_eq!(fault("a.example:443"), (UriRule::PortPresent, 9));
    assert_eq!(fault("mimi@a.example"), (UriRule::UserinfoPresent, 0));
    assert_eq!(fault("a.example/"), (UriRule::HostCharacter, 9));
    assert_eq!(fault("a.example."), (UriRule::HostLabelEmpty, 10));
    assert_eq!(fault("127.0.0.1"), (UriRule::HostIsAddress, 0));
}

#[test]
fn debug_output_shows_type_and_uri() {
    let room: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
    assert_eq!(format!("{room:?}"), "RoomUri(mimi://a.example/r/clubhouse)");
}

#[test]
fn an_error_cites_the_revision_that_is_followed() {
    let error: UriError = "mimi://a.example/x/y".parse::<MimiUri>().unwrap_err();
    assert_eq!(error.section(), format!("{} section 4", revisions::IDENTITY));
}

#[test]
fn the_groups_of_a_room_are_told_apart_by_their_number_and_from_those_of_other_rooms() {
    let room: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
    assert_eq!(room.group_id(1), b"mimi://a.example/g/clubhouse");
    assert_eq!(room.group_id(2), b"mimi://a.example/g/clubhouse#2");
    for number in [1, 2, 10, u32::MAX] {
        assert_eq!(room.group_number(&room.group_id(number)), Some(number));
    }
    for foreign in ["", "mimi://a.example/g/club", "mimi://a.example/g/clubhouse2", "mimi://b.example/g/clubhouse"] {
        assert_eq!(room.group_number(foreign.as_bytes()), None, "{foreign}");
    }
    for odd in ["#", "#0", "#1", "#02", "#+2", "#-2", "#2#2", "#4294967296", "#x"] {
        assert_eq!(room.group_number(format!("mimi://a.example/g/clubhouse{odd}").as_bytes()), None, "{odd}");
    }
}
