//! Which answer a query has.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::matching::Listed;
use super::{claim, element, every_field, request, vcard};
use crate::codec::Wire;
use crate::identifier_query::{
    FieldKind, FieldSource, IdentifierQueryCode as Code, IdentifierRequest, IdentifierResponse, QueryElement,
    SearchField, SearchPolicy, Searchable, StandardClaims, answer,
};

fn policy() -> SearchPolicy {
    SearchPolicy::supporting(every_field())
}

fn user(name: &str, fields: &[(FieldKind<'static>, &str, Searchable)]) -> Listed {
    Listed {
        uri: format!("mimi://xyz.example/u/{name}").parse().unwrap(),
        fields: fields.iter().map(|(kind, value, searchable)| (*kind, (*value).to_owned(), *searchable)).collect(),
    }
}

/// The three users of the draft's example.
fn users() -> Vec<Listed> {
    use FieldKind::{Handle, Name, OidcStdClaim, VcardField};
    use Searchable::{Exactly, InPart, No};
    vec![
        user(
            "1",
            &[
                (Handle, "im:xavier@xyz.example", InPart),
                (OidcStdClaim("given_name"), "Xavier", InPart),
                (OidcStdClaim("family_name"), "Young", InPart),
                (VcardField("ORG"), "Acme", InPart),
                (FieldKind::Phone, "+12125551212", No),
            ],
        ),
        user("2", &[(Handle, "im:yolanda@xyz.example", Exactly), (Name, "Yolanda Young", No)]),
        user("3", &[(Handle, "im:zach@xyz.example", No), (Name, "Zach Young", No), (VcardField("ORG"), "Acme", No)]),
    ]
}

fn ask(policy: &SearchPolicy, elements: Vec<QueryElement>) -> (Code, Vec<String>) {
    let response = answer(&request(elements), policy, &users());
    response.to_bytes().expect("every answer can be written");
    let named: Vec<String> = response.uri.iter().map(|uri| uri.as_str().to_owned()).collect();
    assert_eq!(named, response.found_profiles.iter().map(|p| p.stable_uri.as_str().to_owned()).collect::<Vec<_>>());
    (response.response_code, named.iter().map(|uri| uri.rsplit('/').next().unwrap().to_owned()).collect())
}

fn code(policy: &SearchPolicy, elements: Vec<QueryElement>) -> Code {
    ask(policy, elements).0
}

#[test]
fn the_three_users_of_the_example_are_found_as_they_wish() {
    // req: MP06-5.8-15, MP06-5.8-16, MP06-5.8-17
    let one = |field, value| ask(&policy(), vec![element(field, value)]);
    let only = |number: &str| (Code::Success, vec![number.to_owned()]);
    let nobody = (Code::NotFound, vec![]);
    for name in ["Xavier", "xav", "YOUNG"] {
        assert_eq!(one(SearchField::PartialName, name), only("1"), "{name}");
    }
    assert_eq!(one(SearchField::Handle, "im:xavier@xyz.example"), only("1"));
    assert_eq!(one(SearchField::WholeProfile, "xyz.example"), only("1"));
    assert_eq!(one(SearchField::Handle, "im:yolanda@xyz.example"), only("2"));
    assert_eq!(one(SearchField::PartialName, "yolanda"), nobody);
    assert_eq!(one(SearchField::Handle, "im:zach@xyz.example"), nobody);
    assert_eq!(one(SearchField::WholeProfile, "zach"), nobody);
    assert_eq!(one(SearchField::Phone, "+12125551212"), nobody);
    assert_eq!(one(SearchField::Handle, "im:nobody@xyz.example"), nobody);
}

#[test]
fn all_elements_have_to_match() {
    // req: MP06-5.8-04
    let given = |name| element(claim("given_name"), name);
    let org = |name| element(vcard("ORG"), name);
    assert_eq!(code(&policy(), vec![given("Xavier"), org("Acme")]), Code::Success);
    assert_eq!(code(&policy(), vec![given("Xavier"), org("Other")]), Code::NotFound);
    assert_eq!(code(&policy(), vec![given("Xaver"), org("Acme")]), Code::NotFound);
    let hidden = element(SearchField::Phone, "+12125551212");
    assert_eq!(code(&policy(), vec![given("Xavier"), hidden]), Code::NotFound);
}

#[test]
fn queries_that_would_match_everybody_or_are_too_large_are_forbidden() {
    // req: MP06-5.8-17
    assert_eq!(code(&policy(), vec![]), Code::Forbidden);
    for field in every_field() {
        assert_eq!(code(&policy(), vec![element(field.clone(), "")]), Code::Forbidden);
        assert_eq!(code(&policy(), vec![element(field.clone(), &"x".repeat(257))]), Code::Forbidden);
        assert_eq!(code(&policy(), vec![element(field.clone(), &"x".repeat(1 << 20))]), Code::Forbidden);
        assert_eq!(code(&policy(), vec![element(field.clone(), &"x".repeat(256))]), Code::NotFound);
        let short = element(field.clone(), "xy");
        let partial = matches!(field, SearchField::PartialName | SearchField::WholeProfile);
        assert_eq!(code(&policy(), vec![short]), if partial { Code::Forbidden } else { Code::NotFound });
        assert_eq!(code(&policy(), vec![element(field.clone(), "xyz!"); 8]), Code::NotFound);
        assert_eq!(code(&policy(), vec![element(field, "xyz!"); 9]), Code::Forbidden);
    }
    let many = vec![element(SearchField::Nick, "x"); 100_000];
    assert_eq!(code(&policy(), many), Code::Forbidden);
    let no_least = SearchPolicy { min_partial_octets: 0, ..policy() };
    assert_eq!(code(&no_least, vec![element(SearchField::WholeProfile, "")]), Code::Forbidden);
}

#[test]
fn fields_outside_the_policy_are_unsupported_or_forbidden() {
    // req: MP06-5.8-17
    let some = SearchPolicy::supporting([SearchField::Handle, vcard("ORG"), claim("given_name"), claim("shoe_size")]);
    for field in [SearchField::Email, vcard("TITLE"), vcard(""), claim("family_name"), claim("shoe_size"), claim("")] {
        assert_eq!(code(&some, vec![element(field, "xyz")]), Code::UnsupportedField);
    }
    assert_eq!(code(&some, vec![element(vcard("org"), "Acme")]), Code::Success);
    let mut forbidding = policy();
    forbidding.forbidden = BTreeSet::from([SearchField::WholeProfile, vcard("org")]);
    assert_eq!(code(&forbidding, vec![element(SearchField::WholeProfile, "xyz")]), Code::Forbidden);
    assert_eq!(code(&forbidding, vec![element(vcard("ORG"), "Acme")]), Code::Forbidden);
    assert_eq!(code(&forbidding, vec![element(SearchField::Handle, "im:xavier@xyz.example")]), Code::Success);
    for nothing in
        [SearchPolicy::default(), SearchPolicy { forbidden: every_field().into_iter().collect(), ..policy() }]
    {
        assert_eq!(code(&nothing, vec![element(SearchField::Handle, "im:xavier@xyz.example")]), Code::Forbidden);
        assert_eq!(code(&nothing, vec![element(claim("shoe_size"), "x")]), Code::Forbidden);
    }
}

#[test]
fn a_provider_can_insist_on_exact_fields_that_single_a_user_out() {
    // req: MP06-5.8-17
    let mut insisting = policy();
    insisting.supported.insert(claim("family_name"));
    insisting.exact = vec![
        BTreeSet::from([SearchField::Handle]),
        BTreeSet::from([claim("given_name"), claim("family_name")]),
        BTreeSet::from([vcard("org")]),
    ];
    let (given, family) = (element(claim("given_name"), "Xavier"), element(claim("family_name"), "Young"));
    assert_eq!(code(&insisting, vec![element(SearchField::PartialName, "Xavier")]), Code::Ambiguous);
    assert_eq!(code(&insisting, vec![given.clone()]), Code::Ambiguous);
    assert_eq!(code(&insisting, vec![family.clone()]), Code::Ambiguous);
    assert_eq!(code(&insisting, vec![given, family]), Code::Success);
    assert_eq!(code(&insisting, vec![element(SearchField::Handle, "im:xavier@xyz.example")]), Code::Success);
    assert_eq!(code(&insisting, vec![element(SearchField::Handle, "im:zach@xyz.example")]), Code::NotFound);
    // Zach's organization is the same and does not count.
    assert_eq!(code(&insisting, vec![element(vcard("ORG"), "Acme")]), Code::Success);
    let org = [(FieldKind::VcardField("ORG"), "Acme", Searchable::Exactly)];
    let two = [user("1", &org), user("2", &org)];
    let response = answer(&request(vec![element(vcard("ORG"), "Acme")]), &insisting, &two);
    assert_eq!(response, IdentifierResponse::nobody(Code::Ambiguous));
    let never = SearchPolicy { exact: vec![BTreeSet::from([SearchField::PartialName])], ..policy() };
    assert_eq!(code(&never, vec![element(SearchField::PartialName, "Xavier")]), Code::Ambiguous);
}

#[test]
fn no_more_users_are_named_than_the_policy_allows() {
    // req: MP06-5.8-16
    let many: Vec<Listed> =
        (0..100).map(|number| user(&number.to_string(), &[(FieldKind::Name, "Matt", Searchable::InPart)])).collect();
    let query = request(vec![element(SearchField::PartialName, "mat")]);
    for (max_results, named) in [(0, 0), (1, 1), (7, 7), (1000, 100)] {
        let response = answer(&query, &SearchPolicy { max_results, ..policy() }, &many);
        assert_eq!((response.uri.len(), response.found_profiles.len()), (named, named));
        response.to_bytes().unwrap();
    }
}

#[test]
fn an_answer_tells_what_may_be_searched_in_part_and_what_was_asked_for() {
    // req: MP06-5.8-15, MP06-5.8-19, MP06-5.8-20
    use Searchable::{Exactly, InPart, No};
    let one = user(
        "1",
        &[
            (FieldKind::OidcStdClaim("given_name"), "Xavier", InPart),
            (FieldKind::VcardField("TITLE"), "Sales", InPart),
            (FieldKind::VcardField("TEL"), "+12125551212", Exactly),
            (FieldKind::VcardField("ORG"), "Acme", Exactly),
            (FieldKind::OidcStdClaim("birthdate"), "1970-01-01", No),
            (FieldKind::Nick, "xav", InPart),
        ],
    );
    let told = |elements| {
        let response = answer(&request(elements), &policy(), [&one]);
        let fields = response.found_profiles[0].fields.iter();
        fields.map(|f| (f.field_source, f.field_name.clone())).collect::<Vec<_>>()
    };
    let given = (FieldSource::OidcStdClaim, "given_name".to_owned());
    let property = |name: &str| (FieldSource::VcardField, name.to_owned());
    let name = || element(SearchField::PartialName, "xav");
    assert_eq!(told(vec![name()]), [given.clone(), property("TITLE")]);
    let both = vec![name(), element(vcard("ORG"), "Acme")];
    assert_eq!(told(both), [given.clone(), property("TITLE"), property("ORG")]);
    let phone = vec![element(SearchField::Phone, "+12125551212")];
    assert_eq!(told(phone), [given, property("TITLE"), property("TEL")]);
}

#[test]
fn a_field_that_is_searchable_exactly_is_told_only_in_the_spelling_that_was_asked_for() {
    // req: MP06-5.8-15
    let one = user("1", &[(FieldKind::VcardField("FN"), "McKay", Searchable::Exactly)]);
    let fields = |sought| {
        let response = answer(&request(vec![element(SearchField::PartialName, sought)]), &policy(), [&one]);
        assert_eq!(response.response_code, Code::Success);
        response.found_profiles[0].fields.len()
    };
    assert_eq!((fields("McKay"), fields("MCKAY")), (1, 0));
}

#[test]
fn there_are_twenty_standard_claims() {
    // req: MP06-5.8-14
    assert!(StandardClaims::contains("given_name") && !StandardClaims::contains("Given_Name"));
    assert_eq!(StandardClaims::NAMES.iter().collect::<BTreeSet<_>>().len(), 20);
}

fn kind() -> impl Strategy<Value = FieldKind<'static>> {
    prop::sample::select(vec![
        FieldKind::Handle,
        FieldKind::Nick,
        FieldKind::Email,
        FieldKind::Phone,
        FieldKind::Name,
        FieldKind::OidcStdClaim("given_name"),
        FieldKind::VcardField("ORG"),
    ])
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", "aB", "im:a@b", "+1", "+12"]).prop_map(str::to_owned)
}

fn population() -> impl Strategy<Value = Vec<Listed>> {
    let searchable = prop::sample::select(vec![Searchable::No, Searchable::Exactly, Searchable::InPart]);
    vec(vec((kind(), value(), searchable), 0..5), 0..6).prop_map(|users| {
        let named = users.into_iter().enumerate();
        named.map(|(number, fields)| Listed { fields, ..user(&number.to_string(), &[]) }).collect()
    })
}

fn query() -> impl Strategy<Value = IdentifierRequest> {
    vec((prop::sample::select(every_field()), value()), 0..3)
        .prop_map(|all| request(all.into_iter().map(|(field, value)| element(field, &value)).collect()))
}

fn any_policy() -> impl Strategy<Value = SearchPolicy> {
    let fields = || prop::sample::subsequence(every_field(), 0..=8);
    let few = || prop::sample::subsequence(every_field(), 0..=2);
    (fields(), few(), vec(few(), 0..2), 0usize..4).prop_map(|(supported, forbidden, exact, max_results)| SearchPolicy {
        forbidden: forbidden.into_iter().collect(),
        exact: exact.into_iter().map(|fields| fields.into_iter().collect()).collect(),
        max_results,
        min_partial_octets: 1,
        ..SearchPolicy::supporting(supported)
    })
}

proptest! {
    #[test]
    fn nobody_can_tell_what_is_not_searchable_from_what_is_not_there(
        users in population(), query in query(), policy in any_policy()
    ) {
        // req: MP06-5.8-15
        let before = answer(&query, &policy, &users);
        prop_assert!(before.to_bytes().is_ok());
        let mut bare = users;
        for user in &mut bare {
            user.fields.retain(|(_, _, searchable)| *searchable != Searchable::No);
        }
        prop_assert_eq!(&answer(&query, &policy, &bare), &before);
        bare.retain(|user| !user.fields.is_empty());
        prop_assert_eq!(&answer(&query, &policy, &bare), &before);
    }

    #[test]
    fn another_element_never_finds_more(users in population(), query in query(), more in query()) {
        // req: MP06-5.8-04
        let policy = SearchPolicy { min_partial_octets: 1, ..policy() };
        let fewer = answer(&query, &policy, &users);
        let mut both = query.clone();
        both.query_elements.extend(more.query_elements);
        let both = answer(&both, &policy, &users);
        if !query.query_elements.is_empty() {
            prop_assert!(both.uri.iter().all(|uri| fewer.uri.contains(uri)));
        }
    }
}
