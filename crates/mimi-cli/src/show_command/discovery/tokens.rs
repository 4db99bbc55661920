//! Tokens for look-ups (discovery profile 0 section 13).

use mimi_discovery::oprf::Element;
use mimi_discovery::token::{TOKEN_TYPE, Token, TokenChallenge, TokenRequest, TokenResponse};

use super::super::tree::Tree;

fn token_type() -> Tree {
    Tree::Number { value: TOKEN_TYPE.into(), note: "VOPRF over ristretto255 with SHA-512, batched".into() }
}

/// A name that is text in the profile and any octets by the RFC.
fn name(octets: &[u8]) -> Tree {
    std::str::from_utf8(octets).map_or_else(|_| Tree::octets(octets), Tree::text)
}

pub(super) fn elements(elements: &[Element]) -> Tree {
    Tree::list(elements, |element| Tree::octets(element.0))
}

pub(super) fn challenge(challenge: &TokenChallenge) -> Tree {
    Tree::fields([
        ("token_type", token_type()),
        ("issuer_name", name(challenge.issuer_name())),
        ("redemption_context", Tree::octets(challenge.redemption_context())),
        ("origin_info", name(challenge.origin_info())),
    ])
}

pub(super) fn token(token: &Token) -> Tree {
    Tree::fields([
        ("token_type", token_type()),
        ("nonce", Tree::octets(*token.nonce())),
        ("challenge_digest", Tree::octets(*token.challenge_digest())),
        ("token_key_id", Tree::octets(*token.token_key_id())),
        ("authenticator", Tree::octets(*token.authenticator())),
    ])
}

pub(super) fn request(request: &TokenRequest) -> Tree {
    Tree::fields([
        ("token_type", token_type()),
        ("truncated_token_key_id", Tree::number(request.truncated_token_key_id())),
        ("blinded_elements", elements(request.blinded_elements())),
    ])
}

pub(super) fn response(response: &TokenResponse) -> Tree {
    Tree::fields([
        ("evaluated_elements", elements(response.evaluated_elements())),
        ("proof", Tree::octets(*response.proof())),
    ])
}
