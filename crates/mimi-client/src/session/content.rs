//! What is inside an application message: MIMI content on the way out, text for a person on the way in, and the proof that it was
//! franked (draft-ietf-mimi-content-08; draft-ietf-mimi-protocol-06 sections 5.4.1.1 and 5.4.1.3).

use mimi_arch::RoomUri;
use mimi_content::{Disposition, MessageId, MimiContent, NestedPart, Part, Salt, TEXT_PLAIN, markdown::Markdown};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, IdentifierUri,
    application_framing::{self, Framing, MediaType},
    franking::{FrankedContent, FrankingTag, Received, VerifiedFrank, franking_tag},
    mls::Credential,
    submit_message::Frank,
};

use super::Draft;
use crate::{
    error::{ClientError, MlsFailure},
    events::{Form, Franking, Relation},
    mls::{SUITE, process::Opened},
};

/// What a person sees of a deletion.
pub(super) const DELETED: &str = "[a message was deleted]";

/// Application data to be encrypted, and the sender's commitment to them.
pub(super) struct Outgoing {
    pub(super) application_data: Vec<u8>,
    pub(super) tag: FrankingTag,
    /// What others call the message.
    pub(super) id: MessageId,
}

/// A draft as MIMI content that names its sender and room, framed as the group wants it.
///
/// # Errors
/// When it is too long for the frame.
// req: MP06-5.4.1.1-01, MP06-5.4.1.1-02, MP06-5.4.1.1-03, MP06-5.4.1.1-04
pub(super) fn outgoing(
    draft: &Draft,
    salt: [u8; 16],
    sender: &str,
    room: &RoomUri,
    framing: &Framing,
) -> Result<Outgoing, ClientError> {
    let content = draft.build(Salt::new(salt), sender, room).encode();
    let id = MessageId::compute(&content, sender, room.as_str(), &Salt::new(salt)).map_err(MlsFailure::from)?;
    let media_type: Option<MediaType> = match framing {
        Framing::Bare => None,
        Framing::Framed(_) => Some(mimi_content::MEDIA_TYPE.parse().map_err(|_| MlsFailure::MediaType)?),
    };
    let application_data = application_framing::seal(framing, media_type.as_ref(), &content)?;
    let tag = franking_tag(&salt, &application_data);
    Ok(Outgoing { application_data, tag, id })
}

/// An application message as it is told to a person.
pub(super) struct Incoming {
    pub(super) text: String,
    pub(super) id: Option<MessageId>,
    pub(super) relation: Relation,
    pub(super) form: Form,
    pub(super) franking: Franking,
    /// What can be shown to the hub, if the frank holds.
    pub(super) proof: Option<VerifiedFrank>,
}

/// Reads an application message. What is not MIMI content is shown as text if it is text; what is, but cannot be shown, is named.
///
/// # Errors
/// When it is neither.
pub(super) fn incoming(
    opened: &Opened,
    room: &RoomUri,
    accepted: AcceptedTimestamp,
    frank: Option<&Frank>,
) -> Result<Incoming, ClientError> {
    let inner = application_framing::open(&opened.framing, &opened.application_data)?;
    let media_type = inner.media_type.as_deref();
    if media_type.is_some_and(|media_type| !media_type.is(mimi_content::MEDIA_TYPE)) {
        let part = NestedPart::single(
            Disposition::Render,
            media_type.map_or_else(|| TEXT_PLAIN.to_owned(), ToString::to_string),
            inner.content,
        );
        return Ok(without_salt(text_of_body(&part), opened, frank));
    }
    match MimiContent::decode(&inner.content) {
        Ok(content) => {
            let (franking, proof) = verify(&content, opened, room, accepted, frank);
            // Whose leaf signed it is certain; what the content says of its sender is not.
            let sender = opened.sender.user();
            let id = sender.and_then(|sender| {
                MessageId::compute(&inner.content, sender.as_str(), room.as_str(), &content.salt).ok()
            });
            let (text, relation) = (text_of(&content), relation_of(&content));
            Ok(Incoming { text, id, relation, form: Form::MimiContent, franking, proof })
        }
        // The first octet of MIMI content begins no UTF-8 text, so that one is not taken for the other.
        Err(error) => match (media_type, String::from_utf8(inner.content)) {
            (None, Ok(text)) => Ok(without_salt(text, opened, frank)),
            _ => Err(MlsFailure::NotText(error.to_string()).into()),
        },
    }
}

fn without_salt(text: String, opened: &Opened, frank: Option<&Frank>) -> Incoming {
    let franking = match (opened.tag, frank) {
        (None, None) => Franking::NotFranked,
        _ => Franking::Unverifiable,
    };
    Incoming { text, id: None, relation: Relation::None, form: Form::Plain, franking, proof: None }
}

// req: MP06-5.4.1.3-01, MP06-5.4.1.3-02, MP06-5.4.1.3-03, MP06-5.4.1.3-04, MP06-5.4.1.3-05
fn verify(
    content: &MimiContent,
    opened: &Opened,
    room: &RoomUri,
    accepted: AcceptedTimestamp,
    frank: Option<&Frank>,
) -> (Franking, Option<VerifiedFrank>) {
    let uris = (content.extensions.sender_uri(), content.extensions.room_uri());
    let (sender_uri, room_uri) = match uris {
        (Some(sender), Some(room)) => (IdentifierUri::new(sender), IdentifierUri::new(room)),
        _ if opened.tag.is_none() && frank.is_none() => return (Franking::NotFranked, None),
        _ => return (Franking::Unverifiable, None),
    };
    let received = Received {
        suite: CipherSuite(SUITE.into()),
        hub: room.domain(),
        agent: opened.agent.as_ref(),
        room,
        accepted_timestamp: accepted,
        tag: opened.tag.as_ref(),
        frank,
        leaf_credential: &Credential::basic(opened.sender.as_str().as_bytes()),
        content: FrankedContent {
            application_data: &opened.application_data,
            salt: content.salt.as_bytes(),
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        },
    };
    match received.verify() {
        Ok(proof) => (Franking::Verified, Some(proof)),
        Err(mimi_protocol::franking::FrankRefusal::NotFranked) => (Franking::NotFranked, None),
        Err(refusal) => (Franking::Refused(refusal), None),
    }
}

// req: MC08-5.2-01, MC08-5.3-01, MC08-5.5-01, MC08-5.6-01, MC08-5.7-01
fn relation_of(content: &MimiContent) -> Relation {
    match (content.replaces, content.in_reply_to) {
        (Some(first), _) if content.body.part == Part::Null => Relation::Deletes(first),
        (Some(first), _) => Relation::Edits(first),
        (None, Some(to)) if content.body.disposition == Disposition::Reaction => Relation::ReactionTo(to),
        (None, Some(to)) => Relation::ReplyTo(to),
        (None, None) => Relation::None,
    }
}

/// The text of a message for a person: of alternatives the plain one.
fn text_of(content: &MimiContent) -> String {
    if content.replaces.is_some() && content.body.part == Part::Null {
        return DELETED.to_owned();
    }
    text_of_body(&content.body)
}

fn text_of_body(body: &NestedPart) -> String {
    let preference = |part: &NestedPart| match &part.part {
        Part::Single(single) => match essence(&single.content_type).as_str() {
            "text/plain" => Some(3),
            "text/markdown" => Some(2),
            _ => None,
        },
        Part::External(_) => Some(1),
        Part::Null | Part::Multi(_) => Some(0),
    };
    let Some(choice) = body.choose(preference) else {
        return format!("[{}, which this client cannot show]", body.content_type().unwrap_or("content"));
    };
    let lines: Vec<String> = choice.parts().filter_map(|(_, part)| line_of(part)).collect();
    lines.join("\n")
}

fn line_of(part: &NestedPart) -> Option<String> {
    match &part.part {
        Part::Single(single) => {
            let text = String::from_utf8_lossy(&single.content).into_owned();
            Some(if essence(&single.content_type) == "text/markdown" {
                Markdown::new(text).to_plain_text().text
            } else {
                text
            })
        }
        Part::External(external) => {
            let name = if external.filename.is_empty() { &external.content_type } else { &external.filename };
            Some(format!("[attachment {name}: {}]", external.url))
        }
        Part::Null | Part::Multi(_) => None,
    }
}

/// A media type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_content::{ExternalPart, MessageId, MultiPart, PartSemantics};

    use super::*;

    fn salt() -> Salt {
        Salt::new([7; 16])
    }

    #[test]
    fn what_a_person_sees_of_each_kind_of_message() {
        assert_eq!(text_of(&MimiContent::text("a\nb", salt()).build()), "a\nb");
        assert_eq!(text_of(&MimiContent::markdown("*so*", salt()).build()), "so");
        let deletion = MimiContent::delete(MessageId::from_bytes([1; 32]), salt()).build();
        assert_eq!(text_of(&deletion), "[a message was deleted]");
        let picture = ExternalPart::unencrypted("image/png", "https://a.example/1");
        let attachment = MimiContent::attachment(picture, salt()).build();
        assert_eq!(text_of(&attachment), "[attachment image/png: https://a.example/1]");
        let unknown = MimiContent::single("application/x-chess", b"e4".to_vec(), salt()).build();
        assert_eq!(text_of(&unknown), "[application/x-chess, which this client cannot show]");
    }

    #[test]
    fn of_alternatives_the_plain_one_is_shown() {
        let part = |kind: &str, text: &str| NestedPart::single(Disposition::Render, kind, text);
        let parts = vec![part("application/x-chess", "e4"), part(TEXT_PLAIN, "pawn to e4")];
        let multi = MultiPart::new(PartSemantics::ChooseOne, parts).unwrap();
        assert_eq!(text_of(&MimiContent::multi(multi, salt()).build()), "pawn to e4");
    }

    #[test]
    fn mimi_content_is_never_taken_for_text() {
        let octets = MimiContent::text("x", salt()).build().encode();
        assert!(std::str::from_utf8(&octets).is_err());
    }
}
