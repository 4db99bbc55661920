use super::*;
use crate::sealed::{Capability, SealedEntries};
use mimi_arch::codec::Wire;
use mimi_arch::testing::laws;

fn capability(octet: u8) -> Capability {
    Capability::new([octet; 32])
}

#[test]
fn who_holds_the_capability_reads_the_entries_and_nobody_else() {
    let entries = vec![entry("b.example", 0), entry("c.example", 1)];
    let sealed = SealedEntries::seal(&number(), &capability(1), [9; 12], &entries).unwrap();
    laws(&sealed);
    assert_eq!(sealed.open(&number(), &capability(1)).unwrap(), Some(entries));
    assert_eq!(sealed.open(&number(), &capability(2)).unwrap(), None);
    let other = Csi::parse("+12125551213").unwrap();
    assert_eq!(sealed.open(&other, &capability(1)).unwrap(), None, "moved to another identifier");
}

#[test]
fn the_size_does_not_tell_how_many_providers_are_listed() {
    let size = |count: usize| {
        let entries: Vec<_> = (0..count).map(|n| entry(&format!("b{n}.example"), 0)).collect();
        SealedEntries::seal(&number(), &capability(1), [9; 12], &entries).unwrap().to_bytes().unwrap().len()
    };
    assert_eq!(size(0), size(1));
    assert_eq!(size(1), size(6));
}

#[test]
fn a_changed_ciphertext_does_not_open() {
    let sealed = SealedEntries::seal(&number(), &capability(1), [9; 12], &[entry("b.example", 0)]).unwrap();
    let bytes = sealed.to_bytes().unwrap();
    for place in [0, 20, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let changed = SealedEntries::from_bytes(&changed).unwrap();
        assert_eq!(changed.open(&number(), &capability(1)).unwrap(), None);
    }
}

#[test]
fn more_than_fits_is_not_sealed() {
    let entries: Vec<_> = (0..16).map(|n| entry(&format!("{}{n:02}.example", "a".repeat(50)), 0)).collect();
    assert!(SealedEntries::seal(&number(), &capability(1), [9; 12], &entries).is_err());
}
