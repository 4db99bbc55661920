//! What is asked and answered inside of Oblivious HTTP (discovery profile 0 sections 10 and 11).

use mimi_discovery::lookup::Refusal;
use mimi_discovery::lookup::b::{
    Bucket, BucketRequest, BucketResponse, EvaluateRequest, EvaluateResponse, Evaluation, ProvenBucket, Transcript,
};
use mimi_discovery::lookup::s::{LookupRequest, LookupResponse};

use super::super::tree::Tree;
use super::{answers, csi, tokens};

fn answered() -> Tree {
    Tree::constant("answer", 0)
}

fn refused(refusal: Refusal) -> Tree {
    let status = match refusal {
        Refusal::Token => Tree::constant("token", 1),
        Refusal::Unavailable => Tree::constant("unavailable", 2),
        _ => Tree::text(refusal.to_string()),
    };
    Tree::fields([("status", status)])
}

pub(super) fn request(request: &LookupRequest) -> Tree {
    Tree::fields([("token", tokens::token(&request.token)), ("csi", csi(&request.csi))])
}

pub(super) fn response(response: &LookupResponse) -> Tree {
    match response {
        LookupResponse::Answer(answer) => Tree::fields([("status", answered()), ("answer", answers::answer(answer))]),
        LookupResponse::Refused(refusal) => refused(*refusal),
    }
}

pub(super) fn evaluate_request(request: &EvaluateRequest) -> Tree {
    Tree::fields([("token", tokens::token(&request.token)), ("blinded", Tree::octets(request.blinded.0))])
}

pub(super) fn evaluate_response(response: &EvaluateResponse) -> Tree {
    match response {
        EvaluateResponse::Evaluated(evaluated) => {
            Tree::fields([("status", answered()), ("evaluation", evaluation(evaluated))])
        }
        EvaluateResponse::Refused(refusal) => refused(*refusal),
    }
}

pub(super) fn evaluation(evaluation: &Evaluation) -> Tree {
    Tree::fields([("element", Tree::octets(evaluation.element().0)), ("proof", Tree::octets(*evaluation.proof()))])
}

pub(super) fn transcript(transcript: &Transcript) -> Tree {
    Tree::fields([("seed", Tree::octets(*transcript.seed())), ("evaluation", evaluation(transcript.evaluation()))])
}

pub(super) fn bucket_request(request: &BucketRequest) -> Tree {
    Tree::fields([("index", Tree::number(request.index))])
}

pub(super) fn bucket_response(response: &BucketResponse) -> Tree {
    match response {
        BucketResponse::Bucket(bucket) => Tree::fields([("status", answered()), ("bucket", proven_bucket(bucket))]),
        BucketResponse::Refused(refusal) => refused(*refusal),
    }
}

pub(super) fn proven_bucket(proven: &ProvenBucket) -> Tree {
    Tree::fields([
        ("snapshot", answers::snapshot(&proven.snapshot)),
        ("bucket", bucket(&proven.bucket)),
        ("inclusion", answers::digests(&proven.inclusion)),
    ])
}

pub(super) fn bucket(bucket: &Bucket) -> Tree {
    Tree::fields([("index", Tree::number(bucket.index())), ("rows", Tree::list(bucket.rows(), Tree::octets))])
}
