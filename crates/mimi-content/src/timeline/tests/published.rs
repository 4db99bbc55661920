//! The conversation of section 5 out of the published files, which stay outside the project.

extern crate std;

use alloc::{borrow::ToOwned, vec};
use std::{env, eprintln, fs, path::PathBuf};

use super::*;
use crate::check::{CheckContext, Limits, check_octets};

fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/drafts");
    let folder = env::var_os("MIMI_DRAFTS").map_or_else(beside, PathBuf::from).join("content-08");
    folder.is_dir().then_some(folder)
}

/// Reads and checks an example, with the sender and room it names and the timestamp its description gives.
fn example(folder: &std::path::Path, name: &str, accepted: u64) -> Received {
    let octets = fs::read(folder.join(name).with_extension("cbor")).unwrap();
    let content = MimiContent::decode(&octets).unwrap();
    let (sender, room) = (content.extensions.sender_uri().unwrap(), content.extensions.room_uri().unwrap());
    let id = content.message_id(sender, room).unwrap();
    let accepted = Timestamp(accepted);
    // The examples are older than the format.
    let limits = Limits { earliest: Timestamp(0), ..Limits::default() };
    let context = CheckContext::new(id, sender, room, accepted, accepted).limits(limits);
    assert_eq!(check_octets(&octets, &context), Ok(content.clone()), "{name}");
    Received { id, sender: sender.into(), accepted, content }
}

#[test]
fn the_published_conversation_is_shown_as_its_prose_tells_it() {
    let Some(folder) = folder() else {
        eprintln!("NOT CHECKED: the published examples are not here; set MIMI_DRAFTS to their folder");
        return;
    };
    let example = |name, accepted| example(&folder, name, accepted);
    let [original, reply, reaction] =
        [("original", 1_644_387_225_019), ("reply", 1_644_387_237_492), ("reaction", 1_644_387_237_728)]
            .map(|(name, accepted)| example(name, accepted));
    let [edit, unlike, delete] =
        [("edit", 1_644_387_248_621), ("unlike", 1_644_387_250_389), ("delete", 1_644_387_248_621)]
            .map(|(name, accepted)| example(name, accepted));
    let (original_id, reply_id) = (original.id, reply.id);

    let mut timeline = Timeline::new();
    for received in [unlike.clone(), edit, reaction.clone(), reply, original] {
        timeline.insert(received);
    }
    assert_eq!(timeline.entries().map(|entry| entry.id()).collect::<Vec<_>>(), [original_id, reply_id]);
    let reply = timeline.entry(&reply_id).unwrap();
    assert!(reply.is_edited());
    assert_eq!(text_of(&reply), "Right on! _Congratulations_ y'all!");
    assert_eq!(reply.reply_target(), Some(ReplyTarget::Current { of: original_id }));
    assert_eq!(timeline.reactions_to(&original_id), vec![], "Cathy took it back");
    timeline.insert(delete.clone());
    assert_eq!(timeline.entry(&reply_id).unwrap().shown(), Shown::Deleted { by: delete.id });

    // Without the removal the reaction is there.
    let mut timeline = Timeline::new();
    timeline.insert(reaction);
    assert_eq!(timeline.reactions_to(&original_id).iter().filter_map(Reaction::text).collect::<Vec<_>>(), ["\u{2764}"]);
}

#[test]
fn every_published_example_passes_the_checks_of_its_time() {
    let Some(folder) = folder() else {
        eprintln!("NOT CHECKED: the published examples are not here; set MIMI_DRAFTS to their folder");
        return;
    };
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "cbor") && !name.starts_with("implied") {
            example(&folder, &name, 1_644_387_225_019);
        }
    }
}
