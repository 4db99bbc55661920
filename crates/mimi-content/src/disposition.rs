//! What a part is for, section 4.4 and the registry of section 8.2.2.

/// Disposition of a part. The registry is open; values without a name are kept.
// req: MC08-8.2.2-01
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Disposition {
    /// 0: no hint.
    Unspecified,
    /// 1: render as local policy says.
    #[default]
    Render,
    /// 2: one reaction to another message.
    Reaction,
    /// 3: profile of a participant or room.
    Profile,
    /// 4: render within the conversation.
    Inline,
    /// 5: an icon.
    Icon,
    /// 6: to be downloaded instead of rendered at once.
    Attachment,
    /// 7: description of a multimedia session, or a URI to join one.
    Session,
    /// 8: a preview that the sender made.
    Preview,
    /// 9 to 255. Made by [`Disposition::from_value`], which never makes one out of a value with a name.
    Unknown(UnknownDisposition),
}

/// A disposition without a name in this revision: 9 to 255.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UnknownDisposition(u8);

impl Disposition {
    /// The disposition of a value.
    pub const fn from_value(value: u8) -> Self {
        match value {
            0 => Self::Unspecified,
            1 => Self::Render,
            2 => Self::Reaction,
            3 => Self::Profile,
            4 => Self::Inline,
            5 => Self::Icon,
            6 => Self::Attachment,
            7 => Self::Session,
            8 => Self::Preview,
            other => Self::Unknown(UnknownDisposition(other)),
        }
    }

    /// Its value.
    pub const fn value(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Render => 1,
            Self::Reaction => 2,
            Self::Profile => 3,
            Self::Inline => 4,
            Self::Icon => 5,
            Self::Attachment => 6,
            Self::Session => 7,
            Self::Preview => 8,
            Self::Unknown(UnknownDisposition(value)) => value,
        }
    }

    /// What a receiver acts on: an unknown disposition counts as [`Disposition::Render`], section 9.1.
    // req: MC08-9.1-11
    #[must_use]
    pub const fn effective(self) -> Self {
        match self {
            Self::Unknown(_) => Self::Render,
            known => known,
        }
    }
}

impl UnknownDisposition {
    /// Its value.
    pub const fn value(self) -> u8 {
        self.0
    }
}
