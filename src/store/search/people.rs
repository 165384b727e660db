//! Whom a pseudonym stands for, and the users of an exact identity.
use sqlx::AssertSqlSafe;

use super::{WITHIN, beside};
use crate::domain::ids::{PersonId, UserId};
use crate::store::{Access, StoreError};

/// Whose pseudonym a column of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Who acted.
    Actor,
    /// In whose name.
    Subject,
}

/// The first pseudonym of lines within a perimeter that is `from` or later and before `until`.
pub async fn next_pseudonym(
    tx: &mut impl Access,
    column: Column,
    (from, until): (Vec<u8>, Vec<u8>),
    perimeter_of: Option<PersonId>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let name = match column {
        Column::Actor => "actor",
        Column::Subject => "subject",
    };
    // The pseudonyms are followed, not the lines of the perimeter.
    let within =
        perimeter_of.map(|_| format!(" AND {}", beside(&WITHIN.replace('?', "$3")))).unwrap_or_default();
    let sql = format!(
        "SELECT e.{name} FROM entry e WHERE e.{name} IS NOT NULL AND e.{name} >= $1 AND e.{name} < $2{within} \
        ORDER BY e.{name}, e.id LIMIT 1"
    );
    on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(from).bind(until);
        if let Some(person) = perimeter_of {
            query = query.bind(person);
        }
        query.fetch_optional(c).await
    })
}

/// The users of these blind indexes of a civil identity.
pub async fn users_of_identity(tx: &mut impl Access, indexes: &[Vec<u8>]) -> Result<Vec<UserId>, StoreError> {
    const SQL: &str = "SELECT id FROM app_user WHERE identity_index = $1 ORDER BY id LIMIT 10";
    let mut users = Vec::new();
    for index in indexes {
        let found: Vec<UserId> =
            on!(tx, c => sqlx::query_scalar(SQL).bind(index.clone()).fetch_all(c).await)?;
        users.extend(found);
    }
    Ok(users)
}
