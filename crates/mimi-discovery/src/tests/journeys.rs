//! The seven user journeys of draft-interop-mimi-discovery-requirements-03 appendix B, each a test. Bob is found, Alice looks.

use std::collections::BTreeSet;

use super::*;
use crate::mapping::{EntryFlags, Tag};
use crate::record::Statement;
use crate::sealed::{Capability, SealedEntries};
use crate::selection::{Selection, Sender, select};

fn found(news: &[NewMapping], sender: &Sender) -> Selection {
    let records: Vec<_> = news.iter().map(|new| verified(mapping_record(1, &bob(), new))).collect();
    let mappings = records.iter().filter_map(|record| match record.statement() {
        Statement::Mapping(mapping) => Some(mapping),
        _ => None,
    });
    select(mappings, sender)
}

fn taken(news: &[NewMapping], sender: &Sender) -> String {
    match found(news, sender) {
        Selection::Entry { entry, .. } => entry.msp.to_string(),
        other => panic!("{other:?}"),
    }
}

fn tags(words: &[&str]) -> BTreeSet<Tag> {
    words.iter().map(|word| Tag::new(word).unwrap()).collect()
}

fn sealed_for(capability: &Capability, msp: &str) -> SealedEntries {
    SealedEntries::seal(&number(), capability, [3; 12], &[entry(msp, 0)]).unwrap()
}

#[test]
fn journey_1_bob_is_found_on_the_one_service_that_he_lists() {
    // req: UD03-17-01
    let only = [new_mapping("", 1, vec![entry("w.example", 0)])];
    assert_eq!(taken(&only, &Sender::default()), "w.example");
}

#[test]
fn journey_2_bob_is_found_only_by_those_who_use_the_same_service() {
    // req: UD03-17-02
    let mut same = entry("w.example", 0);
    same.flags = EntryFlags { same_service_only: true };
    let mappings = [new_mapping("", 1, vec![same])];
    let on = |service: &str| Sender { own_service: Some(domain(service)), ..Sender::default() };
    assert_eq!(taken(&mappings, &on("w.example")), "w.example");
    assert_eq!(found(&mappings, &on("a.example")), Selection::NotForThisSender);
    assert_eq!(found(&mappings, &Sender::default()), Selection::NotForThisSender);
}

#[test]
fn journey_3_of_ten_entries_the_same_one_is_taken_by_everybody() {
    // req: UD03-17-03
    let entries: Vec<_> = (0..10).map(|n| entry(&format!("m{n}.example"), if n == 7 { 1 } else { 5 })).collect();
    let mut turned = entries.clone();
    turned.reverse();
    for entries in [entries, turned] {
        assert_eq!(taken(&[new_mapping("", 1, entries)], &Sender::default()), "m7.example");
    }
    let even: Vec<_> = (0..10).rev().map(|n| entry(&format!("m{n}.example"), 5)).collect();
    assert_eq!(taken(&[new_mapping("", 1, even)], &Sender::default()), "m0.example", "the order is total");
}

#[test]
fn journey_4_exactly_one_entry_is_taken_and_remembered() {
    // req: UD03-17-04
    let mappings = [new_mapping("", 1, vec![entry("b.example", 0), entry("c.example", 1)])];
    let remembered = |service: &str| Sender { remembered: Some(domain(service)), ..Sender::default() };
    assert_eq!(taken(&mappings, &remembered("c.example")), "c.example", "the conversation stays where it is");
    assert_eq!(taken(&mappings, &remembered("gone.example")), "b.example", "a service that Bob has left does not");
}

#[test]
fn journey_5_bob_gives_alice_and_carol_different_services() {
    // req: UD03-17-05
    let (alice, carol) = (Capability::new([1; 32]), Capability::new([2; 32]));
    let mut new = new_mapping("", 1, vec![]);
    new.sealed = vec![sealed_for(&alice, "a.example"), sealed_for(&carol, "c.example")];
    let who = |capability: &Capability| Sender { capabilities: vec![capability.clone()], ..Sender::default() };
    assert_eq!(taken(std::slice::from_ref(&new), &who(&alice)), "a.example");
    assert_eq!(taken(std::slice::from_ref(&new), &who(&carol)), "c.example");
    assert_eq!(found(&[new], &Sender::default()), Selection::NotForThisSender);
}

#[test]
fn journey_6_the_soccer_parents_find_bob_where_he_wants_them_and_others_elsewhere() {
    // req: UD03-17-06
    let parents = Capability::new([5; 32]);
    let mut new = new_mapping("", 1, vec![entry("wire.example", 0)]);
    new.sealed = vec![sealed_for(&parents, "whats.example")];
    let parent = Sender { capabilities: vec![parents], ..Sender::default() };
    assert_eq!(taken(std::slice::from_ref(&new), &parent), "whats.example");
    assert_eq!(taken(&[new], &Sender::default()), "wire.example");
}

#[test]
fn journey_7_business_contacts_find_bob_by_a_word_or_by_a_link() {
    // req: UD03-17-07
    let (mut wire, mut whats) = (entry("wire.example", 9), entry("whats.example", 0));
    wire.tags = tags(&["business"]);
    whats.tags = tags(&["personal"]);
    let tagged = [new_mapping("", 1, vec![wire, whats])];
    let lead = Sender { wanted: tags(&["business"]), ..Sender::default() };
    assert_eq!(taken(&tagged, &lead), "wire.example");
    assert_eq!(taken(&tagged, &Sender::default()), "whats.example");
    let link = Capability::new([7; 32]);
    let mut linked = new_mapping("", 1, vec![entry("whats.example", 0)]);
    linked.sealed = vec![sealed_for(&link, "wire.example")];
    let visitor = Sender { capabilities: vec![link], ..Sender::default() };
    assert_eq!(taken(&[linked], &visitor), "wire.example");
}

#[test]
fn r2_a_mapping_says_what_the_recipient_prefers() {
    // req: UD03-7-01, UD03-7-02
    let mut preferred = entry("b.example", 3);
    preferred.tags = tags(&["Business", "WhatsApp"]);
    let mappings = [new_mapping("", 1, vec![preferred.clone()])];
    let Selection::Entry { entry, sealed } = found(&mappings, &Sender::default()) else { panic!("found") };
    assert_eq!((entry, sealed), (preferred, false));
}

#[test]
fn r5_zero_mappings_and_opting_out_are_told_apart() {
    // req: UD03-10-01, UD03-10-03, UD03-10-04
    assert_eq!(found(&[], &Sender::default()), Selection::NoMapping);
    assert_eq!(found(&[new_mapping("", 1, vec![])], &Sender::default()), Selection::OptedOut);
    let several =
        [new_mapping("", 1, vec![entry("b.example", 1)]), new_mapping("work", 2, vec![entry("w.example", 0)])];
    assert_eq!(taken(&several, &Sender::default()), "w.example", "all mappings together are looked at");
}
