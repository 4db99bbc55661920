//! Who may take a role by virtue of credential claims (draft-ietf-mimi-room-policy-03 section 4).
//!
//! [`PreauthList`] is both the data of the component `preauth_list` and its update, which replaces the data as a whole.
//!
//! An entry embeds a whole role, as the draft writes it; what it names is the role with that index in the room's list of roles, whose
//! definition counts. Entries whose embedded copy differs from the list are a finding of the policy's check, not of this component, which
//! cannot see the list.

use std::fmt;

use mimi_arch::{
    RoleIndex,
    codec::{self, DecodeError, EncodeError, Reader, Wire},
    mls::CredentialType,
};

use crate::{fields::replaced_as_a_whole, roles::Role};

// req: RP03-4-08
/// Which claim of a credential is meant (draft-ietf-mimi-room-policy-03 section 4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId {
    /// The type of the credential that carries it.
    pub credential_type: CredentialType,
    /// The octets of an X.509 object identifier, the name of a JWT claim, or the CBOR of a CWT claim key.
    pub id: Vec<u8>,
}

impl fmt::Debug for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.credential_type.0, self.id.escape_ascii())
    }
}

impl Wire for ClaimId {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { credential_type: Wire::decode(r)?, id: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.credential_type.encode(out)?;
        codec::put_opaque(out, &self.id)
    }
}

// req: RP03-4-09
/// A claim with a value: asked for by an entry of the list, or found in a credential (draft-ietf-mimi-room-policy-03 section 4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Which claim.
    pub claim_id: ClaimId,
    /// The value; two values are the same if their octets are.
    pub claim_value: Vec<u8>,
}

impl Claim {
    /// A claim of a credential of this type.
    pub fn new(credential_type: CredentialType, id: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { claim_id: ClaimId { credential_type, id: id.into() }, claim_value: value.into() }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}={}", self.claim_id, self.claim_value.escape_ascii())
    }
}

impl Wire for Claim {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { claim_id: Wire::decode(r)?, claim_value: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.claim_id.encode(out)?;
        codec::put_opaque(out, &self.claim_value)
    }
}

// req: RP03-4-10
/// A role for everyone with certain claims (draft-ietf-mimi-room-policy-03 section 4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PreAuthRoleEntry {
    /// What a credential has to claim, all of it. An empty set asks for nothing, so that everyone matches.
    pub claimset: Vec<Claim>,
    /// The role.
    pub target_role: Role,
}

impl PreAuthRoleEntry {
    // req: RP03-4-06
    /// Whether a credential with these claims satisfies the entry.
    pub fn matches(&self, claims: &[Claim]) -> bool {
        self.claimset.iter().all(|asked| claims.contains(asked))
    }
}

impl Wire for PreAuthRoleEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { claimset: r.list()?, target_role: Wire::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.claimset)?;
        self.target_role.encode(out)
    }
}

// req: RP03-4-01, RP03-4-11, RP03-4-12
/// The preauthorized users of a room: `PreAuthData` and `PreAuthUpdate` (draft-ietf-mimi-room-policy-03 section 4).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PreauthList {
    /// The rules, the first that matches deciding.
    pub preauthorized_entries: Vec<PreAuthRoleEntry>,
}

impl PreauthList {
    // req: RP03-4-05, RP03-4-07
    /// The role of the first entry that these claims satisfy.
    pub fn role_for(&self, claims: &[Claim]) -> Option<RoleIndex> {
        self.matching(claims).next()
    }

    /// The role of the first entry that these claims satisfy and that is a role within the room, not zero (section 8.1.3).
    pub fn own_role_for(&self, claims: &[Claim]) -> Option<RoleIndex> {
        self.matching(claims).find(|role| *role != RoleIndex::NON_PARTICIPANT)
    }

    fn matching(&self, claims: &[Claim]) -> impl Iterator<Item = RoleIndex> {
        let entries = self.preauthorized_entries.iter().filter(move |entry| entry.matches(claims));
        entries.map(|entry| entry.target_role.role_index)
    }
}

impl Wire for PreauthList {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { preauthorized_entries: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.preauthorized_entries)
    }
}

// req: RP03-4-04, RP03-4-13
replaced_as_a_whole!(PreauthList, PREAUTH_LIST, "preauth_list", "draft-ietf-mimi-room-policy-03 section 4");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::{component::Component, mls::ComponentId, testing::laws};

    use super::*;

    fn claim(id: &str, value: &str) -> Claim {
        Claim::new(CredentialType::X509, id, value)
    }

    fn entry(role: u32, claims: &[Claim]) -> PreAuthRoleEntry {
        PreAuthRoleEntry { claimset: claims.to_vec(), target_role: Role::new(role, "") }
    }

    fn list(entries: &[PreAuthRoleEntry]) -> PreauthList {
        PreauthList { preauthorized_entries: entries.to_vec() }
    }

    #[test]
    fn the_list_has_these_octets() {
        // req: RP03-4-08, RP03-4-09, RP03-4-10, RP03-4-11, RP03-4-12
        let claim = claim("org", "a");
        assert_eq!(laws(&claim.claim_id), [&[0, 2, 3][..], b"org"].concat());
        let octets = [&[0, 2, 3][..], b"org", &[1], b"a"].concat();
        assert_eq!(laws(&claim), octets);
        let role = Role::new(2, "").to_bytes().unwrap();
        let whole = [&[8][..], &octets, &role].concat();
        assert_eq!(laws(&entry(2, std::slice::from_ref(&claim))), whole);
        let length = u8::try_from(whole.len()).unwrap();
        assert_eq!(laws(&list(&[entry(2, &[claim])])), [&[length][..], &whole].concat());
        assert_eq!(laws(&PreauthList::default()), [0]);
    }

    #[test]
    fn all_claims_of_an_entry_are_needed_exactly() {
        // req: RP03-4-06
        let both = entry(2, &[claim("org", "a"), claim("staff", "full")]);
        assert!(both.matches(&[claim("x", "y"), claim("staff", "full"), claim("org", "a")]));
        assert!(!both.matches(&[claim("org", "a")]));
        assert!(!both.matches(&[claim("org", "A"), claim("staff", "full")]));
        let basic = Claim::new(CredentialType::BASIC, "org", "a");
        assert!(!both.matches(&[basic, claim("staff", "full")]));
    }

    #[test]
    fn the_first_match_gives_the_role() {
        // req: RP03-4-05, RP03-4-07
        let list =
            list(&[entry(4, &[claim("hr", "1")]), entry(0, &[claim("out", "1")]), entry(2, &[claim("org", "a")])]);
        let (hr, out, org) = (claim("hr", "1"), claim("out", "1"), claim("org", "a"));
        assert_eq!(list.role_for(&[org.clone(), hr]), Some(RoleIndex(4)));
        assert_eq!(list.role_for(std::slice::from_ref(&org)), Some(RoleIndex(2)));
        assert_eq!(list.role_for(&[]), None);
        let both = [out, org];
        assert_eq!((list.role_for(&both), list.own_role_for(&both)), (Some(RoleIndex(0)), Some(RoleIndex(2))));
    }

    #[test]
    fn an_entry_without_claims_is_for_everyone() {
        assert_eq!(list(&[entry(3, &[])]).role_for(&[]), Some(RoleIndex(3)));
    }

    #[test]
    fn an_update_replaces_the_list() {
        // req: RP03-4-04, RP03-4-12, RP03-4-13
        assert_eq!(PreauthList::ID, ComponentId::PREAUTH_LIST);
        let (before, after) = (list(&[entry(2, &[])]), list(&[]));
        assert_eq!(PreauthList::apply(Some(&before), std::slice::from_ref(&after)), Ok(after));
    }
}
