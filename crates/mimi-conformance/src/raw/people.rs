//! Consent entries and identifier queries, octet by octet (sections 5.7 and 5.8).

use super::{Octets, unreadable, vector};
use crate::scenario::{Halt, Verdict, expect};

/// Values of ConsentOperation.
pub(crate) const CANCEL: u8 = 0;
pub(crate) const REQUEST: u8 = 1;
pub(crate) const GRANT: u8 = 2;
pub(crate) const REVOKE: u8 = 3;

/// Values of SearchIdentifierType.
pub(crate) const HANDLE: u8 = 1;
pub(crate) const NICK: u8 = 2;
pub(crate) const EMAIL: u8 = 3;
pub(crate) const PHONE: u8 = 4;
pub(crate) const PARTIAL_NAME: u8 = 5;
pub(crate) const WHOLE_PROFILE: u8 = 6;
pub(crate) const OIDC_STD_CLAIM: u8 = 7;

/// A ConsentEntry without extensions; a grant without key packages. An empty room is any room.
pub(crate) fn consent_entry(operation: u8, requester: &str, target: &str, room: &str) -> Vec<u8> {
    consent_entry_with(operation, requester, target, room, &[])
}

/// The same with these KeyPackage objects, if it is a grant.
pub(crate) fn consent_entry_with(
    operation: u8,
    requester: &str,
    target: &str,
    room: &str,
    key_packages: &[u8],
) -> Vec<u8> {
    let mut out = vec![operation];
    out.extend(vector(requester.as_bytes()));
    out.extend(vector(target.as_bytes()));
    if room.is_empty() {
        out.push(0);
    } else {
        out.push(1);
        out.extend(vector(room.as_bytes()));
    }
    if operation == GRANT {
        out.extend(vector(key_packages));
    }
    out.extend(vector(&[]));
    out
}

/// An IdentifierRequest without extensions: for each element its type, the name of the claim or property where the type has one,
/// and the value.
pub(crate) fn identifier_request(elements: &[(u8, &str, &str)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (search_type, name, value) in elements {
        list.push(*search_type);
        if *search_type >= OIDC_STD_CLAIM {
            list.extend(vector(name.as_bytes()));
        }
        list.extend(vector(value.as_bytes()));
    }
    [vector(&list), vector(&[])].concat()
}

/// What an IdentifierResponse (section 5.8) says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct QueryAnswer {
    /// The value of the IdentifierQueryCode.
    pub(crate) code: u8,
    /// The internal URIs of the users who were found.
    pub(crate) uris: Vec<String>,
    /// The list of profiles, undecoded.
    pub(crate) profiles: Vec<u8>,
}

impl QueryAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Halt> {
        let read = || {
            let mut octets = Octets(body);
            let code = octets.u8()?;
            let mut list = Octets(octets.vector()?);
            let mut uris = Vec::new();
            while !list.0.is_empty() {
                uris.push(list.text()?);
            }
            let profiles = octets.vector()?.to_vec();
            octets.vector()?;
            (octets.0.is_empty() && code <= 4).then_some(Self { code, uris, profiles })
        };
        read().ok_or_else(|| unreadable("IdentifierResponse", body))
    }

    fn said(&self) -> String {
        let name = match self.code {
            0 => "success",
            1 => "notFound",
            2 => "ambiguous",
            3 => "forbidden",
            _ => "unsupportedField",
        };
        format!("{name} with {} users", self.uris.len())
    }

    /// Somebody is found, this user among them.
    pub(crate) fn has(&self, user: &str) -> Verdict {
        let found = self.code == 0 && self.uris.iter().any(|uri| uri == user);
        expect(found, format!("success (0) with {user}"), self.said())?;
        Ok(self.said())
    }

    /// One of these codes, and nobody is named.
    pub(crate) fn has_nobody(&self, codes: &[u8]) -> Verdict {
        let nobody = codes.contains(&self.code) && self.uris.is_empty() && self.profiles.is_empty();
        expect(nobody, format!("one of the codes {codes:?} and nobody"), self.said())?;
        Ok(self.said())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::codec::Wire;
    use mimi_protocol::consent::ConsentEntry;
    use mimi_protocol::identifier_query::IdentifierRequest;

    use super::*;

    #[test]
    fn the_hand_made_consent_entries_are_well_formed() {
        for operation in [CANCEL, REQUEST, GRANT, REVOKE] {
            for room in ["", "mimi://a.example/r/x"] {
                let bytes = consent_entry(operation, "mimi://d.example/u/dora", "mimi://b.example/u/bob", room);
                let entry = ConsentEntry::from_bytes(&bytes).unwrap();
                assert_eq!(entry.to_bytes().unwrap(), bytes);
                assert_eq!((entry.operation() as u8, entry.scope.room().is_some()), (operation, !room.is_empty()));
            }
        }
    }

    #[test]
    fn the_hand_made_query_is_well_formed() {
        let bytes = identifier_request(&[(NICK, "", "al"), (OIDC_STD_CLAIM, "given_name", "Alice"), (8, "ORG", "x")]);
        let request = IdentifierRequest::from_bytes(&bytes).unwrap();
        assert_eq!((request.query_elements.len(), request.to_bytes().unwrap()), (3, bytes));
    }

    #[test]
    fn query_answers_are_read_by_hand() {
        let answer = QueryAnswer::read(&[0, 2, 1, b'u', 0, 0]).unwrap();
        assert!(answer.has("u").is_ok() && answer.has("v").is_err() && answer.has_nobody(&[0]).is_err());
        assert!(QueryAnswer::read(&[1, 0, 0, 0]).unwrap().has_nobody(&[1]).is_ok());
        assert!(QueryAnswer::read(&[1, 0, 0, 0]).unwrap().has_nobody(&[2]).is_err());
        assert!(QueryAnswer::read(&[1, 0, 0]).is_err());
        assert!(QueryAnswer::read(&[5, 0, 0, 0]).is_err());
    }
}
