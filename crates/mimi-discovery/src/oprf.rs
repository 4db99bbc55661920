//! The verifiable oblivious pseudo-random function under tokens and buckets: RFC 9497 with ristretto255 and SHA-512.
//!
//! A client blinds its input, the server multiplies with its key and proves that it used this key, the client unblinds. The server learns nothing
//! of the input, not even when it gets the result later: the blinding leaves no trace in it.

use std::fmt;

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};
use voprf_ng::{BlindedElement, EvaluationElement, Group as _, Proof, Ristretto255, VoprfClient, VoprfServer};

use crate::entropy::Seed;

pub(crate) type Client = VoprfClient<Ristretto255>;

/// The output: 64 octets that only who has the key, or has asked who has it, can know.
pub(crate) type Output = [u8; 64];

/// An element of the group in its one encoding; whether it is one shows when it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(pub [u8; 32]);

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Element(..)")
    }
}

impl Wire for Element {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// What a server answers: the evaluated elements, and one proof for all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Evaluated {
    pub(crate) elements: Vec<Element>,
    pub(crate) proof: [u8; 64],
}

/// Why an evaluation does not count (RFC 9497 section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OprfError {
    /// Octets that are no element of the group, or its neutral one.
    #[error("no element of the group, or the neutral one (RFC 9497 section 2.1)")]
    NoElement,
    /// No public or secret key.
    #[error("no key (RFC 9497 section 3.2)")]
    NoKey,
    /// The proof does not hold: another key was used.
    #[error("the evaluation was made with another key (RFC 9497 section 2.2.2)")]
    OtherKey,
    /// There are fewer or more elements than asked for.
    #[error("evaluated are {evaluated} elements of {asked}")]
    Count {
        /// How many came.
        evaluated: usize,
        /// How many were sent.
        asked: usize,
    },
    /// The input cannot be hashed to the group.
    #[error("the input has no element of the group (RFC 9497 section 3.3.2)")]
    NoInput,
}

/// The server's key.
#[derive(Clone)]
pub(crate) struct Secret(VoprfServer<Ristretto255>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl Secret {
    /// DeriveKeyPair of RFC 9497 section 3.2.1.
    pub(crate) fn derive(seed: &[u8; 32], info: &[u8]) -> Result<Self, OprfError> {
        VoprfServer::new_from_seed(seed, info).map(Self).map_err(|_| OprfError::NoKey)
    }

    pub(crate) fn from_bytes(octets: &[u8; 32]) -> Result<Self, OprfError> {
        VoprfServer::new_with_key(octets).map(Self).map_err(|_| OprfError::NoKey)
    }

    pub(crate) fn to_bytes(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.iter_mut().zip(self.0.serialize()).for_each(|(to, from)| *to = from);
        octets
    }

    pub(crate) fn public(&self) -> Element {
        Element(Ristretto255::serialize_elem(self.0.get_public_key()).into())
    }

    /// Evaluates blinded elements, with one proof for all.
    pub(crate) fn blind_evaluate(&self, blinded: &[Element], seed: &Seed) -> Result<Evaluated, OprfError> {
        let blinded = blinded
            .iter()
            .map(|element| BlindedElement::deserialize(&element.0).map_err(|_| OprfError::NoElement))
            .collect::<Result<Vec<BlindedElement<Ristretto255>>, _>>()?;
        let mut randomness = seed.stream("VOPRF proof");
        let result = self.0.batch_blind_evaluate(&mut randomness, &blinded).map_err(|_| OprfError::NoElement)?;
        let elements = result.messages.iter().map(|message| Element(message.serialize().into())).collect();
        Ok(Evaluated { elements, proof: result.proof.serialize().into() })
    }

    /// The output for an input that the server knows.
    pub(crate) fn evaluate(&self, input: &[u8]) -> Result<Output, OprfError> {
        self.0.evaluate(input).map(Into::into).map_err(|_| OprfError::NoInput)
    }
}

/// Blinds an input.
pub(crate) fn blind(input: &[u8], randomness: &mut crate::entropy::Stream) -> Result<(Client, Element), OprfError> {
    let result = Client::blind(input, randomness).map_err(|_| OprfError::NoInput)?;
    Ok((result.state, Element(result.message.serialize().into())))
}

/// Checks the proof against the public key, and unblinds.
pub(crate) fn finalize(
    inputs: Vec<Vec<u8>>,
    clients: Vec<Client>,
    evaluated: &Evaluated,
    public: &Element,
) -> Result<Vec<Output>, OprfError> {
    if evaluated.elements.len() != clients.len() || inputs.len() != clients.len() || clients.is_empty() {
        return Err(OprfError::Count { evaluated: evaluated.elements.len(), asked: clients.len() });
    }
    let public = Ristretto255::deserialize_elem(&public.0).map_err(|_| OprfError::NoKey)?;
    let elements = evaluated
        .elements
        .iter()
        .map(|element| EvaluationElement::deserialize(&element.0).map_err(|_| OprfError::NoElement))
        .collect::<Result<Vec<EvaluationElement<Ristretto255>>, _>>()?;
    let proof = Proof::deserialize(&evaluated.proof).map_err(|_| OprfError::OtherKey)?;
    let outputs =
        Client::batch_finalize(&inputs, &clients, &elements, &proof, public).map_err(|_| OprfError::OtherKey)?;
    outputs.map(|output| output.map(Into::into).map_err(|_| OprfError::NoInput)).collect()
}
