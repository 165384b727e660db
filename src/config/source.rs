//! Where settings come from: a file, the environment, files of secrets.
use std::path::Path;

use super::ConfigError;

const PREFIX: &str = "ENTREMISE_";

/// The variables of the environment that concern us. The only place that reads the environment.
#[expect(clippy::disallowed_methods, reason = "the one home of the environment")]
pub(super) fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(key, _)| key.starts_with(PREFIX)).collect()
}

pub(super) fn file(file: &Path) -> Result<toml::Table, ConfigError> {
    read(file)?
        .parse()
        .map_err(|error: toml::de::Error| ConfigError::Syntax(format!("{}: {error}", file.display())))
}

/// Puts `ENTREMISE_SECTION__KEY=value` over the table. A value is text unless it reads as a TOML number, boolean or
/// array.
pub(super) fn overlay(table: &mut toml::Table, environment: &[(String, String)]) -> Result<(), ConfigError> {
    for (variable, value) in environment {
        let name = variable.strip_prefix(PREFIX).unwrap_or(variable).to_lowercase();
        let Some((section, key)) = name.split_once("__") else {
            return Err(ConfigError::Syntax(format!("{variable}: expected {PREFIX}<SECTION>__<KEY>")));
        };
        let section = table
            .entry(section)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| ConfigError::Syntax(format!("{variable}: `{section}` is not a section")))?;
        section.insert(key.to_owned(), literal(value));
    }
    Ok(())
}

fn literal(text: &str) -> toml::Value {
    let parsed =
        format!("value = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
    match parsed {
        Some(value @ (toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Array(_))) => value,
        _ => toml::Value::String(text.to_owned()),
    }
}

/// The content of a file of a secret, without the end of line that editors add.
pub(super) fn secret(file: &Path) -> Result<String, ConfigError> {
    Ok(read(file)?.trim_end_matches(['\r', '\n']).to_owned())
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|cause| ConfigError::Unreadable { file: file.to_owned(), cause })
}
