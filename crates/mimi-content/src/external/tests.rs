#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use alloc::{vec, vec::Vec};

use aes::{Aes128, Aes256};
use aes_gcm::{
    Aes128Gcm, Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use aes_gcm_siv::{Aes128GcmSiv, Aes256GcmSiv};
use ccm::{
    Ccm,
    consts::{U12, U16},
};
use chacha20poly1305::ChaCha20Poly1305;
use proptest::{prelude::*, sample::select};

use crate::ExternalPart;

use super::*;

const KEY: [u8; 32] = [0x2a; 32];
const NONCE: [u8; 12] = [0x0b; 12];

fn key(algorithm: AeadAlgorithm) -> ContentKey {
    ContentKey::new(algorithm, &KEY[..algorithm.key_len()], &NONCE).unwrap()
}

fn sealed(algorithm: AeadAlgorithm, content: &[u8]) -> (ExternalPart, Vec<u8>) {
    let (sealed, ciphertext) = seal(key(algorithm), ContentHashAlgorithm::Sha256, content).unwrap();
    (sealed.into_part("video/mp4", "https://a.example/file"), ciphertext)
}

/// The same by the crates that encrypt whole messages.
fn witness(algorithm: AeadAlgorithm, key: &[u8], nonce: &[u8; 12], aad: &[u8], content: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: content, aad };
    match algorithm {
        AeadAlgorithm::Aes128Gcm => Aes128Gcm::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        AeadAlgorithm::Aes256Gcm => Aes256Gcm::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        // Here the witness is our own dependency; known answers are below.
        AeadAlgorithm::Aes128Ccm => {
            Ccm::<Aes128, U16, U12>::new_from_slice(key).unwrap().encrypt(nonce.into(), payload)
        }
        AeadAlgorithm::Aes256Ccm => {
            Ccm::<Aes256, U16, U12>::new_from_slice(key).unwrap().encrypt(nonce.into(), payload)
        }
        AeadAlgorithm::Aes128GcmSiv => Aes128GcmSiv::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        AeadAlgorithm::Aes256GcmSiv => Aes256GcmSiv::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        AeadAlgorithm::ChaCha20Poly1305 => {
            ChaCha20Poly1305::new_from_slice(key).unwrap().encrypt(nonce.into(), payload)
        }
    }
    .unwrap()
}

#[test]
fn the_first_two_test_cases_of_the_gcm_specification_come_out() {
    // req: MC08-4.5-06
    let zero = || ContentKey::new(AeadAlgorithm::Aes128Gcm, &[0; 16], &[0; 12]).unwrap();
    let (_, empty) = seal(zero(), ContentHashAlgorithm::Sha256, &[]).unwrap();
    assert_eq!(empty, 0x58e2_fcce_fa7e_3061_367f_1d57_a4e7_455a_u128.to_be_bytes());
    let (_, block) = seal(zero(), ContentHashAlgorithm::Sha256, &[0; 16]).unwrap();
    assert_eq!(block[..16], 0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78_u128.to_be_bytes());
    assert_eq!(block[16..], 0xab6e_47d4_2cec_13bd_f53a_67b2_1257_bddf_u128.to_be_bytes());
}

#[test]
fn ccm_and_gcm_siv_give_what_another_library_gives() {
    // OpenSSL's output for these keys, nonce and data, the CCM ones also by RFC 3610 step by step over single AES blocks.
    for (algorithm, expected) in [
        (AeadAlgorithm::Aes128Ccm, 0x34b5_4311_aa9b_fcf0_30af_09cc_61e9_9ce1_u128),
        (AeadAlgorithm::Aes256Ccm, 0x865d_9817_26b1_c5fa_907b_2424_c767_6dcf_u128),
        (AeadAlgorithm::Aes128GcmSiv, 0x7f15_4b9c_e3f0_cb32_7c67_df75_39cd_ef30_u128),
        (AeadAlgorithm::Aes256GcmSiv, 0xd592_da34_714b_e70b_5a2a_567f_d59b_90b9_u128),
    ] {
        let key = key(algorithm).with_aad(b"aad".to_vec());
        let (_, ciphertext) = seal(key, ContentHashAlgorithm::Sha256, b"content").unwrap();
        assert_eq!(ciphertext.len(), 23);
        assert_eq!(ciphertext[..16], expected.to_be_bytes(), "{algorithm}");
    }
}

#[test]
fn algorithms_that_need_the_content_as_a_whole_are_bounded() {
    let content = vec![0; 1 << 24];
    let algorithm = AeadAlgorithm::Aes128Ccm;
    let refusal = seal(key(algorithm), ContentHashAlgorithm::Sha256, &content).unwrap_err();
    assert_eq!(refusal, SealError::TooLong { algorithm });
    let (part, _) = sealed(algorithm, b"content");
    let opening = Opening::of(&ExternalPart { size: 0, ..part }).unwrap();
    assert_eq!(opening.max_download(), (1 << 24) + 15);
    let limit = opening.max_download();
    assert_eq!(opening.open(&[content, vec![0; 16]].concat()), Err(OpenError::TooLarge { limit }));
}

#[test]
fn numbers_are_those_of_the_registries() {
    assert_eq!(AeadAlgorithm::ALL.map(AeadAlgorithm::number), [1, 2, 3, 4, 29, 30, 31]);
    assert_eq!(ContentHashAlgorithm::ALL.map(ContentHashAlgorithm::number), [1, 7, 8]);
    for algorithm in AeadAlgorithm::ALL {
        assert_eq!(AeadAlgorithm::try_from(algorithm.number()), Ok(algorithm));
    }
    for algorithm in ContentHashAlgorithm::ALL {
        assert_eq!(ContentHashAlgorithm::try_from(algorithm.number()), Ok(algorithm));
        assert_eq!(algorithm.hash(b"x").len(), algorithm.output_len());
    }
    // AES-128-GCM with a short tag, and a number nobody has assigned.
    for number in [5, 65_535] {
        assert_eq!(AeadAlgorithm::try_from(number), Err(PartError::UnsupportedEncryption { number }));
    }
    // A truncated SHA-256, and an unassigned number.
    for number in [2, 255] {
        assert_eq!(ContentHashAlgorithm::try_from(number), Err(PartError::UnsupportedHash { number }));
    }
}

#[test]
fn a_sealed_part_has_the_fields_of_an_external_part_and_opens() {
    // req: MC08-4.5-04, MC08-4.5-07, MC08-4.5-08, MC08-7.1-03
    for algorithm in AeadAlgorithm::ALL {
        let (part, ciphertext) = sealed(algorithm, b"content");
        assert_eq!(part.enc_alg, algorithm.number());
        assert_eq!(part.key, KEY[..algorithm.key_len()]);
        assert_eq!(part.nonce, NONCE);
        assert_eq!(part.aad, b"");
        assert_eq!(part.size, ciphertext.len() as u64);
        assert_eq!(part.hash_alg, 1);
        assert_eq!(part.content_hash, ContentHashAlgorithm::Sha256.hash(&ciphertext));
        assert_eq!(Opening::of(&part).unwrap().open(&ciphertext).unwrap(), b"content");
    }
}

#[test]
fn content_that_another_holder_of_the_key_made_is_refused_although_it_decrypts() {
    for algorithm in AeadAlgorithm::ALL {
        let (part, genuine) = sealed(algorithm, b"pay 1 euro");
        let forged = witness(algorithm, &part.key, &NONCE, &part.aad, b"pay 9 euro");
        assert_eq!(forged.len(), genuine.len());
        assert_eq!(Opening::of(&part).unwrap().open(&forged), Err(OpenError::HashDiffers));
        let unhashed = ExternalPart { hash_alg: 0, content_hash: vec![], ..part };
        assert_eq!(Opening::of(&unhashed).unwrap_err(), PartError::NoContentHash);
    }
}

#[test]
fn content_whose_hash_is_right_but_whose_key_nonce_or_aad_is_not_is_refused() {
    for algorithm in AeadAlgorithm::ALL {
        let (part, ciphertext) = sealed(algorithm, b"content");
        let mut key = part.key.clone();
        key[0] ^= 1;
        let nonce = vec![0; 12];
        for wrong in [
            ExternalPart { key, ..part.clone() },
            ExternalPart { nonce, ..part.clone() },
            ExternalPart { aad: vec![0], ..part.clone() },
        ] {
            assert_eq!(Opening::of(&wrong).unwrap().open(&ciphertext), Err(OpenError::NotAuthentic));
        }
    }
}

#[test]
fn content_shorter_than_a_tag_is_refused() {
    let (mut part, _) = sealed(AeadAlgorithm::Aes128Gcm, b"");
    part.content_hash = ContentHashAlgorithm::Sha256.hash(&[0; 15]);
    part.size = 15;
    assert_eq!(Opening::of(&part).unwrap().open(&[0; 15]), Err(OpenError::NoTag { found: 15 }));
}

#[test]
fn lengths_that_do_not_fit_the_algorithm_are_refused() {
    let (part, _) = sealed(AeadAlgorithm::Aes128Gcm, b"content");
    let algorithm = AeadAlgorithm::Aes128Gcm;
    for (wrong, error) in [
        (ExternalPart { key: vec![0; 32], ..part.clone() }, PartError::KeyLength { algorithm, found: 32 }),
        (ExternalPart { nonce: vec![], ..part.clone() }, PartError::NonceLength { algorithm, found: 0 }),
        (ExternalPart { nonce: vec![0; 16], ..part.clone() }, PartError::NonceLength { algorithm, found: 16 }),
        (ExternalPart { content_hash: vec![0; 31], ..part.clone() }, PartError::HashLength { expected: 32, found: 31 }),
        (ExternalPart { hash_alg: 8, ..part.clone() }, PartError::HashLength { expected: 64, found: 32 }),
        (ExternalPart { enc_alg: 5, ..part.clone() }, PartError::UnsupportedEncryption { number: 5 }),
        (ExternalPart { enc_alg: 0, ..part.clone() }, PartError::SecretsWithoutEncryption),
    ] {
        assert_eq!(Opening::of(&wrong).unwrap_err(), error);
    }
}

#[test]
fn the_declared_size_may_be_that_of_ciphertext_or_content_or_be_missing_and_no_other() {
    // req: MC08-4.5-02
    let (part, ciphertext) = sealed(AeadAlgorithm::Aes128Gcm, &[7; 100]);
    for size in [0, 100, 116] {
        let opening = Opening::of(&ExternalPart { size, ..part.clone() }).unwrap();
        assert_eq!(opening.open(&ciphertext).unwrap(), [7; 100]);
    }
    for size in [1, 99, 101, 115, 117, u64::MAX] {
        let opening = Opening::of(&ExternalPart { size, ..part.clone() }).unwrap();
        let refusal = opening.open(&ciphertext).unwrap_err();
        assert_eq!(refusal, OpenError::SizeDiffers { declared: size, found: 116 });
    }
}

#[test]
fn a_download_is_bounded_by_the_declared_size_and_by_the_caller() {
    let (part, ciphertext) = sealed(AeadAlgorithm::Aes128Gcm, &[7; 100]);
    assert_eq!(Opening::of(&part).unwrap().max_download(), 132);
    assert_eq!(Opening::of(&part).unwrap().limit(50).max_download(), 50);
    let unsized_part = ExternalPart { size: 0, ..part };
    let opening = Opening::of(&unsized_part).unwrap().limit(115);
    assert_eq!(opening.max_download(), 115);
    assert_eq!(opening.open(&ciphertext), Err(OpenError::TooLarge { limit: 115 }));
}

#[test]
fn content_that_is_not_private_has_no_key_and_is_checked_by_its_hash() {
    // req: MC08-4.5-05
    let part =
        describe_public(ContentHashAlgorithm::Sha512, b"a logo").into_part("image/png", "https://a.example/logo");
    assert_eq!((part.enc_alg, part.key.len(), part.nonce.len(), part.aad.len()), (0, 0, 0, 0));
    assert_eq!((part.hash_alg, part.size), (8, 6));
    let opening = Opening::of(&part).unwrap();
    assert_eq!(opening.open(b"a logo").unwrap(), b"a logo");
    assert_eq!(opening.open(b"a l0go"), Err(OpenError::HashDiffers));
}

#[test]
fn a_key_is_generated_from_the_callers_random_source_and_not_shown() {
    let mut next = 0;
    let key = ContentKey::generate::<()>(AeadAlgorithm::Aes256Gcm, |octets| {
        for octet in octets {
            *octet = next;
            next += 1;
        }
        Ok(())
    });
    let (part, _) = seal(key.unwrap(), ContentHashAlgorithm::Sha256, b"").unwrap();
    let part = part.into_part("", "");
    assert_eq!(part.key, (0..32).collect::<Vec<u8>>());
    assert_eq!(part.nonce, (32..44).collect::<Vec<u8>>());
    assert_eq!(ContentKey::generate(AeadAlgorithm::Aes128Gcm, |_| Err("empty")).unwrap_err(), "empty");
    let shown = alloc::format!("{:?}", key_of_42());
    assert_eq!(shown, "ContentKey { algorithm: Aes128Gcm, .. }");
}

fn key_of_42() -> ContentKey {
    key(AeadAlgorithm::Aes128Gcm)
}

proptest! {
    #[test]
    fn sealing_gives_what_the_whole_message_crates_give(
        algorithm in select(AeadAlgorithm::ALL.as_slice()),
        key in any::<[u8; 32]>(), nonce in any::<[u8; 12]>(),
        aad in prop::collection::vec(any::<u8>(), 0..40), content in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let key = &key[..algorithm.key_len()];
        let content_key = ContentKey::new(algorithm, key, &nonce).unwrap().with_aad(aad.clone());
        let (sealed, ciphertext) = seal(content_key, ContentHashAlgorithm::Sha384, &content).unwrap();
        prop_assert_eq!(&ciphertext, &witness(algorithm, key, &nonce, &aad, &content));
        let part = sealed.into_part("", "");
        prop_assert_eq!(Opening::of(&part).unwrap().open(&ciphertext).unwrap(), content);
    }

    #[test]
    fn no_changed_octet_gets_through(
        algorithm in select(AeadAlgorithm::ALL.as_slice()),
        content in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), bit in 0..8_u32,
    ) {
        let (part, mut ciphertext) = sealed(algorithm, &content);
        let at = at.index(ciphertext.len());
        ciphertext[at] ^= 1 << bit;
        prop_assert_eq!(Opening::of(&part).unwrap().open(&ciphertext), Err(OpenError::HashDiffers));
        // Nor when the hash is made to fit.
        let part = ExternalPart { content_hash: ContentHashAlgorithm::Sha256.hash(&ciphertext), ..part };
        prop_assert_eq!(Opening::of(&part).unwrap().open(&ciphertext), Err(OpenError::NotAuthentic));
    }
}

#[cfg(feature = "std")]
mod streams {
    use std::io::{self, Cursor, Read};

    use super::*;

    /// Hands out no more than a few octets at a time, in a pattern.
    struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 += 1;
            let most = self.1[self.2 % self.1.len()].min(buffer.len());
            if most == 0 && !buffer.is_empty() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.read(&mut buffer[..most])
        }
    }

    fn sizes() -> impl Strategy<Value = usize> {
        prop_oneof![0..70_usize, (CHUNK - 40)..(CHUNK + 40), (2 * CHUNK - 40)..(2 * CHUNK + 40), 0..(3 * CHUNK)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn streams_give_what_whole_messages_give_in_any_pieces(
            algorithm in select(AeadAlgorithm::ALL.as_slice()), size in sizes(), seed in any::<u8>(),
            pieces in prop::collection::vec(1..(CHUNK + 1), 1..5), stutter in any::<bool>(),
        ) {
            let content: Vec<u8> = (0..size).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect();
            let mut pieces = pieces;
            if stutter {
                pieces.push(0);
            }
            let mut ciphertext = Vec::new();
            let reader = Pieces(&content, pieces.clone(), 0);
            let sealed = seal_stream(key(algorithm), ContentHashAlgorithm::Sha256, reader, &mut ciphertext).unwrap();
            let whole = witness(algorithm, &KEY[..algorithm.key_len()], &NONCE, &[], &content);
            prop_assert!(ciphertext == whole);

            let part = sealed.into_part("", "");
            let opening = Opening::of(&part).unwrap();
            prop_assert!(opening.open(&ciphertext).unwrap() == content);
            let mut opened = Vec::new();
            let verified = opening.verify(Pieces(&ciphertext, pieces.clone(), 0)).unwrap();
            prop_assert_eq!(verified.content_len(), size as u64);
            verified.decrypt(Pieces(&ciphertext, pieces, 0), &mut opened).unwrap();
            prop_assert!(opened == content);
        }
    }

    #[test]
    fn pieces_of_one_octet_give_the_same() {
        let content: Vec<u8> = (0..=255).collect();
        for algorithm in AeadAlgorithm::ALL {
            let (part, ciphertext) = sealed(algorithm, &content);
            let opening = Opening::of(&part).unwrap();
            let mut opened = Vec::new();
            opening.verify(Pieces(&ciphertext, vec![1], 0)).unwrap().decrypt(&ciphertext[..], &mut opened).unwrap();
            assert_eq!(opened, content);
        }
    }

    #[test]
    fn nothing_reaches_the_sink_when_the_content_is_refused() {
        let content = vec![7; 3 * CHUNK];
        for algorithm in AeadAlgorithm::ALL {
            let (part, mut ciphertext) = sealed(algorithm, &content);
            *ciphertext.last_mut().unwrap() ^= 1;
            let rehashed =
                ExternalPart { content_hash: ContentHashAlgorithm::Sha256.hash(&ciphertext), ..part.clone() };
            for (part, expected) in [(part, OpenError::HashDiffers), (rehashed, OpenError::NotAuthentic)] {
                let mut sink = Vec::new();
                let refusal = Opening::of(&part).unwrap().open_stream(Cursor::new(&ciphertext), &mut sink).unwrap_err();
                assert!(matches!(refusal, StreamError::Open(error) if error == expected), "{refusal:?}");
                assert_eq!(sink, b"");
            }
        }
    }

    #[test]
    fn a_file_that_is_changed_between_the_passes_does_not_slip_through() {
        let content = vec![7; 3 * CHUNK];
        let (part, ciphertext) = sealed(AeadAlgorithm::Aes128Gcm, &content);
        let opening = Opening::of(&part).unwrap();
        let verified = opening.verify(&ciphertext[..]).unwrap();
        let mut changed = ciphertext.clone();
        changed[2 * CHUNK] ^= 1;
        let truncated = &ciphertext[..2 * CHUNK];
        for source in [&changed, truncated] {
            let mut sink = Vec::new();
            let refusal = verified.decrypt(source, &mut sink).unwrap_err();
            assert!(matches!(refusal, StreamError::Changed { offset } if offset == 2 * CHUNK as u64));
            assert!(sink == content[..2 * CHUNK]);
        }
    }

    #[test]
    fn a_stream_that_is_longer_than_declared_is_given_up() {
        let (part, _) = sealed(AeadAlgorithm::Aes128Gcm, &[7; 100]);
        let opening = Opening::of(&part).unwrap();
        let refusal = opening.verify(io::repeat(0)).err().unwrap();
        assert!(matches!(refusal, StreamError::Open(OpenError::SizeDiffers { declared: 116, .. })));
        let unsized_part = ExternalPart { size: 0, ..part };
        let opening = Opening::of(&unsized_part).unwrap().limit(1_000_000);
        let refusal = opening.verify(io::repeat(0)).err().unwrap();
        assert!(matches!(refusal, StreamError::Open(OpenError::TooLarge { limit: 1_000_000 })));
    }

    #[test]
    fn a_stream_is_opened_from_where_it_stands() {
        let (part, ciphertext) = sealed(AeadAlgorithm::Aes128Gcm, b"content");
        let mut file = Cursor::new([b"header".as_slice(), &ciphertext].concat());
        file.set_position(6);
        let mut sink = Vec::new();
        assert_eq!(Opening::of(&part).unwrap().open_stream(&mut file, &mut sink).unwrap(), 7);
        assert_eq!(sink, b"content");
    }

    #[test]
    fn public_content_is_described_the_same_from_a_stream() {
        let content = vec![3; CHUNK + 1];
        let stream = describe_public_stream(ContentHashAlgorithm::Sha256, &content[..]).unwrap();
        let part = describe_public(ContentHashAlgorithm::Sha256, &content).into_part("", "");
        assert_eq!(stream.into_part("", ""), part);
        let mut sink = Vec::new();
        Opening::of(&part).unwrap().open_stream(Cursor::new(&content), &mut sink).unwrap();
        assert!(sink == content);
    }

    #[test]
    fn failures_of_source_and_sink_are_told_apart() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let algorithm = AeadAlgorithm::Aes128Gcm;
        let error = seal_stream(key(algorithm), ContentHashAlgorithm::Sha256, Broken, io::sink()).unwrap_err();
        assert!(matches!(error, StreamError::Read(_)));
        let mut full = [0; 4];
        let error =
            seal_stream(key(algorithm), ContentHashAlgorithm::Sha256, &b"content"[..], &mut full[..]).unwrap_err();
        assert!(matches!(error, StreamError::Write(_)));
    }
}
