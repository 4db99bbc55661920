//! Mode P over real servers: what is found, what the parties see, and what it may take of the machine.

#[cfg(not(feature = "pir"))]
use std::collections::BTreeMap;

use mimi_discovery::config::Modes;
#[cfg(not(feature = "pir"))]
use mimi_discovery_provider::{DiscoveryConfig, DiscoveryError, DiscoveryProvider, Observer};

use super::support::*;

const ALL: Modes = Modes { s: true, b: true, p: true };

#[cfg(not(feature = "pir"))]
#[tokio::test]
async fn a_program_without_mode_p_does_not_pretend_to_have_it() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let config = config(&ca, DP, folder.path(), &BTreeMap::new(), Observer::default());
    let refused = DiscoveryProvider::serve(DiscoveryConfig { modes: ALL, ..config }, socket().await).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, DiscoveryError::NoRetrieval), "{refused}");
    assert!(refused.to_string().contains("--features pir"));
}

#[cfg(feature = "pir")]
mod with_feature {
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::IpAddr;
    use std::sync::Arc;

    use mimi_discovery::answer::Finding;
    use mimi_discovery::lookup::p::RetrieveError;
    use mimi_discovery::lookup::{Refusal, ResponseError};
    use mimi_discovery_provider::{
        DiscoveryConfig, DiscoveryError, DiscoveryProvider, Observer, Party, RetrievalLimits, paths,
    };

    use super::super::who_sees_what::{contains, everything, of};
    use super::*;

    async fn world() -> World {
        World::offering(ALL, RetrievalLimits::default()).await
    }

    /// Looks up until this is what comes of it: what is retrieved follows the registrations a little later.
    async fn comes_out(world: &World, person: &Person, wanted: Finding) {
        let mut last = None;
        for _ in 0..100 {
            let finding = world.look_up_p(&person.csi).await.finding();
            if finding == wanted {
                return;
            }
            last = Some(finding);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{last:?} instead of {wanted:?}");
    }

    #[tokio::test]
    async fn a_person_is_found_one_has_opted_out_and_one_is_proven_not_to_be_there() {
        // req: UD03-10-01
        let world = world().await;
        let [bob, silent, nobody] = ["+12125551212", "+12125551213", "+12125551214"].map(Person::with_number);
        for number in 0..40 {
            world.register(&Person::numbered(number).at(1, &["c.example"])).await;
        }
        world.register(&bob.at(1, &["b.example"])).await;
        world.register(&silent.at(1, &[])).await;
        comes_out(&world, &bob, Finding::One).await;
        let answer = world.look_up_p(&bob.csi).await;
        assert_eq!(answer.mappings().next().unwrap().entries()[0].msp, domain("b.example"));
        comes_out(&world, &silent, Finding::OptedOut).await;
        comes_out(&world, &nobody, Finding::NoMapping).await;
        comes_out(&world, &Person::numbered(7), Finding::One).await;
        // The buckets are made and prepared anew.
        world.register(&bob.at(2, &["b.example", "c.example"])).await;
        comes_out(&world, &bob, Finding::Several).await;
        world.register(&bob.gone(3)).await;
        comes_out(&world, &bob, Finding::NoMapping).await;
    }

    #[tokio::test]
    async fn r6_in_mode_p_nobody_sees_for_whom_and_the_provider_not_even_the_bucket() {
        // req: UD03-11-01, UD03-11-02, UD03-11-03, UD03-11-04, UD03-11-05
        let world = world().await;
        let [bob, nobody] = ["+12125551212", "+4930901820"].map(Person::with_number);
        world.register(&bob.at(1, &["b.example"])).await;
        comes_out(&world, &bob, Finding::One).await;
        world.seen.lock().unwrap().clear();
        for person in [&bob, &bob, &nobody] {
            world.look_up_p(&person.csi).await;
        }
        let secrets: Vec<Vec<u8>> = [&bob, &nobody]
            .into_iter()
            .flat_map(|person| [person.csi.value().as_bytes().to_vec(), person.csi.key().0.to_vec()])
            .chain([b"b.example".to_vec(), b"carrier.example".to_vec()])
            .collect();

        // The relay: the asker's address, no certificate, nothing of the identifier or of what was found.
        let relayed = of(&world, Party::Relay, paths::RELAY);
        assert_eq!(relayed.len(), 6, "an evaluation and a retrieval for each look-up");
        for seen in &relayed {
            assert_eq!((seen.certificate.as_ref(), seen.from), (None, IpAddr::from([127, 0, 0, 1])));
            assert!(secrets.iter().all(|secret| !contains(&everything(seen), secret)));
        }
        // No size depends on the identifier or on whether it is there.
        let sizes: BTreeSet<_> = relayed.iter().map(|seen| (seen.body.len(), seen.answer.len())).collect();
        assert_eq!(sizes.len(), 2, "one for evaluations, one for retrievals: {sizes:?}");

        // The discovery provider: the relay, no identifier, and no more of the bucket than that it is asked for one.
        let gateway = of(&world, Party::DiscoveryProvider, paths::GATEWAY);
        for (seen, at_relay) in gateway.iter().zip(&relayed) {
            assert_eq!((seen.certificate.clone(), &seen.body), (Some(domain(RELAY)), &at_relay.body));
            let names: BTreeSet<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert!(
                names.is_subset(&BTreeSet::from(["accept", "content-length", "content-type", "host"])),
                "{names:?}"
            );
            assert!(secrets.iter().all(|secret| !contains(seen.opened.as_ref().unwrap(), secret)));
        }
        // Two retrievals of one bucket are as different as two of different ones: after the token and the length nothing is the same.
        let question = |at: usize| gateway[at].opened.clone().unwrap().split_off(162 + 4);
        let [first, again, other] = [1, 3, 5].map(question);
        let shared = |a: &[u8], b: &[u8]| {
            let parts: BTreeSet<&[u8]> = a.windows(12).collect();
            b.windows(12).filter(|part| parts.contains(part)).count()
        };
        assert!(first.len() > 100_000);
        assert_eq!([shared(&first, &again), shared(&first, &other)], [0, 0]);
    }

    #[tokio::test]
    async fn a_retrieval_costs_a_token_of_its_own() {
        let world = world().await;
        let bob = Person::with_number("+12125551212");
        let token = world.token();
        world.look_up(&bob.csi, token.clone()).await.unwrap();
        let refused = world.try_look_up_p(&bob.csi, token).await.unwrap_err();
        assert_eq!(refused, RetrieveError::Response(ResponseError::Refused(Refusal::Token)));
    }

    #[tokio::test]
    async fn who_finds_no_place_is_refused_and_keeps_the_token() {
        let limits = RetrievalLimits { waiting: 1, ..RetrievalLimits::default() };
        let world = Arc::new(World::offering(ALL, limits).await);
        let bob = Person::with_number("+12125551212");
        let config = world.config_with_retrieval().await;
        let located = world.locate(&bob.csi, &config, world.token()).await;
        let (mut tasks, tokens) = (tokio::task::JoinSet::new(), world.tokens(6));
        for token in tokens.clone() {
            let (request, pending) = world.retrieval(&located, &config, token);
            let world = world.clone();
            tasks.spawn(async move { pending.open(&world.through_relay(request).await.unwrap()).map(|_| ()) });
        }
        let done = tasks.join_all().await;
        let (answered, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert!(!answered.is_empty() && !refused.is_empty(), "{answered:?} {refused:?}");
        let unavailable = RetrieveError::Response(ResponseError::Refused(Refusal::Unavailable));
        assert!(refused.into_iter().all(|refused| refused == Err(unavailable.clone())));
        // Exactly the tokens of those that were answered are spent.
        let mut spent = 0;
        for token in tokens {
            spent += usize::from(world.look_up(&bob.csi, token).await.is_err());
        }
        assert_eq!(spent, answered.len());
    }

    #[tokio::test]
    async fn a_question_of_another_size_is_refused_and_a_relay_that_forwards_no_retrievals_says_so() {
        let world = world().await;
        let bob = Person::with_number("+12125551212");
        let config = world.config_with_retrieval().await;
        let located = world.locate(&bob.csi, &config, world.token()).await;
        let (request, _) = world.retrieval(&located, &config, world.token());
        let content = mimi_arch::codec::Wire::to_bytes(&mimi_discovery::lookup::p::RetrieveRequest {
            token: world.token(),
            question: vec![0; 1000],
        });
        let (short, pending) = mimi_discovery::oblivious::encapsulate(
            &domain(DP),
            &config.get().oblivious_key,
            mimi_discovery::oblivious::Endpoint::Retrieve,
            &content.unwrap(),
        )
        .unwrap();
        let answer = pending.open(&world.through_relay(short).await.unwrap()).unwrap();
        assert_eq!(answer, [2], "unavailable, in one octet");
        let without = World::new().await;
        let refused = without.through_relay(request).await.unwrap_err();
        assert!(refused.to_string().contains("413"), "{refused}");
    }

    #[tokio::test]
    async fn what_takes_more_memory_than_it_may_is_said_at_the_start() {
        let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
        let config = config(&ca, DP, folder.path(), &BTreeMap::new(), Observer::default());
        let retrieval = RetrievalLimits { memory: 1 << 20, ..RetrievalLimits::default() };
        let config = DiscoveryConfig { modes: ALL, retrieval, ..config };
        let refused = DiscoveryProvider::serve(config, socket().await).await.unwrap_err();
        assert!(matches!(refused, DiscoveryError::RetrievalMemory { limit: 1_048_576, .. }), "{refused}");
        assert!(refused.to_string().contains("mode p of 1 buckets takes"), "{refused}");
    }
}
