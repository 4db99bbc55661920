use mimi_discovery::answer::Finding;
use mimi_discovery::lookup::{Refusal, ResponseError};
use mimi_discovery::push::RegisterResponse;

use super::support::*;

#[tokio::test]
async fn r9_a_person_is_found_through_the_relay_until_the_mapping_is_removed() {
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    assert_eq!(world.look_up(&bob.csi, world.token()).await.unwrap().finding(), Finding::NoMapping);
    assert_eq!(world.register(&bob.at(1, &["b.example"])).await, RegisterResponse::Registered);
    assert_eq!(world.register(&bob.at(1, &["b.example"])).await, RegisterResponse::Known);
    let answer = world.look_up(&bob.csi, world.token()).await.unwrap();
    assert_eq!(answer.finding(), Finding::One);
    assert_eq!(answer.mappings().next().unwrap().entries()[0].msp, domain("b.example"));
    world.register(&bob.at(2, &["b.example", "c.example"])).await;
    assert_eq!(world.look_up(&bob.csi, world.token()).await.unwrap().finding(), Finding::Several);
    world.register(&bob.at(3, &[])).await;
    assert_eq!(world.look_up(&bob.csi, world.token()).await.unwrap().finding(), Finding::OptedOut);
    // req: UD03-14-01, UD03-14-04, UD03-14-05
    assert_eq!(world.register(&bob.gone(4)).await, RegisterResponse::Registered);
    assert_eq!(world.look_up(&bob.csi, world.token()).await.unwrap().finding(), Finding::NoMapping);
}

#[tokio::test]
async fn a_person_is_found_in_a_bucket_and_somebody_else_is_proven_not_to_be_there() {
    let world = World::new().await;
    for number in 0..40 {
        world.register(&Person::numbered(number).at(1, &["b.example"])).await;
    }
    let answer = world.look_up_b(&Person::numbered(7).csi, world.token()).await;
    assert_eq!(answer.finding(), Finding::One);
    let answer = world.look_up_b(&Person::numbered(700).csi, world.token()).await;
    assert_eq!(answer.finding(), Finding::NoMapping);
    world.register(&Person::numbered(7).gone(2)).await;
    assert_eq!(world.look_up_b(&Person::numbered(7).csi, world.token()).await.finding(), Finding::NoMapping);
}

#[tokio::test]
async fn what_is_not_fresh_is_refused_with_the_reason() {
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    world.register(&bob.at(5, &["b.example"])).await;
    let reason = |response| match response {
        RegisterResponse::Refused { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(world.register(&bob.at(4, &["c.example"])).await).contains("not after 5"));
    assert!(reason(world.register(&bob.at(5, &["c.example"])).await).contains("used for another"));
    let carol = bob.assigned_anew();
    assert_eq!(world.register(&carol.at(1, &["d.example"])).await, RegisterResponse::Registered);
    assert!(reason(world.register(&bob.at(9, &["b.example"])).await).contains("assigned anew"));
    let found = world.look_up(&bob.csi, world.token()).await.unwrap();
    assert_eq!(found.mappings().next().unwrap().entries()[0].msp, domain("d.example"));
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_numbers_of_snapshots_go_on() {
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    world.register(&bob.at(1, &["b.example"])).await;
    let (number, key) = (world.dp.snapshot().number, world.dp.key());
    let spent = world.token();
    world.look_up(&bob.csi, spent.clone()).await.unwrap();
    let world = world.restarted().await;
    assert_eq!(world.dp.key(), key);
    assert!(world.dp.snapshot().number > number);
    assert_eq!(world.look_up(&bob.csi, world.token()).await.unwrap().finding(), Finding::One);
    let again = world.look_up(&bob.csi, spent).await.unwrap_err();
    assert_eq!(again, ResponseError::Refused(Refusal::Token), "a token stays spent");
}

#[tokio::test]
async fn a_hundred_look_ups_while_mappings_change_are_all_proven() {
    let world = std::sync::Arc::new(World::new().await);
    let people: Vec<_> = (0..20).map(Person::numbered).collect();
    for person in &people {
        world.register(&person.at(1, &["b.example"])).await;
    }
    let writer = {
        let world = world.clone();
        tokio::spawn(async move {
            for sequence in 2..12 {
                for number in 0..20 {
                    world.register(&Person::numbered(number).at(sequence, &["c.example"])).await;
                }
            }
        })
    };
    for token in world.tokens(100) {
        let answer = world.look_up(&people[3].csi, token).await.unwrap();
        assert_eq!(answer.finding(), Finding::One);
    }
    writer.await.unwrap();
}
