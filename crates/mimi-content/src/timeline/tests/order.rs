//! Whatever the order of arrival, the end is the same, and it is what the slow model says.

use alloc::{format, vec};

use proptest::prelude::*;

use super::{
    model::{Event, Model, lines},
    *,
};
use crate::{Expiration, status::MessageStatus};

const SENDERS: [&str; 3] = [ALICE, BOB, CATHY];

#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    Reply,
    Reaction,
    Edit,
    EditToReaction,
    Delete,
}

/// A message among `count`: it may refer to any of them, to itself and to one that never comes.
fn any_message(number: u16, count: u16) -> impl Strategy<Value = Event> {
    let shape = prop_oneof![
        3 => Just(Shape::Text),
        2 => Just(Shape::Reply),
        2 => Just(Shape::Reaction),
        3 => Just(Shape::Edit),
        1 => Just(Shape::EditToReaction),
        2 => Just(Shape::Delete),
    ];
    let expiration = prop_oneof![
        3 => Just(None),
        1 => (0_u32..40).prop_map(|seconds| Some(Expiration::Absolute(seconds))),
        1 => (0_u32..20).prop_map(|seconds| Some(Expiration::Relative(seconds))),
    ];
    (shape, 0..=count, 0..3_usize, 0..8_u64, expiration, 0..3_u8).prop_map(
        move |(shape, target, sender, accepted, expiration, topic)| {
            let target = id(target);
            let words = format!("{number}");
            let mut content: MimiContent = match shape {
                Shape::Text => MimiContent::text(words, salt()).build(),
                Shape::Reply => MimiContent::text(words, salt()).reply_to(target).build(),
                Shape::Reaction => MimiContent::react(words, target, salt()).build(),
                Shape::Edit => MimiContent::text(words, salt()).edit(target).build(),
                Shape::EditToReaction => MimiContent::react(words, target, salt()).build(),
                Shape::Delete => MimiContent::delete(target, salt()).build(),
            };
            if matches!(shape, Shape::EditToReaction) {
                content.replaces = Some(target);
            }
            content.expires = expiration;
            content.topic_id = TopicId::new(&b"tea"[..topic.into()]).unwrap();
            Event::Message(Box::new(message(number, SENDERS[sender], accepted, content)))
        },
    )
}

fn any_other(count: u16) -> impl Strategy<Value = Event> {
    let status = (0..7_u8).prop_map(MessageStatus::from);
    let report = proptest::collection::vec((0..=count, status), 1..4);
    prop_oneof![
        (0..=count, 0..40_u64).prop_map(|(number, at)| Event::Read(id(number), Timestamp(at * 1000))),
        (0..40_u64).prop_map(|now| Event::Expire(Timestamp(now * 1000))),
        (0..=count, 0..8_u64)
            .prop_map(|(number, at)| Event::Shown(Position { accepted: Timestamp(at), id: id(number) })),
        // Each report came in a message of its own: its place in the order is taken by no other.
        (0..3_usize, 0..8_u64, any::<u16>(), report).prop_map(|(reporter, at, number, statuses)| {
            let position = Position { accepted: Timestamp(at), id: id(number) };
            let report = statuses.into_iter().map(|(number, status)| (id(number), status)).collect();
            Event::Report(SENDERS[reporter], position, report)
        }),
    ]
}

fn history(messages: core::ops::RangeInclusive<u16>, others: usize) -> impl Strategy<Value = Vec<Event>> {
    messages.prop_flat_map(move |count| {
        let messages = (0..count).map(|number| any_message(number, count)).collect::<Vec<_>>();
        (messages, proptest::collection::vec(any_other(count), 0..=others)).prop_map(|(mut events, others)| {
            let mut places = Vec::new();
            for other in others {
                let clash = matches!(&other, Event::Report(_, position, _) if places.contains(position));
                if let Event::Report(_, position, _) = &other {
                    places.push(*position);
                }
                if !clash {
                    events.push(other);
                }
            }
            events
        })
    })
}

fn after<'a>(events: impl IntoIterator<Item = &'a Event>) -> Timeline {
    let mut timeline = Timeline::new();
    for event in events {
        event.happen(&mut timeline);
    }
    timeline
}

/// Calls `visit` with every permutation (Heap's algorithm).
fn permutations<T>(items: &mut [T], visit: &mut impl FnMut(&[T])) {
    let mut counters = vec![0; items.len()];
    visit(items);
    let mut at = 1;
    while at < items.len() {
        if counters[at] < at {
            items.swap(if at % 2 == 0 { 0 } else { counters[at] }, at);
            visit(items);
            counters[at] += 1;
            at = 1;
        } else {
            counters[at] = 0;
            at += 1;
        }
    }
}

#[test]
fn there_are_720_permutations_of_six() {
    let mut seen = alloc::collections::BTreeSet::new();
    permutations(&mut [0, 1, 2, 3, 4, 5], &mut |items| {
        seen.insert(items.to_vec());
    });
    assert_eq!(seen.len(), 720);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn every_permutation_of_up_to_six_events_ends_equal(events in history(2..=4, 2)) {
        prop_assume!(events.len() <= 6);
        let expected = after(&events);
        let mut unequal = None;
        permutations(&mut events.iter().collect::<Vec<_>>(), &mut |permuted| {
            if unequal.is_none() && after(permuted.iter().copied()) != expected {
                unequal = Some(format!("{permuted:#?}"));
            }
        });
        prop_assert_eq!(unequal, None);
    }

    #[test]
    fn every_permutation_of_six_messages_ends_equal(events in history(6..=6, 0)) {
        let expected = after(&events);
        let mut unequal = None;
        permutations(&mut events.iter().collect::<Vec<_>>(), &mut |permuted| {
            if unequal.is_none() && after(permuted.iter().copied()) != expected {
                unequal = Some(format!("{permuted:#?}"));
            }
        });
        prop_assert_eq!(unequal, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn shuffles_of_long_histories_end_equal_and_as_the_model_says(
        (events, shuffled) in history(1..=40, 24).prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        repeated in any::<prop::sample::Index>(),
    ) {
        let timeline = after(&events);
        prop_assert_eq!(lines(&timeline), Model::new(&events).lines());
        let mut late = after(&shuffled);
        prop_assert_eq!(&late, &timeline);
        // Nothing that is said twice counts twice.
        repeated.get(&shuffled).happen(&mut late);
        prop_assert_eq!(&late, &timeline);
        // Every chain of replies ends.
        for entry in timeline.entries() {
            let chain = timeline.reply_chain(&entry.id(), usize::MAX);
            prop_assert!(chain.ancestors.len() <= events.len());
        }
    }

    #[test]
    fn shuffles_end_equal_under_a_moderator_who_deletes_and_moves_between_topics(
        (events, shuffled) in history(1..=40, 12).prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        let moderated = |events: &[Event]| {
            let mut timeline = Timeline::with_authority(|request: &Request<'_>| match request.actor {
                CATHY => Grant { body: request.action == Action::Delete || request.author == CATHY, topic: true },
                _ => AuthorOnly.grant(request),
            });
            for event in events {
                event.happen(&mut timeline);
            }
            let threads = timeline.topics().map(|topic| timeline.thread(topic).count()).sum::<usize>();
            assert_eq!(threads, timeline.entries().filter(|entry| !entry.topic().is_empty()).count());
            (lines(&timeline), timeline.state)
        };
        prop_assert_eq!(moderated(&events), moderated(&shuffled));
    }

    #[test]
    fn what_an_insertion_says_keeps_a_view_up_to_date(
        events in history(1..=30, 12).prop_shuffle(),
    ) {
        let mut timeline = Timeline::new();
        let mut view: Vec<MessageId> = Vec::new();
        for event in &events {
            for change in event.happen(&mut timeline) {
                match change {
                    Change::Inserted { id, before } => {
                        let at = before.map_or(view.len(), |before| view.iter().position(|shown| *shown == before).unwrap());
                        view.insert(at, id);
                    }
                    Change::Expired { id } => view.retain(|shown| *shown != id),
                    _ => {}
                }
            }
            prop_assert_eq!(&view, &timeline.entries().map(|entry| entry.id()).collect::<Vec<_>>());
        }
    }
}
