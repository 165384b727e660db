//! A use: one opening of a service under a grant. It has a beginning, an end, and a desk session it was opened from.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::UserId;

/// Where the user is while the aidant acts in their name. Recorded, and shown to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// At the desk.
    Present,
    /// On the telephone.
    Telephone,
    Absent,
}

/// The word is none of `present`, `telephone`, `absent`.
#[derive(Debug, thiserror::Error)]
#[error("not a presence: present, telephone or absent")]
pub struct BadPresence;

impl Presence {
    pub const ALL: [Self; 3] = [Self::Present, Self::Telephone, Self::Absent];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Telephone => "telephone",
            Self::Absent => "absent",
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Presence {
    type Err = BadPresence;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|presence| presence.as_str() == text).ok_or(BadPresence)
    }
}

/// Why a use has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UseEnd {
    /// The aidant ended it.
    Aidant,
    /// The service said its session is over.
    Service,
    /// The aidant signed out of the desk session it was opened from.
    SignOut,
    /// What allowed it was revoked.
    Revoked,
    /// The grant came to its end.
    Expired,
    /// A code of it was presented twice: somebody else has it.
    CodeReuse,
}

impl UseEnd {
    /// The word kept in the database and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aidant => "aidant",
            Self::Service => "service",
            Self::SignOut => "sign_out",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::CodeReuse => "code_reuse",
        }
    }
}

/// One user at a time in a browser: whether a service may be opened for `wanted` while this desk session acts in the
/// name of `acting`. Otherwise a session left open for one person would act for another.
pub fn may_act_for(acting: Option<UserId>, wanted: UserId) -> bool {
    acting.is_none_or(|user| user == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn presence_is_one_of_three_words() {
        for presence in Presence::ALL {
            assert_eq!(presence.as_str().parse::<Presence>().unwrap(), presence);
        }
        for bad in ["", "Present", "here"] {
            assert!(bad.parse::<Presence>().is_err());
        }
    }

    #[test]
    fn one_user_at_a_time() {
        let (a, b) = (UserId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
        assert!(may_act_for(None, a) && may_act_for(Some(a), a));
        assert!(!may_act_for(Some(a), b));
    }
}
