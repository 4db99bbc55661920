#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::mls::ProtocolVersion;
use mimi_arch::uri::Uri;

use super::*;
use crate::base_room_policy::BaseRoomPolicy;
use crate::bot::{Bot, BotPolicy};
use crate::chat_history::{HistoryPolicy, HistoryTerms};
use crate::join_link::{JoinLink, JoinLinkPolicy, JoinLinks};
use crate::optionality::Conditional;
use crate::preauth::{PreAuthRoleEntry, PreauthList};
use crate::ready_made;

/// A sound policy with one thing changed, and what the check says then.
fn changed(change: impl FnOnce(&mut RoomPolicy)) -> Vec<Inconsistency> {
    let mut policy = ready_made::group(&[]);
    change(&mut policy);
    policy.check()
}

fn base(policy: &mut RoomPolicy) -> &mut BaseRoomPolicy {
    policy.base.as_mut().unwrap()
}

fn roles(policy: &mut RoomPolicy, change: impl FnOnce(&mut Vec<Role>)) {
    let mut roles = policy.roles.take().unwrap().roles().to_vec();
    change(&mut roles);
    policy.roles = Some(RolesList::new(roles).unwrap());
}

#[test]
fn a_sound_policy_has_no_inconsistencies() {
    assert_eq!(changed(|_| ()), []);
}

#[test]
fn base_policy_and_roles_have_to_be_there() {
    assert_eq!(RoomPolicy::default().check(), [Inconsistency::RolesMissing, Inconsistency::BaseMissing]);
}

#[test]
fn the_list_of_components_says_what_is_there() {
    // req: RP03-5-24
    let component_id = ComponentId::BOT_POLICY;
    assert_eq!(changed(|policy| policy.bots = None), [Inconsistency::ListedAbsent { component_id }]);
    let unlisted = changed(|policy| base(policy).policy_component_ids.retain(|id| *id != component_id));
    assert_eq!(unlisted, [Inconsistency::NotListed { component_id }]);
    let twice = changed(|policy| base(policy).policy_component_ids.extend([component_id, component_id]));
    assert_eq!(twice, [Inconsistency::ListedTwice { component_id }]);
    // Unknown components may be listed or not; join links too.
    assert_eq!(changed(|policy| policy.set(ComponentId(0x8000), &[]).unwrap()), []);
    assert_eq!(changed(|policy| policy.join_links = Some(JoinLinks::default())), []);
    assert_eq!(changed(|policy| base(policy).policy_component_ids.push(ComponentId::JOIN_LINKS)), []);
}

#[test]
fn nobody_adds_participants_to_a_room_with_fixed_membership() {
    // req: RP03-5-04
    let found = changed(|policy| base(policy).fixed_membership = true);
    let expected = [2, 3].map(|role| Inconsistency::FixedMembershipAdds { role: RoleIndex(role) });
    assert_eq!(found, expected);
}

#[test]
fn an_open_join_has_a_transition_from_zero() {
    // req: RP03-8.1.1-09
    let open = |targets: &'static [u32]| {
        changed(move |policy| {
            roles(policy, |roles| {
                roles[0] = Role::new(0, "").with([CapabilityType::CAN_OPEN_JOIN]).changing(0, targets);
            });
        })
    };
    assert_eq!(open(&[]), [Inconsistency::OpenJoinNowhere]);
    assert_eq!(open(&[0]), [Inconsistency::OpenJoinNowhere]);
    assert_eq!(open(&[2]), []);
}

#[test]
fn minima_of_the_roles_fit_into_the_limits_of_the_room() {
    // req: RP03-5-16, RP03-5-17
    let found = changed(|policy| {
        base(policy).max_users = Some(2);
        base(policy).max_clients = Some(1);
        roles(policy, |roles| {
            roles[2].minimum_participants_constraint = 2;
            roles[2].minimum_active_participants_constraint = 2;
            roles[1].minimum_participants_constraint = 7; // banned users do not count
        });
    });
    let expected = [
        Inconsistency::MinimaAboveMaxUsers { needed: 3, max_users: 2 },
        Inconsistency::MinimaAboveMaxClients { needed: 2, max_clients: 1 },
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_parent_is_a_room_on_the_same_hub() {
    // req: RP03-5-10, RP03-5-11
    let with_parent = |uri: &str| {
        let mut policy = ready_made::group(&[]);
        base(&mut policy).parent_room = Some(Uri::new(uri).unwrap());
        policy.check_for(&"hub.example".parse().unwrap())
    };
    assert_eq!(with_parent("mimi://hub.example/r/x"), []);
    let parent = "other.example".parse().unwrap();
    let expected = Inconsistency::ParentElsewhere { parent, hub: "hub.example".parse().unwrap() };
    assert_eq!(with_parent("mimi://other.example/r/x"), [expected]);
    let uri = "mimi://hub.example/u/x".to_owned();
    assert_eq!(with_parent(&uri), [Inconsistency::ParentIsNoRoom { uri }]);
}

#[test]
fn preauthorizations_lead_to_roles_as_they_are_defined() {
    let preauthorized = |target_role: Role| {
        changed(move |policy| {
            let entry = PreAuthRoleEntry { claimset: vec![], target_role };
            policy.preauth = Some(PreauthList { preauthorized_entries: vec![entry] });
        })
    };
    let member = ready_made::group(&[]).roles.unwrap().get(RoleIndex(2)).unwrap().clone();
    assert_eq!(preauthorized(member.clone()), []);
    let differs = Inconsistency::PreauthRoleDiffers { entry: 0, role: RoleIndex(2) };
    assert_eq!(preauthorized(member.described("x")), [differs]);
    let undefined = Inconsistency::PreauthRoleUndefined { entry: 0, role: RoleIndex(9) };
    assert_eq!(preauthorized(Role::new(9, "x")), [undefined]);
}

#[test]
fn history_is_shared_by_roles_that_exist_and_have_clients() {
    // req: RP03-6.6-04
    let shared_by = |role: u32| {
        changed(move |policy| {
            roles(policy, |roles| roles.push(Role::new(7, "quiet").active_participants(0, Some(0))));
            let terms = HistoryTerms { roles_that_can_share: vec![RoleIndex(role); 2], ..HistoryTerms::default() };
            policy.history = Some(HistoryPolicy { history_sharing: Conditional::Required(terms) });
        })
    };
    assert_eq!(shared_by(2), []);
    assert_eq!(shared_by(7), [Inconsistency::HistoryRoleInactive { role: RoleIndex(7) }]);
    assert_eq!(shared_by(9), [Inconsistency::HistoryRoleUndefined { role: RoleIndex(9) }]);
}

#[test]
fn bots_have_roles_that_exist_and_are_not_banned() {
    // req: RP03-6.7-03
    let bot = |role: u32| {
        changed(move |policy| {
            let bot = Bot {
                name: "b".to_owned(),
                description: String::new(),
                homepage: None,
                local_client_bot: false,
                bot_role_index: RoleIndex(role),
                can_target_message_in_group: false,
                per_user_content: false,
            };
            policy.bots = Some(BotPolicy { allowed_bots: vec![bot] });
        })
    };
    assert_eq!(bot(0), []);
    assert_eq!(bot(2), []);
    assert_eq!(bot(1), [Inconsistency::BotBanned { bot: "b".to_owned() }]);
    assert_eq!(bot(9), [Inconsistency::BotRoleUndefined { bot: "b".to_owned(), role: RoleIndex(9) }]);
}

#[test]
fn links_on_request_come_one_at_a_time() {
    // req: RP03-6.2-01
    let mut policy = ready_made::announcement(&[]);
    policy.join_link_policy = policy.join_link_policy.map(|links| JoinLinkPolicy { on_request: true, ..links });
    policy.join_links = Some(JoinLinks { links: vec![JoinLink::new("a").unwrap(), JoinLink::new("b").unwrap()] });
    assert_eq!(policy.check(), [Inconsistency::JoinLinks(JoinLinksError::SeveralOnRequest { count: 2 })]);
}

#[test]
fn clients_are_not_asked_for_what_is_forbidden_and_handshakes_are_open() {
    // req: RP03-7-02
    let found = changed(|policy| {
        let operational = policy.operational.as_mut().unwrap();
        operational.forbidden_capabilities.versions.push(ProtocolVersion::MLS10);
        operational.handshake_formats.push(WireFormat::PRIVATE_MESSAGE);
    });
    let conflict = CapabilityConflict::Number { of: "version", value: 1 };
    assert_eq!(found, [Inconsistency::MandatoryForbidden(conflict), Inconsistency::HiddenHandshakes]);
}

#[test]
fn what_the_list_of_roles_gets_wrong_is_told() {
    let found = changed(|policy| roles(policy, |roles| roles[1].role_name = "Banned".to_owned()));
    assert_eq!(found[0], Inconsistency::Roles(RolesFinding::RoleOneNotBanned));
    assert_eq!(found[0].section(), "draft-ietf-mimi-room-policy-03 section 8.1.3");
    assert_eq!(found[0].code(), "roles-contradictory");
}
