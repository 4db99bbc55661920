//! The examples published beside the draft: read, written again to the same octets, with the message IDs that the draft gives.
//!
//! They are looked for in the folder that `MIMI_DRAFTS` names, else in `../shared/drafts` from the root of the
//! repository. Who does not have them sees on standard error that nothing was checked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use mimi_content::{
    Disposition, Expiration, MessageId, MimiContent, MimiContentRef, Part, PartIndex, PartRef, PartSemantics,
};

const EXAMPLES: [(&str, usize, &str); 14] = [
    ("original", 193, "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"),
    ("reply", 200, "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27"),
    ("reaction", 170, "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68"),
    ("mention", 262, "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af"),
    ("mention-html", 272, "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e"),
    ("edit", 234, "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47"),
    ("delete", 166, "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4"),
    ("unlike", 173, "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4"),
    ("expiring", 222, "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03"),
    ("attachment", 272, "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1"),
    ("conferencing", 180, "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba"),
    ("multipart-1", 219, "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e"),
    ("multipart-2", 208, "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7"),
    ("multipart-3", 716, "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f"),
];

fn folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("MIMI_DRAFTS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/drafts"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT CHECKED: no published examples in {}; set MIMI_DRAFTS to the folder that has content-08/",
        folder.display()
    );
    None
}

fn example(name: &str) -> Option<Vec<u8>> {
    let path = folder()?.join("content-08").join(format!("{name}.cbor"));
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

#[test]
fn every_published_example_is_read_and_written_again_to_the_same_octets() {
    // req: MC08-6.1-01, MC08-4.1-02
    for (name, length, _) in EXAMPLES {
        let Some(octets) = example(name) else { return };
        assert_eq!(octets.len(), length, "{name}");
        let content = MimiContent::decode(&octets).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(content.encode(), octets, "{name}");
        let borrowed = MimiContentRef::decode(&octets).unwrap();
        assert_eq!(borrowed.to_owned(), content, "{name}");
    }
}

#[test]
fn every_published_example_has_the_message_id_that_the_draft_gives() {
    // req: MC08-3.3-01, MC08-3.3-02, MC08-3.3-03, MC08-3.3-04, MC08-3.3-05
    for (name, _, id) in EXAMPLES {
        let Some(octets) = example(name) else { return };
        let id: MessageId = id.parse().unwrap();
        let content = MimiContent::decode(&octets).unwrap();
        assert_eq!(content.message_id_by_extensions().unwrap(), id, "{name}");
        let borrowed = MimiContentRef::decode(&octets).unwrap();
        let extensions = borrowed.extensions();
        let (sender, room) = (extensions.sender_uri().unwrap(), extensions.room_uri().unwrap());
        assert_eq!(borrowed.message_id(sender, room).unwrap(), id, "{name}");
        assert_eq!(id.hash_alg(), MessageId::SHA_256);
    }
}

#[test]
fn the_published_examples_mean_what_their_text_says() {
    let Some(octets) = example("expiring") else { return };
    let content = MimiContent::decode(&octets).unwrap();
    assert_eq!(content.expires, Some(Expiration::Absolute(1_644_390_004)));

    let octets = example("delete").unwrap();
    let content = MimiContent::decode(&octets).unwrap();
    assert_eq!(content.body.part, Part::Null);
    assert!(content.replaces.is_some());

    let octets = example("attachment").unwrap();
    let content = MimiContent::decode(&octets).unwrap();
    assert_eq!(content.body.disposition, Disposition::Attachment);
    assert_eq!(content.body.language.as_str(), "en");
    let Part::External(external) = content.body.part else {
        panic!("no external part");
    };
    assert_eq!((external.size, external.enc_alg, external.hash_alg), (708_234_961, 1, 1));
    assert_eq!(external.filename, "bigfile.mp4");

    let octets = example("conferencing").unwrap();
    let content = MimiContent::decode(&octets).unwrap();
    assert_eq!(content.topic_id.as_bytes(), b"Foo 118");
}

#[test]
fn the_builders_make_the_published_octets() {
    // req: MC08-5.3-01, MC08-5.3-03, MC08-5.6-02, MC08-5.7-01, MC08-5.2-01, MC08-5.5-01
    let Some(octets) = example("reaction") else { return };
    let given = |name: &str| MimiContent::decode(&example(name).unwrap()).unwrap();
    let check = |name: &str, build: &dyn Fn(&MimiContent) -> MimiContent| {
        let mut built = build(&given(name));
        built.extensions = given(name).extensions;
        assert_eq!(built.encode(), example(name).unwrap(), "{name}");
    };
    assert_eq!(given("reaction").encode(), octets);
    let text = |content: &MimiContent| match &content.body.part {
        Part::Single(single) => String::from_utf8(single.content.clone()).unwrap(),
        other => panic!("{other:?}"),
    };
    check("original", &|c| MimiContent::markdown(text(c), c.salt).build());
    check("reply", &|c| MimiContent::markdown(text(c), c.salt).reply_to(c.in_reply_to.unwrap()).build());
    check("reaction", &|c| MimiContent::react(text(c), c.in_reply_to.unwrap(), c.salt).build());
    check("edit", &|c| {
        let edit = MimiContent::markdown(text(c), c.salt).edit(c.replaces.unwrap());
        edit.reply_to(c.in_reply_to.unwrap()).build()
    });
    check("delete", &|c| MimiContent::delete(c.replaces.unwrap(), c.salt).reply_to(c.in_reply_to.unwrap()).build());
    check("unlike", &|c| MimiContent::unreact(c.replaces.unwrap(), c.in_reply_to.unwrap(), c.salt).build());
    check("multipart-2", &|c| {
        // The published one says to nothing that it reacts to.
        assert_eq!(c.in_reply_to, None);
        let reaction = MimiContent::react("\u{2764}", MessageId::from_bytes([1; 32]), c.salt);
        let mut content = reaction.and("\u{1f973}").unwrap().and("\u{1f91e}").unwrap().build();
        content.in_reply_to = None;
        content
    });
    check("expiring", &|c| MimiContent::markdown(text(c), c.salt).expires(c.expires.unwrap()).build());
}

#[test]
fn the_eleven_parts_of_the_nested_example_have_the_indexes_that_the_draft_lists() {
    // req: MC08-4.4-08, MC08-4.4-09, MC08-6.3-01
    let Some(octets) = example("multipart-3") else { return };
    let content = MimiContent::decode(&octets).unwrap();
    let body = &content.body;
    let levels: Vec<usize> = body.iter().map(|(_, level, _)| level).collect();
    assert_eq!(levels, [1, 2, 3, 4, 4, 3, 2, 3, 4, 4, 3]);
    let gif = body.part(PartIndex(5)).unwrap();
    assert_eq!(gif.content_type(), Some("image/gif"));
    assert_eq!(body.part(PartIndex(4)).unwrap().cid_references(), [PartIndex(5)]);
    assert_eq!(body.part(PartIndex(9)).unwrap().cid_references(), [PartIndex(10)]);

    let choice = body
        .choose(|part| match (part.content_type()?, part.language.as_str()) {
            ("image/png", _) => Some(3),
            (_, "fr") => Some(2),
            _ => Some(1),
        })
        .unwrap();
    let left: Vec<usize> = choice.parts().map(|(index, _)| index.0).collect();
    assert_eq!(left, [9, 10]);
    let order: Vec<usize> = choice.processing_order().iter().map(|(index, _)| index.0).collect();
    assert_eq!(order, [9]);

    let borrowed = MimiContentRef::decode(&octets).unwrap();
    let PartRef::Multi(multi) = borrowed.body().part else {
        panic!("no multi part");
    };
    assert_eq!((multi.semantics(), multi.len()), (PartSemantics::ChooseOne, 2));
    assert_eq!(multi.parts().count(), 2);
}
