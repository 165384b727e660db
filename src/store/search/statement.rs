//! A statement as it is being written: each value is bound where it is named.
use uuid::Uuid;

use crate::domain::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Id(Uuid),
    Bytes(Vec<u8>),
    Text(String),
    At(Timestamp),
}

#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// Keeps a value; its place in the text, `$1` and so on.
    pub(super) fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// The one column of all rows that a statement finds.
macro_rules! scalars {
    ($tx:expr, $statement:expr) => {{
        let statement = $statement;
        on!($tx, c => {
            let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement.text));
            for value in statement.values {
                query = match value {
                    Value::Id(id) => query.bind(id),
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Text(text) => query.bind(text),
                    Value::At(at) => query.bind(at),
                };
            }
            query.fetch_all(c).await
        })
    }};
}
