//! What can go wrong with discovery, told apart by who has to do something about it.

use mimi_arch::{
    Domain,
    codec::{DecodeError, EncodeError},
};
use mimi_discovery::{
    answer::AnswerError,
    config::ConfigError,
    directory::DirectoryError,
    lookup::{
        Refusal, ResponseError,
        b::{EvaluateError, FindError},
        p::RetrieveError,
    },
    token::IssueError,
};

use crate::error::{ClientError, TransportError};

/// Failure of an operation of discovery.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The own provider or the state file.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration of the discovery provider is not to be used.
    #[error("the discovery provider {dp}: {error}")]
    Config {
        /// The provider.
        dp: Domain,
        /// What is wrong.
        error: ConfigError,
    },
    /// What the own provider said of the discovery provider is malformed.
    #[error("what the provider says of discovery is malformed: {0}")]
    Malformed(&'static str),
    /// An object of the profile does not decode.
    #[error("an object of discovery does not decode: {0}")]
    Decode(#[from] DecodeError),
    /// An object of the profile has no encoding.
    #[error("an object of discovery has no encoding: {0}")]
    Encode(#[from] EncodeError),
    /// The prefix directory is not to be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No discovery provider has such identifiers.
    #[error("by the prefix directory no discovery provider has such identifiers")]
    NobodyHasIt,
    /// The directory names another key for a discovery provider than the own provider does.
    #[error(
        "the prefix directory names another key for {dp} than the own provider: ask the operators, and do not go on"
    )]
    OtherKey {
        /// The provider.
        dp: Domain,
    },
    /// The discovery provider does not offer the mode.
    #[error("{dp} does not offer this mode of look-up; take the other one")]
    ModeNotOffered {
        /// The provider.
        dp: Domain,
    },
    /// Mode P is experimental and was left out of this program.
    #[error("mode p is experimental and not in this program: build it with `--features pir`, or take --mode b")]
    NoRetrieval,
    /// The discovery provider takes no tokens of the own provider.
    #[error(
        "{dp} takes no tokens of {msp}: it has not fetched the issuing key yet, or is not set up to; try again in a few seconds"
    )]
    NoIssuer {
        /// The discovery provider.
        dp: Domain,
        /// The own provider.
        msp: Domain,
    },
    /// There are no tokens left for today.
    #[error("no token for a look-up: {0}")]
    NoTokens(String),
    /// What the own provider issued is no good; foremost: it was made with another key, which would mark the user.
    #[error("the tokens that the provider issued: {0}")]
    Issue(#[from] IssueError),
    /// The relay.
    #[error("the relay {relay}: {what}")]
    Relay {
        /// Its URL.
        relay: String,
        /// What is wrong.
        what: String,
    },
    /// The response, or a refusal in it.
    #[error("the look-up: {0}")]
    Response(#[from] ResponseError),
    /// The evaluation of mode B.
    #[error("the look-up: {0}")]
    Evaluate(#[from] EvaluateError),
    /// The retrieval of mode P. Another try, or one in another mode, would tell the discovery provider that this one failed.
    #[error("the retrieval: {0}; do not try again in another way at once, as that would show that it failed")]
    Retrieve(Box<RetrieveError>),
    /// The answer of mode S is not to be used: the discovery provider lies, or the issuer of the identifier is not trusted here.
    #[error("the answer of the discovery provider: {0}")]
    Answer(#[from] AnswerError),
    /// The answer of mode B or P.
    #[error("the answer of the discovery provider: {0}")]
    Find(Box<FindError>),
    /// The attestation is for another key than this client's.
    #[error("the attestation is for another key: have the issuer attest the key of this client (`mimi discovery key`)")]
    NotMyAttestation,
    /// Nothing was registered by this client.
    #[error("this client has registered nothing for this identifier: give the attestation")]
    NothingRegistered,
    /// The discovery provider does not take the statement.
    #[error("{dp} does not take it: {reason}")]
    NotRegistered {
        /// The discovery provider.
        dp: Domain,
        /// Its words.
        reason: String,
    },
    /// The service was asked for the user, and names none or several.
    #[error("{msp} was asked for the user and {what}")]
    NoUser {
        /// The service.
        msp: Domain,
        /// What it said.
        what: &'static str,
    },
    /// There is no conversation yet.
    #[error("{0}")]
    NotReady(&'static str),
}

impl From<FindError> for DiscoveryError {
    fn from(error: FindError) -> Self {
        Self::Find(Box::new(error))
    }
}

impl From<RetrieveError> for DiscoveryError {
    fn from(error: RetrieveError) -> Self {
        Self::Retrieve(Box::new(error))
    }
}

impl From<TransportError> for DiscoveryError {
    fn from(error: TransportError) -> Self {
        Self::Client(error.into())
    }
}

impl DiscoveryError {
    /// Whether the discovery provider did not take the token: it was used before, or is of another day or key.
    pub fn is_token_refused(&self) -> bool {
        let refused = |error: &ResponseError| matches!(error, ResponseError::Refused(Refusal::Token));
        match self {
            Self::Response(error) | Self::Evaluate(EvaluateError::Response(error)) => refused(error),
            Self::Retrieve(error) => matches!(&**error, RetrieveError::Response(error) if refused(error)),
            _ => false,
        }
    }
}
