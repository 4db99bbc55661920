//! Spiral (Menon and Wu, 2022) as a backend, from the crate `spiral-rs`.
//!
//! It needs eight octets of memory for one of the items. The asker's keys have some megabytes and are sent once. The crate checks little of what it is given and
//! panics for the rest, so all lengths and numbers are checked here first.

use std::io::Cursor;

use spiral_rs::aligned_memory::AlignedMemory64;
use spiral_rs::client::{Client, PublicParameters, Query};
use spiral_rs::params::Params;
use spiral_rs::server::{load_db_from_seek, process_query};

use super::{PirBackend, PirError, Shape};

/// Octets of an item that one instance of the scheme carries.
const INSTANCE: usize = 8192;
/// The seed before the numbers of keys and queries.
const SEED: usize = 32;
/// The most items, and the fewest: with fewer, items of zeros are added.
const BITS: std::ops::RangeInclusive<u8> = 8..=15;
const MODULI: [u64; 2] = [268_369_921, 249_561_089];

/// The scheme for one shape.
pub struct Spiral {
    shape: Shape,
    parameters: Params,
}

impl std::fmt::Debug for Spiral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spiral").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// All items, prepared.
pub struct SpiralServer(AlignedMemory64);

impl std::fmt::Debug for SpiralServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpiralServer")
    }
}

/// An asker's secrets.
pub struct SpiralClient<'a>(Client<'a>);

impl std::fmt::Debug for SpiralClient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpiralClient")
    }
}

impl Spiral {
    /// For at most 2^15 items of at most 1 MiB.
    ///
    /// # Errors
    /// There are more, or larger ones.
    pub fn new(shape: Shape) -> Result<Self, PirError> {
        if shape.bits > *BITS.end() || shape.size == 0 || shape.size > 1 << 20 {
            return Err(PirError::Shape { bits: shape.bits, size: shape.size });
        }
        let bits = usize::from(shape.bits.max(*BITS.start()));
        let further = bits.saturating_sub(9).max(2);
        let instances = shape.size.div_ceil(INSTANCE);
        // The parameters that the authors chose for 2^15 items of 8192 octets; with fewer items there is less noise.
        let parameters = Params::init(
            2048,
            &MODULI,
            6.4,
            2,
            256,
            20,
            4,
            8,
            56,
            8,
            true,
            bits - further,
            further,
            instances,
            instances * INSTANCE,
        );
        Ok(Self { shape, parameters })
    }

    fn check(&self, octets: &[u8], length: usize, part: &'static str) -> Result<(), PirError> {
        let numbers = octets.get(SEED..).unwrap_or_default();
        let (numbers, rest) = numbers.as_chunks::<8>();
        let is_reduced = numbers.iter().all(|number| u64::from_ne_bytes(*number) < self.parameters.modulus);
        if octets.len() == length && rest.is_empty() && is_reduced { Ok(()) } else { Err(PirError::Malformed { part }) }
    }

    /// The length of an answer, in octets.
    fn answer_bytes(&self) -> usize {
        let Params { instances, n, poly_len, q2_bits, pt_modulus, .. } = &self.parameters;
        // Each instance is n polynomials of q2_bits and n * n of the bits of 4p.
        let first = usize::try_from(*q2_bits).unwrap_or(usize::MAX);
        let rest = (4 * pt_modulus).ilog2() as usize;
        (instances * (first * n + rest * n * n) * poly_len).next_multiple_of(64) / 8
    }
}

impl PirBackend for Spiral {
    type Server = SpiralServer;
    type Client<'a> = SpiralClient<'a>;

    fn server(&self, items: &[u8]) -> Result<Self::Server, PirError> {
        let expected = self.shape.size * self.shape.items() as usize;
        if items.len() != expected {
            return Err(PirError::Items { found: items.len(), expected });
        }
        let size = self.parameters.db_item_size;
        let mut padded = Vec::with_capacity(size * self.parameters.num_items());
        for item in items.chunks_exact(self.shape.size) {
            padded.extend_from_slice(item);
            padded.resize(padded.len().next_multiple_of(size), 0);
        }
        padded.resize(size * self.parameters.num_items(), 0);
        Ok(SpiralServer(load_db_from_seek(&self.parameters, &mut Cursor::new(padded))))
    }

    fn client(&self) -> Result<(Self::Client<'_>, Vec<u8>), PirError> {
        let mut client = Client::init(&self.parameters);
        let keys = client.generate_keys().serialize();
        Ok((SpiralClient(client), keys))
    }

    fn query(&self, client: &Self::Client<'_>, index: u32) -> Result<Vec<u8>, PirError> {
        if index >= self.shape.items() {
            return Err(PirError::NoItem { index });
        }
        Ok(client.0.generate_query(index as usize).serialize())
    }

    fn answer(&self, server: &Self::Server, keys: &[u8], query: &[u8]) -> Result<Vec<u8>, PirError> {
        self.check(keys, self.parameters.setup_bytes(), "key")?;
        self.check(query, self.parameters.query_bytes(), "query")?;
        let keys = PublicParameters::deserialize(&self.parameters, keys);
        let query = Query::deserialize(&self.parameters, query);
        Ok(process_query(&self.parameters, &keys, &query, server.0.as_slice()))
    }

    fn decode(&self, client: &Self::Client<'_>, answer: &[u8]) -> Result<Vec<u8>, PirError> {
        if answer.len() != self.answer_bytes() {
            return Err(PirError::Malformed { part: "answer" });
        }
        let mut item = client.0.decode_response(answer);
        if item.len() < self.shape.size {
            return Err(PirError::Malformed { part: "answer" });
        }
        item.truncate(self.shape.size);
        Ok(item)
    }
}
