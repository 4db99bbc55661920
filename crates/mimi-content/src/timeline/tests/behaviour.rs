use alloc::{borrow::ToOwned, format, vec};

use super::*;
use crate::{
    Disposition, MultiPart, NestedPart, PartSemantics,
    status::{MessageStatus, MessageStatusReport},
};

fn text(words: &str) -> crate::ContentBuilder {
    MimiContent::text(words, salt())
}

#[test]
fn entries_stand_by_accepted_timestamp_and_then_by_message_id() {
    // req: MC08-3.4-02, MC08-4.2-01, MC08-5.11-03
    let mut timeline = Timeline::new();
    timeline.insert(message(3, ALICE, 20, text("third")));
    timeline.insert(message(2, BOB, 10, text("second")));
    timeline.insert(message(1, CATHY, 10, text("first")));
    assert_eq!(screen(&timeline), [(id(1), "first".into()), (id(2), "second".into()), (id(3), "third".into())]);
    let second = timeline.entry(&id(2)).unwrap().position();
    assert_eq!(timeline.entries_from(second).map(|entry| entry.id()).collect::<Vec<_>>(), [id(2), id(3)]);
    assert_eq!(timeline.entries_before(second).map(|entry| entry.id()).collect::<Vec<_>>(), [id(1)]);
}

#[test]
fn an_insertion_says_where_it_goes() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.insert(message(1, ALICE, 10, text("a"))), [Change::Inserted { id: id(1), before: None }]);
    assert_eq!(timeline.insert(message(2, ALICE, 5, text("b"))), [Change::Inserted { id: id(2), before: Some(id(1)) }]);
}

#[test]
fn a_message_that_comes_before_what_was_shown_is_reported() {
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a")));
    timeline.mark_shown(timeline.entry(&id(1)).unwrap().position());
    let changes = timeline.insert(message(2, BOB, 9, text("hidden in the past")));
    assert!(changes.contains(&Change::InsertedBeforeShown { id: id(2) }));
    let changes = timeline.insert(message(3, BOB, 11, text("next")));
    assert_eq!(changes, [Change::Inserted { id: id(3), before: None }]);
}

#[test]
fn a_duplicate_id_is_dropped_and_the_data_stay_as_they_are() {
    // req: MC08-9.1-02
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("the first")));
    let before = timeline.clone();
    let again = timeline.insert(message(1, ALICE, 10, text("the first")));
    assert_eq!(again, [Change::Duplicate { id: id(1), conflicting: false }]);
    let forged = timeline.insert(message(1, BOB, 12, text("another")));
    assert_eq!(forged, [Change::Duplicate { id: id(1), conflicting: true }]);
    assert_eq!(timeline, before);
}

#[test]
fn the_author_edits_and_the_latest_version_is_shown() {
    // req: MC08-5.5-02, MC08-5.5-03, MC08-9.3-01
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("borow")));
    let changes = timeline.insert(message(3, ALICE, 30, text("borrow!").edit(id(1))));
    assert_eq!(changes, [Change::Edited { id: id(1), by: id(3), current: true }]);
    // An earlier edit that arrives later is a version, not the one to show.
    let changes = timeline.insert(message(2, ALICE, 20, text("borrow").edit(id(1))));
    assert_eq!(changes, [Change::Edited { id: id(1), by: id(2), current: false }]);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(text_of(&entry), "borrow!");
    assert!(entry.is_edited());
    assert_eq!(entry.current_id(), id(3));
    assert_eq!(entry.versions().map(|version| version.id).collect::<Vec<_>>(), [id(2), id(3)]);
    assert_eq!(entry.original().map(|content| body_text(&content.body)), Some("borow".to_owned()));
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline.entry(&id(2)).unwrap().id(), id(1));
}

#[test]
fn nobody_else_edits_or_deletes() {
    // req: MC08-9.3-02
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("mine")));
    for (number, content) in [(2, text("yours").edit(id(1)).build()), (3, MimiContent::delete(id(1), salt()).build())] {
        let changes = timeline.insert(message(number, BOB, 20, content));
        assert_eq!(changes, [Change::Refused { id: id(number), target: id(1), reason: Refusal::NotAuthorized }]);
    }
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(text_of(&entry), "mine");
    assert_eq!(entry.refused().collect::<Vec<_>>(), [(id(2), BOB), (id(3), BOB)]);
    assert!(timeline.entry(&id(2)).is_none());
}

#[test]
fn an_authorized_moderator_deletes_and_changes_the_topic_and_nothing_else() {
    // req: MC08-9.3-02, MC08-9.3-03
    let mut timeline = Timeline::with_authority(|request: &Request<'_>| match (request.actor, request.action) {
        (CATHY, Action::Delete) => Grant::BODY,
        (CATHY, Action::Edit) => Grant::TOPIC,
        _ => AuthorOnly.grant(request),
    });
    timeline.insert(message(1, ALICE, 10, text("off topic").topic(topic("tea"))));
    let changes = timeline.insert(message(2, CATHY, 20, text("rewritten").topic(topic("milk")).edit(id(1))));
    assert_eq!(
        changes,
        [Change::Edited { id: id(1), by: id(2), current: false }, Change::TopicChanged { id: id(1), by: id(2) }]
    );
    assert_eq!(timeline.thread(&topic("tea")).count(), 0);
    assert_eq!(timeline.thread(&topic("milk")).map(|entry| text_of(&entry)).collect::<Vec<_>>(), ["off topic"]);
    timeline.insert(message(3, CATHY, 30, MimiContent::delete(id(1), salt())));
    assert_eq!(screen(&timeline), [(id(1), "(deleted)".into())]);
}

#[test]
fn the_author_changes_the_body_and_no_other_portion() {
    // req: MC08-9.3-03
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a").topic(topic("tea"))));
    let edit = text("b").topic(topic("milk")).expires(crate::Expiration::Absolute(1)).edit(id(1));
    timeline.insert(message(2, ALICE, 20, edit));
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(text_of(&entry), "b");
    assert_eq!(entry.topic(), &topic("tea"));
    assert_eq!(entry.expires_at(), None);
}

#[test]
fn a_deletion_leaves_a_placeholder_without_the_content_of_any_version() {
    // req: MC08-5.6-03, MC08-5.6-04
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a")));
    timeline.insert(message(2, ALICE, 20, text("b").edit(id(1))));
    timeline.insert(message(3, BOB, 30, text("reply").reply_to(id(1))));
    let changes = timeline.insert(message(4, ALICE, 40, MimiContent::delete(id(1), salt())));
    assert_eq!(changes, [Change::Deleted { id: id(1), by: id(4) }]);
    // Not even the author brings it back.
    let changes = timeline.insert(message(5, ALICE, 50, text("c").edit(id(1))));
    assert_eq!(changes, [Change::Edited { id: id(1), by: id(5), current: false }]);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(entry.shown(), Shown::Deleted { by: id(4) });
    assert!(entry.original().is_none());
    assert!(entry.versions().all(|version| version.body.is_none()));
    assert_eq!(timeline.len(), 2);
    let reply = timeline.entry(&id(3)).unwrap();
    assert_eq!(reply.reply_target(), Some(ReplyTarget::Deleted { of: id(1) }));
}

#[test]
fn an_edit_that_names_another_edit_is_refused_in_any_order() {
    // req: MC08-5.5-01, MC08-5.6-01
    let refused = Change::Refused { id: id(3), target: id(2), reason: Refusal::NotFirstInstance };
    let first = message(1, ALICE, 10, text("a"));
    let edit = message(2, ALICE, 20, text("b").edit(id(1)));
    let edit_of_edit = message(3, ALICE, 30, text("c").edit(id(2)));
    let mut timeline = Timeline::new();
    timeline.insert(first.clone());
    timeline.insert(edit.clone());
    assert_eq!(timeline.insert(edit_of_edit.clone()), core::slice::from_ref(&refused));
    let mut late = Timeline::new();
    assert_eq!(late.insert(edit_of_edit), [Change::Held { id: id(3), target: id(2) }]);
    assert!(late.insert(edit).contains(&refused));
    late.insert(first);
    assert_eq!(late, timeline);
    assert_eq!(screen(&timeline), [(id(1), "b".into())]);
}

#[test]
fn an_edit_of_an_unknown_message_waits_and_can_be_seen() {
    // req: MC08-9.1-12
    let mut timeline = Timeline::new();
    let changes = timeline.insert(message(2, ALICE, 20, text("b").edit(id(1))));
    assert_eq!(changes, [Change::Held { id: id(2), target: id(1) }]);
    assert!(timeline.is_empty());
    assert_eq!(
        timeline.held().map(|held| (held.id, held.target, held.sender)).collect::<Vec<_>>(),
        [(id(2), id(1), ALICE)]
    );
    timeline.insert(message(1, ALICE, 10, text("a")));
    assert_eq!(screen(&timeline), [(id(1), "b".into())]);
    assert_eq!(timeline.held().count(), 0);
}

#[test]
fn reactions_are_not_entries_and_one_sender_may_have_several() {
    // req: MC08-5.3-01, MC08-5.3-03
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a")));
    let changes = timeline.insert(message(2, BOB, 20, MimiContent::react("\u{2764}", id(1), salt())));
    assert_eq!(changes, [Change::Reacted { to: id(1), reaction: id(2) }]);
    timeline.insert(message(3, BOB, 30, MimiContent::react("\u{1f44d}", id(1), salt())));
    timeline.insert(message(4, CATHY, 40, MimiContent::react("\u{2764}", id(1), salt())));
    let entry = timeline.entry(&id(1)).unwrap();
    let seen: Vec<_> = entry.reactions().iter().map(|reaction| (reaction.sender, reaction.text().unwrap())).collect();
    assert_eq!(seen, [(BOB, "\u{2764}"), (BOB, "\u{1f44d}"), (CATHY, "\u{2764}")]);
    assert_eq!(timeline.len(), 1);
}

#[test]
fn several_reactions_in_one_message_stay_apart() {
    // req: MC08-5.3-03
    let parts =
        ["\u{2764}", "\u{1f973}"].map(|emoji| NestedPart::single(Disposition::Reaction, crate::TEXT_PLAIN, emoji));
    let body = NestedPart::new(
        Disposition::Reaction,
        MultiPart::new(PartSemantics::ProcessAll, parts.to_vec()).unwrap().into(),
    );
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a")));
    timeline.insert(message(2, BOB, 20, MimiContent::with_body(body, salt()).reply_to(id(1))));
    let reactions = timeline.reactions_to(&id(1));
    assert_eq!(reactions.iter().filter_map(Reaction::text).collect::<Vec<_>>(), ["\u{2764}", "\u{1f973}"]);
    assert!(reactions.iter().all(|reaction| reaction.id == id(2)));
}

#[test]
fn a_reaction_is_removed_by_deleting_its_message_and_only_by_its_sender() {
    // req: MC08-5.7-01
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a")));
    timeline.insert(message(2, BOB, 20, MimiContent::react("\u{2764}", id(1), salt())));
    timeline.insert(message(3, CATHY, 30, MimiContent::delete(id(2), salt())));
    assert_eq!(timeline.reactions_to(&id(1)).len(), 1);
    let changes = timeline.insert(message(4, BOB, 40, MimiContent::delete(id(2), salt())));
    assert_eq!(changes, [Change::ReactionRemoved { to: id(1), reaction: id(2) }]);
    assert_eq!(timeline.reactions_to(&id(1)), []);
}

#[test]
fn reactions_and_replies_to_any_version_belong_to_the_message() {
    // req: MC08-5.5-04
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 10, text("a pen?")));
    timeline.insert(message(2, BOB, 20, MimiContent::react("\u{1f44d}", id(1), salt())));
    timeline.insert(message(3, ALICE, 30, text("your car?").edit(id(1))));
    timeline.insert(message(4, CATHY, 40, text("really?").reply_to(id(3))));
    let entry = timeline.entry(&id(1)).unwrap();
    // The thumb was for the pen.
    assert_eq!(entry.reactions()[0].to, id(1));
    assert_ne!(entry.reactions()[0].to, entry.current_id());
    assert_eq!(entry.replies().iter().map(Entry::id).collect::<Vec<_>>(), [id(4)]);
    let reply = timeline.entry(&id(4)).unwrap();
    assert_eq!(reply.reply_target(), Some(ReplyTarget::Current { of: id(1) }));
    timeline.insert(message(5, ALICE, 50, text("your cat?").edit(id(1))));
    let reply = timeline.entry(&id(4)).unwrap();
    assert_eq!(reply.reply_target(), Some(ReplyTarget::OtherVersion { of: id(1) }));
    assert_eq!(reply.in_reply_to(), Some(id(3)));
}

#[test]
fn a_reply_to_an_unknown_message_is_shown() {
    // req: MC08-5.2-01, MC08-9.1-12
    let mut timeline = Timeline::new();
    timeline.insert(message(2, BOB, 20, text("yes").reply_to(id(1))));
    let entry = timeline.entry(&id(2)).unwrap();
    assert_eq!(entry.reply_target(), Some(ReplyTarget::Unknown));
    assert_eq!(timeline.replies_to(&id(1)).len(), 1);
    assert_eq!(timeline.reply_chain(&id(2), 8), Chain { ancestors: vec![], end: ChainEnd::Unknown(id(1)) });
}

#[test]
fn a_reply_chain_is_followed_to_its_start_and_no_further_than_asked() {
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 1, text("start")));
    for number in 2..=5 {
        timeline.insert(message(number, BOB, number.into(), text("next").reply_to(id(number - 1))));
    }
    assert_eq!(
        timeline.reply_chain(&id(5), 8),
        Chain { ancestors: vec![id(4), id(3), id(2), id(1)], end: ChainEnd::Start }
    );
    assert_eq!(timeline.reply_chain(&id(5), 2), Chain { ancestors: vec![id(4), id(3)], end: ChainEnd::Limit });
}

#[test]
fn a_loop_of_replies_is_cut_and_reported() {
    // req: MC08-4.1-08
    // req: MC08-4.1-09
    let mut timeline = Timeline::new();
    timeline.insert(message(1, ALICE, 1, text("a").reply_to(id(3))));
    timeline.insert(message(2, ALICE, 2, text("b").reply_to(id(1))));
    let changes = timeline.insert(message(3, ALICE, 3, text("c").reply_to(id(2))));
    assert_eq!(changes, [Change::Inserted { id: id(3), before: None }, Change::ReplyLoop { id: id(3) }]);
    assert_eq!(timeline.reply_chain(&id(3), 99), Chain { ancestors: vec![id(2), id(1)], end: ChainEnd::Loop(id(3)) });
    let changes = timeline.insert(message(4, ALICE, 4, text("me").reply_to(id(4))));
    assert!(changes.contains(&Change::ReplyLoop { id: id(4) }));
    assert_eq!(timeline.len(), 4);
}

#[test]
fn threads_gather_the_messages_of_a_topic_and_the_empty_topic_none() {
    // req: MC08-4.1-04, MC08-5.11-02
    let mut timeline = Timeline::new();
    timeline.insert(message(2, BOB, 20, text("b").topic(topic("tea"))));
    timeline.insert(message(3, BOB, 30, text("c")));
    timeline.insert(message(1, ALICE, 10, text("a").topic(topic("tea"))));
    assert_eq!(timeline.thread(&topic("tea")).map(|entry| entry.id()).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(timeline.thread(&TopicId::NONE).count(), 0);
    assert_eq!(timeline.topics().collect::<Vec<_>>(), [&topic("tea")]);
}

#[test]
fn status_reports_are_merged_into_the_entry_they_are_about() {
    let mut timeline = Timeline::new();
    let report = MessageStatusReport::from_iter([(id(1), MessageStatus::Read)]);
    let at = Position { accepted: Timestamp(30), id: id(9) };
    let changes = timeline.report(BOB, at, &report);
    assert_eq!(changes, [Change::Status { id: id(1), reporter: BOB.into(), status: MessageStatus::Read }]);
    timeline.insert(message(1, ALICE, 10, text("a")));
    let earlier = Position { accepted: Timestamp(20), id: id(8) };
    timeline.report(BOB, earlier, &MessageStatusReport::from_iter([(id(1), MessageStatus::Delivered)]));
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(entry.statuses().collect::<Vec<_>>(), [(BOB, MessageStatus::Read)]);
}

#[test]
fn a_thousand_held_edits_are_settled_when_the_message_comes() {
    let mut timeline = Timeline::new();
    for number in 1..=1000 {
        let sender = if number % 2 == 0 { ALICE } else { BOB };
        timeline.insert(message(number, sender, number.into(), text(&format!("{number}")).edit(id(0))));
    }
    let changes = timeline.insert(message(0, ALICE, 0, text("0")));
    assert_eq!(changes.len(), 1001);
    assert_eq!(screen(&timeline), [(id(0), "1000".into())]);
    assert_eq!(timeline.entry(&id(0)).unwrap().refused().count(), 500);
}
