//! Identifiers, header fields, the directory, and labelled signatures.

use mimi_arch::{ClientUri, Domain, GroupUri, MimiUri, PseudonymUri, RoomUri, TeamUri, UriError, UserUri};
use mimi_protocol::CipherSuite;
use mimi_protocol::crypto::{self, Ed25519Signer, LabelSigner};
use mimi_protocol::directory::{Directory, DirectoryError, Endpoint};
use mimi_protocol::host_from::{HeaderError, HeaderRule, parse_from, parse_host};
use spec_vectors::{ExpectedError, TestCase};

use crate::rules::signature_error;
use crate::{Verdict, kebab, refused};

fn uri_error(error: UriError) -> ExpectedError {
    let rule = kebab(&format!("{:?}", error.rule()));
    ExpectedError { offset: Some(error.offset()), ..refused(&rule, error.section()) }
}

fn names(uri: &MimiUri) -> Vec<String> {
    fn one<T>(uri: &MimiUri, name: impl Fn(&T) -> String) -> Vec<String>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Debug,
    {
        vec![name(&uri.as_str().parse::<T>().unwrap())]
    }
    match uri {
        MimiUri::Provider(_) => Vec::new(),
        MimiUri::User(_) => one(uri, UserUri::name),
        MimiUri::Pseudonym(_) => one(uri, PseudonymUri::name),
        MimiUri::Room(_) => one(uri, RoomUri::name),
        MimiUri::Group(_) => one(uri, GroupUri::name),
        MimiUri::Team(_) => one(uri, TeamUri::name),
        MimiUri::Client(client) => {
            client.user().map(|user| user.name()).into_iter().chain(one(uri, ClientUri::device)).collect()
        }
    }
}

/// Reads a URI in all ways that there are.
pub(crate) fn uri(test: &TestCase) -> Verdict {
    // req: ID05-4-01, ID05-4-02, ID05-4-03, ID05-4-04, ID05-4-05, ID05-4-06, ID05-4-07, ID05-4-08, ID05-4-09, ID05-4-12
    let octets = test.text("uri").map(|uri| uri.as_bytes().to_vec()).or_else(|| test.octets("octets")).unwrap();
    let uri = MimiUri::from_bytes(&octets).map_err(uri_error)?;
    assert_eq!(uri.as_str(), test.text("normalised").unwrap());
    assert_eq!(uri.to_string(), uri.as_str());
    assert_eq!(uri.kind().to_string(), test.text("kind").unwrap());
    assert_eq!(uri.domain().as_str(), test.text("domain").unwrap());
    assert_eq!(serde_json::Value::from(names(&uri)), test.fields["names"]);
    assert_eq!(uri.as_str().parse::<MimiUri>().unwrap(), uri, "the normal form is its own normal form");
    Ok(())
}

/// Compares two URIs.
pub(crate) fn compare(test: &TestCase) -> Verdict {
    let uris: Vec<MimiUri> =
        test.fields["uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(uris[0] == uris[1], test.fields["equal"], "{uris:?}");
    Ok(())
}

fn header(test: &TestCase, parsed: Result<Domain, HeaderError>) -> Verdict {
    let domain = parsed.map_err(|error| {
        let rule = match error.rule() {
            HeaderRule::Domain(rule) => kebab(&format!("{rule:?}")),
            rule => format!("header-{}", kebab(&format!("{rule:?}"))),
        };
        ExpectedError { offset: Some(error.offset()), ..refused(&rule, error.section()) }
    })?;
    assert_eq!(domain.as_str(), test.text("domain").unwrap());
    Ok(())
}

/// Reads a From header field.
pub(crate) fn from_header(test: &TestCase) -> Verdict {
    // req: MP06-4.1-05, MP06-4.1-06, MP06-4.1-07, MP06-4.1-08
    header(test, parse_from(test.text("value").unwrap()))
}

/// Reads a Host header field.
pub(crate) fn host_header(test: &TestCase) -> Verdict {
    // req: MP06-4.1-03, MP06-4.1-04
    header(test, parse_host(test.text("value").unwrap()))
}

/// Reads a directory and expands a template.
pub(crate) fn directory(test: &TestCase) -> Verdict {
    // req: MP06-5.1-01, MP06-5.1-03, MP06-5.1-04, MP06-5.2-06
    let parsed = Directory::from_json(test.text("document").unwrap().as_bytes());
    let directory = parsed.map_err(|error| match error {
        DirectoryError::Template { source, .. } => {
            let rule = format!("template-{}", kebab(&format!("{:?}", source.rule())));
            ExpectedError { offset: Some(source.offset()), ..refused(&rule, source.section()) }
        }
        DirectoryError::NotText { .. } => refused("directory-member-not-text", error.section()),
        _ => refused("directory-not-json", error.section()),
    })?;
    if let Some(name) = test.text("endpoint") {
        let endpoint = Endpoint::from_name(name).unwrap();
        assert_eq!(directory.expand(endpoint, test.text("value").unwrap()).unwrap(), test.text("url").unwrap());
    }
    let again = Directory::from_json(directory.to_json().as_bytes()).unwrap();
    assert_eq!(again, directory);
    Ok(())
}

/// Makes and verifies a labelled signature.
pub(crate) fn sign_with_label(test: &TestCase) -> Verdict {
    // req: MP06-5.2-16, MP06-5.6-12, MP06-5.6-22
    let [content, signature, public_key] = ["content", "signature", "publicKey"].map(|name| test.octets(name).unwrap());
    let label = test.text("label").unwrap();
    assert_eq!(crypto::sign_content(label, &content), test.octets("signContent").unwrap());
    let signer = Ed25519Signer::from_seed(test.octets("seed").unwrap().try_into().unwrap());
    assert_eq!(signer.public_key(), public_key);
    crypto::verify_with_label(CipherSuite(1), &public_key, label, &content, &signature).map_err(signature_error)?;
    assert_eq!(signer.sign_with_label(label, &content).unwrap(), signature, "Ed25519 is deterministic");
    Ok(())
}

/// Makes the info of EncryptWithLabel.
pub(crate) fn encrypt_context(test: &TestCase) -> Verdict {
    // req: MP06-5.6-19
    let context = test.octets("context").unwrap();
    assert_eq!(crypto::encrypt_context(test.text("label").unwrap(), &context), test.octets("encryptContext").unwrap());
    Ok(())
}
