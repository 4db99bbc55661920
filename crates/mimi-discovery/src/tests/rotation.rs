use super::lookups::{config, dp_key};
use super::*;
use crate::config::{ISSUERS_NOT_SORTED, TokenIssuer, VerifiedConfig};
use crate::entropy::Seed;
use crate::token::{
    Day, IssueError, IssuingKeys, KeySchedule, Redeemer, ScheduleError, SpentTokens, TimedKey, Token, TokenError,
};
use mimi_arch::codec::Wire;
use mimi_arch::testing::not_written;

const SECRET: [u8; 32] = [0x15; 32];

fn today() -> Day {
    Day::of(NOW)
}

/// The last second at which tokens of the key before are taken, when the change is today.
fn end() -> Seconds {
    Day(today().0 - 1).taken_until()
}

fn keys(number: u32, since: Option<Day>) -> IssuingKeys {
    let schedule = KeySchedule::new(number, since).unwrap();
    IssuingKeys::derive(&SECRET, &domain("a.example"), &domain("dp.example"), schedule).unwrap()
}

fn redeemer(keys: &IssuingKeys) -> Redeemer {
    let mut redeemer = Redeemer::new(domain("dp.example"));
    for TimedKey { key, validity } in keys.keys() {
        redeemer.accept_within(domain("a.example"), key.clone(), *validity);
    }
    redeemer
}

fn known(keys: &IssuingKeys) -> VerifiedConfig {
    let mut config = config(None);
    let issuer =
        |held: &TimedKey| TokenIssuer { msp: domain("a.example"), key: held.key.public(), validity: held.validity };
    config.issuers = keys.keys().iter().map(issuer).collect();
    config.sign(&dp_key()).unwrap().verify(&domain("dp.example"), &dp_key().public(), NOW).unwrap()
}

/// A token as an asker gets it at a time who knows the configuration.
fn token(keys: &IssuingKeys, at: Seconds, seed: u8) -> Token {
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let known = known(keys);
    let key = known.issuer_key(&msp, at).unwrap();
    let (request, pending) = key.request(&dp, &msp, Day::of(at), 1, &Seed::new([seed; 32])).unwrap();
    pending.finish(&keys.issue(&request, at, &Seed::new([2; 32])).unwrap()).unwrap().remove(0)
}

#[test]
fn tokens_of_the_key_before_are_taken_until_its_end_and_not_after_it() {
    // req: UD03-13-02, UD03-13-03
    let keys = keys(2, Some(today()));
    let redeemer = redeemer(&keys);
    let last = today().begins().minus(1);
    let old = token(&keys, last, 1);
    assert_eq!(old.token_key_id, keys.keys()[0].key.public().id());
    for taken in [last, NOW, end()] {
        assert_eq!(redeemer.redeem(&old, taken).unwrap().day, Day(today().0 - 1), "at {taken:?}");
    }
    assert_eq!(redeemer.redeem(&old, end().plus(1)), Err(TokenError::KeyNotNow));
    // A token of the key before for a later day would be taken longer, and is not.
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let key = &keys.keys()[0].key;
    let (request, pending) = key.public().request(&dp, &msp, today(), 1, &Seed::new([3; 32])).unwrap();
    let saved = pending.finish(&key.issue(&request, &Seed::new([4; 32])).unwrap()).unwrap().remove(0);
    assert!(redeemer.redeem(&saved, end()).is_ok());
    assert_eq!(redeemer.redeem(&saved, end().plus(1)), Err(TokenError::KeyNotNow));
}

#[test]
fn a_key_counts_from_its_day_on_and_is_known_before() {
    let keys = keys(2, Some(today()));
    let redeemer = redeemer(&keys);
    let begins = today().begins();
    let new = token(&keys, begins, 1);
    assert_eq!(new.token_key_id, keys.keys()[1].key.public().id());
    assert!(redeemer.redeem(&new, begins.minus(300)).is_ok(), "clocks differ");
    assert_eq!(redeemer.redeem(&new, begins.minus(301)), Err(TokenError::KeyNotNow));
    assert!(redeemer.redeem(&new, today().taken_until()).is_ok());
}

#[test]
fn used_tokens_of_both_keys_are_remembered() {
    // req: UD03-13-05
    let keys = keys(2, Some(today()));
    let (redeemer, mut spent) = (redeemer(&keys), SpentTokens::default());
    let tokens = [token(&keys, today().begins().minus(1), 1), token(&keys, NOW, 2)];
    for token in &tokens {
        spent.spend(&redeemer.redeem(token, NOW).unwrap()).unwrap();
    }
    for token in &tokens {
        assert_eq!(spent.spend(&redeemer.redeem(token, NOW).unwrap()), Err(TokenError::Spent));
    }
    assert_eq!(spent.len(), 2);
    // Who forgets a key does not forget what was used.
    let mut redeemer = redeemer;
    redeemer.forget(&domain("a.example"));
    assert_eq!(redeemer.redeem(&tokens[0], NOW), Err(TokenError::UnknownIssuer));
    for TimedKey { key, validity } in keys.keys() {
        redeemer.accept_within(domain("a.example"), key.clone(), *validity);
    }
    assert_eq!(spent.spend(&redeemer.redeem(&tokens[0], NOW).unwrap()), Err(TokenError::Spent));
}

#[test]
fn an_asker_takes_the_key_of_now_and_the_issuer_the_one_before_for_an_hour_more() {
    let keys = keys(2, Some(today()));
    let msp = domain("a.example");
    let known = known(&keys);
    let (begins, [before, now]) = (today().begins(), [0, 1].map(|index| keys.keys()[index].key.public()));
    assert_eq!(known.issuer_key(&msp, begins.minus(1)), Some(&before));
    assert_eq!(known.issuer_key(&msp, begins), Some(&now));
    assert_eq!(known.issuer_key(&msp, end().plus(1)), Some(&now));
    assert_eq!(known.issuer_key(&domain("b.example"), begins), None);
    assert_eq!(known.issuer_keys(&msp, NOW).count(), 2);
    assert_eq!(known.issuer_keys(&msp, end().plus(1)).collect::<Vec<_>>(), [&now]);
    let (dp, seed) = (domain("dp.example"), Seed::new([1; 32]));
    let asked = |key: &crate::token::IssuerKey| key.request(&dp, &msp, today(), 1, &seed).unwrap().0;
    for (key, at, issues) in [
        (&before, begins.minus(1), true),
        (&before, begins.plus(3599), true),
        (&before, begins.plus(3600), false),
        (&now, begins.minus(300), true),
        (&now, begins.minus(301), false),
        (&now, NOW.plus(1_000_000_000), true),
    ] {
        let issued = keys.issue(&asked(key), at, &seed);
        assert_eq!(issued.is_ok(), issues, "at {at:?}");
        assert!(issues || issued == Err(IssueError::OtherKey));
    }
}

#[test]
fn without_a_day_the_key_before_ends_at_once() {
    let (first, second) = (keys(1, None), keys(2, None));
    assert_eq!(second.keys().len(), 1);
    let leaked = token(&first, NOW, 1);
    assert_eq!(redeemer(&second).redeem(&leaked, NOW), Err(TokenError::UnknownIssuer));
    assert!(redeemer(&second).redeem(&token(&second, NOW, 1), NOW).is_ok());
    // The first is what it was before keys had numbers.
    assert_eq!(first.keys()[0].key.public(), super::tokens::issuing_key("a.example", "dp.example").public());
    assert_ne!(second.keys()[0].key.public(), keys(3, None).keys()[0].key.public());
}

#[test]
fn schedules_and_keys_have_one_form() {
    assert_eq!(KeySchedule::new(0, None), Err(ScheduleError::NumberZero));
    assert_eq!(KeySchedule::new(1, Some(today())), Err(ScheduleError::FirstWithDay));
    for keys in [keys(1, None), keys(7, Some(today()))] {
        let octets = keys.to_bytes().unwrap();
        let read = IssuingKeys::from_bytes(&octets).unwrap();
        assert_eq!(read.to_bytes().unwrap(), octets);
        assert_eq!(read.keys().len(), keys.keys().len());
    }
    let octets = keys(7, Some(today())).to_bytes().unwrap();
    let refused = |octets: &[u8]| {
        let error = IssuingKeys::from_bytes(octets).unwrap_err();
        (error.offset(), error.rule().text())
    };
    // Two keys of 48 octets after a length of two.
    let (first, second) = (&octets[2..50], &octets[50..98]);
    let swapped = [&octets[..2], second, first].concat();
    assert_eq!(refused(&swapped), (0, "issuing keys are not in the order in which they begin"));
    assert_eq!(refused(&[0]), (0, "there are not 1 or 2 issuing keys"));
    let zero = [[48].as_slice(), &[0; 32], &octets[34..50]].concat();
    assert_eq!(refused(&zero), (1, "an issuing key is no scalar of ristretto255 other than 0"));
    // One key of an issuer twice with different times.
    let mut twice = config(None);
    let first = twice.issuers[0].clone();
    let second = TokenIssuer { validity: validity(), ..first.clone() };
    twice.issuers = vec![second, first];
    twice.issuers.sort();
    not_written(&twice, &ISSUERS_NOT_SORTED);
}
