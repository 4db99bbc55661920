//! Roles and preauthorized users (draft-ietf-mimi-room-policy-03 sections 3 and 4).

use mimi_arch::RoleIndex;
use mimi_room_policy::capability::CapabilityType;
use mimi_room_policy::preauth::{Claim, PreAuthRoleEntry, PreauthList};
use mimi_room_policy::roles::{Role, RolesList, SingleSourceRoleChangeTargets};

use super::super::{names, tree::Tree};

fn capability(value: u64) -> &'static str {
    u16::try_from(value).ok().and_then(|value| CapabilityType(value).name()).unwrap_or_default()
}

/// Indices of roles.
pub(super) fn indices(indices: &[RoleIndex]) -> Tree {
    Tree::Numbers { values: indices.iter().map(|index| index.0.into()).collect(), name: names::nameless }
}

pub(super) fn roles(list: &RolesList) -> Tree {
    Tree::fields([("roles", Tree::list(list.roles(), role))])
}

pub(super) fn role(role: &Role) -> Tree {
    let capabilities = role.role_capabilities.iter().map(|capability| capability.0.into()).collect();
    Tree::fields([
        ("role_index", Tree::number(role.role_index.0)),
        ("role_name", Tree::text(role.role_name.as_str())),
        ("role_description", Tree::text(role.role_description.as_str())),
        ("role_capabilities", Tree::Numbers { values: capabilities, name: capability }),
        ("minimum_participants_constraint", Tree::number(role.minimum_participants_constraint)),
        ("maximum_participants_constraint", Tree::optional(role.maximum_participants_constraint, Tree::number)),
        ("minimum_active_participants_constraint", Tree::number(role.minimum_active_participants_constraint)),
        (
            "maximum_active_participants_constraint",
            Tree::optional(role.maximum_active_participants_constraint, Tree::number),
        ),
        ("authorized_role_changes", Tree::list(&role.authorized_role_changes, change_targets)),
    ])
}

pub(super) fn change_targets(change: &SingleSourceRoleChangeTargets) -> Tree {
    Tree::fields([
        ("from_role_index", Tree::number(change.from_role_index.0)),
        ("target_role_indexes", indices(&change.target_role_indexes)),
    ])
}

pub(super) fn preauth(list: &PreauthList) -> Tree {
    Tree::fields([("preauthorized_entries", Tree::list(&list.preauthorized_entries, preauth_entry))])
}

pub(super) fn preauth_entry(entry: &PreAuthRoleEntry) -> Tree {
    Tree::fields([("claimset", Tree::list(&entry.claimset, claim)), ("target_role", role(&entry.target_role))])
}

fn claim(claim: &Claim) -> Tree {
    let id = &claim.claim_id;
    Tree::fields([
        (
            "claim_id",
            Tree::fields([
                ("credential_type", Tree::named(id.credential_type.0, names::credential_type)),
                ("id", Tree::octets(id.id.as_slice())),
            ]),
        ),
        ("claim_value", Tree::octets(claim.claim_value.as_slice())),
    ])
}
