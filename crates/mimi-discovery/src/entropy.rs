//! Randomness as octets that are passed in, and the one pseudo-random function from which the profile derives everything.

use std::convert::Infallible;
use std::fmt;

use hmac::{Hmac, Mac};
use rand_core::{TryCryptoRng, TryRng};
use sha2::Sha256;

use crate::profile::{PROFILE, framed};

/// 32 octets of a random number generator, for one operation. Used twice, it makes two operations linkable, or shows their secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// From a random number generator.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    pub(crate) const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// As many random octets as somebody takes; the label says what for.
    pub(crate) fn stream(&self, label: &'static str) -> Stream {
        Stream { seed: self.0, label, block: [0; 32], used: 32, count: 0 }
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// HMAC-SHA-256 with a uniform key of 32 octets, over the name of the profile, a label, and parts of which none looks like another.
pub(crate) fn prf(key: &[u8; 32], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut input = Vec::with_capacity(128);
    framed(&mut input, PROFILE.as_bytes());
    framed(&mut input, label.as_bytes());
    parts.iter().for_each(|part| framed(&mut input, part));
    // HMAC pads a shorter key with zeros.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
    mac.update(&input);
    mac.finalize().into_bytes().into()
}

/// The octets that a seed stretches to.
pub(crate) struct Stream {
    seed: [u8; 32],
    label: &'static str,
    block: [u8; 32],
    used: usize,
    count: u64,
}

impl Stream {
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.fill(&mut octets);
        octets
    }

    pub(crate) fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            if self.used == self.block.len() {
                self.block = prf(&self.seed, self.label, &[&self.count.to_be_bytes()]);
                self.count += 1;
                self.used = 0;
            }
            *octet = self.block.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.fill(octets);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
