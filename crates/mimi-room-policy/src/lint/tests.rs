#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use mimi_arch::mls::{ComponentId, CredentialType};
use mimi_arch::uri::Uri;

use super::*;
use crate::asset::{AssetUploadLocation, DownloadPrivacy, DownloadPrivacyType};
use crate::bot::{Bot, BotPolicy};
use crate::capability::CapabilityType as C;
use crate::chat_history::{HistoryPolicy, HistoryTerms};
use crate::join_link::{JoinLink, JoinLinkPolicy, JoinLinks};
use crate::logging::{LoggingPolicy, LoggingTerms};
use crate::message_expiration::{ExpirationTerms, MessageExpiration};
use crate::optionality::{Conditional, Optionality};
use crate::preauth::{Claim, PreAuthRoleEntry, PreauthList};
use crate::ready_made::{self, RoleSet, RoomKind};
use crate::roles::RolesList;
use crate::status_notification::StatusNotificationPolicy;

fn group() -> RoomPolicy {
    ready_made::group(&["a.example".parse().unwrap()])
}

fn roles(policy: &mut RoomPolicy, change: impl FnOnce(&mut Vec<Role>)) {
    let mut roles = policy.roles.take().unwrap().roles().to_vec();
    change(&mut roles);
    policy.roles = Some(RolesList::new(roles).unwrap());
}

fn preauthorized(policy: &mut RoomPolicy, entries: &[(&[Claim], u32)]) {
    let roles = policy.roles.clone().unwrap();
    let entry = |(claimset, role): &(&[Claim], u32)| PreAuthRoleEntry {
        claimset: claimset.to_vec(),
        target_role: roles.get(RoleIndex(*role)).unwrap().clone(),
    };
    policy.preauth = Some(PreauthList { preauthorized_entries: entries.iter().map(entry).collect() });
}

/// What is found in a group with one thing changed, beyond what is found without the change.
fn found(change: impl FnOnce(&mut RoomPolicy)) -> BTreeSet<(Severity, &'static str)> {
    let codes = |policy: &RoomPolicy| -> BTreeSet<_> {
        lint(policy).into_iter().map(|finding| (finding.severity, finding.code)).collect()
    };
    let mut policy = group();
    let before = codes(&policy);
    change(&mut policy);
    codes(&policy).difference(&before).copied().collect()
}

macro_rules! finds {
    ([$($severity:ident $code:literal),*], $change:expr) => {
        assert_eq!(found($change), BTreeSet::from([$((Severity::$severity, $code)),*]));
    };
}

#[test]
fn ready_made_policies_have_nothing_serious() {
    let providers = ["a.example".parse().unwrap()];
    let parent = Uri::new("mimi://a.example/r/x").unwrap();
    for kind in RoomKind::ALL {
        let findings = lint(&kind.policy(&providers, Some(&parent)).unwrap());
        let worse: Vec<_> = findings.iter().filter(|finding| finding.severity != Severity::Hint).collect();
        assert!(worse.is_empty(), "{kind}: {worse:?}");
    }
}

#[test]
fn the_examples_of_the_draft_have_these_unreachable_parts_and_nothing_serious() {
    let unreachable = |set: RoleSet| -> Vec<String> {
        let findings = lint(&ready_made::with_roles(set.roles(), &["a.example".parse().unwrap()]));
        assert!(findings.iter().all(|finding| !finding.severity.is_serious()), "{findings:?}");
        let unreachable = findings.into_iter().filter(|finding| finding.severity == Severity::Unreachable);
        unreachable.map(|finding| finding.sentence).collect()
    };
    assert_eq!(
        unreachable(RoleSet::Cooperative),
        [
            "role 5 \"policy_enforcer\" has canUnBan and no transition from 1 to another role, so it can never use it",
            "nobody can get role 5 \"policy_enforcer\" after the room was created",
        ]
    );
    assert!(
        unreachable(RoleSet::Moderated)
            .contains(&"role 3 \"attendee\" has canJoinIfPreauthorized, and no preauthorization is for it".to_owned())
    );
}

#[test]
fn contradictions_come_first_and_name_their_section() {
    let mut policy = group();
    policy.base.as_mut().unwrap().fixed_membership = true;
    let findings = lint(&policy);
    assert!(findings.is_sorted_by_key(|finding| finding.severity));
    assert_eq!(
        findings[0].to_string(),
        "contradiction: the membership is fixed, and role 2 has canAddParticipant [fixed-membership-adds] \
         (draft-ietf-mimi-room-policy-03 section 5)"
    );
    assert!(findings.iter().any(|finding| finding.code == "fixed-membership-moves"));
}

#[test]
fn a_role_that_nobody_can_get_is_unreachable() {
    finds!([Unreachable "role-unreachable"], |policy| roles(policy, |roles| roles.push(Role::new(7, "ghost"))));
    finds!([Unreachable "role-unreachable", Unreachable "role-for-nobody"], |policy| {
        roles(policy, |roles| roles.push(Role::new(7, "ghost").participants(0, Some(0))));
    });
}

#[test]
fn capabilities_need_transitions_and_transitions_capabilities() {
    for capability in [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_REMOVE_SELF,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_BAN,
        C::CAN_UNBAN,
    ] {
        finds!([Unreachable "capability-without-transition"], |policy| roles(policy, |roles| {
            roles[2].role_capabilities = vec![capability];
            roles[2].authorized_role_changes.clear();
        }));
    }
    finds!([Hint "transition-without-capability"], |policy| roles(policy, |roles| {
        roles[2].role_capabilities.retain(|capability| *capability != C::CAN_REMOVE_SELF);
    }));
    finds!([Hint "transition-to-itself"], |policy| roles(policy, |roles| {
        roles[3] = roles[3].clone().changing(2, &[2]);
    }));
}

#[test]
fn nobody_gives_more_than_it_has() {
    finds!([Dangerous "promotes-to-more"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().with([C::CAN_CHANGE_USER_ROLE]).changing(2, &[3]);
    }));
    finds!([Dangerous "promotes-to-more"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().changing(0, &[3]);
    }));
    finds!([Dangerous "joins-with-power"], |policy| roles(policy, |roles| {
        roles[0] = roles[0].clone().with([C::CAN_USE_JOIN_CODE]).changing(0, &[3]);
    }));
    // The transition alone is none without the capability.
    finds!([Hint "transition-without-capability"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().changing(2, &[3]);
    }));
}

#[test]
fn strangers_have_no_power() {
    finds!([Dangerous "outsiders-with-power"], |policy| roles(policy, |roles| {
        roles[0] = roles[0].clone().with([C::CAN_KICK]);
    }));
    finds!([Unreachable "preauthorized-join-on-role-zero"], |policy| roles(policy, |roles| {
        roles[0] = roles[0].clone().with([C::CAN_JOIN_IF_PREAUTHORIZED]);
    }));
    finds!([Unreachable "join-code-inside"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().with([C::CAN_USE_JOIN_CODE]);
    }));
}

#[test]
fn a_troublemaker_can_be_removed_or_banned() {
    finds!([Dangerous "troublemaker-stays"], |policy| roles(policy, |roles| {
        roles[3].authorized_role_changes.retain(|entry| entry.from_role_index != RoleIndex(2));
    }));
    // A ban is enough, and so is a removal.
    for target in [0, 1] {
        finds!([], |policy| roles(policy, |roles| {
            roles[3].authorized_role_changes.retain(|entry| entry.from_role_index != RoleIndex(2));
            roles[3] = roles[3].clone().changing(2, &[target, 3]);
        }));
    }
}

#[test]
fn a_minimum_can_keep_people_in() {
    finds!([Unreachable "leaving-impossible"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().participants(3, Some(3));
    }));
    assert!(lint(&group()).iter().any(|finding| finding.code == "leaving-limited"));
}

#[test]
fn an_open_room_can_ban() {
    let open = |roles: &mut Vec<Role>| roles[0] = roles[0].clone().with([C::CAN_OPEN_JOIN]).changing(0, &[2]);
    finds!([Hint "open-join-without-limit", Hint "open-join-and-adding"], |policy| roles(policy, open));
    finds!([Dangerous "open-join-without-ban", Hint "open-join-without-limit", Hint "open-join-and-adding",
        Hint "transition-without-capability"], |policy| {
        roles(policy, |roles| {
            open(roles);
            roles[3].role_capabilities.retain(|capability| ![C::CAN_BAN, C::CAN_UNBAN, C::CAN_CHANGE_USER_ROLE].contains(capability));
            roles.remove(1);
            roles[2].authorized_role_changes.remove(1);
            for entry in &mut roles[2].authorized_role_changes {
                entry.target_role_indexes.retain(|target| *target != RoleIndex(1));
            }
        });
    });
}

#[test]
fn reserved_private_and_unknown_capabilities_are_told() {
    for (capability, code) in
        [(C::CAN_KNOCK, "capability-reserved"), (C(0xF000), "capability-private"), (C(0x7777), "capability-unknown")]
    {
        let codes = found(|policy| roles(policy, |roles| roles[2] = roles[2].clone().with([capability])));
        assert_eq!(codes, BTreeSet::from([(Severity::Hint, code)]));
    }
    let unbanning = found(|policy| {
        roles(policy, |roles| {
            roles.remove(1);
        });
    });
    assert!(unbanning.contains(&(Severity::Contradiction, "roles-contradictory")));
}

#[test]
fn a_preauthorization_behind_a_wider_one_never_counts() {
    // req: RP03-4-07
    let claim = |value: &str| Claim::new(CredentialType::X509, "org", value);
    let joining = |policy: &mut RoomPolicy| {
        roles(policy, |roles| roles[2] = roles[2].clone().with([C::CAN_JOIN_IF_PREAUTHORIZED]));
    };
    finds!([Unreachable "preauth-covered"], |policy| {
        joining(policy);
        preauthorized(policy, &[(&[claim("a")], 2), (&[claim("b"), claim("a")], 2)]);
    });
    finds!([], |policy| {
        joining(policy);
        preauthorized(policy, &[(&[claim("b"), claim("a")], 2), (&[claim("a")], 2)]);
    });
    finds!([Hint "preauth-for-everyone"], |policy| {
        roles(policy, |roles| {
            roles[2] = roles[2].clone().with([C::CAN_JOIN_IF_PREAUTHORIZED]);
            roles[2].role_capabilities.retain(|capability| *capability != C::CAN_ADD_PARTICIPANT);
            roles[2].authorized_role_changes.remove(0);
        });
        preauthorized(policy, &[(&[], 2)]);
    });
    finds!([Dangerous "preauth-for-everyone"], |policy| {
        roles(policy, |roles| roles[3] = roles[3].clone().with([C::CAN_JOIN_IF_PREAUTHORIZED]));
        preauthorized(policy, &[(&[], 3)]);
    });
    finds!([Hint "preauth-without-join"], |policy| preauthorized(policy, &[(&[claim("a")], 3)]));
    finds!([Unreachable "preauth-missing"], joining);
    finds!([Unreachable "own-role-unchangeable"], |policy| roles(policy, |roles| {
        roles[2] = roles[2].clone().with([C::CAN_CHANGE_OWN_ROLE]);
    }));
}

#[test]
fn ways_in_fit_together() {
    finds!([Unreachable "join-links-unusable"], |policy| {
        policy.join_links = Some(JoinLinks { links: vec![JoinLink::new("x").unwrap()] });
    });
    finds!([Contradiction "component-not-listed", Unreachable "join-links-expired"], |policy| {
        policy.join_link_policy = Some(JoinLinkPolicy { on_request: true, join_link: None, multiuser: false, expiration: 0 });
    });
    finds!([Hint "found-and-closed"], |policy| policy.base.as_mut().unwrap().discoverable = true);
    finds!([Hint "fewer-clients-than-users"], |policy| {
        let base = policy.base.as_mut().unwrap();
        (base.max_users, base.max_clients) = (Some(9), Some(8));
    });
    finds!([Unreachable "room-for-nobody"], |policy| policy.base.as_mut().unwrap().max_clients = Some(0));
    finds!([Unreachable "external-join-forbidden"], |policy| {
        let operational = policy.operational.as_mut().unwrap();
        (operational.external_commit_allowed, operational.external_proposal_allowed) = (false, false);
        roles(policy, |roles| roles[0] = roles[0].clone().with([C::CAN_USE_JOIN_CODE]).changing(0, &[2]));
    });
}

#[test]
fn silence_and_frozen_rules_are_told() {
    let without = |capability: C| {
        found(move |policy| {
            roles(policy, |roles| {
                roles.iter_mut().for_each(|role| role.role_capabilities.retain(|held| *held != capability));
            });
        })
    };
    let silent = [(Severity::Unreachable, "message-without-sending"), (Severity::Unreachable, "nobody-sends")];
    assert_eq!(without(C::CAN_SEND_MESSAGE), BTreeSet::from(silent));
    assert_eq!(without(C::CAN_RECEIVE_MESSAGE), BTreeSet::from([(Severity::Unreachable, "nobody-receives")]));
    assert_eq!(without(C::CAN_CHANGE_ROLE_DEFINITIONS), BTreeSet::from([(Severity::Hint, "roles-for-ever")]));
    finds!([Unreachable "message-without-sending"], |policy| roles(policy, |roles| {
        roles[3].role_capabilities.retain(|held| *held != C::CAN_SEND_MESSAGE);
    }));
    finds!([Unreachable "capability-without-client"], |policy| roles(policy, |roles| {
        roles[3] = roles[3].clone().active_participants(0, Some(0));
    }));
}

#[test]
fn logging_is_announced() {
    // req: RP03-6.5-04
    let logging = |clients: &'static [&str], explained: bool| {
        found(move |policy| {
            let terms = LoggingTerms {
                logging_clients: clients.iter().map(|uri| Uri::new(*uri).unwrap()).collect(),
                machine_readable_policy: None,
                human_readable_policy: explained.then(|| Uri::new("https://a.example/logging").unwrap()),
            };
            policy.logging = Some(LoggingPolicy { logging: Conditional::Optional(terms) });
        })
    };
    let (hint, dangerous) = (Severity::Hint, Severity::Dangerous);
    assert_eq!(logging(&[], true), BTreeSet::from([(hint, "logging-possible")]));
    assert_eq!(logging(&["mimi://a.example/d/l"], true), BTreeSet::from([(hint, "logging-active")]));
    let unexplained = logging(&["mimi://a.example/d/l"], false);
    assert_eq!(unexplained, BTreeSet::from([(hint, "logging-active"), (dangerous, "logging-without-notice")]));
    let twice = logging(&["mimi://a.example/d/l", "mimi://a.example/d/m"], true);
    assert_eq!(twice, BTreeSet::from([(hint, "logging-active"), (hint, "several-loggers")]));
}

#[test]
fn what_tells_others_where_one_is_is_told() {
    let direct = |default| {
        move |policy: &mut RoomPolicy| {
            policy.assets.as_mut().unwrap().download_privacy = DownloadPrivacy {
                allowed_download_types: DownloadPrivacyType::ALL.to_vec(),
                forbidden_download_types: vec![],
                default_download_type: default,
            };
        }
    };
    finds!([Hint "download-direct"], direct(DownloadPrivacyType::Ohttp));
    finds!([Dangerous "download-direct"], direct(DownloadPrivacyType::Direct));
    let automatic = |optionality| {
        move |policy: &mut RoomPolicy| policy.link_preview.as_mut().unwrap().automatic_link_previews = optionality
    };
    finds!([Hint "previews-reveal"], automatic(Optionality::Optional));
    finds!([Dangerous "previews-reveal"], automatic(Optionality::Required));
    finds!([Hint "read-receipts-required"], |policy| {
        policy.status_notifications = Some(StatusNotificationPolicy {
            delivery_notifications: Optionality::Required,
            read_receipts: Optionality::Required,
        });
    });
    finds!([Hint "no-padding"], |policy| policy.operational.as_mut().unwrap().app_message_policy.pad_to_size = 1);
}

#[test]
fn history_goes_somewhere_and_not_to_strangers() {
    let history = |roles: &'static [u32], automatically_share, max_time_period| {
        let roles_that_can_share = roles.iter().copied().map(RoleIndex).collect();
        let terms = HistoryTerms { roles_that_can_share, automatically_share, max_time_period };
        Some(HistoryPolicy { history_sharing: Conditional::Required(terms) })
    };
    finds!([Unreachable "history-by-nobody"], |policy| policy.history = history(&[], false, 1));
    finds!([Unreachable "history-of-nothing"], |policy| policy.history = history(&[2], false, 0));
    let mut open = ready_made::open_community(&[]);
    open.history = history(&[2], true, 60);
    let strangers = lint(&open).into_iter().find(|finding| finding.code == "history-for-strangers").unwrap();
    assert_eq!(strangers.severity, Severity::Dangerous);
}

#[test]
fn files_can_be_put_somewhere() {
    finds!([Hint "upload-anywhere"], |policy| {
        policy.assets.as_mut().unwrap().asset_upload_location = AssetUploadLocation::Unspecified;
    });
    finds!([Unreachable "upload-nowhere"], |policy| policy.assets.as_mut().unwrap().upload_domains.clear());
    finds!([Unreachable "upload-of-nothing"], |policy| policy.assets.as_mut().unwrap().max_video = 0);
    finds!([Unreachable "no-media-type"], |policy| policy.assets.as_mut().unwrap().permitted_media_types = Some(vec![]));
    finds!([Unreachable "media-type-forbidden"], |policy| {
        let assets = policy.assets.as_mut().unwrap();
        assets.forbidden_media_types = vec!["a/b".parse().unwrap()];
        assets.permitted_media_types = Some(vec!["a/b;c=d".parse().unwrap()]);
    });
    finds!([Unreachable "previews-unsendable"], |policy| {
        policy.link_preview.as_mut().unwrap().send_link_previews = Optionality::Required;
        roles(policy, |roles| {
            let send = C::CAN_SEND_LINK_PREVIEW;
            roles.iter_mut().for_each(|role| role.role_capabilities.retain(|held| *held != send));
        });
    });
}

#[test]
fn messages_last_for_a_while() {
    let lasting = |required: bool, longest| {
        let terms = ExpirationTerms {
            min_expiration_duration: 0,
            max_expiration_duration: longest,
            default_expiration_duration: None,
        };
        let expiring_messages = if required { Conditional::Required(terms) } else { Conditional::Optional(terms) };
        Some(MessageExpiration { expiring_messages })
    };
    finds!([Unreachable "expires-at-once"], |policy| policy.expiration = lasting(false, 0));
    finds!([Hint "expires-at-once"], |policy| policy.expiration = lasting(true, 9));
    finds!([], |policy| policy.expiration = lasting(false, 9));
}

#[test]
fn bots_with_power_are_told() {
    let bot = |role, per_user_content| {
        let bot = Bot {
            name: "b".to_owned(),
            description: String::new(),
            homepage: None,
            local_client_bot: false,
            bot_role_index: RoleIndex(role),
            can_target_message_in_group: false,
            per_user_content,
        };
        Some(BotPolicy { allowed_bots: vec![bot] })
    };
    finds!([Dangerous "bot-with-power"], |policy| policy.bots = bot(3, false));
    finds!([Hint "bot-says-different-things"], |policy| policy.bots = bot(0, true));
}

#[test]
fn components_that_were_not_looked_at_are_told() {
    finds!([Hint "component-unknown"], |policy| {
        let unknown = ComponentId(0x8000);
        policy.set(unknown, &[1]).unwrap();
        policy.base.as_mut().unwrap().policy_component_ids.push(unknown);
    });
}

#[test]
fn long_names_are_cut() {
    let long = Role::new(7, "x".repeat(1000));
    assert!(called(&long).len() < 80);
    assert_eq!(called(&Role::new(7, "")), "role 7");
}
