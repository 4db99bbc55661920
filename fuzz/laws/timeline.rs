//! Any octets are read as a history of a room, eight octets an event; in whatever order it happens, the end has to be the same. Used by
//! the fuzz target and by the test that replays the corpus.

use mimi_content::{
    Expiration, MessageId, MimiContent, Salt, TopicId,
    status::{MessageStatus, MessageStatusReport},
    timeline::{Change, Position, Received, Timeline, Timestamp},
};

const USERS: [&str; 4] =
    ["mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/cathy", "mimi://d.example/u/dan"];

/// # Panics
///
/// If the order of arrival shows.
pub(crate) fn check(octets: &[u8]) {
    let (events, _) = octets.as_chunks::<8>();
    // More would only be slower.
    let events = &events[..events.len().min(256)];
    let forward = after(events.iter().enumerate());
    let backward = after(events.iter().enumerate().rev());
    assert_eq!(forward, backward);
    let (even, odd): (Vec<_>, Vec<_>) = events.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    assert_eq!(forward, after(odd.into_iter().chain(even)));
    look_at(&forward);
}

fn after<'a>(events: impl Iterator<Item = (usize, &'a [u8; 8])>) -> Timeline {
    let mut timeline = Timeline::new();
    let mut view: Vec<MessageId> = Vec::new();
    for (index, event) in events {
        for change in happen(&mut timeline, index, *event) {
            match change {
                Change::Inserted { id, before } => {
                    let place = before
                        .map(|before| view.iter().position(|shown| *shown == before).expect("what follows is shown"));
                    view.insert(place.unwrap_or(view.len()), id);
                }
                Change::Expired { id } => view.retain(|shown| *shown != id),
                _ => {}
            }
        }
    }
    assert!(timeline.entries().map(|entry| entry.id()).eq(view), "the changes tell the entries");
    timeline
}

/// Every event is at its index: message IDs are unique and no two reports stand at the same place.
fn happen(timeline: &mut Timeline, index: usize, event: [u8; 8]) -> Vec<Change> {
    let [kind, who, target, other, accepted, time, topic, more] = event;
    let user = USERS[usize::from(who) % USERS.len()];
    let (accepted, target) = (Timestamp(accepted.into()), id(target.into()));
    let salt = Salt::new([more; 16]);
    let mut content = match kind % 10 {
        0 => MimiContent::text("text", salt).build(),
        1 => MimiContent::text("reply", salt).reply_to(target).build(),
        2 => MimiContent::react("+", target, salt).build(),
        3 => MimiContent::text("edit", salt).edit(target).build(),
        4 => MimiContent::delete(target, salt).build(),
        5 => MimiContent::text("edit that replies", salt).edit(target).reply_to(id(other.into())).build(),
        6 => return timeline.mark_read(&target, Timestamp(u64::from(time) * 1000)),
        7 => return timeline.expire(Timestamp(u64::from(time) * 1000)),
        8 => {
            let statuses = [(target, time), (id(other.into()), more)];
            let report: MessageStatusReport =
                statuses.into_iter().map(|(id, status)| (id, MessageStatus::from(status % 9))).collect();
            return timeline.report(user, Position { accepted, id: id(index) }, &report);
        }
        _ => {
            timeline.mark_shown(Position { accepted, id: target });
            return Vec::new();
        }
    };
    content.topic_id = TopicId::new(&[topic % 4][..usize::from(topic % 4 != 0)]).expect("one octet at most");
    content.expires = match more % 4 {
        0 => Some(Expiration::Absolute(time.into())),
        1 => Some(Expiration::Relative(time.into())),
        _ => None,
    };
    timeline.insert(Received { id: id(index), sender: user.into(), accepted, content })
}

fn id(number: usize) -> MessageId {
    let mut octets = [0; 32];
    octets[0] = 1;
    octets[1..9].copy_from_slice(&(number as u64).to_be_bytes());
    MessageId::from_bytes(octets)
}

fn look_at(timeline: &Timeline) {
    let mut positions = timeline.entries().map(|entry| entry.position()).collect::<Vec<_>>();
    assert!(positions.is_sorted());
    positions.dedup();
    assert_eq!(positions.len(), timeline.len());
    let mut in_threads = 0;
    for thread in timeline.topics() {
        in_threads += timeline.thread(thread).inspect(|entry| assert_eq!(entry.topic(), thread)).count();
    }
    assert_eq!(in_threads, timeline.entries().filter(|entry| !entry.topic().is_empty()).count());
    for entry in timeline.entries() {
        assert_eq!(entry.body().is_none(), entry.is_deleted());
        assert_eq!(timeline.entry(&entry.current_id()).map(|same| same.id()), Some(entry.id()));
        assert!(timeline.reply_chain(&entry.id(), usize::MAX).ancestors.len() <= 256);
        for reply in entry.replies() {
            assert!(reply.in_reply_to().is_some() && !reply.is_reaction());
        }
        for reaction in entry.reactions() {
            assert!(timeline.entry(&reaction.id).is_some_and(|entry| entry.is_reaction() && !entry.is_deleted()));
        }
    }
    assert!(timeline.held().all(|held| !timeline.contains(&held.target)));
}
