//! Spiral (Menon and Wu, 2022) as a backend, from the crate `spiral-rs`.
//!
//! A question is not expanded from one ciphertext but has all of them: 1.6 MB for 2^11 items. With keys that are used once this is less than a quarter of what the keys for
//! an expansion would have. What is prepared takes eight octets of memory for one of the items. The crate checks little of what it is given and panics for the rest, so all
//! lengths and numbers are checked here first.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use spiral_rs::aligned_memory::AlignedMemory64;
use spiral_rs::arith::recenter_mod;
use spiral_rs::client::{Client, PublicParameters, Query};
use spiral_rs::params::Params;
use spiral_rs::poly::{PolyMatrix, PolyMatrixNTT, PolyMatrixRaw, to_ntt};
use spiral_rs::server::process_query;

use mimi_arch::codec::Reader;

use super::{PirBackend, PirError, Shape};
use crate::entropy::{Seed, prf};

/// Coefficients of a polynomial, each of which carries one octet of an item.
const POLY: usize = 2048;
/// Octets of an item that one instance of the scheme carries, in two by two polynomials.
const INSTANCE: usize = 4 * POLY;
/// The seed before the numbers of keys and of queries.
const SEED: usize = 32;
/// Octets of a number in a question: the product of the moduli is below 2^56.
const NUMBER: usize = 7;
/// The most items, and the fewest: with fewer, items of zeros are added.
const BITS: std::ops::RangeInclusive<u8> = 4..=12;
const MODULI: [u64; 2] = [268_369_921, 249_561_089];
/// Polynomials of the keys: two ciphertexts of the secret under each of two keys, in four digits.
const KEY_POLYS: usize = 16;
/// Digits to the basis 2^19 of the ciphertexts that choose in the further dimensions.
const DIGITS: usize = 3;
/// How many items are prepared at a time, so that what belongs together is written together.
const BLOCK: usize = 8;

/// The scheme for one shape.
pub struct Spiral {
    shape: Shape,
    parameters: Params,
}

impl fmt::Debug for Spiral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spiral").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// All items, prepared.
pub struct SpiralServer(AlignedMemory64);

impl fmt::Debug for SpiralServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpiralServer({} octets)", self.0.len() * 8)
    }
}

/// An asker's secret of one question.
pub struct SpiralSecret([u8; SEED]);

impl fmt::Debug for SpiralSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpiralSecret(..)")
    }
}

impl Spiral {
    /// For at most 2^12 items of at most 1 MiB.
    ///
    /// # Errors
    /// There are more, or larger ones.
    pub fn new(shape: Shape) -> Result<Self, PirError> {
        if shape.bits > *BITS.end() || shape.size == 0 || shape.size > 1 << 20 {
            return Err(PirError::Shape { bits: shape.bits, size: shape.size });
        }
        let bits = usize::from(shape.bits.max(*BITS.start()));
        let first = bits.div_ceil(2);
        let instances = shape.size.div_ceil(INSTANCE);
        // Ring, moduli, noise and the digits of the keys are those that the authors chose for 2^15 items. Three digits in the further dimensions instead of eight make a
        // question smaller. The noise of what comes out then has a standard deviation of 2^29 where 2^46 would do harm. The two numbers for an expansion have no effect.
        let parameters = Params::init(
            POLY,
            &MODULI,
            6.4,
            2,
            256,
            20,
            4,
            8,
            56,
            DIGITS,
            false,
            first,
            bits - first,
            instances,
            instances * INSTANCE,
        );
        Ok(Self { shape, parameters })
    }

    /// The octets of the numbers in a question: of the keys, of the first dimension, where each is a pair of residues, and of the further ones.
    const fn parts(&self) -> [usize; 3] {
        let Params { db_dim_1, db_dim_2, .. } = self.parameters;
        [KEY_POLYS * POLY * NUMBER, (POLY << db_dim_1) * NUMBER, db_dim_2 * 2 * DIGITS * POLY * NUMBER]
    }

    /// Prepares one polynomial of all items. What comes out is in the order of coefficients, then of the further dimensions, then of the first one.
    fn prepare(&self, items: &[u8], poly: usize, out: &mut [u64]) {
        let parameters = &self.parameters;
        let (first, further): (usize, usize) = (1 << parameters.db_dim_1, 1 << parameters.db_dim_2);
        let mut plain = PolyMatrixRaw::zero(parameters, 1, 1);
        let mut residues = PolyMatrixNTT::zero(parameters, 1, 1);
        let mut block = vec![[0; BLOCK]; POLY];
        for column in 0..further {
            for start in (0..first).step_by(BLOCK) {
                for (place, row) in (start..first).take(BLOCK).enumerate() {
                    let item = items.chunks_exact(self.shape.size).nth(row * further + column).unwrap_or_default();
                    let octets = item.chunks(POLY).nth(poly).unwrap_or_default();
                    plain.zero_out();
                    for (number, octet) in plain.as_mut_slice().iter_mut().zip(octets) {
                        *number = recenter_mod(u64::from(*octet), parameters.pt_modulus, parameters.modulus);
                    }
                    to_ntt(&mut residues, &plain);
                    let (low, high) = residues.as_slice().split_at(POLY);
                    for ((cells, low), high) in block.iter_mut().zip(low).zip(high) {
                        cells.iter_mut().skip(place).take(1).for_each(|cell| *cell = low | high << 32);
                    }
                }
                let begin = column * first + start;
                for (line, cells) in out.chunks_exact_mut(first * further).zip(&block) {
                    let line = line.get_mut(begin..begin + BLOCK.min(first - start)).unwrap_or_default();
                    line.iter_mut().zip(cells).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// Takes numbers out of a question as the crate has them.
    fn take(&self, out: &mut Vec<u8>, octets: &[u8], are_residues: bool) -> Result<(), PirError> {
        let [low_modulus, high_modulus] = MODULI;
        for [a, b, c, d, e, f, g] in octets.as_chunks::<NUMBER>().0 {
            let mut number = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, 0]);
            let is_reduced = if are_residues {
                let (low, high) = (number & LOW, number >> 28);
                number = low | high << 32;
                low < low_modulus && high < high_modulus
            } else {
                number < self.parameters.modulus
            };
            if !is_reduced {
                return Err(MALFORMED_QUESTION);
            }
            out.extend_from_slice(&number.to_ne_bytes());
        }
        Ok(())
    }
}

const MALFORMED_QUESTION: PirError = PirError::Malformed { part: "question" };
/// The lower of two residues in one number.
const LOW: u64 = (1 << 28) - 1;

/// Appends numbers, as the crate has them, in seven octets each.
fn put(out: &mut Vec<u8>, octets: &[u8], are_residues: bool) {
    for number in octets.as_chunks().0 {
        let number = u64::from_ne_bytes(*number);
        let number = if are_residues { number & LOW | number >> 32 << 28 } else { number };
        let [a, b, c, d, e, f, g, _] = number.to_le_bytes();
        out.extend_from_slice(&[a, b, c, d, e, f, g]);
    }
}

impl PirBackend for Spiral {
    type Server = SpiralServer;
    type Secret = SpiralSecret;

    fn server(&self, items: &[u8], threads: NonZeroUsize) -> Result<Self::Server, PirError> {
        let expected = self.shape.size * self.shape.items() as usize;
        if items.len() != expected {
            return Err(PirError::Items { found: items.len(), expected });
        }
        let wanted = usize::try_from(self.server_size() / 8).unwrap_or(usize::MAX);
        // The crate does not look whether it gets memory.
        Vec::<u64>::new().try_reserve_exact(wanted).map_err(|_| PirError::Memory { octets: self.server_size() })?;
        let mut memory = AlignedMemory64::new(wanted);
        let polys = Mutex::new(memory.as_mut_slice().chunks_mut(self.parameters.num_items() * POLY).enumerate());
        std::thread::scope(|scope| {
            let work = || {
                loop {
                    let next = polys.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((poly, out)) = next else { break };
                    self.prepare(items, poly, out);
                }
            };
            for _ in 1..threads.get() {
                scope.spawn(work);
            }
            work();
        });
        Ok(SpiralServer(memory))
    }

    fn server_size(&self) -> u64 {
        let Params { instances, .. } = self.parameters;
        self.parameters.num_items() as u64 * (instances * INSTANCE) as u64 * 8
    }

    fn ask(&self, index: u32, seed: &Seed) -> Result<(Vec<u8>, Self::Secret), PirError> {
        if index >= self.shape.items() {
            return Err(PirError::NoItem { index });
        }
        let secret = prf(seed.octets(), "retrieval", &[]);
        let mut client = Client::init(&self.parameters);
        let keys = client.generate_keys_from_seed(secret).serialize();
        let query = client.generate_query(index as usize).serialize();
        let (keys_seed, keys) = keys.split_at_checked(SEED).ok_or(MALFORMED_QUESTION)?;
        let (query_seed, query) = query.split_at_checked(SEED).ok_or(MALFORMED_QUESTION)?;
        let [_, first, _] = self.parts();
        let (first, further) = query.split_at_checked(first / NUMBER * 8).ok_or(MALFORMED_QUESTION)?;
        let mut question = Vec::with_capacity(self.question_size());
        question.extend_from_slice(keys_seed);
        question.extend_from_slice(query_seed);
        put(&mut question, keys, false);
        put(&mut question, first, true);
        put(&mut question, further, false);
        Ok((question, SpiralSecret(secret)))
    }

    fn question_size(&self) -> usize {
        2 * SEED + self.parts().iter().sum::<usize>()
    }

    fn answer(&self, server: &Self::Server, question: &[u8]) -> Result<Vec<u8>, PirError> {
        let parameters = &self.parameters;
        let [keys_part, first_part, further_part] = self.parts();
        let mut reader = Reader::new(question);
        let mut part = |length| reader.take(length).map_err(|_| MALFORMED_QUESTION);
        let (mut keys, mut query) = (part(SEED)?.to_vec(), part(SEED)?.to_vec());
        keys.reserve_exact(keys_part / NUMBER * 8);
        query.reserve_exact((first_part + further_part) / NUMBER * 8);
        self.take(&mut keys, part(keys_part)?, false)?;
        self.take(&mut query, part(first_part)?, true)?;
        self.take(&mut query, part(further_part)?, false)?;
        let is_whole = reader.is_empty() && keys.len() == parameters.setup_bytes();
        if !is_whole || query.len() != parameters.query_bytes() {
            return Err(MALFORMED_QUESTION);
        }
        let keys = PublicParameters::deserialize(parameters, &keys);
        let query = Query::deserialize(parameters, &query);
        Ok(process_query(parameters, &keys, &query, server.0.as_slice()))
    }

    fn answer_size(&self) -> usize {
        let Params { instances, n, poly_len, q2_bits, pt_modulus, .. } = &self.parameters;
        // Each instance is n polynomials of q2_bits and n * n of the bits of 4p.
        let first = usize::try_from(*q2_bits).unwrap_or(usize::MAX);
        let rest = (4 * pt_modulus).ilog2() as usize;
        (instances * (first * n + rest * n * n) * poly_len).next_multiple_of(64) / 8
    }

    fn decode(&self, secret: &Self::Secret, answer: &[u8]) -> Result<Vec<u8>, PirError> {
        if answer.len() != self.answer_size() {
            return Err(PirError::Malformed { part: "answer" });
        }
        let mut client = Client::init(&self.parameters);
        client.generate_secret_keys_from_seed(secret.0);
        let mut item = client.decode_response(answer);
        if item.len() < self.shape.size {
            return Err(PirError::Malformed { part: "answer" });
        }
        item.truncate(self.shape.size);
        Ok(item)
    }
}
