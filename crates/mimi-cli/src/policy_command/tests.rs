#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use clap::ValueEnum;
use mimi_arch::{RoleIndex, Uri, mls::ComponentId};
use mimi_protocol::mls::ComponentData;
use mimi_room_policy::{
    bot::{Bot, BotPolicy},
    capability::CapabilityType,
    lint::lint as findings_of,
    logging::{LoggingPolicy, LoggingTerms},
    optionality::Conditional,
    roles::{Role, RolesList},
};

use super::{
    make::{Kind, octets_of, policy},
    *,
};

fn made(kind: Kind) -> RoomPolicy {
    let parent = "mimi://a.example/r/parent".parse().unwrap();
    policy(kind, &["a.example".parse().unwrap()], Some(&parent)).unwrap()
}

/// A policy with something of every severity in it.
fn bad() -> RoomPolicy {
    let mut policy = made(Kind::Group);
    let mut roles = policy.roles.take().unwrap().roles().to_vec();
    roles[0] = roles[0].clone().with([CapabilityType::CAN_KICK]);
    roles.push(Role::new(9, "gh\u{1b}[2Jost").with([CapabilityType(0xF123)]));
    policy.roles = Some(RolesList::new(roles).unwrap());
    policy.base.as_mut().unwrap().fixed_membership = true;
    policy
}

#[test]
fn what_is_made_can_be_read_again() {
    for kind in Kind::value_variants() {
        let policy = made(*kind);
        assert_eq!(policy_of(&octets_of(&policy).unwrap()), Ok(policy));
    }
}

#[test]
fn a_dependent_room_needs_a_parent() {
    let error = policy(Kind::ParentDependent, &[], None).unwrap_err();
    assert_eq!(error.to_string(), "a parent-dependent room needs --parent");
}

#[test]
fn the_policy_of_a_group_is_shown_like_this() {
    insta::assert_snapshot!(sections::of_policy(&made(Kind::Group)));
}

#[test]
fn settings_that_a_group_lacks_are_shown_like_this() {
    let terms = LoggingTerms {
        logging_clients: vec![Uri::new("mimi://a.example/d/logger").unwrap()],
        machine_readable_policy: None,
        human_readable_policy: Some(Uri::new("https://a.example/logging").unwrap()),
    };
    let mut policy = RoomPolicy {
        logging: Some(LoggingPolicy { logging: Conditional::Required(terms) }),
        bots: Some(BotPolicy {
            allowed_bots: vec![Bot {
                name: "poker\n".to_owned(),
                description: "deals".to_owned(),
                homepage: None,
                local_client_bot: false,
                bot_role_index: RoleIndex(2),
                can_target_message_in_group: true,
                per_user_content: true,
            }],
        }),
        ..RoomPolicy::default()
    };
    policy.set(ComponentId::PARTICIPANT_LIST, &[0]).unwrap();
    insta::assert_snapshot!(sections::of_policy(&policy));
}

#[test]
fn findings_are_told_like_this() {
    insta::assert_snapshot!(lint::in_words(&findings_of(&bad())));
}

#[test]
fn findings_are_told_to_programs_like_this() {
    insta::assert_snapshot!(lint::in_json(&findings_of(&bad())).unwrap());
}

#[test]
fn a_file_that_is_no_policy_is_refused_with_the_reason() {
    let error = |octets: &[u8]| policy_of(octets).unwrap_err();
    assert_eq!(
        error(&[5, 0]),
        "no list of components: vector length exceeds the bytes at hand (RFC 9420 section 2.1.2, offset 0)"
    );
    let entry = ComponentData { component_id: ComponentId::STATUS_NOTIFICATION_POLICY, data: vec![7, 0] };
    let octets = AppDataDictionary::new(vec![entry]).unwrap().to_bytes().unwrap();
    assert_eq!(
        error(&octets),
        "component 0x0028 (status_notification_policy): offset 0: the value is none of optional, required and forbidden \
         (draft-ietf-mimi-room-policy-03 section 6.1)"
    );
}
