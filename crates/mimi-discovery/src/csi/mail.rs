//! Mail addresses (RFC 5321): canonical is in lower case, the domain in its ASCII form.
//!
//! RFC 5321 section 2.4 leaves the case of the local part to the receiving host. In practice no host tells users apart by it, while
//! people write either; so two spellings that differ in case are one identifier here. Nothing else is folded: dots and what follows a `+`
//! count, since only the host knows what they mean.

use email_address::{EmailAddress, Options};
use mimi_arch::Domain;

/// Text that is no mail address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// It breaks the grammar.
    #[error("not a mail address: {0}")]
    Grammar(String),
    /// Quoted local parts have many spellings, and nobody has such an address.
    #[error("mail addresses with a quoted local part are not supported")]
    Quoted,
    /// Addresses of RFC 6531 have no canonical form that everybody agrees on.
    #[error("mail addresses with characters outside of ASCII before the @ are not supported")]
    NotAscii,
    /// The part after the `@` is no host name in ASCII form.
    #[error("the part after the @ is not a domain: {0}")]
    Domain(mimi_arch::UriError),
}

/// The canonical form of an address.
pub(super) fn canonical(text: &str) -> Result<String, MailError> {
    if text.contains('"') {
        return Err(MailError::Quoted);
    }
    let options = Options::default().without_display_text().without_domain_literal();
    let address =
        EmailAddress::parse_with_options(text, options).map_err(|error| MailError::Grammar(error.to_string()))?;
    if !address.local_part().is_ascii() {
        return Err(MailError::NotAscii);
    }
    let domain = Domain::from_bytes(address.domain().as_bytes()).map_err(MailError::Domain)?;
    Ok(format!("{}@{domain}", address.local_part().to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_does_not_count_and_everything_else_does() {
        assert_eq!(canonical("Bob.Jones+list@Example.COM").unwrap(), "bob.jones+list@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "bob",
            "@example.com",
            "bob@",
            "a b@example.com",
            "bob@exa mple.com",
            "bob@@example.com",
            "Bob <bob@example.com>",
        ] {
            assert!(matches!(canonical(text), Err(MailError::Grammar(_))), "{text}: {:?}", canonical(text));
        }
        assert_eq!(canonical("\"bob jones\"@example.com"), Err(MailError::Quoted));
        assert_eq!(canonical("b\u{f6}b@example.com"), Err(MailError::NotAscii));
        assert!(canonical("bob@b\u{fc}cher.example").is_err());
        assert!(canonical("bob@[192.0.2.1]").is_err());
        assert!(canonical("bob@192.0.2.1").is_err());
    }
}
