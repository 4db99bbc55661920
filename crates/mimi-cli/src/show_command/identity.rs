//! Identifiers (draft-mahy-mimi-identity-05 section 4) and the URIs that stand in structures.

use mimi_arch::identifier::MimiUri;
use mimi_arch::{Domain, HttpsUri, MediaType, RoomUri, Uri, UserUri};
use mimi_protocol::IdentifierUri;

use super::registry::ShowType;
use super::tree::{ShowError, Tree, read};

const SECTION: &str = "draft-mahy-mimi-identity-05 section 4";

/// URIs and host names as text, and a URI as the protocol's structures hold it.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::text("MimiUri", SECTION, mimi_uri),
    ShowType::text("Domain", SECTION, domain),
    ShowType::text("HttpsUri", "RFC 9110 section 4.2.2", https_uri),
    ShowType::text("MediaTypeName", "RFC 9110 section 8.3.1", media_type),
    ShowType::part("IdentifierUri", "draft-ietf-mimi-protocol-06 section 5", |octets| {
        read::<IdentifierUri>(octets, |uri| Tree::fields([("uri", Tree::text(uri.as_str()))]))
    }),
    ShowType::part("Uri", "draft-ietf-mimi-protocol-06 section 7.6", |octets| {
        read::<Uri>(octets, |uri| Tree::fields([("uri", Tree::text(uri.as_str()))]))
    }),
];

/// One line of text, without the line's end.
fn line(octets: &[u8]) -> &[u8] {
    octets.strip_suffix(b"\r\n").or(octets.strip_suffix(b"\n")).unwrap_or(octets)
}

fn mimi_uri(octets: &[u8]) -> Result<Tree, ShowError> {
    let uri = MimiUri::from_bytes(line(octets)).map_err(|error| ShowError {
        offset: Some(error.offset()),
        rule: error.rule().to_string(),
        section: error.section(),
    })?;
    let tree = Tree::fields([
        ("uri", Tree::text(uri.as_str())),
        ("kind", Tree::text(uri.kind().to_string())),
        ("domain", Tree::text(uri.domain().as_str())),
    ]);
    Ok(match &uri {
        MimiUri::Provider(_) => tree,
        MimiUri::User(user) => tree.and([("name", Tree::text(user.name()))]),
        MimiUri::Pseudonym(pseudonym) => tree.and([("name", Tree::text(pseudonym.name()))]),
        MimiUri::Client(client) => {
            let owner = client.user();
            tree.and([
                ("user", Tree::optional(owner, |user: UserUri| Tree::text(user.as_str()))),
                ("device", Tree::text(client.device())),
            ])
        }
        MimiUri::Room(room) => named_room(tree, room),
        MimiUri::Group(group) => tree.and([("name", Tree::text(group.name()))]),
        MimiUri::Team(team) => tree.and([("name", Tree::text(team.name()))]),
    })
}

fn named_room(tree: Tree, room: &RoomUri) -> Tree {
    tree.and([("name", Tree::text(room.name())), ("group", Tree::text(room.group().as_str()))])
}

fn domain(octets: &[u8]) -> Result<Tree, ShowError> {
    let domain = Domain::from_bytes(line(octets)).map_err(|error| ShowError {
        offset: Some(error.offset()),
        rule: error.rule().to_string(),
        section: error.section(),
    })?;
    Ok(Tree::fields([("domain", Tree::text(domain.as_str()))]))
}

fn utf8<'o>(octets: &'o [u8], section: &'static str) -> Result<&'o str, ShowError> {
    std::str::from_utf8(line(octets)).map_err(|error| ShowError {
        offset: Some(error.valid_up_to()),
        rule: "text is not UTF-8".to_owned(),
        section,
    })
}

fn https_uri(octets: &[u8]) -> Result<Tree, ShowError> {
    let uri = HttpsUri::new(utf8(octets, "RFC 9110 section 4.2.2")?).map_err(|error| ShowError {
        offset: None,
        rule: error.rule().text().to_owned(),
        section: error.section(),
    })?;
    Ok(Tree::fields([("uri", Tree::text(uri.as_str()))]))
}

fn media_type(octets: &[u8]) -> Result<Tree, ShowError> {
    let text = utf8(octets, "RFC 9110 section 8.3.1")?;
    let media_type: MediaType = text.parse().map_err(|error: mimi_arch::media_type::MediaTypeError| ShowError {
        offset: None,
        rule: error.rule().text().to_owned(),
        section: error.section(),
    })?;
    Ok(super::framing::media_type(&media_type))
}

/// The text of a URI in a structure.
pub(super) fn identifier(uri: &IdentifierUri) -> Tree {
    Tree::text(uri.as_str())
}
