//! What we stand on gives the published octets.
use std::collections::BTreeMap;

use super::*;
use crate::entropy::Seed;
use crate::oblivious::{Endpoint, Gateway, ObliviousKey, encapsulate};
use crate::oprf::{self, Element, Evaluated, Secret};
use crate::token::{IssuerKey, IssuingKey, PendingTokens, Token, TokenChallenge, TokenRequest, TokenResponse};
use hmac::{Hmac, Mac};
use hpke::aead::{AesGcm128, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR};
use mimi_arch::codec::Wire;
use sha2::Sha256;
use voprf_ng::{Ristretto255, VoprfServer};

/// Parts of a file with an empty line between them, each with values by name.
fn parts(text: &str) -> Vec<BTreeMap<&str, Vec<Vec<u8>>>> {
    let values = |value: &str| value.split(',').map(|octets| hex::decode(octets).unwrap()).collect();
    text.split("\n\n")
        .map(|part| {
            let lines = part.lines().filter(|line| !line.starts_with('#'));
            lines.filter_map(|line| line.split_once(" = ")).map(|(name, value)| (name, values(value))).collect()
        })
        .filter(|part: &BTreeMap<_, _>| !part.is_empty())
        .collect()
}

fn element(octets: &[u8]) -> Element {
    Element(octets.try_into().unwrap())
}

/// The client state with a fixed blind.
fn client(blind: &[u8], blinded: &[u8]) -> oprf::Client {
    oprf::Client::deserialize(&[blind, blinded].concat()).unwrap()
}

/// A generator of random numbers that gives one scalar.
struct Fixed(Vec<u8>);

impl rand_core::TryRng for Fixed {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("scalars are drawn as octets")
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("scalars are drawn as octets")
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        octets.copy_from_slice(&self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Fixed {}

#[test]
fn rfc_9497_a_1_2_voprf_with_ristretto255() {
    let parts = parts(include_str!("published/voprf-ristretto255.txt"));
    let [keys, vectors @ ..] = parts.as_slice() else { panic!("keys and vectors") };
    assert_eq!(vectors.len(), 3);
    let secret = Secret::derive(keys["seed"][0].as_slice().try_into().unwrap(), &keys["info"][0]).unwrap();
    assert_eq!(secret.to_bytes().as_slice(), keys["sk"][0]);
    assert_eq!(secret.public().0.as_slice(), keys["pk"][0]);
    let server = VoprfServer::<Ristretto255>::new_with_key(&keys["sk"][0]).unwrap();
    for vector in vectors {
        let (inputs, blinded) = (&vector["inputs"], &vector["blinded"]);
        let elements: Vec<Element> = blinded.iter().map(|octets| element(octets)).collect();
        // With the random scalar of the vector the proof is the published one.
        let parsed: Vec<_> =
            blinded.iter().map(|octets| voprf_ng::BlindedElement::deserialize(octets).unwrap()).collect();
        let published = server.batch_blind_evaluate(&mut Fixed(vector["scalar"][0].clone()), &parsed).unwrap();
        assert_eq!(published.proof.serialize().as_slice(), vector["proof"][0]);
        // Ours has another scalar and the same elements.
        let ours = secret.blind_evaluate(&elements, &Seed::new([7; 32])).unwrap();
        let evaluated: Vec<&[u8]> = ours.elements.iter().map(|element| element.0.as_slice()).collect();
        assert_eq!(evaluated, vector["evaluated"]);
        let published = Evaluated {
            elements: vector["evaluated"].iter().map(|octets| element(octets)).collect(),
            proof: vector["proof"][0].as_slice().try_into().unwrap(),
        };
        for evaluated in [ours, published] {
            let clients = vector["blinds"].iter().zip(blinded).map(|(blind, blinded)| client(blind, blinded)).collect();
            let outputs = oprf::finalize(inputs.clone(), clients, &evaluated, &secret.public()).unwrap();
            assert!(outputs.iter().map(<[u8; 64]>::as_slice).eq(vector["outputs"].iter().map(Vec::as_slice)));
        }
        for (input, output) in inputs.iter().zip(&vector["outputs"]) {
            assert_eq!(secret.evaluate(input).unwrap().as_slice(), output);
        }
    }
}

#[test]
fn batched_tokens_are_those_of_two_other_implementations() {
    let vectors = parts(include_str!("published/batched-tokens.txt"));
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let key = IssuingKey::from_bytes(vector["sk"][0].as_slice().try_into().unwrap()).unwrap();
        assert_eq!(key.public().0.0.as_slice(), vector["pk"][0]);
        let challenge = TokenChallenge::from_bytes(&vector["challenge"][0]).unwrap();
        assert_eq!(challenge.to_bytes().unwrap(), vector["challenge"][0]);
        let request = TokenRequest::from_bytes(&vector["request"][0]).unwrap();
        assert_eq!(request.to_bytes().unwrap(), vector["request"][0]);
        let response = TokenResponse::from_bytes(&vector["response"][0]).unwrap();
        let ours = key.issue(&request, &Seed::new([9; 32])).unwrap();
        assert_eq!(ours.evaluated_elements, response.evaluated_elements);
        for response in [response, ours] {
            let blinded = &request.blinded_elements;
            let pending = PendingTokens {
                key: key.public(),
                challenge_digest: challenge.digest().unwrap(),
                nonces: vector["nonces"].iter().map(|nonce| nonce.as_slice().try_into().unwrap()).collect(),
                clients: vector["blinds"].iter().zip(blinded).map(|(blind, to)| client(blind, &to.0)).collect(),
            };
            let tokens = pending.finish(&response).unwrap();
            assert!(tokens.iter().map(|token| token.to_bytes().unwrap()).eq(vector["tokens"].iter().cloned()));
        }
        for octets in &vector["tokens"] {
            let token = Token::from_bytes(octets).unwrap();
            assert_eq!(key.authenticator(&token.input()).unwrap(), token.authenticator);
            assert_eq!(IssuerKey(key.public().0).id(), token.token_key_id);
        }
    }
}

/// RFC 9458 section 4 on the receiving side, written apart from the crate that we use.
struct Witness {
    request: Vec<u8>,
    /// The secret of the response.
    secret: Vec<u8>,
    enc: Vec<u8>,
}

impl Witness {
    fn open<A: hpke::aead::Aead>(secret_key: &[u8], encapsulated: &[u8], secret_length: usize) -> Self {
        let (header, rest) = encapsulated.split_at(7);
        let (enc, ciphertext) = rest.split_at(32);
        let info = [b"message/bhttp request\0".as_slice(), header].concat();
        let secret_key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret_key).unwrap();
        let key = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).unwrap();
        let mut context =
            hpke::setup_receiver::<A, HkdfSha256, X25519HkdfSha256>(&OpModeR::Base, &secret_key, &key, &info).unwrap();
        let request = context.open(ciphertext, b"").unwrap();
        let mut secret = vec![0; secret_length];
        context.export(b"message/bhttp response", &mut secret).unwrap();
        Self { request, secret, enc: enc.to_vec() }
    }

    /// Key and nonce of the response.
    fn keys(&self, response_nonce: &[u8], key_length: usize) -> (Vec<u8>, Vec<u8>) {
        let hmac = |key: &[u8], data: &[u8]| {
            let mut block = [0_u8; 64];
            block[..key.len()].copy_from_slice(key);
            let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        };
        let prk = hmac(&[self.enc.as_slice(), response_nonce].concat(), &self.secret);
        (hmac(&prk, b"key\x01")[..key_length].to_vec(), hmac(&prk, b"nonce\x01")[..12].to_vec())
    }
}

const SECRET_KEY: &str = "3c168975674b2fa8e465970b79c8dcf09f1c741626480bd4c6162fc5b6a98e1a";
const PUBLIC_KEY: &str = "31e1f05a740102115220e9af918f738674aec95f54db6e04eb705aae8e798155";

#[test]
fn rfc_9458_a_the_receiving_side_opens_the_published_request() {
    let encapsulated = hex::decode(concat!(
        "010020000100014b28f881333e7c164ffc499ad9796f877f4e1051ee6d31bad1",
        "9dec96c208b4726374e469135906992e1268c594d2a10c695d858c40a026e796",
        "5e7d86b83dd440b2c0185204b4d63525"
    ))
    .unwrap();
    let witness = Witness::open::<AesGcm128>(&hex::decode(SECRET_KEY).unwrap(), &encapsulated, 16);
    assert_eq!(hex::encode(&witness.request), "00034745540568747470730b6578616d706c652e636f6d012f");
    assert_eq!(hex::encode(&witness.secret), "62d87a6ba569ee81014c2641f52bea36");
    let (key, nonce) = witness.keys(&hex::decode("c789e7151fcba46158ca84b04464910d").unwrap(), 16);
    assert_eq!(hex::encode(key), "5d0172a080e428b16d298c4ea0db620d");
    assert_eq!(hex::encode(nonce), "f6bf1aeb88d6df87007fa263");
}

#[test]
fn the_published_key_configuration_is_for_another_suite_and_refused_for_that() {
    let published = hex::decode(format!("010020{PUBLIC_KEY}00080001000100010003")).unwrap();
    let error = ObliviousKey::from_bytes(&published).unwrap_err();
    assert_eq!((error.offset(), error.rule().text()), (35, crate::oblivious::OBLIVIOUS_SUITE.text()));
}

#[test]
fn our_requests_and_responses_are_rfc_9458_to_the_receiving_side_of_the_vectors() {
    use chacha20poly1305::aead::{Aead, KeyInit};
    let key = ObliviousKey { key_id: 5, public: hex::decode(PUBLIC_KEY).unwrap().try_into().unwrap() };
    let dp = domain("dp.example");
    let (encapsulated, pending) = encapsulate(&dp, &key, Endpoint::LookUp, b"content").unwrap();
    assert_eq!(encapsulated[..7], [5, 0, 0x20, 0, 1, 0, 3]);
    let witness = Witness::open::<ChaCha20Poly1305>(&hex::decode(SECRET_KEY).unwrap(), &encapsulated, 32);
    // RFC 9292 section 3.1 by hand: known length, control data, no fields, content, no trailers.
    let expected = [b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/s\0\x07content\0".as_slice()].concat();
    assert_eq!(witness.request, expected);
    let response_nonce = [9; 32];
    let (key, nonce) = witness.keys(&response_nonce, 32);
    let cipher = chacha20poly1305::ChaCha20Poly1305::new(key.as_slice().into());
    let sealed = cipher.encrypt(nonce.as_slice().into(), b"\x01\x40\xc8\0\x06answer\0".as_slice()).unwrap();
    assert_eq!(pending.open(&[response_nonce.as_slice(), &sealed].concat()).unwrap(), b"answer");
}

#[test]
fn the_gateway_key_is_the_one_of_rfc_9180_derive_key_pair() {
    // RFC 9180 appendix A.1.1: ikmR and pkRm.
    let ikm = hex::decode("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037").unwrap();
    let gateway = Gateway::new(domain("dp.example"), 1, ikm.as_slice().try_into().unwrap()).unwrap();
    assert_eq!(hex::encode(gateway.key().public), "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
}
