//! What the names an auditor typed stand for, as far as their perimeter knows them.
use crate::domain::ids::PersonId;
use crate::domain::search::{Query, fold};
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;
use crate::store::auditor::{self, By, StructureRow};
use crate::store::search::{self, Column, Criteria};
use crate::store::{Access, StoreError};

use super::search_log::{AuditError, Wanted};

/// Structures named when several bear what was typed.
const ALIKE: usize = 5;

/// A criterion that names nothing the auditor may see, so that nothing is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    Structure,
    /// Several bear this name: some of them.
    Structures(Vec<StructureRow>),
    Mandate,
    Grant,
    Aidant,
    User,
    /// Several people share the short form.
    Aidants,
    Users,
}

/// Whom and what the criteria name.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) structure: Option<StructureRow>,
    pub(super) aidant: Option<Pseudonym>,
    pub(super) user: Option<Pseudonym>,
}

impl Named {
    /// Names in the entry of a look-up whom it was about, so that they can see it.
    pub(super) fn told(&self, mut draft: Draft) -> Draft {
        if let Some(user) = &self.user {
            draft = draft.new_user(user);
        }
        if let Some(aidant) = &self.aidant {
            draft = draft.about_new(aidant);
        }
        draft
    }
}

/// Criteria ready to be searched with, unless one of them is unclear.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) criteria: Criteria,
    pub(super) named: Named,
    pub(super) unclear: Vec<Unclear>,
}

pub(super) async fn resolve(
    tx: &mut impl Access,
    wanted: &Wanted,
    perimeter_of: Option<PersonId>,
) -> Result<Resolved, AuditError> {
    let (mut named, mut unclear) = (Named::default(), Vec::new());
    let mut criteria = Criteria {
        from: wanted.from,
        until: wanted.until,
        structure_id: None,
        mandate_id: None,
        grant_id: wanted.grant_id,
        domain: wanted.domain.clone(),
        service_id: wanted.service_id,
        actor: None,
        subject: None,
        kind: wanted.kind.map(Kind::token),
        refused: wanted.refused,
        perimeter_of,
        before: wanted.before,
    };
    match structure(tx, wanted, perimeter_of).await? {
        Ok(found) => named.structure = found,
        Err(what) => unclear.push(what),
    }
    criteria.structure_id = named.structure.as_ref().map(|row| row.id);
    if let Some(reference) = &wanted.mandate {
        match auditor::mandate(tx, reference, perimeter_of).await? {
            Some(mandate) => criteria.mandate_id = Some(mandate.id),
            None => unclear.push(Unclear::Mandate),
        }
    }
    if let Some(grant) = wanted.grant_id {
        let mandate = auditor::mandate_of_grant(tx, grant, perimeter_of).await?;
        match mandate.filter(|id| criteria.mandate_id.is_none_or(|wanted| wanted == *id)) {
            Some(mandate) => criteria.mandate_id = Some(mandate),
            None => unclear.push(Unclear::Grant),
        }
    }
    if let Some(typed) = &wanted.aidant {
        match whose(tx, Column::Actor, typed, perimeter_of).await? {
            Whose::One(pseudonym) => named.aidant = Some(pseudonym),
            Whose::Nobody => unclear.push(Unclear::Aidant),
            Whose::Several => unclear.push(Unclear::Aidants),
        }
    }
    if let Some(typed) = &wanted.user {
        match whose(tx, Column::Subject, typed, perimeter_of).await? {
            Whose::One(pseudonym) => named.user = Some(pseudonym),
            Whose::Nobody => unclear.push(Unclear::User),
            Whose::Several => unclear.push(Unclear::Users),
        }
    }
    criteria.actor = named.aidant.as_ref().map(|who| who.bytes().to_vec());
    criteria.subject = named.user.as_ref().map(|who| who.bytes().to_vec());
    Ok(Resolved { criteria, named, unclear })
}

/// The structure asked for: by id, by SIRET wherever it stands in what was typed, or by name.
pub(super) async fn structure(
    tx: &mut impl Access,
    wanted: &Wanted,
    perimeter_of: Option<PersonId>,
) -> Result<Result<Option<StructureRow>, Unclear>, StoreError> {
    let found = match (wanted.structure_id, &wanted.structure) {
        (Some(id), _) => auditor::structure(tx, By::Id(id), perimeter_of).await?,
        (None, None) => return Ok(Ok(None)),
        (None, Some(typed)) => {
            let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
            if digits.len() != 14 {
                let all = auditor::structures(tx, perimeter_of, i64::MAX).await?;
                return Ok(by_name(all, typed).map(Some));
            }
            auditor::structure(tx, By::Siret(digits), perimeter_of).await?
        }
    };
    Ok(found.map(Some).ok_or(Unclear::Structure))
}

/// The one of exactly this name, or else the one whose name has every word typed.
fn by_name(all: Vec<StructureRow>, typed: &str) -> Result<StructureRow, Unclear> {
    let (query, exact) = (Query::new(typed), fold(typed));
    let mut alike: Vec<(bool, StructureRow)> = all
        .into_iter()
        .map(|row| (fold(&row.name), row))
        .filter(|(name, _)| query.matches(name))
        .map(|(name, row)| (name == exact, row))
        .collect();
    if alike.iter().filter(|(same, _)| *same).count() == 1 {
        alike.retain(|(same, _)| *same);
    }
    match alike.len() {
        0 => Err(Unclear::Structure),
        1 => alike.pop().map(|(_, row)| row).ok_or(Unclear::Structure),
        _ => Err(Unclear::Structures(alike.into_iter().take(ALIKE).map(|(_, row)| row).collect())),
    }
}

/// Whom a pseudonym names, among the lines of a perimeter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    One(Pseudonym),
    Nobody,
    Several,
}

/// A pseudonym as auditors type it.
pub(super) enum Typed {
    Full(Pseudonym),
    /// The first two bytes, as they are shown: `a-5F2C`.
    Short([u8; 2]),
}

impl Typed {
    /// `None` of what can be no pseudonym.
    pub(super) fn read(typed: &str) -> Option<Self> {
        if let Ok(full) = typed.parse() {
            return Some(Self::Full(full));
        }
        let short = typed.split_once('-').map_or(typed, |(_, short)| short).to_ascii_uppercase();
        let bytes = data_encoding::HEXUPPER.decode(short.as_bytes()).ok()?;
        bytes.as_slice().try_into().ok().map(Self::Short)
    }

    /// As the log keeps it: what else stood in the field is not for ever.
    pub(super) fn told(&self, letter: char) -> String {
        match self {
            Self::Full(pseudonym) => pseudonym.to_string(),
            Self::Short(bytes) => format!("{letter}-{}", data_encoding::HEXUPPER.encode(bytes)),
        }
    }
}

/// Whom it stands for. Somebody with no line in the perimeter is nobody.
pub(super) async fn whose(
    tx: &mut impl Access,
    column: Column,
    typed: &str,
    perimeter_of: Option<PersonId>,
) -> Result<Whose, AuditError> {
    let (mut from, until) = match Typed::read(typed) {
        Some(Typed::Full(full)) => (full.bytes().to_vec(), after(full.bytes())),
        Some(Typed::Short(pair)) => {
            let next = u16::from_be_bytes(pair).checked_add(1);
            (pair.to_vec(), next.map_or(vec![0xff; 33], |next| next.to_be_bytes().to_vec()))
        }
        None => return Ok(Whose::Nobody),
    };
    let mut found = None;
    while let Some(bytes) = search::next_pseudonym(tx, column, (from, until.clone()), perimeter_of).await? {
        if found.is_some() {
            return Ok(Whose::Several);
        }
        from = after(&bytes);
        found = Pseudonym::from_slice(&bytes).ok();
    }
    Ok(found.map_or(Whose::Nobody, Whose::One))
}

/// The first text of bytes after this one.
fn after(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::StructureId;

    #[test]
    fn a_structure_is_known_by_its_name_or_told_from_its_likes() {
        let row = |name: &str| StructureRow {
            id: StructureId::from_uuid(uuid::Uuid::nil()),
            name: name.to_owned(),
            siret: String::new(),
        };
        let all = || vec![row("CCAS de Gannat"), row("CCAS de Gannat-Est"), row("Mairie de Brest")];
        for (typed, name) in [
            ("brest", "Mairie de Brest"),
            ("ccas DE gannat", "CCAS de Gannat"),
            ("est", "CCAS de Gannat-Est"),
        ] {
            assert_eq!(by_name(all(), typed).map(|row| row.name).unwrap(), name, "{typed}");
        }
        assert_eq!(by_name(all(), "vichy"), Err(Unclear::Structure));
        assert!(matches!(by_name(all(), "ccas"), Err(Unclear::Structures(alike)) if alike.len() == 2));
    }
}
