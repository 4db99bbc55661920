//! What others learn, and what bots may do.

use std::collections::BTreeSet;

use mimi_arch::RoleIndex;

use super::powers::powers;
use super::{Report, called};
use crate::asset::{DownloadPrivacyType, host_of};
use crate::capability::CapabilityType as C;
use crate::optionality::Optionality;
use crate::policy::RoomPolicy;

const PREVIEWS: &str = "draft-ietf-mimi-room-policy-03 section 6.3";
const ASSETS: &str = "draft-ietf-mimi-room-policy-03 section 6.4";
const LOGGING: &str = "draft-ietf-mimi-room-policy-03 section 6.5";
const HISTORY: &str = "draft-ietf-mimi-room-policy-03 section 6.6";
const BOTS: &str = "draft-ietf-mimi-room-policy-03 section 6.7";

pub(super) fn lint(policy: &RoomPolicy, report: &mut Report) {
    logging(policy, report);
    downloads(policy, report);
    previews(policy, report);
    history(policy, report);
    bots(policy, report);
    if policy.status_notifications.is_some_and(|status| status.read_receipts == Optionality::Required) {
        let section = "draft-ietf-mimi-room-policy-03 section 6.1";
        report.hint("read-receipts-required", section, "everyone has to tell the others what they have read");
    }
    if policy.operational.as_ref().is_some_and(|it| it.app_message_policy.pad_to_size < 2) {
        let section = "draft-ietf-mimi-room-policy-03 section 7.1";
        report.hint("no-padding", section, "messages are not padded, so their length tells something about them");
    }
}

fn logging(policy: &RoomPolicy, report: &mut Report) {
    let Some(logging) = &policy.logging else { return };
    let Some(terms) = logging.logging.terms() else { return };
    if !logging.is_active() {
        report.hint(
            "logging-possible",
            LOGGING,
            "logging is optional and nobody logs; whoever changes the policy can start it",
        );
        return;
    }
    report.hint("logging-active", LOGGING, format!("what is said is logged by {}", logging.logging_clients().len()));
    if terms.human_readable_policy.is_none() {
        report.dangerous(
            "logging-without-notice",
            LOGGING,
            "what is said is logged, and nothing for people explains it",
        );
    }
    // req: RP03-6.5-04
    let mut hosts = BTreeSet::new();
    let twice = terms.logging_clients.iter().filter_map(host_of).find(|host| !hosts.insert(host.to_ascii_lowercase()));
    if let Some(host) = twice {
        report.hint("several-loggers", LOGGING, format!("{host} has more than one logging client"));
    }
}

fn downloads(policy: &RoomPolicy, report: &mut Report) {
    let Some(privacy) = policy.assets.as_ref().map(|assets| &assets.download_privacy) else { return };
    if privacy.default_download_type == DownloadPrivacyType::Direct {
        let sentence = "assets are downloaded directly by default, so whoever hosts one learns who looks at it";
        report.dangerous("download-direct", ASSETS, sentence);
    } else if privacy.permits(DownloadPrivacyType::Direct) {
        let sentence = "assets may be downloaded directly, so whoever hosts one can learn who looks at it";
        report.hint("download-direct", ASSETS, sentence);
    }
}

fn previews(policy: &RoomPolicy, report: &mut Report) {
    let Some(previews) = policy.link_preview.as_ref().filter(|it| it.link_preview_proxy.is_forbidden()) else { return };
    let sentence = "receivers make link previews without a proxy, so whoever sends a link learns where they are";
    match previews.automatic_link_previews {
        Optionality::Required => report.dangerous("previews-reveal", PREVIEWS, sentence),
        Optionality::Optional => report.hint("previews-reveal", PREVIEWS, sentence),
        Optionality::Forbidden => {}
    }
}

fn history(policy: &RoomPolicy, report: &mut Report) {
    let automatic = policy.history.as_ref().is_some_and(|history| history.automatically_share());
    let outsiders = policy.roles.as_ref().and_then(|roles| roles.get(RoleIndex::NON_PARTICIPANT));
    if automatic && outsiders.is_some_and(|role| role.has(C::CAN_OPEN_JOIN)) {
        let sentence = "anyone can join, and history is shared with newcomers automatically";
        report.dangerous("history-for-strangers", HISTORY, sentence);
    }
}

fn bots(policy: &RoomPolicy, report: &mut Report) {
    let Some(bots) = &policy.bots else { return };
    for bot in &bots.allowed_bots {
        let name: String = bot.name.chars().take(60).collect();
        let role = policy.roles.as_ref().and_then(|roles| roles.get(bot.bot_role_index));
        if let Some(role) = role.filter(|role| role.role_index != RoleIndex::NON_PARTICIPANT) {
            let powers: Vec<String> = powers(role).map(|power| power.to_string()).collect();
            if !powers.is_empty() {
                let sentence = format!("the bot {name:?} acts as {}, with {}", called(role), powers.join(", "));
                report.dangerous("bot-with-power", BOTS, sentence);
            }
        }
        if bot.can_target_message_in_group || bot.per_user_content {
            let sentence = format!("the bot {name:?} may say different things to different users");
            report.hint("bot-says-different-things", BOTS, sentence);
        }
    }
}
