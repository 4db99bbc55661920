//! Hyperlinks in messages and their previews (draft-ietf-mimi-room-policy-03 section 6.3).
//!
//! The proxy is a vector of URIs in the draft's structure where the text speaks of one: exactly one is read and written.

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::uri::Uri;

use crate::fields::{self, replaced_as_a_whole};
use crate::optionality::{Conditional, Optionality};

rules! {
    AUTODETECT_REQUIRED = "detecting hyperlinks in text is required, which it never is",
        "draft-ietf-mimi-room-policy-03 section 6.3";
    PROXY_MISSING = "a link preview proxy may be used and none is named", "draft-ietf-mimi-room-policy-03 section 6.3";
    SEVERAL_PROXIES = "more than one link preview proxy is named", "draft-ietf-mimi-room-policy-03 section 6.3";
}

/// The URI of the link preview proxy (draft-ietf-mimi-room-policy-03 section 6.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LinkPreviewProxy(pub Uri);

// req: RP03-6.3-05
impl Wire for LinkPreviewProxy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        fields::decode_single_uri(r, &SEVERAL_PROXIES)?.map(Self).ok_or(start.error(&PROXY_MISSING))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        fields::put_single_uri(out, Some(&self.0))
    }
}

/// What is done about hyperlinks in messages (draft-ietf-mimi-room-policy-03 section 6.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LinkPreviewPolicy {
    /// Whether the composer of a message looks for links in text that resembles them. Never required.
    pub autodetect_hyperlinks_in_text: Optionality,
    /// Whether the sender of a link adds a preview.
    pub send_link_previews: Optionality,
    /// Whether the receiver of a link makes a preview.
    pub automatic_link_previews: Optionality,
    /// Whether previews are made by way of a proxy, and which.
    pub link_preview_proxy: Conditional<LinkPreviewProxy>,
}

impl LinkPreviewPolicy {
    /// Whether previews are made by way of a proxy.
    pub const fn link_preview_proxy_use(&self) -> Optionality {
        self.link_preview_proxy.optionality()
    }
}

// req: RP03-6.3-02, RP03-6.3-03, RP03-6.3-04, RP03-6.3-06
impl Wire for LinkPreviewPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let autodetect_hyperlinks_in_text = Optionality::decode(r)?;
        // req: RP03-6.3-01
        if autodetect_hyperlinks_in_text == Optionality::Required {
            return Err(start.error(&AUTODETECT_REQUIRED));
        }
        Ok(Self {
            autodetect_hyperlinks_in_text,
            send_link_previews: Optionality::decode(r)?,
            automatic_link_previews: Optionality::decode(r)?,
            link_preview_proxy: Conditional::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.autodetect_hyperlinks_in_text == Optionality::Required {
            return Err(EncodeError::new(&AUTODETECT_REQUIRED));
        }
        self.autodetect_hyperlinks_in_text.encode(out)?;
        self.send_link_previews.encode(out)?;
        self.automatic_link_previews.encode(out)?;
        self.link_preview_proxy.encode(out)
    }
}

replaced_as_a_whole!(
    LinkPreviewPolicy,
    LINK_PREVIEW_POLICY,
    "link_preview_policy",
    "draft-ietf-mimi-room-policy-03 section 6.3"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, not_written, refused};

    use super::*;

    fn policy(link_preview_proxy: Conditional<LinkPreviewProxy>) -> LinkPreviewPolicy {
        LinkPreviewPolicy {
            autodetect_hyperlinks_in_text: Optionality::Optional,
            send_link_previews: Optionality::Required,
            automatic_link_previews: Optionality::Forbidden,
            link_preview_proxy,
        }
    }

    fn proxy() -> LinkPreviewProxy {
        LinkPreviewProxy(Uri::new("p:x").unwrap())
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.3-02, RP03-6.3-03, RP03-6.3-04, RP03-6.3-06
        assert_eq!(laws(&policy(Conditional::Forbidden)), [0, 1, 2, 2]);
        assert_eq!(laws(&policy(Conditional::Optional(proxy()))), b"\x00\x01\x02\x00\x04\x03p:x");
        assert_eq!(laws(&policy(Conditional::Required(proxy()))), b"\x00\x01\x02\x01\x04\x03p:x");
    }

    #[test]
    fn detecting_links_is_never_required() {
        // req: RP03-6.3-01
        refused::<LinkPreviewPolicy>(&[1, 0, 0, 2], 0, &AUTODETECT_REQUIRED);
        let required = LinkPreviewPolicy {
            autodetect_hyperlinks_in_text: Optionality::Required,
            ..policy(Conditional::Forbidden)
        };
        not_written(&required, &AUTODETECT_REQUIRED);
    }

    #[test]
    fn a_proxy_is_named_exactly_when_its_use_is_not_forbidden() {
        // req: RP03-6.3-05
        refused::<LinkPreviewPolicy>(&[0, 0, 0, 0, 0], 4, &PROXY_MISSING);
        refused::<LinkPreviewPolicy>(&[0, 0, 0, 1, 0], 4, &PROXY_MISSING);
        refused::<LinkPreviewPolicy>(b"\0\0\0\x02\x04\x03p:x", 4, &mimi_arch::codec::TRAILING);
        refused::<LinkPreviewPolicy>(b"\0\0\0\x01\x08\x03p:x\x03p:y", 9, &SEVERAL_PROXIES);
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let (before, after) = (policy(Conditional::Forbidden), policy(Conditional::Required(proxy())));
        assert_eq!(LinkPreviewPolicy::apply(Some(&before), std::slice::from_ref(&after)), Ok(after));
    }
}
