//! What reading, writing and naming a message costs, beside two decoders of any CBOR and bare SHA-256 over the same octets.
//!
//! Criterion measures each alone. The table at the end measures them in turns within one run, so that what slows the
//! machine down for a moment slows all of them, and prints the ratios that the project holds itself to.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use mimi_content::cbor::{Major, Reader};
use mimi_content::{
    Disposition, Language, MessageId, MimiContent, MimiContentRef, MultiPart, NestedPart, Part, PartSemantics, Salt,
};
use sha2::{Digest, Sha256};

const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";
const SALT: Salt = Salt::new([0x5e; 16]);

fn multi(semantics: PartSemantics, parts: Vec<NestedPart>) -> NestedPart {
    let multi = MultiPart::new(semantics, parts).unwrap();
    NestedPart::new(Disposition::Render, Part::Multi(multi))
}

/// Two pictures, each with a page in two languages: the shape of the draft's nested example.
fn eleven_parts() -> NestedPart {
    let half = |picture: usize, media_type: &str| {
        let page = |language: &str, welcome: &str| {
            let html = format!(
                "<html><body><h1>{welcome}</h1>\n<img src=\"cid:{picture}@local.invalid\" alt=\"picture\"/>\n</body></html>"
            );
            NestedPart::single(Disposition::Render, "text/html;charset=utf-8", html)
                .with_language(Language::new(language).unwrap())
        };
        let pages = vec![page("en", "Good morning!"), page("fr", "Bonjour!")];
        let picture = NestedPart::single(Disposition::Inline, media_type, vec![0xdc; 16]);
        multi(PartSemantics::ProcessAll, vec![multi(PartSemantics::ChooseOne, pages), picture])
    };
    multi(PartSemantics::ChooseOne, vec![half(5, "image/gif"), half(10, "image/png")])
}

fn messages() -> [(&'static str, MimiContent); 4] {
    let thousand = NestedPart::single(Disposition::Render, "text/plain;charset=utf-8", "A line.");
    let thousand = multi(PartSemantics::ProcessAll, vec![thousand; 999]);
    [
        ("200-octet text", MimiContent::text("x".repeat(200), SALT)),
        ("16 KiB text", MimiContent::text("x".repeat(16 * 1024), SALT)),
        ("11 parts", MimiContent::with_body(eleven_parts(), SALT)),
        ("1000 parts", MimiContent::with_body(thousand, SALT)),
    ]
    .map(|(name, builder)| (name, builder.sender_uri(SENDER).room_uri(ROOM).build()))
}

/// Walks the items without looking at what they mean.
fn own_tokens(octets: &[u8]) -> usize {
    let mut reader = Reader::new(octets);
    let mut items = 0;
    while !reader.rest().is_empty() {
        let head = reader.head().unwrap();
        match head.major {
            Major::Bytes => _ = black_box(reader.take(head).unwrap()),
            Major::Text => _ = black_box(reader.take_text(head).unwrap()),
            _ => _ = black_box(head.argument),
        }
        items += 1;
    }
    items
}

fn minicbor_tokens(octets: &[u8]) -> usize {
    let mut items = 0;
    for token in minicbor::decode::Tokenizer::new(octets) {
        _ = black_box(token.unwrap());
        items += 1;
    }
    items
}

type Task<'a> = (&'static str, Box<dyn Fn() + 'a>);

fn tasks<'a>(content: &'a MimiContent, octets: &'a [u8]) -> Vec<Task<'a>> {
    fn of<'a, T>(name: &'static str, f: impl Fn() -> T + 'a) -> Task<'a> {
        (name, Box::new(move || _ = black_box(f())))
    }
    vec![
        of("encode", move || content.encode()),
        of("validate", move || MimiContentRef::decode(black_box(octets)).is_ok()),
        of("decode borrowed", move || MimiContentRef::decode(black_box(octets))),
        of("decode owned", move || MimiContent::decode(black_box(octets))),
        of("ciborium", move || ciborium::from_reader::<ciborium::Value, _>(black_box(octets))),
        of("serde_cbor", move || serde_cbor::from_slice::<serde_cbor::Value>(black_box(octets))),
        of("message ID", move || MessageId::compute(black_box(octets), SENDER, ROOM, &SALT)),
        of("SHA-256", move || Sha256::digest(black_box(octets))),
        of("own tokens", move || own_tokens(black_box(octets))),
        of("minicbor tokens", move || minicbor_tokens(black_box(octets))),
    ]
}

fn bench(c: &mut Criterion) {
    for (name, content) in messages() {
        let octets = content.encode();
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(octets.len() as u64));
        group.warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_millis(700));
        for (task, run) in tasks(&content, &octets) {
            group.bench_function(BenchmarkId::from_parameter(task), |b| b.iter(&run));
        }
        group.finish();
    }
}

/// Nanoseconds of one call: the median of rounds that take turns.
fn in_turns(tasks: &[Task<'_>]) -> Vec<f64> {
    const ROUNDS: usize = 41;
    let calls: Vec<u32> = tasks
        .iter()
        .map(|(_, run)| {
            let start = Instant::now();
            (0..50).for_each(|_| run());
            let once = start.elapsed().as_nanos().max(50) / 50;
            u32::try_from(1_000_000 / once.max(1)).unwrap().max(1)
        })
        .collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); tasks.len()];
    for _ in 0..ROUNDS {
        for ((times, calls), (_, run)) in times.iter_mut().zip(&calls).zip(tasks) {
            let start = Instant::now();
            (0..*calls).for_each(|_| run());
            times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(*calls));
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times.into_iter().nth(ROUNDS / 2).unwrap()
        })
        .collect()
}

fn ratios() {
    println!("\nratios of one run (medians of rounds in turns)");
    for (name, content) in messages() {
        let octets = content.encode();
        let tasks = tasks(&content, &octets);
        let times = in_turns(&tasks);
        let time = |wanted: &str| {
            let found = tasks.iter().zip(&times).find(|((task, _), _)| *task == wanted);
            *found.unwrap().1
        };
        println!("{name}, {} octets on the wire", octets.len());
        for ((task, _), time) in tasks.iter().zip(&times) {
            println!("  {task:<16} {time:>12.0} ns");
        }
        for (slow, fast) in [
            ("ciborium", "decode borrowed"),
            ("serde_cbor", "decode borrowed"),
            ("ciborium", "decode owned"),
            ("serde_cbor", "decode owned"),
            ("message ID", "SHA-256"),
            ("minicbor tokens", "own tokens"),
        ] {
            println!("  {slow} / {fast}: {:.2}", time(slow) / time(fast));
        }
    }
}

fn main() {
    // `cargo test --benches` only wants to see it run.
    if std::env::args().any(|argument| argument == "--test") {
        for (_, content) in messages() {
            let octets = content.encode();
            tasks(&content, &octets).iter().for_each(|(_, run)| run());
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    bench(&mut criterion);
    criterion.final_summary();
    ratios();
}
