//! Joining codes: the secret in a join link, and what the room keeps of it (draft-ietf-mimi-room-policy-03 section 6.2,
//! draft-ietf-mimi-protocol-06 section 5.6).
//!
//! The drafts leave the form of a join link open. Every member, and every provider of one, sees the component `join_links`; so a
//! [`CodeLink`] there holds a digest of the code, with which nobody comes in, and what the code is good for (interpretation IRP-70).

use std::fmt;

use mimi_arch::RoleIndex;
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::fields;
use crate::join_link::{JoinLink, JoinLinkPolicy, JoinLinks};

rules! {
    CODE_LINK_FORM = "a join link is not of the form that holds the digest of a code",
        "draft-ietf-mimi-room-policy-03 section 6.2";
}

const FORM: u8 = 1;
const LABEL: &[u8] = b"MIMI joining code";

/// Octets of a code of ours: nobody guesses 128 bits.
pub const CODE_LENGTH: usize = 16;

/// A joining code: whoever has it may join. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct JoiningCode(Vec<u8>);

impl JoiningCode {
    /// A code of ours with these octets, which have to be random.
    pub fn from_random(octets: [u8; CODE_LENGTH]) -> Self {
        Self(octets.to_vec())
    }

    /// A code as it came in, whoever made it.
    pub fn from_octets(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// The octets, as a GroupInfoRequest holds them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(LABEL).chain_update(&self.0).finalize().into()
    }
}

impl fmt::Debug for JoiningCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoiningCode(..)")
    }
}

/// What a join link is good for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkTerms {
    /// The role of whoever joins by it.
    pub role: RoleIndex,
    /// Whether more than one user may join by it. Whoever joins by another one removes it with the same commit.
    pub multiuser: bool,
    /// Until when it can be used, in seconds since the Unix epoch.
    pub not_after: u64,
}

impl LinkTerms {
    /// Whether the time is over, `now` being in seconds since the Unix epoch.
    pub const fn is_over(&self, now: u64) -> bool {
        now >= self.not_after
    }

    /// Whether a room with this policy takes a new link of these terms.
    ///
    /// # Errors
    /// The first rule that it breaks.
    // req: RP03-6.2-04, RP03-6.2-05
    pub fn check_with(&self, policy: &JoinLinkPolicy, now: u64) -> Result<(), LinkTermsError> {
        if self.role <= RoleIndex::BANNED {
            return Err(LinkTermsError::Role { role: self.role });
        }
        if self.multiuser && !policy.multiuser {
            return Err(LinkTermsError::Multiuser);
        }
        let latest = now.saturating_add(u64::from(policy.expiration));
        if self.not_after > latest {
            return Err(LinkTermsError::TooLong { not_after: self.not_after, latest });
        }
        if self.is_over(now) { Err(LinkTermsError::Over) } else { Ok(()) }
    }
}

/// Terms that a room does not take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkTermsError {
    /// Nobody joins with a role that is none.
    #[error("a join link is for role {role}, which is no role of participants")]
    Role {
        /// The role.
        role: RoleIndex,
    },
    /// The policy wants links for one user each.
    #[error("a join link is for several users, and the policy of the room has links for one user each")]
    Multiuser,
    /// The policy wants links that are over sooner.
    #[error("a join link is valid until {not_after}, and the policy of the room lets it be until {latest}")]
    TooLong {
        /// Seconds since the Unix epoch.
        not_after: u64,
        /// Seconds since the Unix epoch.
        latest: u64,
    },
    /// It is over before it begins.
    #[error("a join link is added whose time is over")]
    Over,
}

impl LinkTermsError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-room-policy-03 section 6.2"
    }
}

/// A join link as the room keeps it: what it is good for, and which code opens it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CodeLink {
    /// What it is good for.
    pub terms: LinkTerms,
    digest: [u8; 32],
}

impl CodeLink {
    /// The link that this code opens.
    pub fn new(code: &JoiningCode, terms: LinkTerms) -> Self {
        Self { terms, digest: code.digest() }
    }

    /// The digest of the code: what tells one link from another.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Reads a link of the room.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn read(link: &JoinLink) -> Result<Self, DecodeError> {
        Self::from_bytes(link.as_bytes())
    }

    /// The link as the component holds it.
    ///
    /// # Errors
    /// None in practice: the form is of a fixed length.
    pub fn to_link(&self) -> Result<JoinLink, EncodeError> {
        JoinLink::new(self.to_bytes()?)
    }

    /// The links of a room that are of this form, with their places.
    pub fn all(links: &JoinLinks) -> impl Iterator<Item = (u32, Self)> {
        (0..).zip(&links.links).filter_map(|(place, link)| Some((place, Self::read(link).ok()?)))
    }

    /// The link that the code opens, and its place. Takes the same time whatever the code is.
    pub fn opened_by(links: &JoinLinks, code: &JoiningCode) -> Option<(u32, Self)> {
        let digest = code.digest();
        let (mut found, mut at) = (Choice::from(0), 0u32);
        for (place, link) in Self::all(links) {
            let same = link.digest.ct_eq(&digest);
            at = u32::conditional_select(&at, &place, same);
            found |= same;
        }
        bool::from(found).then(|| Self::all(links).find(|(place, _)| *place == at)).flatten()
    }
}

impl Wire for CodeLink {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        if r.u8()? != FORM {
            return Err(start.error(&CODE_LINK_FORM));
        }
        let terms = LinkTerms { role: RoleIndex(r.u32()?), multiuser: fields::decode_bool(r)?, not_after: r.u64()? };
        Ok(Self { terms, digest: r.array()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(FORM);
        self.terms.role.0.encode(out)?;
        fields::put_bool(out, self.terms.multiuser);
        self.terms.not_after.encode(out)?;
        out.extend_from_slice(&self.digest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::testing::{laws, refused};

    use super::*;

    const TERMS: LinkTerms = LinkTerms { role: RoleIndex(2), multiuser: false, not_after: 0x0102 };

    fn code(octet: u8) -> JoiningCode {
        JoiningCode::from_random([octet; CODE_LENGTH])
    }

    fn links(codes: &[u8]) -> JoinLinks {
        JoinLinks { links: codes.iter().map(|n| CodeLink::new(&code(*n), TERMS).to_link().unwrap()).collect() }
    }

    #[test]
    fn a_link_has_these_octets() {
        let bytes = laws(&CodeLink::new(&JoiningCode::from_octets(*b"abc"), TERMS));
        let digest = Sha256::digest(b"MIMI joining codeabc");
        assert_eq!(bytes, [&[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2][..], digest.as_slice()].concat());
        refused::<CodeLink>(&[&[2][..], &bytes[1..]].concat(), 0, &CODE_LINK_FORM);
    }

    #[test]
    fn only_its_own_code_opens_a_link() {
        let links = links(&[1, 2, 3]);
        let (place, link) = CodeLink::opened_by(&links, &code(2)).unwrap();
        assert_eq!((place, link), (1, CodeLink::new(&code(2), TERMS)));
        assert_eq!(CodeLink::opened_by(&links, &code(4)), None);
        assert_eq!(CodeLink::opened_by(&links, &JoiningCode::from_octets([2; CODE_LENGTH - 1])), None);
        assert_eq!(CodeLink::opened_by(&links, &JoiningCode::from_octets(link.digest.to_vec())), None);
        assert_eq!(CodeLink::opened_by(&links, &JoiningCode::from_octets(links.links[1].as_bytes())), None);
    }

    #[test]
    fn links_of_another_form_keep_their_places() {
        let mut links = links(&[1, 2]);
        links.links.insert(0, JoinLink::new("https://a.example/join/x").unwrap());
        assert_eq!(CodeLink::opened_by(&links, &code(2)).unwrap().0, 2);
        assert_eq!(CodeLink::opened_by(&links, &JoiningCode::from_octets("https://a.example/join/x")), None);
    }

    #[test]
    fn the_policy_bounds_the_terms() {
        // req: RP03-6.2-04, RP03-6.2-05
        let mut policy = JoinLinkPolicy { on_request: false, join_link: None, multiuser: false, expiration: 60 };
        let check = |terms: LinkTerms, policy: &JoinLinkPolicy| terms.check_with(policy, 1_000);
        let good = LinkTerms { not_after: 1_060, ..TERMS };
        assert_eq!(check(good, &policy), Ok(()));
        let several = LinkTerms { multiuser: true, ..good };
        assert_eq!(check(several, &policy), Err(LinkTermsError::Multiuser));
        policy.multiuser = true;
        assert_eq!(check(several, &policy), Ok(()));
        let long = LinkTerms { not_after: 1_061, ..good };
        assert_eq!(check(long, &policy), Err(LinkTermsError::TooLong { not_after: 1_061, latest: 1_060 }));
        assert_eq!(check(LinkTerms { not_after: 1_000, ..good }, &policy), Err(LinkTermsError::Over));
        for role in [RoleIndex(0), RoleIndex(1)] {
            assert_eq!(check(LinkTerms { role, ..good }, &policy), Err(LinkTermsError::Role { role }));
        }
        assert!(!good.is_over(1_059) && good.is_over(1_060));
    }

    #[test]
    fn a_code_is_not_shown() {
        assert_eq!(format!("{:?}", code(7)), "JoiningCode(..)");
    }
}
