use super::*;
use crate::entropy::Seed;
use crate::oprf::OprfError;
use crate::token::quota::{Grant, Quota, QuotaRefusal, Usage};
use crate::token::{
    BATCH_EMPTY, BATCH_TOO_LONG, CHALLENGE_LENGTH, Day, IssueError, IssuingKey, MAX_BATCH, Redeemer, SpentTokens,
    TOKEN_SIZE, TOKEN_TYPE_UNKNOWN, Token, TokenChallenge, TokenError, TokenRequest, TokenResponse,
};
use mimi_arch::codec::Wire;
use mimi_arch::testing::{laws, refused};

pub(super) fn issuing_key(msp: &str, dp: &str) -> IssuingKey {
    IssuingKey::derive(&[0x15; 32], &domain(msp), &domain(dp)).unwrap()
}

pub(super) fn redeemer(dp: &str) -> Redeemer {
    let mut redeemer = Redeemer::new(domain(dp));
    redeemer.accept(domain("a.example"), issuing_key("a.example", dp));
    redeemer
}

/// Tokens of a.example's for a discovery provider, of today.
pub(super) fn tokens(dp: &str, count: usize, seed: u8) -> Vec<Token> {
    let key = issuing_key("a.example", dp);
    let (request, pending) =
        key.public().request(&domain(dp), &domain("a.example"), Day::of(NOW), count, &Seed::new([seed; 32])).unwrap();
    pending.finish(&key.issue(&request, &Seed::new([0xee; 32])).unwrap()).unwrap()
}

#[test]
fn r8_a_token_is_taken_once() {
    // req: UD03-13-01, UD03-13-02
    let (redeemer, mut spent) = (redeemer("dp.example"), SpentTokens::default());
    for token in tokens("dp.example", 3, 1) {
        assert_eq!(token.to_bytes().unwrap().len(), TOKEN_SIZE);
        let redeemed = redeemer.redeem(&token, NOW).unwrap();
        assert_eq!((redeemed.issuer.as_str(), redeemed.day), ("a.example", Day::of(NOW)));
        spent.spend(&redeemed).unwrap();
        let again = redeemer.redeem(&Token::from_bytes(&token.to_bytes().unwrap()).unwrap(), NOW).unwrap();
        assert_eq!(spent.spend(&again), Err(TokenError::Spent));
    }
    assert_eq!(spent.len(), 3);
    spent.sweep(Day::of(NOW).taken_until());
    assert_eq!(spent.len(), 3, "as long as a token is taken it is remembered");
    spent.sweep(Day::of(NOW).taken_until().plus(1));
    assert!(spent.is_empty());
}

#[test]
fn a_token_counts_on_its_day_and_the_next() {
    let redeemer = redeemer("dp.example");
    let token = &tokens("dp.example", 1, 1)[0];
    let day = Day::of(NOW);
    let (first, last) = (day.begins().minus(300), day.taken_until());
    for taken in [first, NOW, last] {
        assert_eq!(redeemer.redeem(token, taken).unwrap().keep_until, last, "at {taken:?}");
    }
    for refused in [first.minus(1), last.plus(1), NOW.plus(10 * 86_400)] {
        assert_eq!(redeemer.redeem(token, refused), Err(TokenError::OtherChallenge), "at {refused:?}");
    }
}

#[test]
fn a_token_is_worth_nothing_at_another_provider() {
    let token = &tokens("dp.example", 1, 1)[0];
    assert_eq!(redeemer("other.example").redeem(token, NOW), Err(TokenError::UnknownIssuer));
    // Not even when both were given one key.
    let mut same_key = Redeemer::new(domain("other.example"));
    same_key.accept(domain("a.example"), issuing_key("a.example", "dp.example"));
    assert_eq!(same_key.redeem(token, NOW), Err(TokenError::OtherChallenge));
    // Nor as another messaging provider's.
    let mut renamed = Redeemer::new(domain("dp.example"));
    renamed.accept(domain("b.example"), issuing_key("a.example", "dp.example"));
    assert_eq!(renamed.redeem(token, NOW), Err(TokenError::OtherChallenge));
}

#[test]
fn a_forged_token_is_refused() {
    let redeemer = redeemer("dp.example");
    let token = tokens("dp.example", 1, 1).remove(0);
    for changed in [
        Token { authenticator: [7; 64], ..token.clone() },
        Token { nonce: [7; 32], ..token.clone() },
        Token { token_key_id: [7; 32], ..token.clone() },
        Token { challenge_digest: [7; 32], ..token },
    ] {
        assert!(redeemer.redeem(&changed, NOW).is_err());
    }
}

#[test]
fn what_the_issuer_sees_is_nowhere_in_the_token() {
    // req: UD03-13-03, UD03-13-05
    let key = issuing_key("a.example", "dp.example");
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let (request, pending) = key.public().request(&dp, &msp, Day::of(NOW), 2, &Seed::new([1; 32])).unwrap();
    let response = key.issue(&request, &Seed::new([2; 32])).unwrap();
    let seen = [request.to_bytes().unwrap(), response.to_bytes().unwrap()].concat();
    for token in pending.finish(&response).unwrap() {
        for part in [&token.nonce[..], &token.authenticator[..32], &token.authenticator[32..]] {
            assert!(!seen.windows(part.len()).any(|window| window == part));
        }
    }
    // With another blinding the same nonces would have given the same tokens: the blinding leaves no trace.
    assert_ne!(request, key.public().request(&dp, &msp, Day::of(NOW), 2, &Seed::new([3; 32])).unwrap().0);
}

#[test]
fn an_issuer_that_marks_an_asker_with_a_key_of_its_own_is_found_out() {
    let (key, marked) = (issuing_key("a.example", "dp.example"), issuing_key("a.example", "marked.example"));
    let (request, pending) = key
        .public()
        .request(&domain("dp.example"), &domain("a.example"), Day::of(NOW), 1, &Seed::new([1; 32]))
        .unwrap();
    assert_eq!(marked.issue(&request, &Seed::new([2; 32])), Err(IssueError::OtherKey));
    let relabelled = TokenRequest { truncated_token_key_id: marked.public().id()[31], ..request };
    let response = marked.issue(&relabelled, &Seed::new([2; 32])).unwrap();
    assert_eq!(pending.finish(&response), Err(IssueError::Oprf(OprfError::OtherKey)));
}

#[test]
fn an_issuer_may_give_fewer_tokens_and_never_more() {
    let key = issuing_key("a.example", "dp.example");
    let ask = |count| {
        let (dp, msp) = (domain("dp.example"), domain("a.example"));
        key.public().request(&dp, &msp, Day::of(NOW), count, &Seed::new([1; 32]))
    };
    let (request, pending) = ask(5).unwrap();
    let three = key.issue(&request.clone().first(3), &Seed::new([2; 32])).unwrap();
    assert_eq!(pending.finish(&three).unwrap().len(), 3);
    let (_, two_only) = ask(2).unwrap();
    assert_eq!(two_only.finish(&three), Err(IssueError::Count { count: 3 }));
    for count in [0, MAX_BATCH + 1] {
        assert_eq!(ask(count).unwrap_err(), IssueError::Count { count });
    }
}

#[test]
fn r8_an_account_gets_its_quota_and_no_more() {
    // req: UD03-13-01, UD03-13-04
    let (quota, today) = (Quota { per_day: 120 }, Day(20_000));
    let tomorrow = Day(20_001);
    let Grant { count, usage } = quota.grant(Usage::default(), today, 500).unwrap();
    assert_eq!((count, usage), (MAX_BATCH, Usage { day: today, used: 100 }));
    let Grant { count, usage } = quota.grant(usage, today, 50).unwrap();
    assert_eq!((count, usage.used), (20, 120));
    let exhausted = QuotaRefusal::Exhausted { per_day: 120 };
    assert_eq!(quota.grant(usage, today, 1), Err(exhausted));
    assert_eq!(quota.grant(usage, tomorrow, 1).unwrap().usage, Usage { day: tomorrow, used: 1 });
    let ahead = quota.grant(usage, tomorrow, 120).unwrap().usage;
    assert_eq!(quota.grant(ahead, today, 100).unwrap().usage, Usage { day: tomorrow, used: 120 });
    assert_eq!(quota.grant(Usage::default(), today, 0), Err(QuotaRefusal::NoneAsked));
    assert_eq!(Quota { per_day: 0 }.grant(Usage::default(), today, 1), Err(QuotaRefusal::Exhausted { per_day: 0 }));
}

#[test]
fn tokens_keep_the_laws() {
    let key = issuing_key("a.example", "dp.example");
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let (request, _) = key.public().request(&dp, &msp, Day::of(NOW), 2, &Seed::new([1; 32])).unwrap();
    laws(&request);
    laws(&key.issue(&request, &Seed::new([2; 32])).unwrap());
    laws(&tokens("dp.example", 1, 1)[0]);
    laws(&TokenChallenge::new(&dp, &msp, Day::of(NOW)));
}

#[test]
fn malformed_tokens_have_their_rules() {
    refused::<Token>(&[0, 1], 0, &TOKEN_TYPE_UNKNOWN);
    refused::<TokenRequest>(&[0, 5, 9, 0], 3, &BATCH_EMPTY);
    let many = [[0x40 | 0x0c, 0xa0].as_slice(), &vec![1; 101 * 32], &[0; 64]].concat();
    refused::<TokenResponse>(&many, 0, &BATCH_TOO_LONG);
    refused::<TokenChallenge>(&[0, 5, 0, 0], 2, &CHALLENGE_LENGTH);
    refused::<TokenChallenge>(&[0, 5, 0, 1, b'a', 31], 5, &CHALLENGE_LENGTH);
}
