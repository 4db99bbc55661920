//! Which fields an element matches.

use mimi_arch::UserUri;
use proptest::prelude::*;

use super::{claim, element, every_field, vcard};
use crate::identifier_query::{Field, FieldKind, Profile, QueryElement, SearchField, Searchable};

/// A profile as a list.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) uri: UserUri,
    pub(super) fields: Vec<(FieldKind<'static>, String, Searchable)>,
}

impl Profile for Listed {
    fn stable_uri(&self) -> &UserUri {
        &self.uri
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().map(|(kind, value, searchable)| Field { kind: *kind, value, searchable: *searchable })
    }
}

fn matches(search: &QueryElement, kind: FieldKind<'_>, value: &str, searchable: Searchable) -> bool {
    search.matches_field(&Field { kind, value, searchable })
}

/// Checks that an element matches a value or not, and never one that is not searchable.
fn check(search: SearchField, sought: &str, kind: FieldKind<'_>, value: &str, expected: bool) {
    let search = element(search, sought);
    assert_eq!(matches(&search, kind, value, Searchable::InPart), expected, "{search:?} in {kind:?} {value:?}");
    assert!(!matches(&search, kind, value, Searchable::No), "{search:?} in {kind:?} {value:?}");
}

#[test]
fn a_handle_matches_as_a_whole() {
    // req: MP06-5.8-08
    let handle = "im:alice.smith@a.example";
    check(SearchField::Handle, handle, FieldKind::Handle, handle, true);
    for other in [
        "alice.smith",
        "alice.smith@a.example",
        "IM:alice.smith@a.example",
        "im:alice.smith@a.exampl",
        " im:alice.smith@a.example",
    ] {
        check(SearchField::Handle, other, FieldKind::Handle, handle, false);
    }
    check(SearchField::Handle, handle, FieldKind::Nick, handle, false);
    check(SearchField::Handle, handle, FieldKind::Email, handle, false);
}

#[test]
fn a_nick_matches_nicknames_and_the_user_part_of_handles() {
    // req: MP06-5.8-09
    let nick = || SearchField::Nick;
    check(nick(), "alice.smith", FieldKind::Nick, "alice.smith", true);
    check(nick(), "alice.smith", FieldKind::Handle, "im:alice.smith@a.example", true);
    check(nick(), "alice.smith", FieldKind::Handle, "mimi://a.example/u/alice.smith", true);
    check(nick(), "ally", FieldKind::OidcStdClaim("nickname"), "ally", true);
    check(nick(), "ally", FieldKind::VcardField("nickName"), "ally", true);
    check(nick(), "a@b", FieldKind::Handle, "xmpp:a@b@a.example", true);
    for (kind, value) in [
        (FieldKind::Nick, "Alice.Smith"),
        (FieldKind::Nick, "alice.smithy"),
        (FieldKind::Handle, "alice.smith"),
        (FieldKind::Handle, "im:alice.smith"),
        (FieldKind::Handle, "mimi://a.example/r/alice.smith"),
        (FieldKind::Handle, "mimi:alice.smith@a.example"),
        (FieldKind::Handle, ""),
        (FieldKind::Email, "alice.smith"),
        (FieldKind::Email, "alice.smith@a.example"),
        (FieldKind::Name, "alice.smith"),
    ] {
        check(nick(), "alice.smith", kind, value, false);
    }
}

#[test]
fn email_addresses_and_telephone_numbers_match_exactly() {
    // req: MP06-5.8-10, MP06-5.8-11
    check(SearchField::Email, "asmith@a.example", FieldKind::Email, "asmith@a.example", true);
    check(SearchField::Email, "asmith@a.example", FieldKind::OidcStdClaim("email"), "asmith@a.example", true);
    check(SearchField::Email, "asmith@a.example", FieldKind::VcardField("EMAIL"), "asmith@a.example", true);
    for other in ["asmith", "ASmith@a.example", "<asmith@a.example>", "asmith@a.example "] {
        check(SearchField::Email, other, FieldKind::Email, "asmith@a.example", false);
    }
    check(SearchField::Phone, "+12125551212", FieldKind::Phone, "+12125551212", true);
    check(SearchField::Phone, "+12125551212", FieldKind::OidcStdClaim("phone_number"), "+12125551212", true);
    check(SearchField::Phone, "+12125551212", FieldKind::VcardField("TEL"), "+12125551212", true);
    for other in
        ["12125551212", "+1 212 555 1212", "+1-212-555-1212", "2125551212", "+", "+012125551212", "+1212555121"]
    {
        check(SearchField::Phone, other, FieldKind::Phone, "+12125551212", false);
        let same = other == "+1212555121";
        check(SearchField::Phone, other, FieldKind::Phone, other, same);
    }
    check(SearchField::Phone, "+12125551212", FieldKind::Email, "+12125551212", false);
}

#[test]
fn a_part_of_a_name_matches_in_any_case_in_fields_with_names() {
    // req: MP06-5.8-12
    let name = || SearchField::PartialName;
    for value in ["Matt", "Matthew", "Mathias", "Mathieu", "Mather", "Matali", "MATT", "Format"] {
        check(name(), "mat", FieldKind::Name, value, true);
        check(name(), "MAT", FieldKind::OidcStdClaim("given_name"), value, true);
    }
    for kind in [
        FieldKind::OidcStdClaim("name"),
        FieldKind::OidcStdClaim("family_name"),
        FieldKind::OidcStdClaim("middle_name"),
        FieldKind::VcardField("FN"),
        FieldKind::VcardField("n"),
    ] {
        check(name(), "mat", kind, "Mather", true);
    }
    check(name(), "mat", FieldKind::Name, "Maat", false);
    for kind in [
        FieldKind::Nick,
        FieldKind::Handle,
        FieldKind::Email,
        FieldKind::VcardField("ORG"),
        FieldKind::OidcStdClaim("nickname"),
    ] {
        check(name(), "mat", kind, "matt", false);
    }
}

#[test]
fn case_is_ignored_character_by_character() {
    // req: MP06-5.8-12
    for (sought, value, expected) in [
        ("éLODIE", "Élodie", true),
        ("ΟΔΥΣ", "Οδυσσεας", true),
        ("ΟΔΟΣ", "οδος", false),
        ("strasse", "Straße", false),
        ("i\u{307}", "\u{130}", true),
        ("i", "\u{130}", true),
        ("e\u{301}", "é", false),
        ("АННА", "анна", true),
    ] {
        check(SearchField::PartialName, sought, FieldKind::Name, value, expected);
    }
}

#[test]
fn the_whole_profile_is_searched_for_a_part_of_any_field() {
    // req: MP06-5.8-13
    for kind in [
        FieldKind::Handle,
        FieldKind::Nick,
        FieldKind::Email,
        FieldKind::Phone,
        FieldKind::Name,
        FieldKind::OidcStdClaim("website"),
        FieldKind::VcardField("ORG"),
    ] {
        check(SearchField::WholeProfile, "exam", kind, "b.example", true);
        check(SearchField::WholeProfile, "b.example", kind, "b.example", true);
        check(SearchField::WholeProfile, "Exam", kind, "b.example", false);
        check(SearchField::WholeProfile, "b.example2", kind, "b.example", false);
    }
}

#[test]
fn claims_and_properties_match_exactly_and_under_their_name_only() {
    // req: MP06-5.8-14
    check(claim("given_name"), "Matt", FieldKind::OidcStdClaim("given_name"), "Matt", true);
    check(claim("given_name"), "matt", FieldKind::OidcStdClaim("given_name"), "Matt", false);
    check(claim("given_name"), "Mat", FieldKind::OidcStdClaim("given_name"), "Matt", false);
    check(claim("Given_Name"), "Matt", FieldKind::OidcStdClaim("given_name"), "Matt", false);
    check(claim("family_name"), "Matt", FieldKind::OidcStdClaim("given_name"), "Matt", false);
    check(claim("given_name"), "Matt", FieldKind::Name, "Matt", false);
    check(claim("ORG"), "Acme", FieldKind::VcardField("ORG"), "Acme", false);
    check(vcard("ORG"), "Acme", FieldKind::VcardField("ORG"), "Acme", true);
    check(vcard("org"), "Acme", FieldKind::VcardField("ORG"), "Acme", true);
    check(vcard("ORG"), "acme", FieldKind::VcardField("ORG"), "Acme", false);
    check(vcard("TITLE"), "Acme", FieldKind::VcardField("ORG"), "Acme", false);
    check(vcard("given_name"), "Matt", FieldKind::OidcStdClaim("given_name"), "Matt", false);
}

#[test]
fn a_field_that_is_searchable_exactly_is_not_found_by_a_part() {
    // req: MP06-5.8-15
    for (search, kind) in [(SearchField::PartialName, FieldKind::Name), (SearchField::WholeProfile, FieldKind::Handle)]
    {
        let whole = element(search.clone(), "im:yolanda@xyz.example");
        assert!(matches(&whole, kind, "im:yolanda@xyz.example", Searchable::Exactly));
        let part = element(search, "yolanda");
        assert!(!matches(&part, kind, "im:yolanda@xyz.example", Searchable::Exactly));
    }
    let name = element(SearchField::PartialName, "yolanda");
    assert!(matches(&name, FieldKind::Name, "Yolanda", Searchable::Exactly));
}

#[test]
fn an_empty_value_matches_nothing() {
    for search in every_field() {
        for kind in [FieldKind::Handle, FieldKind::Nick, FieldKind::Name, FieldKind::OidcStdClaim("given_name")] {
            check(search.clone(), "", kind, "", false);
            check(search.clone(), "", kind, "x", false);
        }
        check(search, "", FieldKind::Handle, "im:@a.example", false);
    }
}

proptest! {
    #[test]
    fn a_name_is_found_by_each_of_its_parts_in_either_case(name in "\\PC{1,12}", from in 0usize..12, length in 1usize..12) {
        // req: MP06-5.8-12, MP06-5.8-13
        let part: String = name.chars().skip(from).take(length).collect();
        prop_assume!(!part.is_empty());
        for (search, sought) in [
            (SearchField::PartialName, part.clone()),
            (SearchField::PartialName, part.chars().flat_map(char::to_lowercase).collect()),
            (SearchField::WholeProfile, part.clone()),
        ] {
            prop_assert!(matches(&element(search, &sought), FieldKind::Name, &name, Searchable::InPart));
        }
    }

    #[test]
    fn exact_searches_find_the_very_value_and_nothing_else(sought in "[a-c]{1,3}", value in "[a-c]{1,3}") {
        // req: MP06-5.8-08, MP06-5.8-09, MP06-5.8-10, MP06-5.8-14
        for (search, kind) in [
            (SearchField::Handle, FieldKind::Handle),
            (SearchField::Nick, FieldKind::Nick),
            (SearchField::Email, FieldKind::Email),
            (claim("sub"), FieldKind::OidcStdClaim("sub")),
            (vcard("ROLE"), FieldKind::VcardField("ROLE")),
        ] {
            for searchable in [Searchable::Exactly, Searchable::InPart] {
                prop_assert_eq!(matches(&element(search.clone(), &sought), kind, &value, searchable), sought == value);
            }
        }
    }
}
