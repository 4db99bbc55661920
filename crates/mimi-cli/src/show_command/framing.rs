//! Media types of application data (mls-extensions draft section 6.2).

use mimi_arch::MediaType;
use mimi_protocol::application_framing::{ApplicationFraming, MediaTypeList};

use super::registry::ShowType;
use super::tree::{Tree, read};

/// The frame of application data, and the list of what a client understands.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("ApplicationFraming", "draft-ietf-mls-extensions-09 section 6.2.4", |octets| {
        read::<ApplicationFraming>(octets, application_framing)
    }),
    ShowType::wire("MediaTypeList", "draft-ietf-mls-extensions-09 section 6.2.2", |octets| {
        read::<MediaTypeList>(octets, media_type_list)
    }),
    ShowType::part("MediaType", "draft-ietf-mls-extensions-09 section 6.2.2", |octets| {
        read::<MediaType>(octets, media_type)
    }),
];

/// A media type with its parameters.
pub(super) fn media_type(media_type: &MediaType) -> Tree {
    let parameters = Tree::list(media_type.parameters(), |parameter| {
        Tree::fields([
            ("parameter_name", Tree::text(parameter.name())),
            ("parameter_value", Tree::octets(parameter.value())),
        ])
    });
    Tree::fields([("type", Tree::text(media_type.name())), ("parameters", parameters)])
}

/// What a client understands.
pub(super) fn media_type_list(list: &MediaTypeList) -> Tree {
    Tree::fields([("media_type_list", Tree::list(list.as_slice(), media_type))])
}

fn application_framing(frame: &ApplicationFraming) -> Tree {
    let none = || Tree::fields([("type", Tree::text("")), ("parameters", Tree::List(Vec::new()))]);
    Tree::fields([
        ("media_type", frame.media_type.as_ref().map_or_else(none, media_type)),
        ("inner_application_content", Tree::octets(frame.inner_application_content.as_slice())),
    ])
}
