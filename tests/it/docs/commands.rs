//! Every command that the documents tell is one that the program takes, and every configuration key they name is one of its.
use clap::error::ErrorKind;
use entremise::cli;
use entremise::config::SCHEMA;
use entremise::log::kind::Kind;

use super::{document, documents};

/// What stands between two fences, with the language of the first.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let (mut blocks, mut open): (Vec<(&str, String)>, bool) = (Vec::new(), false);
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), open) {
            (Some(language), false) => {
                blocks.push((language.split(' ').next().unwrap_or_default(), String::new()));
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => blocks.last_mut().unwrap().1.push_str(&format!("{line}\n")),
            (None, false) => {}
        }
    }
    blocks
}

/// The code spans outside fences.
fn spans(text: &str) -> Vec<String> {
    let (mut open, mut prose) = (false, String::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            open = !open;
        } else if !open {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The words of a line as a shell would split it, up to a comment, a pipe or the next command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) =
        (Vec::new(), None, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#' | '|' | '>' | ';' | '&') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The arguments of the program, where a line runs it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = words(line.trim_start_matches("$ "));
    let setting = |word: &String| word.starts_with("ENTREMISE_") && word.contains('=');
    let words: Vec<String> = words.into_iter().skip_while(setting).collect();
    let program = words.first()?;
    if program == "cargo" && words.get(1).is_some_and(|verb| verb == "run") {
        let dashes = words.iter().position(|word| word == "--")?;
        return Some(words[dashes + 1..].to_vec());
    }
    (program == "entremise" || program.ends_with("/entremise")).then(|| words[1..].to_vec())
}

/// What the documents leave to their reader, with something of its kind: a variable, or dots after the option.
fn filled(option: &str, argument: &str) -> String {
    let page = document("docs/log-format.md");
    let block = |name: &str| {
        let (_, rest) = page.split_once(&format!("\n```text {name}\n")).expect(name);
        rest.lines().next().unwrap_or_default().to_owned()
    };
    let left_out = argument.contains('…');
    match (option, argument) {
        (_, "$KEY") => block("log-key"),
        (_, "$WITNESS") => block("witness-key"),
        (_, "$PROMISE") => block("promise"),
        ("--key" | "--log", _) if left_out => block("log-key"),
        ("--witness", _) if left_out => block("witness-key"),
        ("--promise", _) if left_out => block("promise"),
        ("--mandate", _) if left_out => "M-7Q4K-92HD".to_owned(),
        (_, other) => other.to_owned(),
    }
}

fn parsed(arguments: &[String]) -> Result<(), clap::Error> {
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let arguments = before.zip(arguments).map(|(option, argument)| filled(option, argument));
    let all = std::iter::once("entremise".to_owned()).chain(arguments);
    match cli::command().try_get_matches_from(all) {
        Err(error) if error.exit_code() != 0 => Err(error),
        _ => Ok(()),
    }
}

#[test]
fn every_command_of_the_documents_is_taken() {
    let mut count = 0;
    for (name, text) in documents() {
        for (_, block) in blocks(&text).into_iter().filter(|(language, _)| *language == "sh") {
            let whole = block.replace("\\\n", " ");
            for line in whole.lines().flat_map(|line| line.split(" | ")) {
                let Some(arguments) = arguments(line) else { continue };
                parsed(&arguments).unwrap_or_else(|error| panic!("{name}: {line}\n{error}"));
                count += 1;
            }
        }
        // In a sentence a command may be without its arguments, or with words for them.
        for span in spans(&text).iter().filter(|span| !span.contains(['…', '<', '['])) {
            let Some(arguments) = arguments(span).filter(|arguments| !arguments.is_empty()) else { continue };
            let cut_short = [
                ErrorKind::MissingRequiredArgument,
                ErrorKind::MissingSubcommand,
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ErrorKind::ValueValidation,
            ];
            match parsed(&arguments) {
                Err(error) if !cut_short.contains(&error.kind()) => panic!("{name}: {span}\n{error}"),
                _ => count += 1,
            }
        }
    }
    assert!(count > 40, "{count} commands were read");
    assert!(parsed(&["keys".into(), "generate".into(), "--folder".into(), "x".into()]).is_err());
}

fn is_key(section: &str, name: &str) -> bool {
    SCHEMA.iter().any(|key| key.section == section && key.name == name)
}

#[test]
fn every_configuration_key_of_the_documents_exists() {
    let mut count = 0;
    for (name, text) in documents() {
        for (_, block) in blocks(&text).into_iter().filter(|(language, _)| *language == "toml") {
            let table: toml::Table = block.parse().unwrap_or_else(|error| panic!("{name}: {error}\n{block}"));
            for (section, keys) in &table {
                for key in keys.as_table().unwrap_or_else(|| panic!("{name}: {section} is no section")).keys()
                {
                    assert!(is_key(section, key), "{name}: there is no {section}.{key}");
                    count += 1;
                }
            }
        }
        for span in spans(&text) {
            let span = span.split([' ', '=']).next().unwrap_or_default();
            let Some((section, key)) = span.split_once('.') else { continue };
            let ours = SCHEMA.iter().any(|known| known.section == section);
            let named = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if ours && named && span.parse::<Kind>().is_err() {
                assert!(is_key(section, key), "{name}: there is no {span}");
                count += 1;
            }
        }
    }
    assert!(count > 25, "{count} keys were read");
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let split = words("entremise log verify a.jsonl --key 'x y' # not this");
    assert_eq!(split, ["entremise", "log", "verify", "a.jsonl", "--key", "x y"]);
    assert_eq!(arguments("cargo run --release -- demo --fresh").unwrap(), ["demo", "--fresh"]);
    assert_eq!(arguments("./target/release/entremise migrate > out").unwrap(), ["migrate"]);
    assert_eq!(arguments("ENTREMISE_DATABASE__URL_FILE=/x entremise migrate").unwrap(), ["migrate"]);
    assert_eq!(arguments("curl entremise"), None);
}
