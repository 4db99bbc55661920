#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::uri::Uri;

use super::*;
use crate::logging::{LoggingPolicy, LoggingTerms};
use crate::optionality::Conditional;
use crate::ready_made::{self, RoleSet, RoomKind};
use crate::roles::{Role, RolesList};

/// What a group is refused for by an envelope that lets everything else pass.
fn refused(change: impl FnOnce(&mut PolicyEnvelope)) -> Vec<OutsideEnvelope> {
    let mut envelope = PolicyEnvelope::default();
    change(&mut envelope);
    envelope.check(&ready_made::group(&[])).err().unwrap_or_default()
}

#[test]
fn ready_made_policies_lie_within_the_default_envelope() {
    // req: AR02-4.4-02
    let parent = Uri::new("mimi://a.example/r/x").unwrap();
    for kind in RoomKind::ALL {
        assert_eq!(PolicyEnvelope::default().check(&kind.policy(&[], Some(&parent)).unwrap()), Ok(()), "{kind}");
    }
    for set in RoleSet::ALL {
        assert_eq!(PolicyEnvelope::default().check(&ready_made::with_roles(set.roles(), &[])), Ok(()));
    }
}

#[test]
fn a_policy_needs_base_policy_and_roles() {
    let missing = [ComponentId::ROLES_LIST, ComponentId::BASE_ROOM_POLICY]
        .map(|component_id| OutsideEnvelope::ComponentMissing { component_id });
    assert_eq!(PolicyEnvelope::default().check(&RoomPolicy::default()), Err(missing.to_vec()));
}

#[test]
fn kinds_of_rooms_can_be_excluded() {
    for room_trait in RoomTrait::ALL {
        let has = room_trait.of(ready_made::group(&[]).base.as_ref().unwrap());
        assert_eq!(
            refused(|envelope| {
                envelope.room_traits.insert(room_trait, has);
            }),
            []
        );
        let expected = OutsideEnvelope::RoomTrait { room_trait, wanted: !has };
        assert_eq!(
            refused(|envelope| {
                envelope.room_traits.insert(room_trait, !has);
            }),
            [expected]
        );
    }
}

#[test]
fn limits_have_to_be_there_and_low_enough() {
    let found = refused(|envelope| (envelope.max_users, envelope.max_clients) = (Some(5), Some(6)));
    assert_eq!(found[0].to_string(), "max_users is absent and may be 5 at most");
    assert_eq!(found[1], OutsideEnvelope::Limit { limit: "max_clients", found: None, most: 6 });
    let two = |most| {
        let envelope = PolicyEnvelope { max_users: Some(most), ..PolicyEnvelope::default() };
        envelope.check(&ready_made::direct_message(&[]))
    };
    assert_eq!(two(2), Ok(()));
    assert_eq!(two(1), Err(vec![OutsideEnvelope::Limit { limit: "max_users", found: Some(2), most: 1 }]));
}

#[test]
fn components_can_be_required_and_forbidden() {
    let component_id = ComponentId::JOIN_LINK_POLICY;
    let missing = refused(|envelope| {
        envelope.required_components.insert(component_id);
    });
    assert_eq!(missing, [OutsideEnvelope::ComponentMissing { component_id }]);
    let component_id = ComponentId::BOT_POLICY;
    let forbidden = refused(|envelope| {
        envelope.forbidden_components.insert(component_id);
    });
    assert_eq!(forbidden[0].to_string(), "bot_policy is not accepted");
    let mut policy = ready_made::group(&[]);
    let unknown = ComponentId(0x8000);
    policy.set(unknown, &[]).unwrap();
    let envelope = PolicyEnvelope { unknown_components: false, ..PolicyEnvelope::default() };
    // What the base policy does not list is no policy.
    assert_eq!(envelope.check(&policy), Ok(()));
    policy.base.as_mut().unwrap().policy_component_ids.push(unknown);
    let expected = vec![OutsideEnvelope::ComponentForbidden { component_id: unknown }];
    assert_eq!(envelope.check(&policy), Err(expected));
}

#[test]
fn capabilities_can_be_kept_from_all_roles_or_from_one() {
    let capability = CapabilityType::CAN_DESTROY_ROOM;
    let expected = OutsideEnvelope::Capability { role: RoleIndex(3), capability };
    assert_eq!(
        refused(|envelope| {
            envelope.forbidden_capabilities.insert(capability);
        }),
        std::slice::from_ref(&expected)
    );
    assert_eq!(expected.to_string(), "role 3 must not have canDestroyRoom");
    let only = refused(|envelope| {
        envelope.allowed_capabilities.insert(RoleIndex(2), BTreeSet::new());
    });
    assert!(only.len() > 30);
    let strangers = Role::new(0, "").with([CapabilityType::CAN_KICK, CapabilityType::CAN_KICK]);
    let policy = RoomPolicy { roles: Some(RolesList::new(vec![strangers]).unwrap()), ..ready_made::group(&[]) };
    let expected = OutsideEnvelope::Capability { role: RoleIndex(0), capability: CapabilityType::CAN_KICK };
    assert_eq!(PolicyEnvelope::default().check(&policy), Err(vec![expected]));
}

#[test]
fn settings_have_accepted_values() {
    let group = ready_made::group(&[]);
    for setting in Setting::ALL {
        let value = setting.of(&group).unwrap();
        assert_eq!(
            refused(|envelope| {
                envelope.settings.insert(setting, BTreeSet::from([value]));
            }),
            []
        );
        let others = Optionality::ALL.into_iter().filter(|other| *other != value).collect();
        let expected = OutsideEnvelope::Setting { setting, found: Some(value) };
        assert_eq!(
            refused(|envelope| {
                envelope.settings.insert(setting, others);
            }),
            [expected]
        );
    }
    let settings = BTreeMap::from([(Setting::Logging, Optionality::ALL.into())]);
    let envelope = PolicyEnvelope { settings, ..PolicyEnvelope::default() };
    let outside = envelope.check(&RoomPolicy { logging: None, ..group }).unwrap_err();
    assert_eq!(outside[0].to_string(), "logging must not be missing");
}

#[test]
fn logging_can_be_asked_for() {
    let envelope = PolicyEnvelope { logging_active: true, ..PolicyEnvelope::default() };
    let group = ready_made::group(&[]);
    assert_eq!(envelope.check(&group), Err(vec![OutsideEnvelope::NotLogged]));
    let terms = LoggingTerms { logging_clients: vec![Uri::new("m:l").unwrap()], ..LoggingTerms::default() };
    let logged = LoggingPolicy { logging: Conditional::Required(terms) };
    assert_eq!(envelope.check(&RoomPolicy { logging: Some(logged), ..group }), Ok(()));
}

#[test]
fn assets_go_and_come_as_the_hub_accepts() {
    let location = AssetUploadLocation::Unspecified;
    let elsewhere = refused(|envelope| {
        envelope.upload_locations.remove(&location);
    });
    assert_eq!(elsewhere, [OutsideEnvelope::UploadLocation { location }]);
    let way = DownloadPrivacyType::HubProxy;
    assert_eq!(
        refused(|envelope| {
            envelope.download_types.remove(&way);
        }),
        [OutsideEnvelope::Download { way }]
    );
    let mut direct = ready_made::group(&[]);
    let privacy = &mut direct.assets.as_mut().unwrap().download_privacy;
    privacy.forbidden_download_types.clear();
    privacy.allowed_download_types.push(DownloadPrivacyType::Direct);
    let expected = vec![OutsideEnvelope::Download { way: DownloadPrivacyType::Direct }];
    assert_eq!(PolicyEnvelope::default().check(&direct), Err(expected));
    let size =
        refused(|envelope| envelope.max_asset = BTreeMap::from([(AssetKind::Image, 1), (AssetKind::Video, 1 << 40)]));
    assert_eq!(size, [OutsideEnvelope::AssetSize { kind: AssetKind::Image, found: 16 << 20, most: 1 }]);
}

#[test]
fn history_and_bots_have_limits() {
    let found = 7 * 86_400;
    assert_eq!(refused(|envelope| envelope.max_history = Some(found)), []);
    let too_far = refused(|envelope| envelope.max_history = Some(found - 1));
    assert_eq!(too_far, [OutsideEnvelope::History { found, most: found - 1 }]);
    assert_eq!(refused(|envelope| envelope.max_bots = Some(0)), []);
    assert_eq!(OutsideEnvelope::NotLogged.section(), "draft-ietf-mimi-arch-02 section 4.4");
}
