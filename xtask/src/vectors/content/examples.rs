//! The messages of the draft's examples, made anew out of what they say.

use anyhow::{Context, Result, ensure};
use mimi_content::{
    Disposition, Expiration, ExternalPart, Language, MessageId, MimiContent, MultiPart, NestedPart, Part,
    PartSemantics, Salt, TEXT_MARKDOWN, TEXT_PLAIN, TopicId,
};
use spec_vectors::BugType;

use super::super::builder::{Built, Case};
use super::{GROUP_TYPE, file, hashes, section, valid};

const ALICE: &str = "mimi://example.com/u/alice-smith";
const BOB: &str = "mimi://example.com/u/bob-jones";
const CATHY: &str = "mimi://example.com/u/cathy-washington";
const ROOM: &str = "mimi://example.com/r/engineering_team";
const HTML: &str = "text/html;charset=utf-8";

const ORIGINAL: &str = "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4";
const REPLY: &str = "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27";
const REACTION: &str = "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68";

/// One example: its name, its place in the draft, who sent it, what it is, and the figures that are known of it.
struct Example {
    name: &'static str,
    place: &'static str,
    sender: &'static str,
    content: MimiContent,
    octets: usize,
    id: &'static str,
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let mut examples = texts()?;
    examples.extend(others()?);
    let cases = examples.into_iter().map(case).collect::<Result<_>>()?;
    file("examples", "mimiContent", "5")
        .header("decoded is the meaning: names as in the draft, octets in hex, text instead of content where it is text; messageId is the ID of the message with senderUri as its sender in the room roomUri.")
        .header("example is the name of the file that is published with the draft; the octets here are made anew from the same facts.")
        .note("Example", BugType::Basic, section!("5"), "a message that the draft gives as an example", None)
        .group(GROUP_TYPE, cases)
        .finish()
}

fn case(example: Example) -> Result<Case> {
    let Example { name, place, sender, mut content, octets, id } = example;
    content.extensions.set_sender_uri(sender);
    content.extensions.set_room_uri(ROOM);
    let encoded = content.encode();
    ensure!(encoded.len() == octets, "{name} has {} octets instead of {octets}", encoded.len());
    let computed = hashes::message_id(&encoded, sender, ROOM)?;
    ensure!(computed == id, "{name} has the ID {computed} instead of {id}");
    Ok(valid(&format!("{name} ({place})"), "Example", &content)
        .with("example", name)
        .with("senderUri", sender)
        .with("roomUri", ROOM)
        .with("messageId", id))
}

fn salt(digits: &str) -> Result<Salt> {
    let octets = hex::decode(digits)?;
    Ok(Salt::new(octets.as_slice().try_into()?))
}

fn id(digits: &str) -> Result<MessageId> {
    Ok(digits.parse()?)
}

/// Text, reactions, deletions.
fn texts() -> Result<Vec<Example>> {
    Ok(vec![
        Example {
            name: "original",
            place: "section 5.1",
            sender: ALICE,
            content: MimiContent::markdown(
                "Hi everyone, we just shipped release 2.0. __Good  work__!",
                salt("5eed9406c2545547ab6f09f20a18b003")?,
            )
            .build(),
            octets: 193,
            id: ORIGINAL,
        },
        Example {
            name: "reply",
            place: "section 5.2",
            sender: BOB,
            content: MimiContent::markdown(
                "Right on! _Congratulations_ 'all!",
                salt("11a458c73b8dd2cf404db4b378b8fe4d")?,
            )
            .reply_to(id(ORIGINAL)?)
            .build(),
            octets: 200,
            id: REPLY,
        },
        Example {
            name: "reaction",
            place: "section 5.3",
            sender: CATHY,
            content: MimiContent::react("❤", id(ORIGINAL)?, salt("d37bc0e6a8b4f04e9e6382375f587bf6")?).build(),
            octets: 170,
            id: REACTION,
        },
        Example {
            name: "mention",
            place: "section 5.4",
            sender: CATHY,
            content: MimiContent::markdown(
                "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith) for making the release happen!",
                salt("04f290e215d0f82d1750bfa8b7dc089d")?,
            )
            .reply_to(id(ORIGINAL)?)
            .build(),
            octets: 262,
            id: "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af",
        },
        Example {
            name: "mention-html",
            place: "section 5.4",
            sender: CATHY,
            content: MimiContent::single(
                HTML,
                "<p>Kudos to <a href=\"mimi://example.com/u/alice-smith\">@Alice Smith</a> for making the release happen!</p>",
                salt("15d9705fd5bf5e02b0af47c85f8b98fe")?,
            )
            .reply_to(id(ORIGINAL)?)
            .build(),
            octets: 272,
            id: "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e",
        },
        Example {
            name: "edit",
            place: "section 5.5",
            sender: BOB,
            content: MimiContent::markdown(
                "Right on! _Congratulations_ y'all!",
                salt("b8c2e6d8800ecf45df39be6c45f4c042")?,
            )
            .edit(id(REPLY)?)
            .reply_to(id(ORIGINAL)?)
            .build(),
            octets: 234,
            id: "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47",
        },
        Example {
            name: "delete",
            place: "section 5.6",
            sender: BOB,
            content: MimiContent::delete(id(REPLY)?, salt("0a590d73b2c7761c39168be5ebf7f2e6")?)
                .reply_to(id(ORIGINAL)?)
                .build(),
            octets: 166,
            id: "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4",
        },
        Example {
            name: "unlike",
            place: "section 5.7",
            sender: CATHY,
            content: MimiContent::unreact(id(REACTION)?, id(ORIGINAL)?, salt("c5ba86dc9fd272e58ca52ec805b79199")?)
                .build(),
            octets: 173,
            id: "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4",
        },
        Example {
            name: "expiring",
            place: "section 5.8",
            sender: ALICE,
            content: MimiContent::markdown(
                "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.",
                salt("33be993eb39f418f9295afc2ae160d2d")?,
            )
            .expires(Expiration::Absolute(1_644_390_004))
            .build(),
            octets: 222,
            id: "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03",
        },
    ])
}

/// External content and several parts.
fn others() -> Result<Vec<Example>> {
    Ok(vec![
        Example {
            name: "attachment",
            place: "section 5.9",
            sender: BOB,
            content: MimiContent::attachment(video()?, salt("18fac6371e4e53f1aeaf8a013155c166")?)
                .language(Language::new("en")?)
                .build(),
            octets: 272,
            id: "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1",
        },
        Example {
            name: "conferencing",
            place: "section 5.10",
            sender: ALICE,
            content: conference()?,
            octets: 180,
            id: "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba",
        },
        Example {
            name: "multipart-1",
            place: "appendix B.1",
            sender: ALICE,
            content: MimiContent::multi(
                MultiPart::new(
                    PartSemantics::ChooseOne,
                    vec![
                        NestedPart::single(Disposition::Render, TEXT_MARKDOWN, "# Welcome!"),
                        NestedPart::single(
                            Disposition::Render,
                            "application/vnd.examplevendor-fancy-im-message",
                            hex::decode("dc861ebaa718fd7c3ca159f71a2001")?,
                        ),
                    ],
                )?,
                salt("261c953e178af653fe3d42641b91d814")?,
            )
            .build(),
            octets: 219,
            id: "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e",
        },
        Example {
            name: "multipart-2",
            place: "appendix B.2",
            sender: ALICE,
            content: MimiContent::multi(
                MultiPart::new(
                    PartSemantics::ProcessAll,
                    ["❤", "🥳", "🤞"].map(|emoji| NestedPart::single(Disposition::Reaction, TEXT_PLAIN, emoji)).into(),
                )?,
                salt("8528dc2d92e4f1944d62042907ab94d0")?,
            )
            .disposition(Disposition::Reaction)
            .build(),
            octets: 208,
            id: "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7",
        },
        Example {
            name: "multipart-3",
            place: "appendix B.3",
            sender: ALICE,
            content: nested()?,
            octets: 716,
            id: "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f",
        },
    ])
}

fn video() -> Result<ExternalPart> {
    let mut video = ExternalPart::unencrypted("video/mp4", "https://example.com/storage/8ksB4bSrrRE.mp4");
    video.size = 708_234_961;
    video.enc_alg = 1;
    video.key = hex::decode("21399320958a6f4c745dde670d95e0d8")?;
    video.nonce = hex::decode("c86cf2c33f21527d1dd76f5b")?;
    video.hash_alg = 1;
    video.content_hash = hex::decode("9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163")?;
    video.description = "2 hours of key signing video".to_owned();
    video.filename = "bigfile.mp4".to_owned();
    Ok(video)
}

fn conference() -> Result<MimiContent> {
    let mut session = ExternalPart::unencrypted("", "https://example.com/join/12345");
    session.description = "Join the Foo 118 conference".to_owned();
    Ok(MimiContent::attachment(session, salt("678ac6cd54de049c3e9665cd212470fa")?)
        .disposition(Disposition::Session)
        .topic(TopicId::new("Foo 118")?)
        .build())
}

/// The body of several levels, in two languages and with two picture formats.
pub(super) fn nested() -> Result<MimiContent> {
    let page = |language: &str, greeting: &str, picture: usize, alternative: &str| -> Result<NestedPart> {
        let html = format!(
            "<html><body><h1>{greeting}!</h1>\n<img src=\"cid:{picture}@local.invalid\" alt=\"{alternative}\"/>\n</body></html>"
        );
        Ok(NestedPart::single(Disposition::Render, HTML, html).with_language(Language::new(language)?))
    };
    let version = |number: usize, media_type: &str, picture: &str| -> Result<NestedPart> {
        let pages =
            vec![page("en", "Welcome", number, "Welcome image")?, page("fr", "Bienvenue", number, "Image bienvenue")?];
        let pages = MultiPart::new(PartSemantics::ChooseOne, pages)?;
        let parts = vec![
            NestedPart::new(Disposition::Render, pages.into()),
            NestedPart::single(Disposition::Inline, media_type, hex::decode(picture)?),
        ];
        let parts: Part = MultiPart::new(PartSemantics::ProcessAll, parts)?.into();
        Ok(NestedPart::new(Disposition::Render, parts))
    };
    let versions = vec![
        version(5, "image/gif", "dc861ebaa718fd7c3ca159f71a2001a7")?,
        version(10, "image/png", "fa444237451a05a72bb0f67037cc1669")?,
    ];
    let versions = MultiPart::new(PartSemantics::ChooseOne, versions).context("the nested example")?;
    Ok(MimiContent::multi(versions, salt("b8362793168d18c049b882d4642a2274")?).build())
}
