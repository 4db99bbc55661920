#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::RoleIndex;
use mimi_arch::testing::laws;

use super::*;
use crate::capability::CapabilityType as C;
use crate::roles::RolesList;

fn providers() -> Vec<Domain> {
    vec!["b.example".parse().unwrap(), "a.example".parse().unwrap()]
}

fn parent() -> Uri {
    Uri::new("mimi://hub.example/r/parent").unwrap()
}

fn every_policy() -> Vec<(&'static str, RoomPolicy)> {
    let kinds = RoomKind::ALL.map(|kind| (kind.name(), kind.policy(&providers(), Some(&parent())).unwrap()));
    let sets = RoleSet::ALL.map(|set| (set.name(), with_roles(set.roles(), &providers())));
    kinds.into_iter().chain(sets).collect()
}

#[test]
fn every_policy_passes_its_own_check() {
    for (name, policy) in every_policy() {
        assert_eq!(policy.check(), [], "{name}");
        assert_eq!(policy.check_for(&"hub.example".parse().unwrap()), [], "{name}");
    }
}

#[test]
fn every_policy_survives_writing_and_reading() {
    for (name, policy) in every_policy() {
        let written = policy.components().unwrap();
        let read = RoomPolicy::from_components(written.iter().map(|(id, data)| (*id, data.as_slice())));
        assert_eq!(read, Ok(policy), "{name}");
    }
}

#[test]
fn the_role_sets_keep_the_laws_and_have_as_many_roles_as_in_the_draft() {
    for (set, count) in RoleSet::ALL.into_iter().zip([6, 6, 8, 10]) {
        let roles = set.roles();
        assert_eq!(roles.roles().len(), count, "{}", set.name());
        assert!(roles.banned().is_some());
        laws(roles.roles().last().unwrap());
    }
}

fn capabilities(roles: &RolesList, index: u32) -> Vec<C> {
    roles.get(RoleIndex(index)).unwrap().role_capabilities.clone()
}

/// Figures counted in the text of the appendix, not in our lists.
#[test]
fn each_role_has_as_many_capabilities_as_its_list_in_the_draft() {
    // 37 of an ordinary user; of the administrator's nine more, two are not in the registry.
    let counted: [(RoleSet, &[usize]); 4] = [
        (RoleSet::Cooperative, &[0, 0, 37, 44, 47, 9]),
        (RoleSet::Strict, &[1, 0, 31, 48, 53, 9]),
        (RoleSet::Moderated, &[1, 0, 10, 20, 30, 46, 52, 9]),
        (RoleSet::MultiOrganization, &[0, 0, 24, 22, 22, 35, 33, 33, 50, 9]),
    ];
    for (set, counts) in counted {
        let found: Vec<usize> = set.roles().roles().iter().map(|role| role.role_capabilities.len()).collect();
        assert_eq!(found, counts, "{}", set.name());
    }
}

#[test]
fn administrators_of_an_organization_ban_and_do_not_unban() {
    let roles = multi_organization();
    for index in [5, 6, 7] {
        assert!(capabilities(&roles, index).contains(&C::CAN_BAN));
        assert!(!capabilities(&roles, index).contains(&C::CAN_UNBAN));
    }
    let foreign = [roles.get(RoleIndex(6)).unwrap(), roles.get(RoleIndex(7)).unwrap()];
    for role in foreign {
        assert_eq!(role.maximum_participants_constraint, Some(3));
        assert!(!role.has(C::CAN_JOIN_IF_PREAUTHORIZED));
        // Only users of their own organization.
        assert!(!role.may_change(RoleIndex(2), RoleIndex(0)));
    }
}

#[test]
fn an_enforcer_has_no_client_and_gives_no_rights() {
    for (set, index) in RoleSet::ALL.into_iter().zip([5, 5, 7, 9]) {
        let roles = set.roles();
        let enforcer = roles.get(RoleIndex(index)).unwrap();
        assert_eq!(enforcer.maximum_active_participants_constraint, Some(0));
        let targets = enforcer.authorized_role_changes.iter().flat_map(|entry| &entry.target_role_indexes);
        assert!(targets.copied().all(|target| target.0 <= 1), "{}", set.name());
    }
}

#[test]
fn assets_are_at_the_senders_provider_where_providers_are_known() {
    // req: RP03-6.4-02
    use crate::asset::AssetUploadLocation;
    let location = |providers: &[Domain]| group(providers).assets.unwrap().asset_upload_location;
    assert_eq!(location(&providers()), AssetUploadLocation::LocalProvider);
    assert_eq!(location(&[]), AssetUploadLocation::Unspecified);
}

#[test]
fn a_dependent_room_needs_a_parent() {
    assert_eq!(RoomKind::ParentDependent.policy(&[], None), None);
    let policy = RoomKind::ParentDependent.policy(&[], Some(&parent())).unwrap();
    let elsewhere = policy.check_for(&"other.example".parse().unwrap());
    assert_eq!(elsewhere.len(), 1);
}
