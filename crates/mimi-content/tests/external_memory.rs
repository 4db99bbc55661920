//! External content of any size is sealed and opened in constant memory (draft-ietf-mimi-content-08 section 4.5).
//!
//! The work is done in a process of its own, whose peak resident memory the kernel keeps (`VmHWM`). 64 MiB of content by default; 1 GiB
//! when `MIMI_LONG_TESTS` is set, best in release:
//! `MIMI_LONG_TESTS=1 cargo test --release -p mimi-content --test external_memory -- --nocapture`.

#![cfg(all(feature = "std", feature = "encryption"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    env,
    io::{self, BufWriter, Read, Seek, Write},
    process::Command,
    time::Instant,
};

use mimi_content::external::{AeadAlgorithm, ContentHashAlgorithm, ContentKey, Opening, seal_stream};

const MIB: u64 = 1024 * 1024;
const LIMIT: u64 = 64 * MIB;
const SIZE: &str = "MIMI_EXTERNAL_MEMORY_CHILD_SIZE";

#[test]
fn a_large_file_is_sealed_and_opened_within_64_mib_of_memory() {
    let long = env::var_os("MIMI_LONG_TESTS").is_some();
    let size = if long { 1024 * MIB } else { 64 * MIB };
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(SIZE, size.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in text.lines().filter(|line| line.contains("MiB")) {
        println!("{line}");
    }
    let Some(peak) = text.lines().find_map(|line| line.split_once("peak octets ")) else {
        println!("NOT CHECKED: this system does not tell the peak memory of a process; only the content was compared");
        return;
    };
    let peak: u64 = peak.1.trim().parse().unwrap();
    println!("content of {} MiB, peak memory {:.1} MiB", size / MIB, peak as f64 / MIB as f64);
    assert!(peak < LIMIT, "peak of {peak} octets");
}

#[test]
#[ignore = "the other half of the test above, which starts it"]
fn child() {
    let Some(size) = env::var(SIZE).ok().and_then(|size| size.parse().ok()) else { return };
    for algorithm in AeadAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.streams()) {
        // Without optimization the others would take as long as the mandatory one for nothing new.
        let size = if algorithm == AeadAlgorithm::Aes128Gcm || !cfg!(debug_assertions) { size } else { size / 16 };
        seal_and_open(algorithm, size);
    }
    if let Some(peak) = peak_memory() {
        println!("peak octets {peak}");
    }
}

fn seal_and_open(algorithm: AeadAlgorithm, size: u64) {
    let mut file = tempfile::tempfile().unwrap();
    let key = ContentKey::new(algorithm, &[3; 32][..algorithm.key_len()], &[5; 12]).unwrap();

    let start = Instant::now();
    let content = Pattern(0).take(size);
    let sealed = seal_stream(key, ContentHashAlgorithm::Sha256, content, BufWriter::new(&mut file)).unwrap();
    let sealing = start.elapsed();
    assert_eq!(sealed.size(), size + 16);
    let part = sealed.into_part("application/octet-stream", "https://a.example/file");

    file.rewind().unwrap();
    let mut compare = Compare(Pattern(0));
    let start = Instant::now();
    let opened = Opening::of(&part).unwrap().open_stream(&file, &mut compare).unwrap();
    let opening = start.elapsed();
    assert_eq!(opened, size);
    println!("{algorithm}: {} MiB sealed in {sealing:.2?}, opened in {opening:.2?}", size / MIB);
}

/// Octets that tell where they stand, read in multiples of eight.
struct Pattern(u64);

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for octets in buffer.chunks_mut(8) {
            let word = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            octets.copy_from_slice(&word[..octets.len()]);
            self.0 += 1;
        }
        Ok(buffer.len())
    }
}

/// A sink that takes nothing but the pattern.
struct Compare(Pattern);

impl Write for Compare {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut expected = vec![0; octets.len()];
        self.0.read_exact(&mut expected)?;
        assert!(expected == octets, "the content differs");
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
