//! The table of facts itself: for each step the capability, whose role has to have it, from where it is done, and which transition is listed.

/// Whose role has to have the capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The actor's, by the participant list or as an external sender.
    Actor,
    /// Role zero, which everyone has who is not in the list.
    Zero,
    /// Role zero, or else the actor's (IRP-16).
    ZeroOrActor,
    /// The role that the actor is about to take.
    Target,
}

/// From where it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// Anyone who has a role, by the list or by preauthorization.
    Inside,
    /// A user in the list.
    Listed,
    /// A member client.
    Member,
    /// A client that is no member, of a user in the list.
    OutsideListed,
    /// A client that is no member, of a user who is not in the list.
    OutsideUnlisted,
}

/// Which transition the capability consults; for a join code, that its role is valid (IRP-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    None,
    /// From zero to the new role.
    Enter,
    /// From the role of the user it is about to zero.
    Exit,
    /// From the role of the user it is about to the new one.
    Move,
}

/// A line of the table.
pub(crate) struct Fact {
    pub(crate) step: &'static str,
    pub(crate) capability: &'static str,
    pub(crate) holder: Holder,
    pub(crate) from: From,
    pub(crate) transition: Transition,
    pub(crate) section: &'static str,
}

pub(crate) const ADDING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.1";
pub(crate) const REMOVING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.2";
pub(crate) const CHANGES: &str = "draft-ietf-mimi-room-policy-03 section 8.1.3";
pub(crate) const METADATA: &str = "draft-ietf-mimi-room-policy-03 section 8.2";
pub(crate) const MESSAGES: &str = "draft-ietf-mimi-room-policy-03 section 8.3";
pub(crate) const ASSETS: &str = "draft-ietf-mimi-room-policy-03 section 8.4";
pub(crate) const CALLS: &str = "draft-ietf-mimi-room-policy-03 section 8.5";
pub(crate) const DISRUPTIVE: &str = "draft-ietf-mimi-room-policy-03 section 8.6";
pub(crate) const CAPABILITIES: &str = "draft-ietf-mimi-room-policy-03 section 8";
pub(crate) const RESERVED: &str = "draft-ietf-mimi-room-policy-03 section 8.7";
pub(crate) const ROLES: &str = "draft-ietf-mimi-room-policy-03 section 3";
pub(crate) const PREAUTH: &str = "draft-ietf-mimi-room-policy-03 section 4";
pub(crate) const BASE: &str = "draft-ietf-mimi-room-policy-03 section 5";
pub(crate) const LIST: &str = "draft-ietf-mimi-protocol-06 section 7.5";

pub(crate) const fn fact(
    step: &'static str,
    capability: &'static str,
    holder: Holder,
    from: From,
    transition: Transition,
    section: &'static str,
) -> Fact {
    Fact { step, capability, holder, from, transition, section }
}

#[rustfmt::skip]
pub(crate) const TABLE: &[Fact] = &[
    fact("addParticipant",      "canAddParticipant",              Holder::Actor,  From::Inside,          Transition::Enter, ADDING),
    fact("addOwnClient",        "canAddOwnClient",                Holder::Actor,  From::OutsideListed,   Transition::None,  ADDING),
    fact("addOtherOwnClients",  "canAddOwnClient",                Holder::Actor,  From::Member,          Transition::None,  ADDING),
    fact("openJoin",            "canOpenJoin",                    Holder::Zero,   From::OutsideUnlisted, Transition::Enter, ADDING),
    fact("joinPreauthorized",   "canJoinIfPreauthorized",         Holder::Target, From::OutsideUnlisted, Transition::None,  ADDING),
    fact("joinByCode",          "canUseJoinCode",                 Holder::ZeroOrActor,  From::OutsideUnlisted, Transition::Enter, ADDING),
    fact("removeParticipant",   "canRemoveParticipant",           Holder::Actor,  From::Inside,          Transition::Exit,  REMOVING),
    fact("removeOwnClients",    "canRemoveOwnClient",             Holder::Actor,  From::Listed,          Transition::None,  REMOVING),
    fact("leave",               "canRemoveSelf",                  Holder::Actor,  From::Listed,          Transition::Exit,  REMOVING),
    fact("kick",                "canKick",                        Holder::Actor,  From::Inside,          Transition::None,  REMOVING),
    fact("changeRole",          "canChangeUserRole",              Holder::Actor,  From::Inside,          Transition::Move,  CHANGES),
    fact("changeOwnRole",       "canChangeOwnRole",               Holder::Actor,  From::Listed,          Transition::None,  CHANGES),
    fact("ban",                 "canBan",                         Holder::Actor,  From::Inside,          Transition::Move,  CHANGES),
    fact("unban",               "canUnBan",                       Holder::Actor,  From::Inside,          Transition::Move,  CHANGES),
    fact("name",                "canChangeRoomName",              Holder::Actor,  From::Inside,          Transition::None,  METADATA),
    fact("description",         "canChangeRoomDescription",       Holder::Actor,  From::Inside,          Transition::None,  METADATA),
    fact("avatar",              "canChangeRoomAvatar",            Holder::Actor,  From::Inside,          Transition::None,  METADATA),
    fact("subject",             "canChangeRoomSubject",           Holder::Actor,  From::Inside,          Transition::None,  METADATA),
    fact("mood",                "canChangeRoomMood",              Holder::Actor,  From::Inside,          Transition::None,  METADATA),
    fact("updateBasePolicy",    "canChangeRoomMembershipStyle",   Holder::Actor,  From::Inside,          Transition::None,  DISRUPTIVE),
    fact("updateRoles",         "canChangeRoleDefinitions",       Holder::Actor,  From::Inside,          Transition::None,  DISRUPTIVE),
    fact("updatePreauthorized", "canChangePreauthorizedUserList", Holder::Actor,  From::Inside,          Transition::None,  DISRUPTIVE),
    fact("reInit",              "canSendMLSReinitProposal",       Holder::Actor,  From::Inside,          Transition::None,  DISRUPTIVE),
];

/// The capabilities that need no change of the room, with the section: who holds it may.
#[rustfmt::skip]
pub(crate) const EXERCISED: &[(&str, &[&str])] = &[
    (MESSAGES, &["canSendMessage", "canReceiveMessage", "canCopyMessage", "canReportAbuse", "canReplyToMessage", "canReactToMessage",
        "canEditReaction", "canDeleteOwnReaction", "canDeleteOtherReaction", "canEditOwnMessage", "canDeleteOwnMessage",
        "canDeleteOtherMessage", "canStartTopic", "canReplyInTopic", "canEditOwnTopic", "canEditOtherTopic", "canSendLink",
        "canSendLinkPreview", "canFollowLink", "canCopyLink"]),
    (ASSETS, &["canUploadAttachment", "canDownloadAttachment", "canUploadImage", "canDownloadImage", "canUploadVideo",
        "canDownloadVideo", "canUploadAudio", "canDownloadAudio"]),
    (CALLS, &["canStartCall", "canJoinCall", "canSendAudio", "canReceiveAudio", "canSendVideo", "canReceiveVideo", "canShareScreen",
        "canViewSharedScreen"]),
    (DISRUPTIVE, &["canDestroyRoom"]),
];

/// The names of all capabilities that the table gives a meaning.
pub(crate) fn capabilities() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLE.iter().map(|fact| fact.capability).collect();
    names.extend(EXERCISED.iter().flat_map(|(_, names)| names.iter()));
    names.sort_unstable();
    names.dedup();
    names
}

/// The section of a capability that needs no change of the room.
pub(crate) fn section_of(capability: &str) -> Option<&'static str> {
    EXERCISED.iter().find(|(_, names)| names.contains(&capability)).map(|(section, _)| *section)
}
