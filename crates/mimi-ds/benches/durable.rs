//! How many application messages a second 64 concurrent senders get accepted, in process and with the store on the disk, and how many of them
//! share a flush. `cargo bench -p mimi-ds --bench durable`.
//!
//! Each sender does what a request does: it holds its room while that decides and the effects are handed to the store, and waits until they
//! are durable. "in process" is the same without the store. Rooms have members at ten providers, so that a message waits for nine providers and has
//! one queue row for each local client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
mod room;
#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mimi_ds::{SqliteStore, Store, store::StoredRoom};

use room::{Fixture, hub};
use support::*;

const SENDERS: usize = 64;
const ROOMS: usize = 8;

/// Processor time of the thread that writes, as Linux counts it; what the rest of the machine does is not in it.
fn writer_time() -> Duration {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let ticks = |thread: std::path::PathBuf| -> Option<u64> {
        let name = std::fs::read_to_string(thread.join("comm")).ok()?;
        let stat = std::fs::read_to_string(thread.join("stat")).ok()?;
        // After the name in parentheses; utime and stime are the 14th and 15th fields.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (name.trim() == "mimi-ds-store").then_some(user + system)
    };
    let ticks: u64 = threads.flatten().filter_map(|thread| ticks(thread.path())).sum();
    // A tick is 10 ms.
    Duration::from_millis(10 * ticks)
}

/// What was counted in one measurement.
struct Counted {
    messages: usize,
    transactions: usize,
    time: Duration,
    writer: Duration,
}

impl Counted {
    fn rate(&self) -> f64 {
        self.messages as f64 / self.time.as_secs_f64()
    }
}

/// Sends for some time; with a store, as long as it takes until all of it is durable.
fn send(
    fixtures: &[Fixture],
    is_tagged: bool,
    store: Option<&SqliteStore>,
    transactions: &AtomicUsize,
    time: Duration,
) -> Counted {
    let stored = |fixture: &Fixture| -> StoredRoom {
        store.map_or_else(|| fixture.stored.clone(), |store| store.load_room(&fixture.uri).unwrap().unwrap())
    };
    let rooms: Vec<Mutex<Room>> =
        fixtures.iter().map(|fixture| Mutex::new(Room::restore(&stored(fixture)).unwrap())).collect();
    let stop = AtomicBool::new(false);
    let messages = AtomicUsize::new(0);
    let before = transactions.load(Ordering::SeqCst);
    let (begun, written) = (Instant::now(), writer_time());
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (rooms, stop, messages) = (&rooms, &stop, &messages);
            scope.spawn(move || {
                let (room, fixture) = (&rooms[sender % rooms.len()], &fixtures[sender % fixtures.len()]);
                let request = if is_tagged { &fixture.tagged } else { &fixture.plain };
                while !stop.load(Ordering::Relaxed) {
                    let mut held = room.lock().unwrap();
                    let accepted = held.submit(NOW, &hub(), request, &franking()).unwrap();
                    let ticket = store.map(|store| store.submit(accepted.effects));
                    drop(held);
                    if let Some(ticket) = ticket {
                        ticket.wait().unwrap();
                    }
                    messages.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
    let time = begun.elapsed();
    let transactions = transactions.load(Ordering::SeqCst) - before;
    let writer = writer_time().saturating_sub(written);
    Counted { messages: messages.load(Ordering::SeqCst), transactions, time, writer }
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let (sizes, time): (&[usize], _) =
        if quick { (&[10], Duration::from_millis(50)) } else { (&[10, 100, 1000], Duration::from_secs(4)) };
    println!("{SENDERS} senders in {ROOMS} rooms, messages of 1 KB; {time:?} each");
    println!(
        "| members of a room | local clients | message | in process, 1/s | durable, 1/s | ratio | messages in a transaction | flushes for a message | writer, us of processor for a message |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for members in sizes {
        let uri = |number: usize| format!("mimi://a.example/r/room-{number}").parse().unwrap();
        let fixtures: Vec<Fixture> = (0..ROOMS).map(|number| Fixture::named(uri(number), *members)).collect();
        let local = fixtures[0].room().members().filter(|member| member.domain() == &hub()).count();
        for (kind, is_tagged) in [("with a frank", true), ("without", false)] {
            let folder = tempfile::tempdir().unwrap();
            let transactions = Arc::new(AtomicUsize::new(0));
            let counted = transactions.clone();
            let store = SqliteStore::open_observed(folder.path().join("hub.sqlite"), move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
            for fixture in &fixtures {
                store.commit(fixture.effects.clone()).unwrap();
            }
            let in_process = send(&fixtures, is_tagged, None, &transactions, time / 2);
            let durable = send(&fixtures, is_tagged, Some(&store), &transactions, time);
            let per_transaction = durable.messages as f64 / durable.transactions as f64;
            println!(
                "| {members} | {local} | {kind} | {:.0} | {:.0} | {:.2} | {per_transaction:.1} | {:.3} | {:.0} |",
                in_process.rate(),
                durable.rate(),
                durable.rate() / in_process.rate(),
                1.0 / per_transaction,
                durable.writer.as_secs_f64() * 1e6 / durable.messages as f64
            );
        }
    }
}
