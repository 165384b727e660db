//! The catalogue of domains.
use crate::domain::catalogue::{Catalogue, Domain, Words};

use super::{Access, StoreError};

#[derive(sqlx::FromRow)]
struct DomainRow {
    key: String,
    rep_scope: String,
    label_fr: String,
    label_en: String,
    examples_fr: String,
    examples_en: String,
    warning_fr: Option<String>,
    warning_en: Option<String>,
}

const ALL: &str = "
SELECT key, rep_scope, label_fr, label_en, examples_fr, examples_en, warning_fr, warning_en
FROM domain WHERE active ORDER BY position";

/// Every domain on offer, in the order of the pages.
pub async fn all(tx: &mut impl Access) -> Result<Catalogue, StoreError> {
    let rows = on!(tx, c => sqlx::query_as::<_, DomainRow>(ALL).fetch_all(c).await)?;
    rows.into_iter().map(domain).collect::<Result<Vec<_>, _>>().map(Catalogue::new)
}

fn domain(row: DomainRow) -> Result<Domain, StoreError> {
    Ok(Domain {
        key: row.key.parse().map_err(|_| StoreError::Corrupt("domain.key".to_owned()))?,
        label: Words { fr: row.label_fr, en: row.label_en },
        description: Words { fr: row.examples_fr, en: row.examples_en },
        warning: row.warning_fr.zip(row.warning_en).map(|(fr, en)| Words { fr, en }),
        rep_scope: row.rep_scope,
    })
}
