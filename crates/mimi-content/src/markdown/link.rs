//! Links and mentions, and whether their text says where they go (draft-ietf-mimi-content-08 section 9.6).

use core::ops::Range;
use std::{borrow::ToOwned, format, string::String, vec::Vec};

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Link {
    /// Where the whole link stands in the [Markdown](super::Markdown::as_str), in octets.
    pub source: Range<usize>,
    /// Where its text stands in the [plain text](super::PlainText::text), in octets.
    pub text: Range<usize>,
    /// What the sender wants shown for it, without formatting.
    // req: MC08-9.6-04
    pub label: String,
    /// Where it goes.
    pub target: String,
    /// What it goes to.
    pub kind: LinkKind,
    /// Whether the label says where it goes.
    pub agreement: Agreement,
}

/// What a link goes to, by the scheme of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// `http` or `https`.
    Web,
    /// `mailto`.
    Mail,
    /// `mimi` or `im`: a mention, if the target is a user with a client in the room or a room; the caller knows. The label is the
    /// sender's hint, and local policy decides whether it may stand for that user.
    Mention,
    /// `cid`: another part of the message.
    Part,
    /// Anything else, relative references among it. Shown as text.
    Blocked,
}

/// Whether the label of a link says where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Agreement {
    /// The label is the target, exactly or in canonical form.
    Same,
    /// The label is words, and names no other target.
    Words,
    /// The label looks like an address, and the link goes to another one. So does every web target with a user name, which is there to
    /// be taken for the host.
    OtherTarget,
    /// The label says `https`, and the link goes to the same place by `http`.
    Downgraded,
}

impl Link {
    /// Whether to warn the user that text and target are not the same before the link is followed. Not for mentions with a name as
    /// label, which are not followed but shown.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        match self.agreement {
            // req: MC08-9.6-01
            Agreement::Same => false,
            Agreement::Words => !matches!(self.kind, LinkKind::Mention | LinkKind::Part),
            // req: MC08-9.6-02
            Agreement::OtherTarget | Agreement::Downgraded => true,
        }
    }

    /// Whether the label pretends another target.
    #[must_use]
    pub const fn is_misleading(&self) -> bool {
        matches!(self.agreement, Agreement::OtherTarget | Agreement::Downgraded)
    }

    /// Whether it is a mention, seen by its scheme.
    #[must_use]
    pub fn is_mention(&self) -> bool {
        self.kind == LinkKind::Mention
    }
}

impl LinkKind {
    pub(super) fn of(target: &str) -> Self {
        match scheme(target).as_deref() {
            Some("http" | "https") if !host(target).is_empty() => Self::Web,
            Some("mailto") => Self::Mail,
            // req: MC08-9.6-03
            Some("mimi" | "im") => Self::Mention,
            Some("cid") => Self::Part,
            _ => Self::Blocked,
        }
    }
}

/// The scheme in lower case, of a URI that has one.
fn scheme(uri: &str) -> Option<String> {
    let (scheme, _) = uri.split_once(':')?;
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'.' | b'-'));
    valid.then(|| scheme.to_ascii_lowercase())
}

/// The authority of a `scheme://` URI.
fn host(uri: &str) -> &str {
    let Some((_, rest)) = uri.split_once("://") else { return "" };
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

/// Compares the label of a link with its target.
pub(super) fn compare(label: &str, target: &str) -> Agreement {
    let kind = LinkKind::of(target);
    if kind == LinkKind::Web && host(target).contains('@') {
        return Agreement::OtherTarget;
    }
    let label = label.trim();
    let to = canonical(target);
    if label == target {
        return Agreement::Same;
    }
    let from = canonical(label);
    if from.scheme == to.scheme && from.rest == to.rest {
        return Agreement::Same;
    }
    if from.rest == to.rest && from.scheme.as_deref() == Some("https") && to.scheme.as_deref() == Some("http") {
        return Agreement::Downgraded;
    }
    // A label without a scheme is read with that of the target; `host:port` is not a scheme either.
    if let Some(scheme) = &to.scheme {
        let separator = if target.contains("://") { "://" } else { ":" };
        if canonical(&format!("{scheme}{separator}{label}")).rest == to.rest {
            return Agreement::Same;
        }
    }
    let words = label.split(|character: char| character.is_whitespace() || is_invisible(character));
    let joined: String = label.chars().filter(|character| !is_invisible(*character)).collect();
    let looks = words.chain(joined.split_whitespace()).any(|word| looks_like_address(word, kind));
    if looks { Agreement::OtherTarget } else { Agreement::Words }
}

struct Canonical {
    scheme: Option<String>,
    rest: String,
}

/// RFC 3986 section 6.2.2 and 6.2.3: case, percent-encoding, dot segments, default port and empty path. ASCII only: a name in
/// another script is not the same as its ASCII form here, so that the user is asked.
fn canonical(uri: &str) -> Canonical {
    let Some(scheme) = scheme(uri) else { return Canonical { scheme: None, rest: uri.to_owned() } };
    let rest = uri.get(scheme.len() + 1..).unwrap_or_default();
    let rest = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let web = matches!(scheme.as_str(), "http" | "https");
            let authority = canonical_authority(authority, &scheme);
            let path = canonical_path(&canonical_percent(path), web);
            format!("//{authority}{path}")
        }
        // A mail or instant messaging address: its domain has no case.
        None => match canonical_percent(rest).rsplit_once('@') {
            Some((local, domain)) => {
                let end = domain.find(['?', '#']).unwrap_or(domain.len());
                let (domain, query) = domain.split_at(end);
                format!("{local}@{}{query}", domain.to_ascii_lowercase())
            }
            None => canonical_percent(rest),
        },
    };
    Canonical { scheme: Some(scheme), rest }
}

fn canonical_authority(authority: &str, scheme: &str) -> String {
    let mut authority = authority.to_ascii_lowercase();
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => ":",
    };
    for suffix in [default, ":"] {
        if let Some(host) = authority.strip_suffix(suffix) {
            authority = host.to_owned();
        }
    }
    authority.strip_suffix('.').map(ToOwned::to_owned).unwrap_or(authority)
}

fn canonical_path(path: &str, web: bool) -> String {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let (path, query) = path.split_at(end);
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        segments.push("");
    }
    let path = segments.join("/");
    if path.is_empty() && !web { query.to_owned() } else { format!("/{path}{query}") }
}

/// Decodes what need not be percent-encoded, and writes the rest in capitals.
fn canonical_percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let octet = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match octet {
            Some(octet) => {
                if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
                    out.push(char::from(octet));
                } else {
                    out.push_str(&format!("%{octet:02X}"));
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a reader may take `word` for the address of something.
fn looks_like_address(word: &str, kind: LinkKind) -> bool {
    let word =
        word.trim_matches(|character: char| !character.is_alphanumeric() && character != '@' && character != '/');
    if word.contains("://") {
        return true;
    }
    let known = ["mailto:", "im:", "mimi:", "cid:", "www."];
    if known.iter().any(|start| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))) {
        return true;
    }
    let authority = word.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if let Some((user, host)) = authority.rsplit_once('@') {
        return !user.is_empty() && is_host(host);
    }
    // A name with a dot is a usual label of a mention.
    kind != LinkKind::Mention && is_host(authority)
}

/// Two or more labels, the last of them not a number; or an IPv4 address.
fn is_host(text: &str) -> bool {
    let host = text.split_once(':').map_or(text, |(host, _)| host);
    let labels: Vec<&str> = host.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).collect();
    let valid = labels.iter().all(|label| {
        !label.is_empty() && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    });
    let numbers = labels.iter().filter(|label| label.bytes().all(|octet| octet.is_ascii_digit())).count();
    let named = labels.last().is_some_and(|last| last.chars().count() >= 2 && last.chars().any(char::is_alphabetic));
    valid && labels.len() >= 2 && (named || (labels.len() == 4 && numbers == 4))
}

/// Characters that take no room, and could split an address for us and not for the reader.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}
