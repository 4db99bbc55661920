//! The keyed function that the provider evaluates unseen, and what its result gives (discovery profile 0 section 11).

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};
use sha2::{Digest as _, Sha256};

use super::{BucketParameters, EvaluateRequest, EvaluateResponse};
use crate::config::VerifiedConfig;
use crate::csi::Csi;
use crate::entropy::{Seed, prf};
use crate::lookup::ResponseError;
use crate::oblivious::{self, Endpoint, PendingResponse};
use crate::oprf::{self, Element, Evaluated, OprfError, Output, Secret};
use crate::profile::PROFILE;
use crate::token::Token;

/// The provider's key of the keyed function. Who has it can test any identifier against all buckets.
#[derive(Clone, Debug)]
pub struct BucketKey(Secret);

impl BucketKey {
    /// The key that 32 secret octets determine.
    ///
    /// # Errors
    /// Never for practical purposes: RFC 9497 section 3.2.1 allows the derivation to fail.
    pub fn derive(secret: &[u8; 32]) -> Result<Self, OprfError> {
        Secret::derive(secret, [PROFILE, " BucketKey"].concat().as_bytes()).map(Self)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> Element {
        self.0.public()
    }

    /// Evaluates for an asker, unseen.
    ///
    /// # Errors
    /// The blinded element is none.
    pub fn evaluate(&self, blinded: &Element, seed: &Seed) -> Result<Evaluation, OprfError> {
        let Evaluated { elements, proof } = self.0.blind_evaluate(std::slice::from_ref(blinded), seed)?;
        let element = elements.into_iter().next().ok_or(OprfError::NoElement)?;
        Ok(Evaluation { element, proof })
    }

    /// What the function gives for an identifier, for the provider to make its buckets with. It may be stored.
    ///
    /// # Errors
    /// Never for practical purposes.
    pub fn secret_of(&self, csi: &Csi) -> Result<RowSecret, OprfError> {
        Ok(RowSecret::of(&self.0.evaluate(&csi.key().0)?))
    }
}

/// An evaluated element with the proof that the provider's key was used; not verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Evaluation {
    pub(crate) element: Element,
    pub(crate) proof: [u8; 64],
}

impl Evaluation {
    /// The evaluated element.
    #[must_use]
    pub const fn element(&self) -> &Element {
        &self.element
    }

    /// That the provider's key was used.
    #[must_use]
    pub const fn proof(&self) -> &[u8; 64] {
        &self.proof
    }
}

impl Wire for Evaluation {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { element: Element::decode(r)?, proof: r.array()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.element.encode(out)?;
        out.extend_from_slice(&self.proof);
        Ok(())
    }
}

/// What the keyed function gives for an identifier: from it come bucket, tags and keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RowSecret([u8; 32]);

impl std::fmt::Debug for RowSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowSecret(..)")
    }
}

impl RowSecret {
    fn of(output: &Output) -> Self {
        Self(Sha256::digest(output).into())
    }

    /// In which bucket the identifier's rows are: the first bits of a pseudo-random number.
    #[must_use]
    pub fn bucket(&self, parameters: &BucketParameters) -> u32 {
        let [a, b, c, d, ..] = prf(&self.0, "bucket", &[]);
        // A shift by all 32 bits leaves nothing, which is the number of the only bucket.
        u32::from_be_bytes([a, b, c, d]).checked_shr(32 - u32::from(parameters.bits)).unwrap_or_default()
    }

    /// Tag and key of a row. They differ from snapshot to snapshot, so that nobody can follow a row through them.
    pub(crate) fn row(&self, snapshot: u64, slot: u8) -> ([u8; 16], [u8; 32]) {
        let parts: [&[u8]; 2] = [&snapshot.to_be_bytes(), &[slot]];
        let mut tag = [0; 16];
        tag.iter_mut().zip(prf(&self.0, "row tag", &parts)).for_each(|(to, from)| *to = from);
        (tag, prf(&self.0, "row key", &parts))
    }
}

/// An evaluation that waits for its response.
#[derive(Debug)]
pub struct PendingEvaluation {
    csi: Csi,
    parameters: BucketParameters,
    seed: Seed,
    response: PendingResponse,
}

/// An evaluation that does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The provider does not offer the mode.
    #[error("the provider has no buckets")]
    NoBuckets,
    /// The cryptography: foremost, another key than the configuration's was used.
    #[error(transparent)]
    Oprf(#[from] OprfError),
    /// The response.
    #[error(transparent)]
    Response(#[from] ResponseError),
}

/// Makes the request for an evaluation, for the relay. The seed is from a random number generator and used once.
///
/// # Errors
/// The provider has no buckets, or its key is none.
// req: UD03-11-01, UD03-17-08, UD03-17-10
pub fn ask(
    config: &VerifiedConfig,
    csi: &Csi,
    token: Token,
    seed: Seed,
) -> Result<(Vec<u8>, PendingEvaluation), EvaluateError> {
    let config = config.get();
    let parameters = config.buckets.ok_or(EvaluateError::NoBuckets)?;
    let (_, blinded) = blind(csi, &seed)?;
    let content = EvaluateRequest { token, blinded }.to_bytes().map_err(ResponseError::from)?;
    let (encapsulated, response) =
        oblivious::encapsulate(&config.domain, &config.oblivious_key, Endpoint::Evaluate, &content)
            .map_err(ResponseError::from)?;
    Ok((encapsulated, PendingEvaluation { csi: csi.clone(), parameters, seed, response }))
}

fn blind(csi: &Csi, seed: &Seed) -> Result<(oprf::Client, Element), OprfError> {
    oprf::blind(&csi.key().0, &mut seed.stream("blind"))
}

impl PendingEvaluation {
    /// Opens the response and verifies the evaluation.
    ///
    /// # Errors
    /// It is not the provider's response, a refusal, or not made with the key of the configuration.
    pub fn open(self, encapsulated: &[u8]) -> Result<(Located, Transcript), EvaluateError> {
        let content = self.response.open(encapsulated).map_err(ResponseError::from)?;
        match EvaluateResponse::from_bytes(&content).map_err(ResponseError::from)? {
            EvaluateResponse::Evaluated(evaluation) => {
                let transcript = Transcript { seed: *self.seed.octets(), evaluation };
                let located = transcript.verify(self.csi, self.parameters)?;
                Ok((located, transcript))
            }
            EvaluateResponse::Refused(refusal) => Err(ResponseError::from(refusal).into()),
        }
    }
}

/// With what anybody can verify to which bucket and rows an identifier belongs: what was sent is made from the seed again. For disputes; it shows
/// nothing but the one identifier's rows, which who has it can read in all buckets of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcript {
    seed: [u8; 32],
    evaluation: Evaluation,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transcript(..)")
    }
}

impl Transcript {
    /// From what the blinding was made. Who has it and saw the request knows for whom it was.
    #[must_use]
    pub const fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What the provider answered.
    #[must_use]
    pub const fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Verifies that the provider's key gives this for the identifier.
    ///
    /// # Errors
    /// Another key was used, or it was for another identifier.
    pub fn verify(&self, csi: Csi, parameters: BucketParameters) -> Result<Located, OprfError> {
        let (client, _) = blind(&csi, &Seed::new(self.seed))?;
        let evaluated = Evaluated { elements: vec![self.evaluation.element], proof: self.evaluation.proof };
        let input = vec![csi.key().0.to_vec()];
        let outputs = oprf::finalize(input, vec![client], &evaluated, &parameters.key)?;
        let output = outputs.first().ok_or(OprfError::NoElement)?;
        Ok(Located { csi, parameters, secret: RowSecret::of(output) })
    }
}

impl Wire for Transcript {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { seed: r.array()?, evaluation: Evaluation::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.seed);
        self.evaluation.encode(out)
    }
}

/// Where an identifier's rows are, verified. Good for all snapshots under one key: the evaluation need not be repeated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located {
    pub(super) csi: Csi,
    pub(super) parameters: BucketParameters,
    pub(super) secret: RowSecret,
}

impl Located {
    /// The bucket to fetch.
    #[must_use]
    pub fn bucket(&self) -> u32 {
        self.secret.bucket(&self.parameters)
    }
}
