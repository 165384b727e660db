//! `compose.yaml` and the configuration say the same: every variable is a key of the schema, and the program takes
//! the whole as fit for production.
use std::collections::BTreeMap;
use std::process::Command;

use entremise::config::SCHEMA;
use entremise::crypto::keyring::Keyring;
use entremise::crypto::random::SystemEntropy;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::TempFolder;

const COMPOSE: &str = include_str!("../../compose.yaml");

fn services() -> Vec<(String, Yaml)> {
    let documents = YamlLoader::load_from_str(COMPOSE).expect("compose.yaml is YAML");
    let services = documents[0]["services"].as_hash().expect("services").clone();
    services
        .into_iter()
        .map(|(name, service)| (name.as_str().expect("a name").to_owned(), merged(service)))
        .collect()
}

/// Follows `<<: *anchor`.
fn merged(service: Yaml) -> Yaml {
    let mut fields = service.as_hash().expect("a mapping").clone();
    if let Some(base) = fields.remove(&Yaml::String("<<".to_owned())) {
        for (key, value) in base.as_hash().expect("an anchor of a mapping") {
            fields.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    Yaml::Hash(fields)
}

fn environment(service: &Yaml) -> BTreeMap<String, String> {
    let Some(fields) = service["environment"].as_hash() else { return BTreeMap::new() };
    fields
        .iter()
        .map(|(key, value)| (key.as_str().unwrap().to_owned(), interpolated(value.as_str().unwrap())))
        .collect()
}

/// `${NAME:-default}` and `${NAME:?message}`, as someone who set only what must be set.
fn interpolated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').expect("closed") + at;
        let inside = &rest[at + 2..end];
        match (inside.split_once(":-"), inside.split_once(":?")) {
            (Some((_, default)), _) => out.push_str(default),
            (None, Some((name, _))) => out.push_str(match name {
                "IDENTITY_ISSUER" => "https://identite.example.fr/api/v2",
                "IDENTITY_CLIENT_ID" => "entremise",
                "IDENTITY_CLIENT_SECRET" => "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT",
                other => panic!("{other} is not explained at the top of compose.yaml"),
            }),
            (None, None) => panic!("{inside}: neither a default nor a message"),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

#[test]
fn every_variable_is_a_key_of_the_schema() {
    let keys: Vec<String> =
        SCHEMA.iter().map(|key| format!("ENTREMISE_{}__{}", key.section, key.name).to_uppercase()).collect();
    let mut seen = 0;
    for (name, service) in services() {
        for variable in environment(&service).keys().filter(|variable| variable.starts_with("ENTREMISE_")) {
            assert!(keys.contains(variable), "{name}: {variable} is no key of the configuration");
            seen += 1;
        }
    }
    assert!(seen > 10, "the service is configured by variables");
}

#[test]
fn the_program_takes_the_trial_as_fit_for_production() {
    let folder = TempFolder::new();
    let keys = folder.0.join("keys");
    Keyring::create(&keys, &SystemEntropy).expect("keys");
    std::fs::write(folder.0.join("database_url"), "postgres://entremise:x@database/entremise").unwrap();
    std::fs::write(folder.0.join("identity_secret"), "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT\n").unwrap();
    let (_, service) = services().into_iter().find(|(name, _)| name == "entremise").expect("the service");
    let variables = environment(&service).into_iter().map(|(key, value)| {
        let value = value.replace("/run/trial", folder.0.to_str().unwrap());
        (key, value.replace("/var/lib/entremise", folder.0.to_str().unwrap()))
    });
    let output = Command::new(env!("CARGO_BIN_EXE_entremise"))
        .args(["config", "check"])
        .env_clear()
        .envs(variables)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn whatever_runs_our_program_runs_without_privileges() {
    for (name, service) in services().iter().filter(|(_, service)| service["build"].as_str() == Some(".")) {
        assert_eq!(service["read_only"].as_bool(), Some(true), "{name}");
        assert_eq!(service["cap_drop"][0].as_str(), Some("ALL"), "{name}");
        assert!(service["volumes"].as_vec().is_some_and(|volumes| volumes.len() == 2), "{name}");
    }
    let dockerfile = include_str!("../../Dockerfile");
    assert!(dockerfile.contains("\nUSER nonroot\n"));
    let image = dockerfile.split("FROM rust:").nth(1).expect("built by Rust's own image");
    assert!(&image[..4] >= env!("CARGO_PKG_RUST_VERSION"), "an image with the Rust that Cargo.toml wants");
}

/// Verbs that the trial runs exist.
#[test]
fn every_verb_of_the_trial_exists() {
    for (name, service) in services().iter().filter(|(_, service)| service["build"].as_str() == Some(".")) {
        let words: Vec<&str> = service["command"]
            .as_vec()
            .expect("a command")
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        let output =
            Command::new(env!("CARGO_BIN_EXE_entremise")).args(&words).arg("--help").output().unwrap();
        assert!(output.status.success(), "{name}: {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
