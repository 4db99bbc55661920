//! Components in the group context: room metadata, media types and frames, and what the proposals of a commit make of the dictionary.

use mimi_protocol::Wire;
use mimi_protocol::application_framing::{self, ApplicationFraming, MediaType, MediaTypeList};
use mimi_protocol::component::{Cause, Known, ResolveError, UnknownComponents, resolve as resolve_updates};
use mimi_protocol::mls::{AppDataDictionary, AppDataUpdate};
use mimi_protocol::participant_list::ParticipantList;
use mimi_protocol::room_metadata::{HttpsUri, RoomMetaData, RoomMetadata};
use mimi_protocol::safe_aad::ComponentsList;
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::rules::decode_error;
use crate::wire::message;
use crate::{Verdict, refused};

/// The types that are read here.
pub(crate) const READS: &[&str] = &["RoomMetaData", "ComponentsList", "MediaTypeList", "ApplicationFraming"];

/// Reads the octets of a test as the type that the file is about.
pub(crate) fn run(r#type: &str, test: &TestCase) -> Verdict {
    match r#type {
        // req: MP06-7.6-01, MP06-7.6-02, MP06-7.6-04, MP06-7.6-05, MP06-7.6-06, MP06-7.6-07, MP06-7.6-09
        "RoomMetaData" => message(test, metadata).map(|_: RoomMetaData| ()),
        "ComponentsList" => message(test, components_list).map(|_: ComponentsList| ()),
        "MediaTypeList" => message(test, media_types).map(|_: MediaTypeList| ()),
        "ApplicationFraming" => message(test, frame).map(|_: ApplicationFraming| ()),
        other => panic!("there is no reader for {other}"),
    }
}

fn metadata(metadata: &RoomMetaData) -> Value {
    let descriptions: Value = metadata
        .room_descriptions
        .iter()
        .map(|description| {
            json!({
                "media_type": description.media_type_text(),
                "language_tag": description.language_tag().unwrap_or_default(),
                "description_content": hex::encode(description.description_content()),
            })
        })
        .collect();
    json!({
        "room_uri": metadata.room_uri.as_str(),
        "room_name": metadata.room_name.as_str(),
        "room_descriptions": descriptions,
        "room_avatar": metadata.room_avatar.as_ref().map_or("", HttpsUri::as_str),
        "room_subject": metadata.room_subject.as_str(),
        "room_mood": metadata.room_mood.as_str(),
    })
}

fn media_type(media_type: &MediaType) -> Value {
    let parameters: Value = media_type
        .parameters()
        .iter()
        .map(|parameter| json!({"parameter_name": parameter.name(), "parameter_value": hex::encode(parameter.value())}))
        .collect();
    json!({"type": media_type.name(), "parameters": parameters})
}

fn media_types(list: &MediaTypeList) -> Value {
    json!({"media_type_list": list.as_slice().iter().map(media_type).collect::<Value>()})
}

fn components_list(list: &ComponentsList) -> Value {
    json!({"component_ids": list.0.iter().map(|component| component.0).collect::<Vec<u16>>()})
}

fn frame(frame: &ApplicationFraming) -> Value {
    let none = json!({"type": "", "parameters": []});
    json!({
        "media_type": frame.media_type.as_ref().map_or(none, media_type),
        "inner_application_content": hex::encode(&frame.inner_application_content),
    })
}

/// Takes application data out of the frame that the group's dictionary asks for, and puts the content back.
pub(crate) fn framing(test: &TestCase) -> Verdict {
    let dictionary = test.octets("dictionary").map(|octets| AppDataDictionary::from_bytes(&octets).unwrap());
    let framing = application_framing::framing(dictionary.as_ref()).map_err(decode_error)?;
    let data = test.octets("applicationData").unwrap();
    let opened = application_framing::open(&framing, &data).map_err(decode_error)?;
    assert_eq!(opened.content, test.octets("content").unwrap(), "test {} ({})", test.tc_id, test.comment);
    assert_eq!(opened.media_type.as_deref().map_or(Value::Null, media_type), test.fields["mediaType"]);
    let sealed = application_framing::seal(&framing, opened.media_type.as_deref(), &opened.content).unwrap();
    assert_eq!(sealed, data, "test {} ({})", test.tc_id, test.comment);
    Ok(())
}

/// Carries out the AppDataUpdate proposals of one commit.
pub(crate) fn resolve(test: &TestCase) -> Verdict {
    // req: MP06-7.5-12, MP06-7.6-03, MP06-7.6-08, MP06-7.6-10, MP06-7.6-11, MP06-7.6-12
    let before = test.octets("before").map(|octets| AppDataDictionary::from_bytes(&octets).unwrap());
    let updates: Vec<AppDataUpdate> = test.fields["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|update| AppDataUpdate::from_bytes(&hex::decode(update.as_str().unwrap()).unwrap()).unwrap())
        .collect();
    let unknown = match test.text("unknownComponents").unwrap() {
        "keep" => UnknownComponents::Keep,
        _ => UnknownComponents::Refuse,
    };
    let known = [Known::of::<ParticipantList>(), Known::of::<RoomMetadata>()];
    let resolution =
        resolve_updates(before.as_ref(), &updates, &known, unknown).map_err(|error| resolve_error(&error))?;
    let after = resolution.dictionary.map(|dictionary| dictionary.to_bytes().unwrap());
    assert_eq!(after, test.octets("after"), "test {} ({})", test.tc_id, test.comment);
    let uninterpreted: Value = resolution.uninterpreted.iter().map(|id| id.0).collect();
    assert_eq!(&uninterpreted, test.fields.get("uninterpreted").unwrap_or(&json!([])));
    Ok(())
}

fn resolve_error(error: &ResolveError) -> ExpectedError {
    let rule = match error {
        ResolveError::UnknownComponent { .. } => "component-unknown".to_owned(),
        ResolveError::RemovesAbsent { .. } => "component-absent".to_owned(),
        ResolveError::RemovedTwice { .. } => "component-removed-twice".to_owned(),
        ResolveError::RemovedAndUpdated { .. } => "component-removed-and-updated".to_owned(),
        ResolveError::Component { cause: Cause::Data(error) | Cause::Update { error, .. }, .. } => {
            decode_error(*error).rule
        }
        ResolveError::Component { cause: Cause::Refused(refusal), .. } => match refusal.to_string() {
            text if text.contains("updates of the room metadata") => "several-metadata-updates".to_owned(),
            text if text.contains("touched more than once") => "user-touched-twice".to_owned(),
            other => other,
        },
        other => other.to_string(),
    };
    refused(&rule, error.section())
}
