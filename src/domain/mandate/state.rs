//! The life of a mandate, from the first page at the desk to its end. What has ended never lives again.
use time::Duration;

use crate::domain::time::Timestamp;

/// A draft, a request for consent or a consent waiting for its signature lapses after this time without activity.
pub const LAPSES_AFTER: Duration = Duration::minutes(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Scope and term are chosen; the user is not identified yet.
    Draft {
        active_at: Timestamp,
    },
    /// The user is identified and has the text before them.
    AwaitingConsent {
        active_at: Timestamp,
    },
    /// The user said no.
    Refused {
        at: Timestamp,
    },
    /// The user agreed; the aidant has not signed.
    AwaitingSignature {
        consented_at: Timestamp,
        active_at: Timestamp,
    },
    /// Nobody went on in time.
    Lapsed {
        at: Timestamp,
    },
    Active {
        signed_at: Timestamp,
    },
    Suspended {
        signed_at: Timestamp,
        at: Timestamp,
        by: Suspender,
    },
    Ended {
        at: Timestamp,
        how: End,
    },
}

/// Who suspended a mandate decides who may lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspender {
    User,
    Structure,
    Operator,
}

/// Who asks to lift a suspension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifter {
    User,
    Structure,
    Operator { with_the_users_consent: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Expired,
    /// Every domain it covered is covered by a newer mandate.
    Replaced,
    Revoked {
        by: Revoker,
    },
    /// The structure gave it up.
    Renounced,
    /// The user died, or is under a protection measure.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoker {
    User,
    /// The user asked for it at the desk; an aidant wrote it down.
    UserAtDesk,
    Operator,
}

impl End {
    /// As kept in the database and in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Revoked { .. } => "revoked",
            Self::Renounced => "renounced",
            Self::Closed => "closed",
        }
    }
}

impl Revoker {
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::UserAtDesk => "user_at_desk",
            Self::Operator => "operator",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this step does not follow from where the mandate stands")]
    OutOfOrder,
    #[error("too long without activity")]
    Lapsed,
    #[error("the mandate has ended")]
    Ended,
    #[error("this suspension is not theirs to lift")]
    NotTheirsToLift,
}

impl State {
    pub const fn draft(now: Timestamp) -> Self {
        Self::Draft { active_at: now }
    }

    /// What this state has become by itself at `now`: time alone makes drafts lapse and mandates expire.
    #[must_use]
    pub fn at(self, now: Timestamp, ends_at: Timestamp) -> Self {
        match self {
            Self::Draft { active_at }
            | Self::AwaitingConsent { active_at }
            | Self::AwaitingSignature { active_at, .. } => {
                let lapse = (active_at + LAPSES_AFTER).min(ends_at);
                if now >= lapse { Self::Lapsed { at: lapse } } else { self }
            }
            Self::Active { .. } | Self::Suspended { .. } if now >= ends_at => {
                Self::Ended { at: ends_at, how: End::Expired }
            }
            Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Refused { .. }
            | Self::Lapsed { .. }
            | Self::Ended { .. } => self,
        }
    }

    /// Before any answer, another identification takes the place of the first: it may have been the wrong person.
    pub fn identified(self, now: Timestamp, ends_at: Timestamp) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::Draft { .. } | Self::AwaitingConsent { .. } => Ok(Self::AwaitingConsent { active_at: now }),
            other => Err(other.refusal()),
        }
    }

    pub fn consented(self, now: Timestamp, ends_at: Timestamp) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::AwaitingConsent { .. } => Ok(Self::AwaitingSignature { consented_at: now, active_at: now }),
            other => Err(other.refusal()),
        }
    }

    /// The user says no, before or after having said yes, as long as nothing is signed.
    pub fn refused(self, now: Timestamp, ends_at: Timestamp) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::AwaitingConsent { .. } | Self::AwaitingSignature { .. } => Ok(Self::Refused { at: now }),
            other => Err(other.refusal()),
        }
    }

    pub fn signed(self, now: Timestamp, ends_at: Timestamp) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::AwaitingSignature { .. } => Ok(Self::Active { signed_at: now }),
            other => Err(other.refusal()),
        }
    }

    pub fn suspended(self, now: Timestamp, ends_at: Timestamp, by: Suspender) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::Active { signed_at } => Ok(Self::Suspended { signed_at, at: now, by }),
            other => Err(other.refusal()),
        }
    }

    /// A suspension by the user is lifted by the user, or by an operator with the user's consent recorded;
    /// never by the structure.
    pub fn resumed(self, now: Timestamp, ends_at: Timestamp, by: Lifter) -> Result<Self, Refusal> {
        let Self::Suspended { signed_at, by: suspender, .. } = self.at(now, ends_at) else {
            return Err(self.at(now, ends_at).refusal());
        };
        let may = match (suspender, by) {
            (Suspender::User, Lifter::User | Lifter::Operator { with_the_users_consent: true })
            | (Suspender::Structure, Lifter::Structure | Lifter::Operator { .. })
            | (Suspender::Operator, Lifter::Operator { .. }) => true,
            (Suspender::User, Lifter::Structure | Lifter::Operator { with_the_users_consent: false })
            | (Suspender::Structure, Lifter::User)
            | (Suspender::Operator, Lifter::User | Lifter::Structure) => false,
        };
        if may { Ok(Self::Active { signed_at }) } else { Err(Refusal::NotTheirsToLift) }
    }

    pub fn ended(self, now: Timestamp, ends_at: Timestamp, how: End) -> Result<Self, Refusal> {
        match self.at(now, ends_at) {
            Self::Active { .. } | Self::Suspended { .. } => Ok(Self::Ended { at: now, how }),
            other => Err(other.refusal()),
        }
    }

    /// Whether acts may be done under the mandate at `now`.
    pub fn is_live(self, now: Timestamp, ends_at: Timestamp) -> bool {
        matches!(self.at(now, ends_at), Self::Active { .. })
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Lapsed { .. } => Refusal::Lapsed,
            Self::Ended { .. } | Self::Refused { .. } => Refusal::Ended,
            _ => Refusal::OutOfOrder,
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
