//! What can happen. One stable token each: a token once written is never given another meaning.
use std::fmt;
use std::str::FromStr;

/// The token names no kind this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind or role")]
pub struct Unknown;

macro_rules! tokens {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $token:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Every value, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable text hashed into the leaf.
            pub const fn token(self) -> &'static str {
                match self { $(Self::$variant => $token),* }
            }
        }
        impl FromStr for $name {
            type Err = Unknown;
            fn from_str(text: &str) -> Result<Self, Unknown> {
                match text { $($token => Ok(Self::$variant),)* _ => Err(Unknown) }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.token())
            }
        }
    };
}

tokens! {
    /// The kind of an entry. Done or refused is the entry's outcome, not its kind, except where the refusal
    /// is an event of its own in the life of the thing.
    Kind {
        // Entering
        SignInPasswordAccepted = "sign_in.password_accepted",
        SignInProviderAccepted = "sign_in.provider_accepted",
        SignInCompleted = "sign_in.completed",
        SignInRefused = "sign_in.refused",
        SignOut = "sign_out",
        SessionRevoked = "session.revoked",
        SessionExpired = "session.expired",
        DeviceForgotten = "device.forgotten",
        LockStarted = "lock.started",
        AccessDenied = "access.denied",
        // People and structures
        PersonCreated = "person.created",
        PersonChanged = "person.changed",
        PersonSuspended = "person.suspended",
        PersonRestored = "person.restored",
        PersonErased = "person.erased",
        RoleGiven = "role.given",
        RoleWithdrawn = "role.withdrawn",
        LinkSent = "link.sent",
        LinkUsed = "link.used",
        LinkRefused = "link.refused",
        PasswordChanged = "password.changed",
        ProfessionalLinked = "professional.linked",
        ProfessionalUnlinked = "professional.unlinked",
        CharterAccepted = "charter.accepted",
        StructureCreated = "structure.created",
        StructureHabilitated = "structure.habilitated",
        StructureSuspended = "structure.suspended",
        StructureRestored = "structure.restored",
        StructureClosed = "structure.closed",
        StructureDomainsChanged = "structure.domains_changed",
        StructureSwitched = "structure.switched",
        // Cards
        CardImported = "card.imported",
        CardEnrolled = "card.enrolled",
        CardAssigned = "card.assigned",
        CardActivated = "card.activated",
        CardResynchronised = "card.resynchronised",
        CardCodeRefused = "card.code_refused",
        /// In a session, by itself: a code that signs stands in the entry of the signature.
        CardCodeGiven = "card.code_given",
        CardEnded = "card.ended",
        // Mandates
        MandateProposed = "mandate.proposed",
        MandateIdentificationStarted = "mandate.identification_started",
        MandateIdentified = "mandate.identified",
        MandateIdentificationRefused = "mandate.identification_refused",
        MandateConsentGiven = "mandate.consent_given",
        MandateConsentRefused = "mandate.consent_refused",
        MandateSigned = "mandate.signed",
        MandateSignRefused = "mandate.sign_refused",
        MandateAbandoned = "mandate.abandoned",
        MandateLapsed = "mandate.lapsed",
        MandateExpired = "mandate.expired",
        MandateReplaced = "mandate.replaced",
        MandateRevoked = "mandate.revoked",
        MandateRenounced = "mandate.renounced",
        MandateSuspended = "mandate.suspended",
        MandateResumed = "mandate.resumed",
        MandateClosed = "mandate.closed",
        MandatePrinted = "mandate.printed",
        MandateRead = "mandate.read",
        GrantRevoked = "grant.revoked",
        GrantReplaced = "grant.replaced",
        // Uses
        AuthorizationRefused = "authorization.refused",
        UseOpened = "use.opened",
        /// Another code for a use that goes on, given without showing anything.
        UseContinued = "use.continued",
        UseRefused = "use.refused",
        UseEnded = "use.ended",
        CodeRedeemed = "code.redeemed",
        CodeRefused = "code.refused",
        CodeReused = "code.reused",
        UserinfoGiven = "userinfo.given",
        UserinfoRefused = "userinfo.refused",
        TokenRefreshed = "token.refreshed",
        TokenRevoked = "token.revoked",
        ActionReported = "action.reported",
        CheckGiven = "check.given",
        ChecksCounted = "checks.counted",
        // The service itself
        ClientCreated = "client.created",
        ClientChanged = "client.changed",
        ClientEnded = "client.ended",
        ClientRefused = "client.refused",
        KeyCreated = "key.created",
        KeyRetired = "key.retired",
        DataErased = "data.erased",
        HoldPlaced = "hold.placed",
        HoldLifted = "hold.lifted",
        NoticeSent = "notice.sent",
        FileRead = "file.read",
        // The log
        LogOpened = "log.opened",
        LogSearched = "log.searched",
        LogStoryRead = "log.story_read",
        LogUnmasked = "log.unmasked",
        LogAlertReviewed = "log.alert_reviewed",
        LogExported = "log.exported",
        LogVerified = "log.verified",
        LogHeadTrusted = "log.head_trusted",
        LogRecovered = "log.recovered",
        LogAlarmDismissed = "log.alarm_dismissed",
        RefusalsCounted = "refusals.counted",
        ActivityCounted = "activity.counted",
    }
}

tokens! {
    /// In what quality somebody acted.
    Role {
        Aidant = "aidant",
        Referent = "referent",
        Operator = "operator",
        Auditor = "auditor",
        User = "user",
        Service = "service",
        /// The service acting by itself: expiry, sequencing, retention.
        System = "system",
        /// Nobody the service knows.
        Nobody = "nobody",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::token::Token;
    use std::collections::BTreeSet;

    #[test]
    fn tokens_are_unique_safe_and_come_back() {
        let mut seen = BTreeSet::new();
        for kind in Kind::ALL {
            assert!(Token::new(kind.token()).is_ok(), "{kind}");
            assert!(seen.insert(kind.token()), "{kind} twice");
            assert_eq!(kind.token().parse::<Kind>(), Ok(*kind));
        }
        for role in Role::ALL {
            assert_eq!(role.token().parse::<Role>(), Ok(*role));
        }
        assert_eq!("mandate.forged".parse::<Kind>(), Err(Unknown));
    }

    /// Tokens are hashed into leaves for ever: one renamed or removed must fail here, not at an auditor's.
    #[test]
    fn tokens_are_stable() {
        let written: Vec<&str> = include_str!("kinds.txt").lines().collect();
        for token in &written {
            assert!(token.parse::<Kind>().is_ok(), "{token} is in old logs and must stay");
        }
        for kind in Kind::ALL {
            assert!(written.contains(&kind.token()), "append {kind} to kinds.txt");
        }
    }
}
