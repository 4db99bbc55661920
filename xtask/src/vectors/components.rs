//! Components in the group context: draft-ietf-mls-extensions sections 4.6, 4.7 and 6.2, draft-ietf-mimi-protocol-06 section 7.6.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::layout::{Part, Struct, opaque, u8, u16, u16s, vector};
use super::mls::{ALICE, BOB, CATHY, participants, participants_update};
use super::rules::{NOT_UTF8, VECTOR_TOO_LONG};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const METADATA: &str = "draft-ietf-mimi-protocol-06 section 7.6";
const UPDATES: &str = "draft-ietf-mls-extensions section 4.7";
const NEGOTIATION: &str = "draft-ietf-mls-extensions section 5";
const SYNTAX: &str = "draft-ietf-mls-extensions section 6.2.2";
const FRAMING: &str = "draft-ietf-mls-extensions section 6.2.4";

const URI_INVALID: Rule = Rule("room-uri-invalid", METADATA);
const AVATAR: Rule = Rule("avatar-not-https", METADATA);
const NUL: Rule = Rule("text-with-null", METADATA);
const DESCRIPTION_TYPE: Rule = Rule("description-media-type-invalid", METADATA);
const LANGUAGE_TAG: Rule = Rule("language-tag-invalid", METADATA);
const DESCRIPTION_TEXT: Rule = Rule("description-not-utf8", METADATA);
const SEVERAL: Rule = Rule("several-metadata-updates", METADATA);

const MEDIA_TYPE: Rule = Rule("media-type-malformed", SYNTAX);
const LIST_EMPTY: Rule = Rule("media-type-list-empty", SYNTAX);
const PARAMETER_NAME: Rule = Rule("parameter-name-malformed", "RFC 6838 section 4.3");
const PARAMETER_TWICE: Rule = Rule("parameter-twice", "RFC 6838 section 4.3");
const PARAMETERS_WITHOUT_TYPE: Rule = Rule("parameters-without-type", FRAMING);

const UNKNOWN: Rule = Rule("component-unknown", UPDATES);
const ABSENT: Rule = Rule("component-absent", UPDATES);
const REMOVED_TWICE: Rule = Rule("component-removed-twice", UPDATES);
const REMOVED_AND_UPDATED: Rule = Rule("component-removed-and-updated", UPDATES);

const ROOM: &str = "mimi://a.example/r/clubhouse";
const PARTICIPANT_LIST: u16 = 0x0022;
const ROOM_METADATA: u16 = 0x0023;
const OTHER: u16 = 0x8001;
const MEDIA_TYPES: u16 = 0x0003;

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![room_metadata()?, resolve()?, components_list()?, media_type_list()?, application_framing()?])
}

type Descriptions<'a> = &'a [(&'a str, &'a str, &'a [u8])];

fn metadata(name: &str, descriptions: Descriptions<'_>, avatar: &str) -> Struct {
    let descriptions = descriptions.iter().map(|(media_type, tag, content)| {
        Part::Struct(
            Struct::new()
                .add("media_type", opaque(media_type.as_bytes()))
                .add("language_tag", opaque(tag.as_bytes()))
                .add("description_content", opaque(content)),
        )
    });
    Struct::new()
        .add("room_uri", opaque(ROOM.as_bytes()))
        .add("room_name", opaque(name.as_bytes()))
        .add("room_descriptions", vector(descriptions))
        .add("room_avatar", opaque(avatar.as_bytes()))
        .add("room_subject", opaque(b"Friday"))
        .add("room_mood", opaque(b""))
}

fn metadata_decoded(name: &str, descriptions: Descriptions<'_>, avatar: &str) -> Value {
    let descriptions: Value = descriptions
        .iter()
        .map(|(media_type, tag, content)| {
            json!({"media_type": media_type, "language_tag": tag, "description_content": hex::encode(content)})
        })
        .collect();
    json!({
        "room_uri": ROOM, "room_name": name, "room_descriptions": descriptions, "room_avatar": avatar,
        "room_subject": "Friday", "room_mood": "",
    })
}

fn room_metadata() -> Result<Built> {
    const AVATAR_URI: &str = "https://a.example/avatar.png";
    const USUAL: Descriptions<'static> =
        &[("", "en", b"Where we meet"), ("text/markdown;charset=utf-8", "de-CH", b"*Hoi*")];
    let of = |comment: &str, name: &str, descriptions: Descriptions<'_>, avatar: &str| {
        valid(comment, &metadata(name, descriptions, avatar), metadata_decoded(name, descriptions, avatar))
    };
    let usual = metadata("The clubhouse", USUAL, AVATAR_URI);
    let mut cases = vec![
        of("two descriptions and an avatar", "The clubhouse", USUAL, AVATAR_URI),
        of("no name and no description", "", &[], AVATAR_URI),
        of("a name that is not ASCII", "Clubh\u{e4}usli \u{1f3e0}", &[], AVATAR_URI),
        of("a description that is no text", "c", &[("image/png", "", &[0x89, 0x50, 0xff])], AVATAR_URI),
        of(
            "a description in another character set",
            "c",
            &[("text/plain;charset=iso-8859-1", "fr", &[0xe9])],
            AVATAR_URI,
        ),
        of("quoted and spaced parameters", "c", &[("Text/Plain ; Charset=\"UTF-8\"", "", b"x")], AVATAR_URI),
        of("a language twice", "c", &[("", "en", b"a"), ("", "en", b"b")], AVATAR_URI),
        of(
            "language tags with script, region, variant, extension and private use",
            "c",
            &[("", "sl-Latn-IT-nedis-u-co-phonebk-x-a", b"a"), ("", "i-klingon", b"b")],
            AVATAR_URI,
        ),
        of("the scheme of the avatar in capitals", "c", &[], "HTTPS://[2001:db8::1]:8443/?size=2"),
        Case::acceptable("no avatar; we take an empty URI for that", "NoAvatar")
            .octets("encoded", &metadata("c", &[], "").octets())
            .with("decoded", metadata_decoded("c", &[], "")),
    ];
    cases.extend(wire::malformed(&usual, "room_mood", "room_descriptions")?);
    let mut bad = |comment: &str, rule: Rule, path: &str, octets: &[u8]| -> Result<()> {
        cases.push(replaced(comment, "Forbidden", rule, &usual, path, opaque(octets))?);
        Ok(())
    };
    bad("no room URI", URI_INVALID, "room_uri", b"")?;
    bad("a room URI without a scheme", URI_INVALID, "room_uri", b"//a.example/r/clubhouse")?;
    bad("a room URI with a space", URI_INVALID, "room_uri", b"mimi://a.example/r/club house")?;
    bad("a room URI with half a percent-encoded octet", URI_INVALID, "room_uri", b"mimi://a.example/r/%4")?;
    bad("a room URI that is not ASCII", URI_INVALID, "room_uri", "mimi://a.example/r/\u{e4}".as_bytes())?;
    bad("a null in the name", NUL, "room_name", b"The\0clubhouse")?;
    bad("a null at the end of the subject", NUL, "room_subject", b"Friday\0")?;
    bad("a null is the whole mood", NUL, "room_mood", b"\0")?;
    bad("an avatar by http", AVATAR, "room_avatar", b"http://a.example/avatar.png")?;
    bad("an avatar inside its URI", AVATAR, "room_avatar", b"data:image/png;base64,AA==")?;
    bad("an avatar without a host", AVATAR, "room_avatar", b"https:///avatar.png")?;
    bad("an avatar with a user before its host", AVATAR, "room_avatar", b"https://a.example@b.example/avatar.png")?;
    bad("an avatar URI with a line feed", AVATAR, "room_avatar", b"https://a.example/\navatar.png")?;
    bad("a description's media type without a subtype", DESCRIPTION_TYPE, "room_descriptions/0/media_type", b"text")?;
    bad(
        "two media types of one description",
        DESCRIPTION_TYPE,
        "room_descriptions/0/media_type",
        b"text/plain, text/html",
    )?;
    bad("a language tag with an underscore", LANGUAGE_TAG, "room_descriptions/1/language_tag", b"de_CH")?;
    bad("two languages of one description", LANGUAGE_TAG, "room_descriptions/1/language_tag", b"de,en")?;
    bad("a language tag of one letter", LANGUAGE_TAG, "room_descriptions/1/language_tag", b"d")?;
    bad(
        "plain text, implied, that is not UTF-8",
        DESCRIPTION_TEXT,
        "room_descriptions/0/description_content",
        &[b'a', 0xff],
    )?;
    let not_utf8 = usual.clone().replace("room_name", opaque(&[b'a', 0xff, b'b']));
    cases.push(broken("a name that is not UTF-8", "Forbidden", NOT_UTF8, &not_utf8, "room_name").map(|case| {
        let at = not_utf8.offset("room_name").unwrap_or_default();
        case.our_error(NOT_UTF8.at(at + 2))
    })?);
    let said = metadata("c", &[("text/plain;charset=UTF-8", "", &[0xff])], AVATAR_URI);
    cases.push(broken(
        "plain text by its media type that is not UTF-8",
        "Forbidden",
        DESCRIPTION_TEXT,
        &said,
        "room_descriptions/0/description_content",
    )?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "room-metadata", "RoomMetaData", "7.6")
        .header("The data of component 0x0023 in the app_data_dictionary of the GroupContext, and the update of an AppDataUpdate proposal for it.")
        .header("An empty language_tag says nothing about the language; any other is well-formed by RFC 5646 section 2.2.9.")
        .note("Forbidden", BugType::MissingCheck, METADATA, "values that the draft does not allow", Some("an avatar is fetched over a connection that anyone reads, or text ends elsewhere for one reader than for another"))
        .note("NoAvatar", BugType::Disagreement, METADATA, "the draft has no way to say that a room has no avatar", Some("a room without an avatar has members that refuse its metadata and lose the group"));
    wire::valid_note(wire::notes(file), METADATA).group(GROUP_TYPE, cases).finish()
}

fn dictionary(entries: &[(u16, &[u8])]) -> Vec<u8> {
    let entry =
        |(id, data): &(u16, &[u8])| Part::Struct(Struct::new().add("component_id", u16(*id)).add("data", opaque(data)));
    vector(entries.iter().map(entry)).octets()
}

fn update(id: u16, octets: &[u8]) -> Vec<u8> {
    Struct::new().add("component_id", u16(id)).add("op", u8(1)).add("update", opaque(octets)).octets()
}

fn remove(id: u16) -> Vec<u8> {
    Struct::new().add("component_id", u16(id)).add("op", u8(2)).octets()
}

fn resolve() -> Result<Built> {
    let list = |list: &[(&str, u32)]| participants(list).octets();
    let joins = |user: &str| update(PARTICIPANT_LIST, &participants_update(&[], &[], &[(user, 2)]).octets());
    let named = |name: &str| metadata(name, &[], "").octets();
    let renames = |name: &str| update(ROOM_METADATA, &named(name));
    let (alice, old) = (list(&[(ALICE, 4)]), named("old"));
    let before = dictionary(&[(PARTICIPANT_LIST, &alice), (ROOM_METADATA, &old), (OTHER, &[7])]);
    let fields = |case: Case, before: Option<&[u8]>, unknown: &str, updates: &[Vec<u8>]| {
        let updates: Vec<String> = updates.iter().map(hex::encode).collect();
        let case = case.with("updates", updates).with("unknownComponents", unknown);
        match before {
            Some(before) => case.octets("before", before),
            None => case,
        }
    };
    let good = |comment: &str, before: Option<&[u8]>, updates: &[Vec<u8>], after: Option<&[u8]>| {
        let case = Case::valid(comment, "Resolve");
        let case = match after {
            Some(after) => case.octets("after", after),
            None => case,
        };
        fields(case, before, "refuse", updates)
    };
    let kept = |comment: &str, updates: &[Vec<u8>], after: &[u8], ids: &[u16]| {
        let case = Case::acceptable(comment, "Unknown").octets("after", after).with("uninterpreted", ids.to_vec());
        fields(case, Some(&before), "keep", updates)
    };
    let bad = |comment: &str, flag: &str, rule: Rule, updates: &[Vec<u8>]| {
        fields(Case::invalid(comment, flag, rule.nowhere()), Some(&before), "refuse", updates)
    };
    let three = list(&[(ALICE, 4), (BOB, 2), (CATHY, 2)]);
    let new = named("new");
    let renamed = dictionary(&[(PARTICIPANT_LIST, &alice), (ROOM_METADATA, &new), (OTHER, &[7])]);
    let without_other = dictionary(&[(PARTICIPANT_LIST, &alice), (ROOM_METADATA, &old)]);
    let only_other = dictionary(&[(OTHER, &[7])]);
    let malformed = |comment: &str, before: &[u8], updates: &[Vec<u8>], rule: Rule| {
        fields(Case::invalid(comment, "Refused", rule.nowhere()), Some(before), "refuse", updates)
    };
    let cases = vec![
        good("no proposals and no dictionary", None, &[], None),
        good("no proposals", Some(&before), &[], Some(&before)),
        good("the metadata are replaced, the rest is kept", Some(&before), &[renames("new")], Some(&renamed)),
        good(
            "two joins with the metadata between them; new participants stand in the order of the commit",
            Some(&before),
            &[joins(BOB), renames("new"), joins(CATHY)],
            Some(&dictionary(&[(PARTICIPANT_LIST, &three), (ROOM_METADATA, &new), (OTHER, &[7])])),
        ),
        good(
            "the first entry of a group without a dictionary",
            None,
            &[renames("new")],
            Some(&dictionary(&[(ROOM_METADATA, &new)])),
        ),
        good(
            "new entries go where their numbers belong",
            Some(&only_other),
            &[renames("new"), joins(ALICE)],
            Some(&dictionary(&[(PARTICIPANT_LIST, &list(&[(ALICE, 2)])), (ROOM_METADATA, &new), (OTHER, &[7])])),
        ),
        good(
            "the metadata are removed",
            Some(&before),
            &[remove(ROOM_METADATA)],
            Some(&dictionary(&[(PARTICIPANT_LIST, &alice), (OTHER, &[7])])),
        ),
        good(
            "the only entry is removed; an empty dictionary stays",
            Some(&dictionary(&[(ROOM_METADATA, &old)])),
            &[remove(ROOM_METADATA)],
            Some(&dictionary(&[])),
        ),
        kept("an update for an unknown component by one who keeps its data", &[update(OTHER, &[1])], &before, &[OTHER]),
        kept("the same beside one for a known component", &[update(OTHER, &[1]), renames("new")], &renamed, &[OTHER]),
        kept("an unknown component is removed, for which it need not be known", &[remove(OTHER)], &without_other, &[]),
        bad("an update for an unknown component", "Operations", UNKNOWN, &[update(OTHER, &[1])]),
        bad("an unknown component is removed", "Operations", UNKNOWN, &[remove(OTHER)]),
        fields(
            Case::invalid("a component without data is removed", "Operations", ABSENT.nowhere()),
            Some(&only_other),
            "refuse",
            &[remove(ROOM_METADATA)],
        ),
        fields(
            Case::invalid("a component is removed where there is no dictionary", "Operations", ABSENT.nowhere()),
            None,
            "refuse",
            &[remove(ROOM_METADATA)],
        ),
        bad(
            "a component is removed twice",
            "Operations",
            REMOVED_TWICE,
            &[remove(ROOM_METADATA), remove(ROOM_METADATA)],
        ),
        bad("updated, then removed", "Operations", REMOVED_AND_UPDATED, &[renames("new"), remove(ROOM_METADATA)]),
        bad(
            "removed, then updated, with another component between",
            "Operations",
            REMOVED_AND_UPDATED,
            &[remove(ROOM_METADATA), joins(BOB), renames("new")],
        ),
        bad("two updates of the metadata", "Refused", SEVERAL, &[renames("new"), renames("newer")]),
        bad(
            "the same user joins twice",
            "Refused",
            Rule("user-touched-twice", "draft-ietf-mimi-protocol-06 section 7.5"),
            &[joins(BOB), joins(BOB)],
        ),
        malformed("an update that ends early", &before, &[update(ROOM_METADATA, b"\x05mimi")], VECTOR_TOO_LONG),
        malformed(
            "data in the dictionary that end early",
            &dictionary(&[(PARTICIPANT_LIST, &[9])]),
            &[joins(BOB)],
            VECTOR_TOO_LONG,
        ),
    ];
    FileBuilder::new("mimi-protocol", revisions::MLS_EXTENSIONS, "app-data-update-resolve", "AppDataUpdate", "4.7")
        .header("before and after are the AppDataDictionary of the GroupContext, absent if there is none; updates the AppDataUpdate proposals of one commit in its order. All are encoded.")
        .header("The application knows 0x0022 (participant_list) and 0x0023 (room_metadata). unknownComponents says what it does about others; where it keeps their data, uninterpreted names those whose updates had no effect.")
        .note("Resolve", BugType::Disagreement, UPDATES, "proposals and the dictionary that they lead to", Some("members compute different group contexts, and the group falls apart"))
        .note("Unknown", BugType::Disagreement, UPDATES, "what the draft calls invalid for members, read by one who is none", None)
        .note("Operations", BugType::MissingCheck, UPDATES, "operations that may not stand together, or not at all", Some("the outcome depends on the order in which an implementation looks at the proposals"))
        .note("Refused", BugType::MissingCheck, UPDATES, "updates that the component itself does not accept", Some("a member that takes the commit has another group context than one that refuses it"))
        .group("AppDataResolve", cases)
        .finish()
}

type MediaType<'a> = (&'a str, &'a [(&'a str, &'a [u8])]);

fn media_type((name, parameters): MediaType<'_>) -> Struct {
    let parameters = parameters.iter().map(|(name, value)| {
        Part::Struct(Struct::new().add("parameter_name", opaque(name.as_bytes())).add("parameter_value", opaque(value)))
    });
    Struct::new().add("type", opaque(name.as_bytes())).add("parameters", vector(parameters))
}

fn media_type_decoded((name, parameters): MediaType<'_>) -> Value {
    let parameters: Value = parameters
        .iter()
        .map(|(name, value)| json!({"parameter_name": name, "parameter_value": hex::encode(value)}))
        .collect();
    json!({"type": name, "parameters": parameters})
}

const MIMI: MediaType<'static> = ("application/mimi-content", &[]);
const PLAIN: MediaType<'static> = ("text/plain", &[("charset", b"UTF-8")]);

fn media_types(list: &[MediaType<'_>]) -> Struct {
    Struct::new().add("media_type_list", vector(list.iter().map(|each| Part::Struct(media_type(*each)))))
}

fn components_list() -> Result<Built> {
    let of = |comment: &str, list: &[u16]| {
        valid(comment, &Struct::new().add("component_ids", u16s(list)), json!({"component_ids": list}))
    };
    let usual = Struct::new().add("component_ids", u16s(&[0x0020, OTHER]));
    let mut cases = vec![
        of("no component, which turns Safe AAD on all the same", &[]),
        of("the component with the franking tag", &[0x0020]),
        of("two components, one of them private", &[0x0020, OTHER]),
        of("components that are not in order", &[PARTICIPANT_LIST, 0x0021]),
    ];
    cases.extend(wire::malformed(&usual, "component_ids", "component_ids")?);
    let half = [&[3][..], &[0, 0x20, 0]].concat();
    cases.push(Case::invalid("half a component", "Truncated", super::rules::TRUNCATED.at(3)).octets("encoded", &half));
    let file = FileBuilder::new("mimi-protocol", revisions::MLS_EXTENSIONS, "components-list", "ComponentsList", "5")
        .header("The data of the components 0x0001 (app_components) and 0x0002 (safe_aad) in the app_data_dictionary of a LeafNode or the GroupContext.");
    wire::valid_note(wire::notes(file), NEGOTIATION).group(GROUP_TYPE, cases).finish()
}

fn media_type_list() -> Result<Built> {
    let of = |comment: &str, list: &[MediaType<'_>]| {
        let decoded: Value = list.iter().map(|each| media_type_decoded(*each)).collect();
        valid(comment, &media_types(list), json!({"media_type_list": decoded}))
    };
    let usual = media_types(&[MIMI, PLAIN]);
    let mut cases = vec![
        of("one media type", &[MIMI]),
        of("three media types, one with a parameter", &[MIMI, PLAIN, ("image/png", &[])]),
        of("a vendor's media type", &[("application/vnd.example.msgbus+cbor", &[])]),
        of("a parameter value that a text would have to quote", &[("a/b", &[("c", b"\"x\\ \0\xff")])]),
        of("an empty parameter value", &[("a/b", &[("c", b""), ("d", b"")])]),
    ];
    cases.extend(wire::malformed(&usual, "media_type_list", "media_type_list/1/parameters")?);
    cases.push(broken("an empty list", "Forbidden", LIST_EMPTY, &media_types(&[]), "media_type_list")?);
    let mut bad = |comment: &str, rule: Rule, each: MediaType<'_>, path: &str| -> Result<()> {
        cases.push(broken(comment, "Forbidden", rule, &media_types(&[MIMI, each]), path)?);
        Ok(())
    };
    bad("no type", MEDIA_TYPE, ("", &[]), "media_type_list/1/type")?;
    bad("a type without a subtype", MEDIA_TYPE, ("text", &[]), "media_type_list/1/type")?;
    bad("a range of media types", MEDIA_TYPE, ("text/*", &[]), "media_type_list/1/type")?;
    bad("a parameter in the type", MEDIA_TYPE, ("text/plain;charset=utf-8", &[]), "media_type_list/1/type")?;
    bad("a parameter without a name", PARAMETER_NAME, ("a/b", &[("", b"c")]), "media_type_list/1/parameters/0")?;
    bad("a parameter name with a space", PARAMETER_NAME, ("a/b", &[("c d", b"e")]), "media_type_list/1/parameters/0")?;
    bad("a parameter twice", PARAMETER_TWICE, ("a/b", &[("c", b"d"), ("C", b"e")]), "media_type_list/1/parameters")?;
    let file = FileBuilder::new("mimi-protocol", revisions::MLS_EXTENSIONS, "media-type-list", "MediaTypeList", "6.2.2")
        .header("The data of component 0x0003 in the app_data_dictionary of a LeafNode or the GroupContext. Parameter values are octets, so decoded gives them in hex.")
        .note("Forbidden", BugType::MissingCheck, SYNTAX, "media types that there cannot be", None);
    wire::valid_note(wire::notes(file), SYNTAX).group(GROUP_TYPE, cases).finish()
}

fn application_framing() -> Result<Built> {
    let frame = |each: MediaType<'_>, content: &[u8]| {
        Struct::new()
            .add("media_type", Part::Struct(media_type(each)))
            .add("inner_application_content", opaque(content))
    };
    let of = |comment: &str, each: MediaType<'_>, content: &[u8]| {
        let decoded =
            json!({"media_type": media_type_decoded(each), "inner_application_content": hex::encode(content)});
        valid(comment, &frame(each, content), decoded)
    };
    const NONE: MediaType<'static> = ("", &[]);
    let usual = frame(PLAIN, b"hello");
    let mut cases = vec![
        of("a media type with a parameter", PLAIN, b"hello"),
        of("the group's first media type, not named", NONE, b"hello"),
        of("no content", MIMI, b""),
        of("content of 70 octets, whose length takes two", MIMI, &[0x61; 70]),
    ];
    cases.extend(wire::malformed(&usual, "inner_application_content", "media_type/parameters")?);
    cases.push(broken(
        "a media type without a subtype",
        "Forbidden",
        MEDIA_TYPE,
        &frame(("text", &[]), b"x"),
        "media_type/type",
    )?);
    let nameless = frame(("", &[("charset", b"utf-8")]), b"x");
    cases.push(
        Case::acceptable("parameters of no media type; we refuse them, as nothing says whose they are", "Nameless")
            .octets("encoded", &nameless.octets())
            .our_error(PARAMETERS_WITHOUT_TYPE.at(nameless.offset("media_type/parameters").unwrap_or_default())),
    );
    let required = media_types(&[MIMI, PLAIN]).octets();
    let list = participants(&[(ALICE, 4)]).octets();
    let frames = dictionary(&[(MEDIA_TYPES, &required), (PARTICIPANT_LIST, &list)]);
    let none = dictionary(&[(PARTICIPANT_LIST, &list)]);
    let fields = |case: Case, dictionary: Option<&[u8]>, data: &[u8]| {
        let case = case.octets("applicationData", data);
        match dictionary {
            Some(dictionary) => case.octets("dictionary", dictionary),
            None => case,
        }
    };
    let opens = |comment: &str, dictionary: Option<&[u8]>, data: &[u8], each: Option<MediaType<'_>>, content: &[u8]| {
        let case = Case::valid(comment, "Frame").octets("content", content);
        fields(case.with("mediaType", each.map_or(Value::Null, media_type_decoded)), dictionary, data)
    };
    let named = frame(PLAIN, b"hello").octets();
    let groups = vec![
        opens("the group lists media types; one is named", Some(&frames), &named, Some(PLAIN), b"hello"),
        opens(
            "none is named; it is the first of the list",
            Some(&frames),
            &frame(NONE, b"hello").octets(),
            Some(MIMI),
            b"hello",
        ),
        opens(
            "one is named that the group does not list",
            Some(&frames),
            &frame(("image/png", &[]), b"x").octets(),
            Some(("image/png", &[])),
            b"x",
        ),
        opens("the group lists none: what looks like a frame is the content", Some(&none), &named, None, &named),
        opens("the group has no dictionary", None, &named, None, &named),
        fields(
            Case::invalid("the group lists media types; there is no frame", "NoFrame", VECTOR_TOO_LONG.at(0)),
            Some(&frames),
            b"hello",
        ),
        fields(
            Case::invalid("the group's list is empty", "NoFrame", LIST_EMPTY.at(0)),
            Some(&dictionary(&[(MEDIA_TYPES, &[0])])),
            &named,
        ),
    ];
    let file = FileBuilder::new("mimi-protocol", revisions::MLS_EXTENSIONS, "application-framing", "ApplicationFraming", "6.2.4")
        .header("Groups of type Framing: dictionary is the AppDataDictionary of the GroupContext, absent if there is none; mediaType is null where nothing says it.")
        .note("Forbidden", BugType::MissingCheck, SYNTAX, "media types that there cannot be", None)
        .note("Nameless", BugType::Disagreement, FRAMING, "the draft does not say what parameters without a type mean", None)
        .note("Frame", BugType::Disagreement, FRAMING, "application data of a group, and the content and media type in them", Some("a frame is shown as text, or text is taken for a frame"))
        .note("NoFrame", BugType::MissingCheck, FRAMING, "application data that are not what the group context asks for", None);
    wire::valid_note(wire::notes(file), FRAMING).group(GROUP_TYPE, cases).group("Framing", groups).finish()
}
