#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{
    codec::NOT_UTF8,
    component::Component,
    mls::ComponentId,
    testing::{laws, not_written, position, refused},
};
use proptest::prelude::*;

use super::*;
use crate::capability::CapabilityType as Cap;

fn banned() -> Role {
    Role::new(1, "banned").active_participants(0, Some(0))
}

fn user() -> Role {
    Role::new(2, "user")
        .described("one of us")
        .with([Cap::CAN_SEND_MESSAGE, CapabilityType(0xF00F)])
        .participants(1, Some(300))
        .active_participants(2, None)
        .changing(0, &[2, 70_000])
        .changing(2, &[])
}

fn list(roles: &[Role]) -> RolesList {
    RolesList::new(roles.to_vec()).unwrap()
}

#[test]
fn a_role_has_these_octets() {
    // req: RP03-3-04, RP03-3-06, RP03-3-07, RP03-3-12, RP03-3-13
    let expected: Vec<u8> = [
        &[0, 0, 0, 2, 4][..],
        b"user",
        &[9],
        b"one of us",
        &[4, 1, 0, 0xF0, 0x0F],
        &[0, 0, 0, 1, 1, 0, 0, 1, 44],
        &[0, 0, 0, 2, 0],
        &[18, 0, 0, 0, 0, 8, 0, 0, 0, 2, 0, 1, 0x11, 0x70, 0, 0, 0, 2, 0],
    ]
    .concat();
    assert_eq!(laws(&user()), expected);
    let empty = laws(&Role::new(7, ""));
    assert_eq!(empty, [0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(laws(&SingleSourceRoleChangeTargets::new(2, &[0, 1])), [0, 0, 0, 2, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn a_list_is_a_vector_of_roles_whose_indexes_may_have_gaps() {
    // req: RP03-3-01, RP03-3-02, RP03-3-14, RP03-8-01
    let two = list(&[banned(), Role::new(4_000_000_000, "far away")]);
    let roles = [banned().to_bytes().unwrap(), two.roles()[1].to_bytes().unwrap()].concat();
    assert_eq!(laws(&two), [&[u8::try_from(roles.len()).unwrap()][..], &roles].concat());
    assert_eq!(laws(&RolesList::default()), [0]);
    assert_eq!(two.get(RoleIndex(4_000_000_000)).unwrap().role_name, "far away");
    assert_eq!(two.get(RoleIndex(2)), None);
}

#[test]
fn a_role_index_stands_in_a_list_once() {
    let twice = vec![user(), banned(), Role::new(2, "other")];
    assert_eq!(RolesList::new(twice.clone()), Err(RolesError::RoleTwice { role: RoleIndex(2) }));
    let mut bytes = Vec::new();
    codec::put_list(&mut bytes, &twice).unwrap();
    let offset = position(&bytes, &Role::new(2, "other").to_bytes().unwrap());
    refused::<RolesList>(&bytes, offset, &ROLE_TWICE);
}

#[test]
fn can_open_join_stands_in_no_role_but_zero() {
    // req: RP03-8.1.1-11
    let open = Role::new(0, "anyone").with([Cap::CAN_OPEN_JOIN]).changing(0, &[2]);
    let bytes = laws(&list(std::slice::from_ref(&open)));
    let misplaced = Role { role_index: RoleIndex(2), ..open };
    not_written(&misplaced, &OPEN_JOIN_OUTSIDE_ROLE_ZERO);
    let error = RolesList::new(vec![misplaced]).unwrap_err();
    assert_eq!(error, RolesError::OpenJoinOutsideRoleZero { role: RoleIndex(2) });
    assert!(error.section().ends_with("8.1.1"));
    let mut moved = bytes;
    moved[4] = 2;
    refused::<RolesList>(&moved, 1, &OPEN_JOIN_OUTSIDE_ROLE_ZERO);
}

#[test]
fn names_and_descriptions_are_text() {
    // req: RP03-3-04
    refused::<Role>(&[0, 0, 0, 2, 1, 0xFF], 5, &NOT_UTF8);
    refused::<Role>(&[0, 0, 0, 2, 0, 1, 0xFF], 6, &NOT_UTF8);
}

#[test]
fn what_is_repeated_is_kept_and_adds_nothing() {
    let role = user().with([Cap::CAN_SEND_MESSAGE]).changing(0, &[5, 5]);
    laws(&role);
    assert!(role.may_change(RoleIndex(0), RoleIndex(2)) && role.may_change(RoleIndex(0), RoleIndex(5)));
    assert!(!role.may_change(RoleIndex(2), RoleIndex(0)));
}

#[test]
fn an_update_replaces_the_list() {
    // req: RP03-3-11, RP03-3-15, RP03-3-16
    assert_eq!(RolesList::ID, ComponentId::ROLES_LIST);
    let (before, after) = (list(&[banned(), user()]), list(&[banned()]));
    assert_eq!(RolesList::apply(Some(&before), std::slice::from_ref(&after)), Ok(after.clone()));
    assert_eq!(RolesList::apply(None, std::slice::from_ref(&after)), Ok(after.clone()));
    assert_eq!(RolesList::apply(Some(&before), &[]), Ok(before.clone()));
    assert!(RolesList::apply(Some(&before), &[after.clone(), after]).is_err());
}

#[test]
fn the_banned_role_has_index_one_and_exactly_that_name() {
    // req: RP03-8.1.3-09
    assert!(list(&[banned()]).banned().is_some());
    for name in ["Banned", "banned ", "", "blocked"] {
        assert_eq!(list(&[Role::new(1, name)]).banned(), None);
    }
    assert_eq!(list(&[Role::new(2, "banned")]).banned(), None);
}

#[test]
fn a_sound_list_has_no_findings() {
    assert_eq!(list(&[Role::new(0, "none"), banned(), Role::new(2, "user").changing(0, &[2])]).check(), []);
}

#[test]
fn every_contradiction_is_found() {
    let findings = |roles: &[Role]| list(roles).check();
    let role = RoleIndex(2);
    assert_eq!(findings(&[Role::new(1, "blocked")]), [RolesFinding::RoleOneNotBanned]);
    assert_eq!(findings(&[banned(), Role::new(2, "banned")]), [RolesFinding::BannedElsewhere { role }]);
    assert_eq!(findings(&[Role::new(1, "banned")]), [RolesFinding::BannedWithRights]);
    assert_eq!(findings(&[banned().with([Cap::CAN_KICK])]), [RolesFinding::BannedWithRights]);
    let judge = Role::new(2, "judge").with([Cap::CAN_BAN, Cap::CAN_UNBAN]);
    let capabilities = [Cap::CAN_BAN, Cap::CAN_UNBAN];
    assert_eq!(
        findings(std::slice::from_ref(&judge)),
        capabilities.map(|capability| RolesFinding::NoBannedRole { role, capability })
    );
    assert_eq!(findings(&[banned(), judge]), []);
    let undefined = |index| RolesFinding::UndefinedRole { role, undefined: RoleIndex(index) };
    assert_eq!(findings(&[Role::new(2, "x").changing(9, &[0, 8, 8])]), [undefined(8), undefined(9)]);
    assert_eq!(
        findings(&[Role::new(2, "x").participants(3, Some(2))]),
        [RolesFinding::MinimumAboveMaximum { role, minimum: 3, maximum: 2 }]
    );
    assert_eq!(
        findings(&[Role::new(2, "x").participants(0, Some(2)).active_participants(3, Some(5))]),
        [RolesFinding::ActiveMinimumAboveMaximum { role, minimum: 3, maximum: 2 }]
    );
    let capability = Cap::CAN_KICK;
    assert_eq!(
        findings(&[Role::new(2, "x").with([capability; 3])]),
        [RolesFinding::CapabilityTwice { role, capability }]
    );
    assert_eq!(RolesFinding::RoleOneNotBanned.section(), "draft-ietf-mimi-room-policy-03 section 8.1.3");
}

prop_compose! {
    fn any_role()(
        index in 0u32..6,
        name in ".{0,8}",
        capabilities in prop::collection::vec(any::<u16>(), 0..6),
        figures in any::<(u32, Option<u32>, u32, Option<u32>)>(),
        changes in prop::collection::vec((0u32..6, prop::collection::vec(0u32..6, 0..4)), 0..4),
    ) -> Role {
        let mut role = Role::new(index, name)
            .with(capabilities.into_iter().map(CapabilityType).filter(|c| index == 0 || *c != Cap::CAN_OPEN_JOIN))
            .participants(figures.0, figures.1)
            .active_participants(figures.2, figures.3);
        for (from, targets) in changes {
            role = role.changing(from, &targets);
        }
        role
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_that_can_be_built_is_read_back_and_one_that_cannot_is_not_read(
        roles in prop::collection::vec(any_role(), 0..4),
    ) {
        let mut bytes = Vec::new();
        codec::put_list(&mut bytes, &roles).unwrap();
        match RolesList::new(roles) {
            Ok(list) => {
                prop_assert_eq!(&list.to_bytes().unwrap(), &bytes);
                prop_assert_eq!(RolesList::from_bytes(&bytes), Ok(list));
            }
            Err(_) => prop_assert_eq!(RolesList::from_bytes(&bytes).unwrap_err().rule(), &ROLE_TWICE),
        }
    }
}
