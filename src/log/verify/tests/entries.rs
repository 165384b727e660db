//! What happens in the small log: who is at work, one mandate, its uses.
use super::*;

impl Log {
    /// A structure, an aidant at work, their card.
    pub(super) fn people(&mut self) {
        self.people_but(&[]);
    }

    /// The same without the entries of some kinds.
    pub(super) fn people_but(&mut self, missing: &[Kind]) {
        let habilitated = Draft::done(Kind::StructureHabilitated).by_role(Role::Operator);
        let created = Draft::done(Kind::PersonCreated).about(person()).structure(structure());
        let drafts = [
            (
                Kind::StructureHabilitated,
                habilitated.structure(structure()).list("domains", ["argent", "logement"]),
            ),
            (Kind::PersonCreated, created.list("roles", ["aidant"])),
            (
                Kind::CharterAccepted,
                Draft::done(Kind::CharterAccepted).by(person(), Role::Aidant).fact("version", 1_i64),
            ),
            (
                Kind::CardAssigned,
                Draft::done(Kind::CardAssigned).about(person()).card(card()).structure(structure()),
            ),
            (Kind::CardActivated, Draft::done(Kind::CardActivated).about(person()).card(card())),
        ];
        for (_, draft) in drafts.into_iter().filter(|(kind, _)| !missing.contains(kind)) {
            self.add(draft);
        }
    }

    pub(super) fn created(&mut self, roles: [&str; 1]) {
        let created = Draft::done(Kind::PersonCreated).about(person()).structure(structure());
        self.add(created.list("roles", roles));
    }

    pub(super) fn habilitated(&mut self, domains: [&str; 2], until: Timestamp) {
        let draft = Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(structure());
        self.add(draft.list("domains", domains).fact("valid_to", until));
    }

    pub(super) fn of_mandate(kind: Kind) -> Draft {
        Draft::done(kind)
            .structure(structure())
            .mandate(mandate())
            .user(UserId::from_uuid(Uuid::from_u128(9)))
    }

    pub(super) fn by_aidant(kind: Kind) -> Draft {
        Self::of_mandate(kind).by(person(), Role::Aidant)
    }

    pub(super) fn proposed(&mut self) {
        let draft = Draft::done(Kind::MandateProposed).by(person(), Role::Aidant).structure(structure());
        let draft = draft.mandate(mandate()).list("domains", ["argent", "logement"]);
        self.add(draft.fact("valid_to", self.valid_to()));
    }

    pub(super) fn consented(&mut self) -> EntryId {
        self.add(
            Self::of_mandate(Kind::MandateIdentified)
                .by_role(Role::User)
                .part(PartKind::User, json!({ "family_name": "Martin" })),
        );
        let valid_to = self.valid_to();
        let draft = Self::of_mandate(Kind::MandateConsentGiven).by_role(Role::User);
        self.add(draft.fact("text", "abc").fact("valid_to", valid_to))
    }

    pub(super) fn signature(&self, consent: EntryId, step: i64) -> Draft {
        Self::by_aidant(Kind::MandateSigned)
            .card(card())
            .list("domains", ["argent", "logement"])
            .fact("valid_to", self.valid_to())
            .fact("text", "abc")
            .fact("step", step)
            .on(consent)
            .part(PartKind::Actor, json!({ "name": "Alice Morvan" }))
    }

    pub(super) fn signed(&mut self) {
        self.people();
        self.mandate_signed();
    }

    pub(super) fn mandate_signed(&mut self) {
        self.proposed();
        let consent = self.consented();
        self.add(self.signature(consent, 100));
    }

    pub(super) fn opening(&self, number: u128) -> Draft {
        Self::by_aidant(Kind::UseOpened)
            .grant(grant(0))
            .service(service())
            .use_id(use_id(number))
            .card(card())
            .fact("domain", "argent")
            .fact("single_use", false)
            .fact("valid_to", self.valid_to())
            .part(PartKind::Technical, json!({ "address": "192.0.2.1" }))
    }

    pub(super) fn redemption(opening: EntryId, number: u128) -> Draft {
        Self::of_mandate(Kind::CodeRedeemed)
            .by_role(Role::Service)
            .grant(grant(0))
            .service(service())
            .use_id(use_id(number))
            .on(opening)
    }

    pub(super) fn revocation() -> Draft {
        Self::by_aidant(Kind::MandateRevoked).fact("asked_by", "user_at_desk")
    }

    /// The whole life of one mandate: fourteen entries.
    pub(super) fn whole() -> Self {
        let mut log = Self::new();
        log.signed();
        let opening = log.add(log.opening(1));
        log.add(Self::redemption(opening, 1));
        let draft = Self::of_mandate(Kind::UseEnded).by_role(Role::Service).grant(grant(0));
        log.add(draft.service(service()).use_id(use_id(1)).fact("cause", "service"));
        log.add(Self::revocation());
        log.add(Self::by_aidant(Kind::MandatePrinted));
        log
    }
}
