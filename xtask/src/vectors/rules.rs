//! The rules that more than one file breaks, by the short names that stand in the vectors.

use super::builder::Rule;

pub(crate) const TRUNCATED: Rule = Rule("truncated", "RFC 9420 section 2.1");
pub(crate) const TRAILING: Rule = Rule("trailing", "RFC 9420 section 2.1");
pub(crate) const VECTOR_TOO_LONG: Rule = Rule("vector-too-long", "RFC 9420 section 2.1.2");
pub(crate) const LENGTH_NOT_SHORTEST: Rule = Rule("length-not-shortest", "RFC 9420 section 2.1.2");
pub(crate) const LENGTH_PREFIX_INVALID: Rule = Rule("length-prefix-invalid", "RFC 9420 section 2.1.2");
pub(crate) const PRESENCE_INVALID: Rule = Rule("presence-invalid", "RFC 9420 section 2.1.1");
pub(crate) const NOT_UTF8: Rule = Rule("not-utf8", "draft-ietf-mimi-protocol-06 section 5");
pub(crate) const PROTOCOL_UNKNOWN: Rule = Rule("protocol-unknown", "draft-ietf-mimi-protocol-06 section 5");
pub(crate) const SIGNATURE_INVALID: Rule = Rule("signature-invalid", "RFC 9420 section 5.1.2");
pub(crate) const SUITE_UNSUPPORTED: Rule = Rule("suite-unsupported", "RFC 9420 section 17.1");
pub(crate) const VERSION_UNKNOWN: Rule = Rule("mls-version-unknown", "RFC 9420 section 6");
pub(crate) const WIRE_FORMAT_UNKNOWN: Rule = Rule("wire-format-unknown", "RFC 9420 section 6");
pub(crate) const REPRESENTATION_UNKNOWN: Rule =
    Rule("tree-representation-unknown", "draft-mahy-mls-ratchet-tree-options-03 section 3");
pub(crate) const URL_NOT_HTTPS: Rule = Rule("tree-url-not-https", "draft-mahy-mls-ratchet-tree-options-03 section 3");
pub(crate) const NOT_A_PROPOSAL: Rule = Rule("not-a-proposal", "draft-ietf-mimi-protocol-06 section 5.3");
