//! What look-ups cost beside the cryptography that nobody can do without. `cargo bench -p mimi-discovery`.
//!
//! Each line of the table at the end has been measured in turn with its floor, in one run, as medians; two bars are asserted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use mimi_discovery::answer::{ANSWER_SIZE, Answer, content};
use mimi_discovery::attestation::{AssignmentEpoch, NewAttestation};
use mimi_discovery::config::{DpConfig, Modes, TokenIssuer, VerifiedConfig};
use mimi_discovery::lookup::b::{self, BucketKey, BucketParameters, BucketTree, EvaluateResponse, Maker, ProvenBucket};
use mimi_discovery::lookup::{self, Request, s};
use mimi_discovery::mapping::{MappingEntry, NewMapping, Sequence};
use mimi_discovery::oblivious::Gateway;
use mimi_discovery::profile::{Key, Validity};
use mimi_discovery::record::Scope;
use mimi_discovery::snapshot::{Snapshot, Tree, TreeSecret};
use mimi_discovery::token::{Day, IssuingKey, Redeemer, SpentTokens, Token};
use mimi_discovery::{Anchors, Csi, CsiKind, Record, Seconds, Seed};
use ohttp::hpke::{Aead, Kdf, Kem};
use voprf_ng::{BlindedElement, Ristretto255, VoprfClient, VoprfServer};

const NOW: Seconds = Seconds(1_800_000_000);
const DP: &str = "dp.example";

fn validity() -> Validity {
    Validity { not_before: NOW.minus(1000), not_after: NOW.plus(100_000) }
}

fn record(csi: &Csi) -> Record {
    let (carrier, bob) = (Key::from_seed([1; 32]), Key::from_seed([2; 32]));
    let attestation = NewAttestation {
        csi,
        csip: &"carrier.example".parse().unwrap(),
        subject_key: bob.public(),
        assignment_epoch: AssignmentEpoch(1),
        validity: validity(),
    }
    .sign(&carrier)
    .unwrap();
    let mapping = NewMapping {
        name: Default::default(),
        sequence: Sequence(1),
        validity: validity(),
        entries: vec![MappingEntry::new("b.example".parse().unwrap(), 0)],
        sealed: vec![],
    }
    .sign(&attestation, &bob)
    .unwrap();
    Record::Mapping(Box::new(attestation), mapping)
}

fn anchors() -> Anchors {
    let mut anchors = Anchors::default();
    let carrier = Key::from_seed([1; 32]).public();
    anchors.trust("carrier.example".parse().unwrap(), carrier, CsiKind::E164, Scope::All);
    anchors
}

fn number(n: u32) -> Csi {
    Csi::parse(&format!("+1212555{n:04}")).unwrap()
}

struct Provider {
    key: Key,
    gateway: Gateway,
    issuing: IssuingKey,
    redeemer: Redeemer,
    buckets: BucketKey,
    config: VerifiedConfig,
}

impl Provider {
    fn new() -> Self {
        let (dp, msp) = (DP.parse().unwrap(), "a.example".parse::<mimi_arch::Domain>().unwrap());
        let key = Key::from_seed([3; 32]);
        let gateway = Gateway::new(DP.parse().unwrap(), 1, &[4; 32]).unwrap();
        let issuing = IssuingKey::derive(&[5; 32], &msp, &dp).unwrap();
        let mut redeemer = Redeemer::new(dp.clone());
        redeemer.accept(msp.clone(), issuing.clone());
        let buckets = BucketKey::derive(&[6; 32]).unwrap();
        let config = DpConfig {
            domain: dp.clone(),
            snapshot_key: key.public(),
            modes: Modes { s: true, b: true, p: false },
            oblivious_key: gateway.key(),
            buckets: Some(BucketParameters { key: buckets.public(), bits: 5, rows: BucketParameters::ROWS }),
            issuers: vec![TokenIssuer { msp, key: issuing.public(), validity: Validity::ALWAYS }],
            validity: validity(),
            signature: mimi_discovery::profile::Signature([0; 64]),
        };
        let config = config.sign(&key).unwrap().verify(&dp, &key.public(), NOW).unwrap();
        Self { key, gateway, issuing, redeemer, buckets, config }
    }

    fn tokens(&self, count: usize) -> Vec<Token> {
        let (request, pending) = self
            .issuing
            .public()
            .request(&DP.parse().unwrap(), &"a.example".parse().unwrap(), Day::of(NOW), count, &Seed::new([7; 32]))
            .unwrap();
        pending.finish(&self.issuing.issue(&request, &Seed::new([8; 32])).unwrap()).unwrap()
    }

    fn snapshot(&self, root: [u8; 32], buckets_root: [u8; 32]) -> Snapshot {
        Snapshot::sign(&DP.parse().unwrap(), 1, validity(), root, buckets_root, &self.key).unwrap()
    }

    fn answer(&self) -> Answer {
        let csi = number(1);
        let records = vec![record(&csi)];
        let mut tree = Tree::new(TreeSecret::new([9; 32]), (0..10_000).map(|n| (number(n).key(), [1; 32])));
        tree.set(csi.key(), content(&records).unwrap());
        Answer { snapshot: self.snapshot(tree.root(), [0; 32]), proof: tree.prove(&csi.key()), records }
    }

    /// Everything that the provider does for a look-up of mode S but for reading its store.
    fn look_up(&self, up: &[u8], answer: &Answer) -> Vec<u8> {
        let (request, responder) = lookup::open(&self.gateway, up).unwrap();
        let redeemed = self.redeemer.redeem(request.token().unwrap(), NOW).unwrap();
        SpentTokens::default().spend(&redeemed).unwrap();
        responder.answer(&s::LookupResponse::Answer(Box::new(answer.clone()))).unwrap()
    }

    /// Everything that the provider does for an evaluation of mode B.
    fn evaluate(&self, up: &[u8]) -> Vec<u8> {
        let (request, responder) = lookup::open(&self.gateway, up).unwrap();
        let redeemed = self.redeemer.redeem(request.token().unwrap(), NOW).unwrap();
        SpentTokens::default().spend(&redeemed).unwrap();
        let Request::Evaluate(request) = request else { panic!("an evaluation") };
        let evaluation = self.buckets.evaluate(&request.blinded, &Seed::new([8; 32])).unwrap();
        responder.answer(&EvaluateResponse::Evaluated(evaluation)).unwrap()
    }
}

/// Takes the time of one run.
type Run<'a> = Box<dyn FnMut() -> Duration + 'a>;

/// One line of the table: what is measured, and what it stands on.
struct Line<'a> {
    name: &'static str,
    ours: Run<'a>,
    floor: Option<(&'static str, Run<'a>)>,
    bar: Option<f64>,
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}

fn octets(message: &impl mimi_arch::codec::Wire) -> usize {
    message.to_bytes().unwrap().len()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Floor and ours in turn, so that both see the same machine.
fn measure(line: &mut Line<'_>) -> (Duration, Option<Duration>) {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while ours.len() < 51 || (start.elapsed() < Duration::from_millis(1500) && ours.len() < 4001) {
        ours.push((line.ours)());
        if let Some((_, run)) = &mut line.floor {
            floor.push(run());
        }
    }
    (median(ours), (!floor.is_empty()).then(|| median(floor)))
}

#[allow(clippy::too_many_lines)]
fn main() {
    let provider = Provider::new();
    let csi = number(1);
    let (anchors, chain) = (anchors(), record(&csi));

    let signer = SigningKey::from_bytes(&[1; 32]);
    let message = [7; 300];
    let (public, signature) = (signer.verifying_key().to_bytes(), signer.sign(&message).to_bytes());
    let verify = || {
        let key = VerifyingKey::from_bytes(black_box(&public)).unwrap();
        key.verify_strict(black_box(&message), &Signature::from_bytes(&signature)).unwrap();
    };

    let raw = ohttp::KeyConfig::derive(
        1,
        Kem::X25519Sha256,
        vec![ohttp::SymmetricSuite::new(Kdf::HkdfSha256, Aead::ChaCha20Poly1305)],
        &[4; 32],
    )
    .unwrap();
    let raw = ohttp::Server::new(raw).unwrap();
    let raw_answer = vec![7; ANSWER_SIZE + 16];
    let open_and_seal = |up: &[u8], down: &[u8]| {
        let (request, response) = raw.decapsulate(black_box(up)).unwrap();
        black_box(request);
        response.encapsulate(black_box(down)).unwrap()
    };

    let mut tokens = provider.tokens(3);
    let token = tokens.remove(0);
    let answer = provider.answer();
    let (up_s, _) = s::ask(&provider.config, &csi, tokens.remove(0)).unwrap();
    let (up_b, pending) = b::ask(&provider.config, &csi, tokens.remove(0), Seed::new([9; 32])).unwrap();
    let down_b = provider.evaluate(&up_b);
    let (located, _) = pending.open(&down_b).unwrap();

    let (msp, dp): (mimi_arch::Domain, mimi_arch::Domain) = ("a.example".parse().unwrap(), DP.parse().unwrap());
    let ask = |count| provider.issuing.public().request(&dp, &msp, Day::of(NOW), count, &Seed::new([7; 32])).unwrap();
    let (one, batch) = (ask(1), ask(100));
    let batch_response = provider.issuing.issue(&batch.0, &Seed::new([8; 32])).unwrap();

    let server = VoprfServer::<Ristretto255>::new_from_seed(&[6; 32], b"bench").unwrap();
    let mut randomness = Counter(0);
    let blinded = VoprfClient::<Ristretto255>::blind(b"input", &mut randomness).unwrap().message;
    let blinded_octets: [u8; 32] = blinded.serialize().into();

    let parameters = provider.config.get().buckets.unwrap();
    let maker = Maker { parameters, snapshot: 1, filler: Seed::new([1; 32]) };
    let index = located.bucket();
    let inside: Vec<_> = (0..5000)
        .map(number)
        .map(|csi| (provider.buckets.secret_of(&csi).unwrap(), csi))
        .filter(|(secret, _)| secret.bucket(&parameters) == index)
        .take(32)
        .map(|(secret, csi)| (secret, vec![record(&csi)]))
        .collect();
    assert_eq!(inside.len(), 32);
    let entries = || inside.iter().map(|(secret, records)| (secret, records.as_slice()));
    let bucket = maker.bucket(index, entries()).unwrap();
    let hash = bucket.hash(&parameters, 1);
    let tree = BucketTree::new((0..parameters.buckets()).map(|place| if place == index { hash } else { [0; 32] }));
    let proven = ProvenBucket {
        snapshot: provider.snapshot([0; 32], tree.root()),
        bucket,
        inclusion: tree.prove(index).unwrap(),
    };

    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args();
    criterion.bench_function("verify a mapping chain", |bencher| {
        bencher.iter_batched(
            || chain.clone(),
            |chain| chain.verify(&anchors, NOW).unwrap(),
            criterion::BatchSize::SmallInput,
        );
    });
    criterion.bench_function("S: provider's side", |bencher| bencher.iter(|| provider.look_up(&up_s, &answer)));
    criterion.bench_function("B: evaluation, provider's side", |bencher| bencher.iter(|| provider.evaluate(&up_b)));
    criterion.final_summary();

    let mut lines = [
        Line {
            name: "verify a mapping chain",
            ours: Box::new(|| {
                let chain = chain.clone();
                timed(|| chain.verify(&anchors, NOW).unwrap())
            }),
            floor: Some(("two Ed25519 verifications", Box::new(|| timed(|| (verify(), verify()))))),
            bar: Some(1.2),
        },
        Line {
            name: "verify an answer of mode S",
            ours: Box::new(|| {
                let answer = answer.clone();
                let known = provider.config.provider(0);
                timed(|| answer.verify(&csi, &known, &anchors, NOW).unwrap())
            }),
            floor: Some(("three Ed25519 verifications", Box::new(|| timed(|| (verify(), verify(), verify()))))),
            bar: None,
        },
        Line {
            name: "S: provider's side, without store",
            ours: Box::new(|| timed(|| provider.look_up(&up_s, &answer))),
            floor: Some((
                "OHTTP open and seal, and one token redeemed",
                Box::new(|| {
                    timed(|| {
                        let sealed = open_and_seal(&up_s, &raw_answer);
                        (sealed, provider.redeemer.redeem(&token, NOW).unwrap())
                    })
                }),
            )),
            bar: Some(1.5),
        },
        Line {
            name: "OHTTP open and seal, 8 KiB answer",
            ours: Box::new(|| timed(|| open_and_seal(&up_s, &raw_answer))),
            floor: None,
            bar: None,
        },
        Line {
            name: "S: asker's side, making the request",
            ours: Box::new(|| timed(|| s::ask(&provider.config, &csi, token.clone()).unwrap())),
            floor: None,
            bar: None,
        },
        Line {
            name: "issue one token",
            ours: Box::new(|| timed(|| provider.issuing.issue(&one.0, &Seed::new([8; 32])).unwrap())),
            floor: Some((
                "one VOPRF evaluation with proof",
                Box::new(|| {
                    timed(|| {
                        let blinded = BlindedElement::deserialize(&blinded_octets).unwrap();
                        server.blind_evaluate(&mut Counter(1), &blinded).unwrap().proof.serialize()
                    })
                }),
            )),
            bar: None,
        },
        Line {
            name: "issue 100 tokens at once",
            ours: Box::new(|| timed(|| provider.issuing.issue(&batch.0, &Seed::new([8; 32])).unwrap())),
            floor: None,
            bar: None,
        },
        Line {
            name: "asker: blind and unblind 100 tokens",
            ours: Box::new(|| timed(|| ask(100).1.finish(&batch_response).unwrap())),
            floor: None,
            bar: None,
        },
        Line {
            name: "redeem one token",
            ours: Box::new(|| timed(|| provider.redeemer.redeem(&token, NOW).unwrap())),
            floor: Some((
                "one VOPRF evaluation of a known input",
                Box::new(|| timed(|| server.evaluate(&[7; 98]).unwrap())),
            )),
            bar: None,
        },
        Line {
            name: "B: evaluation, provider's side",
            ours: Box::new(|| timed(|| provider.evaluate(&up_b))),
            floor: Some((
                "OHTTP, one token redeemed, one VOPRF evaluation",
                Box::new(|| {
                    timed(|| {
                        let sealed = open_and_seal(&up_b, &raw_answer[..100]);
                        let blinded = BlindedElement::deserialize(&blinded_octets).unwrap();
                        let evaluated = server.blind_evaluate(&mut Counter(1), &blinded).unwrap();
                        (sealed, evaluated.proof.serialize(), provider.redeemer.redeem(&token, NOW).unwrap())
                    })
                }),
            )),
            bar: None,
        },
        Line {
            name: "B: a whole look-up, all parties' computing",
            ours: Box::new(|| {
                let (token, proven, known) = (token.clone(), proven.clone(), provider.config.provider(0));
                timed(|| {
                    let (up, pending) = b::ask(&provider.config, &csi, token, Seed::new([9; 32])).unwrap();
                    let (located, _) = pending.open(&provider.evaluate(&up)).unwrap();
                    let (up, pending) = located.ask(&provider.config).unwrap();
                    let (_, responder) = lookup::open(&provider.gateway, &up).unwrap();
                    let down = responder.answer(&b::BucketResponse::Bucket(Box::new(proven))).unwrap();
                    located.find(pending.open(&down).unwrap(), &known, &anchors, NOW).unwrap()
                })
            }),
            floor: Some((
                "one VOPRF evaluation with proof",
                Box::new(|| {
                    timed(|| {
                        let blinded = BlindedElement::deserialize(&blinded_octets).unwrap();
                        server.blind_evaluate(&mut Counter(1), &blinded).unwrap().proof.serialize()
                    })
                }),
            )),
            bar: None,
        },
        Line {
            name: "B: make a bucket (80 rows, 32 used)",
            ours: Box::new(|| timed(|| maker.bucket(index, entries()).unwrap())),
            floor: None,
            bar: None,
        },
        Line {
            name: "B: asker's side, verify bucket and record",
            ours: Box::new(|| {
                let proven = proven.clone();
                let known = provider.config.provider(0);
                timed(|| located.find(proven, &known, &anchors, NOW).unwrap())
            }),
            floor: Some(("three Ed25519 verifications", Box::new(|| timed(|| (verify(), verify(), verify()))))),
            bar: None,
        },
    ];
    println!();
    let mut missed = Vec::new();
    for line in &mut lines {
        let (ours, floor) = measure(line);
        let beside = floor.zip(line.floor.as_ref()).map_or_else(String::new, |(floor, (name, _))| {
            let ratio = ours.as_secs_f64() / floor.as_secs_f64();
            if let Some(bar) = line.bar.filter(|bar| ratio > *bar) {
                missed.push(format!("{}: {ratio:.2} of {bar}", line.name));
            }
            let bar = line.bar.map_or_else(String::new, |bar| format!(", bar {bar}"));
            format!("{ratio:5.2} times {floor:>9.1?} ({name}{bar})")
        });
        println!("{:<44} {ours:>9.1?}  {beside}", line.name);
    }
    println!("S: {} octets up, {} down", up_s.len(), provider.look_up(&up_s, &answer).len());
    println!("B: {} octets up and {} down for the evaluation", up_b.len(), down_b.len());
    let bucket_size =
        mimi_arch::codec::Wire::to_bytes(&b::BucketResponse::Bucket(Box::new(proven.clone()))).unwrap().len();
    println!("B: {bucket_size} octets of a bucket of 80 rows, before its encapsulation");
    println!(
        "tokens: {} octets up and {} down for one, {} and {} for 100, between asker and messaging provider; {} with a look-up",
        octets(&one.0),
        octets(&provider.issuing.issue(&one.0, &Seed::new([8; 32])).unwrap()),
        octets(&batch.0),
        octets(&batch_response),
        octets(&token)
    );
    assert!(missed.is_empty(), "{missed:?}");
}

/// Random numbers for the floor: scalars below the order of the group.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 += 1;
        Ok(self.0 as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 += 1;
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        self.0 += 1;
        octets.fill(7);
        octets[..8].copy_from_slice(&self.0.to_be_bytes());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
