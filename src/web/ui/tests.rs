//! What no page may get wrong: sentences in both languages, typography, dates.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;
use time::macros::datetime;

use super::locale::{FILES, typeset};
use super::{Gender, L, Locale};
use crate::domain::time::Timestamp;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(below: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
    found
}

/// On a telephone each row is drawn as a block: what its cells are is then only said by roles and labels.
#[test]
fn tables_drawn_as_blocks_say_what_their_cells_are() {
    let mut tables = 0;
    for path in files(&root().join("src/web/ui/templates"), "html") {
        let text = fs::read_to_string(&path).unwrap();
        for table in text.split("{% call c::table(").skip(1).filter(|table| table.contains("\"stack\") %}")) {
            let Some((body, _)) = table.split_once("\n{% endcall %}") else { panic!("{}", path.display()) };
            tables += 1;
            for (tag, role) in [
                ("<thead", "rowgroup"),
                ("<tbody", "rowgroup"),
                ("<tr", "row"),
                ("<th", "columnheader"),
                ("<th", "rowheader"),
                ("<td", "cell"),
            ] {
                assert!(body.contains(&format!("{tag} role=\"{role}\"")), "{tag} in {}", path.display());
            }
            for tag in ["<thead", "<tbody", "<tr", "<th ", "<td"] {
                let all = body.matches(tag).count();
                assert_eq!(
                    all,
                    body.matches(&format!("{} role=", tag.trim_end())).count(),
                    "{tag} in {}",
                    path.display()
                );
            }
            for cell in body.split("<td").skip(1) {
                assert!(
                    cell.split(">{").next().unwrap().contains("data-label"),
                    "{cell} in {}",
                    path.display()
                );
            }
        }
    }
    assert!(tables >= 6, "{tables}");
    let style = fs::read_to_string(root().join("src/web/ui/assets/style.css")).unwrap();
    assert!(!style.contains(".stack thead { display: none"), "the head is there for who does not look");
}

/// Message keys of a Fluent source with the variables each uses.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|first: char| first.is_ascii_alphabetic()) {
            current = line.split('=').next().unwrap().trim().to_owned();
            assert!(found.insert(current.clone(), BTreeSet::new()).is_none(), "{current} twice");
        }
        for piece in line.split('$').skip(1) {
            let name = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            found.get_mut(&current).unwrap().insert(name.collect());
        }
    }
    found
}

#[test]
fn both_languages_say_the_same_things() {
    let mut everywhere = BTreeSet::new();
    for (name, french, english) in FILES {
        for source in [typeset(french), (*english).to_owned()] {
            if let Err((_, faults)) = FluentResource::try_new(source) {
                panic!("{name}.ftl: {faults:?}");
            }
        }
        let (french, english) = (keys(french), keys(english));
        for key in french.keys().chain(english.keys()) {
            assert_eq!(french.get(key), english.get(key), "{name}.ftl: {key} (fr, en)");
        }
        for key in french.into_keys() {
            assert!(everywhere.insert(key.clone()), "{key} is in two files");
        }
    }
    let listed: BTreeSet<_> = FILES.iter().map(|(name, ..)| format!("{name}.ftl")).collect();
    for file in files(&root().join("src/web/ui/locales"), "ftl") {
        assert!(listed.contains(file.file_name().unwrap().to_str().unwrap()), "{file:?} is not loaded");
    }
}

/// Keys written literally after these in templates and sources.
const CALLS: [&str; 12] = [
    ".t(\"",
    ".t1(\"",
    ".t2(\"",
    ".t3(\"",
    ".t_with(\"",
    ".titled(\"",
    ".page(\"",
    "Message::new(\"",
    ".refuse_key(\"",
    "t1(\n\"",
    "t2(\n\"",
    "t3(\n\"",
];

#[test]
fn every_sentence_asked_for_exists() {
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    let mut sources = files(&root().join("src/web/ui/templates"), "html");
    sources.extend(files(&root().join("src/web"), "rs"));
    sources.extend(files(&root().join("src/app"), "rs"));
    for path in sources.iter().filter(|path| !path.ends_with("ui/mod.rs") && !path.ends_with("ui/tests.rs")) {
        let text = fs::read_to_string(path).unwrap();
        // rustfmt may put the key on its own line
        let text: String = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let text = text.replace("(\n\"", "(\"");
        // field, then key
        for call in [".refuse(\"", ".required(\""] {
            for piece in text.split(call).skip(1) {
                let mut literals = piece.split('"').skip(1);
                if let (Some(", " | ",\n"), Some(key)) = (literals.next(), literals.next())
                    && !L::has(key)
                {
                    missing.insert(format!("{key} ({})", path.file_name().unwrap().display()));
                }
            }
        }
        for kind in text.split("Problem::new(").skip(1).filter_map(|piece| piece.split('"').nth(1)) {
            for part in ["title", "happened", "safe", "do"] {
                let key = format!("error-{kind}-{part}");
                if !kind.is_empty()
                    && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                    && !L::has(&key)
                {
                    missing.insert(format!("{key} ({})", path.file_name().unwrap().display()));
                }
            }
        }
        for call in CALLS {
            for piece in text.split(call).skip(1) {
                let key = piece.split('"').next().unwrap();
                seen += 1;
                if !L::has(key) {
                    missing.insert(format!("{key} ({})", path.file_name().unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 25, "the scan finds keys: {seen}");
    assert!(missing.is_empty(), "missing: {missing:#?}");
}

/// A template without its comments, statements and expressions, then without its tags.
fn bare(template: &str) -> (String, String) {
    let mut markup = template.to_owned();
    for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}")] {
        while let Some(start) = markup.find(open) {
            let end = markup[start..].find(close).map_or(markup.len(), |end| start + end + close.len());
            markup.replace_range(start..end, "");
        }
    }
    let mut text = String::new();
    let mut inside = false;
    for c in markup.chars() {
        match c {
            '<' => inside = true,
            // A tag parts words, as it does on the page.
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    (markup, text)
}

#[test]
fn templates_hold_no_sentence_style_or_script_of_their_own() {
    for path in files(&root().join("src/web/ui/templates"), "html") {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if name.ends_with("/preview.html") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let (markup, text) = bare(&source.replace("{% block width %}full{% endblock %}", ""));
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| word.chars().count() > 1 && *word != "Entremise" && *word != "root")
            .collect();
        let shared = name.ends_with("/components.html");
        assert!(words.is_empty() || shared, "{name}: written in one language only: {words:?}");
        for forbidden in
            [" style=", " onclick=", " onchange=", " onsubmit=", "<style", "javascript:", "http://"]
        {
            assert!(!markup.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(!source.contains("|safe") || shared, "{name}: |safe");
        assert!(source.matches("<h1").count() <= 1 || source.contains("{% else"), "{name}: one h1 per page");
        for form in markup.split("<form").skip(1).map(|form| form.split('>').next().unwrap()) {
            let posts = form.contains("method=\"post\"");
            assert!(posts || form.contains("method=\"get\""), "{name}: a form says its method");
        }
    }
}

/// Every value of every message of the French files, after typesetting, as it would be shown.
fn french_lines() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (name, french, _) in FILES {
        for line in typeset(french).lines().filter(|line| !line.starts_with('#')) {
            let text = match line.split_once(" = ") {
                Some((_, text)) if !line.starts_with(' ') => text,
                _ => line.trim_start_matches(|c: char| c != ']').trim_start_matches(']'),
            };
            lines.push((format!("{name}.ftl"), text.trim().to_owned()));
        }
    }
    lines
}

#[test]
fn french_elides_before_a_vowel() {
    let title = |locale, name: &str| L::new(locale).t1("desk-mandate-title", "name", name).into_owned();
    assert_eq!(title(Locale::Fr, "Josette Martin"), "Mandat de Josette Martin");
    assert_eq!(title(Locale::Fr, "Amadou Diallo"), "Mandat d’Amadou Diallo");
    assert_eq!(title(Locale::Fr, "Éloïse Le Goff"), "Mandat d’Éloïse Le Goff");
    assert_eq!(title(Locale::En, "Amadou Diallo"), "Mandate given by Amadou Diallo");
    let banner = |locale| L::new(locale).t1("acting-in-name-of", "name", "Inès").into_owned();
    assert_eq!(banner(Locale::Fr), "Vous agissez au nom d’");
    assert_eq!(banner(Locale::En), "You are acting in the name of ");
}

#[test]
fn french_is_typeset() {
    for (file, text) in french_lines() {
        assert!(!text.contains('\''), "{file}: straight apostrophe in « {text} »");
        assert!(!text.contains("..."), "{file}: write … in « {text} »");
        assert!(!text.contains('"') || text.contains('{'), "{file}: write « » in « {text} »");
        let chars: Vec<char> = text.chars().collect();
        for (index, sign) in chars.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or('\u{a0}');
            let after = chars.get(index + 1).copied().unwrap_or(' ');
            let in_address = *sign == ':' && (after == '/' || after.is_ascii_digit());
            if matches!(sign, ';' | ':' | '!' | '?' | '»') && !in_address {
                let joined = matches!(before, '\u{a0}' | '\u{202f}' | '!' | '?' | '.');
                assert!(joined, "{file}: no non-breaking space before {sign} in « {text} »");
            }
            if *sign == '«' {
                assert_eq!(after, '\u{a0}', "{file}: no non-breaking space after « in « {text} »");
            }
        }
    }
}

#[test]
fn an_unknown_key_is_visible_and_does_not_panic() {
    assert_eq!(L::new(Locale::Fr).t("no-such-key"), "⟨no-such-key⟩");
}

fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[test]
fn dates_are_written_in_full_in_the_zone_of_the_structure() {
    let (fr, en) = (L::new(Locale::Fr), L::new(Locale::En));
    let at = Timestamp::new(datetime!(2026-11-22 09:42:07 UTC));
    assert_eq!(plain(&fr.date_hour(at)), "dimanche 22 novembre 2026 à 10 h 42");
    assert_eq!(plain(&en.date_hour(at)), "Sunday 22 November 2026 at 10:42");
    assert_eq!(plain(&fr.stamp(at)), "22 nov. 2026, 10:42:07");
    let reunion = L::in_zone(Locale::Fr, "Indian/Reunion");
    assert_eq!(plain(&reunion.hour(at)), "13 h 42");
    let first = Timestamp::new(datetime!(2026-08-01 12:00 UTC));
    assert_eq!(plain(&fr.day(first)), "1er août 2026");
    assert_eq!(plain(&en.day(first)), "1 August 2026");
}

#[test]
fn the_end_of_a_mandate_is_the_day_that_ends() {
    let (fr, en) = (L::new(Locale::Fr), L::new(Locale::En));
    for end in [datetime!(2026-12-23 23:00 UTC), datetime!(2026-12-23 22:59:59.999999 UTC)] {
        let end = Timestamp::new(end);
        assert_eq!(plain(&fr.end(end)), "mercredi 23 décembre 2026 à minuit");
        assert_eq!(plain(&en.end(end)), "the end of Wednesday 23 December 2026");
        assert_eq!(plain(&fr.end_day(end)), "23 décembre 2026");
    }
    let noon = Timestamp::new(datetime!(2026-12-23 11:00 UTC));
    assert_eq!(plain(&fr.end(noon)), "mercredi 23 décembre 2026 à 12 h 00");
}

#[test]
fn moments_are_near_or_dated() {
    let fr = L::new(Locale::Fr);
    let now = Timestamp::new(datetime!(2026-11-22 23:30 UTC)); // already the 23rd in Paris
    let said = |at| plain(&fr.moment(Timestamp::new(at), now));
    assert_eq!(said(datetime!(2026-11-22 23:05 UTC)), "Aujourd’hui, 0 h 05");
    assert_eq!(said(datetime!(2026-11-22 22:55 UTC)), "Hier, 23 h 55");
    assert_eq!(said(datetime!(2026-11-20 12:00 UTC)), "20 nov. 2026, 13 h 00");
}

#[test]
fn presumed_birth_dates_say_only_what_is_known() {
    let (fr, en) = (L::new(Locale::Fr), L::new(Locale::En));
    assert_eq!(plain(&fr.born(Gender::Female, "1948-03-04")), "née le 4 mars 1948");
    assert_eq!(fr.born(Gender::Male, "1962-00-00"), "né en 1962");
    assert_eq!(fr.born(Gender::Male, "1962-07-00"), "né en juillet 1962");
    assert_eq!(fr.born(Gender::Unknown, "1962-00-00"), "naissance en 1962");
    assert_eq!(plain(&en.born(Gender::Female, "1948-03-04")), "born on 4 March 1948");
    for odd in ["", "1962", "1962-13-01", "1962-02-31", "x-y-z", "1962-01-01-01"] {
        assert_eq!(fr.birth_date(odd), odd);
    }
}

#[test]
fn durations_never_promise_too_early() {
    let fr = L::new(Locale::Fr);
    let said = |seconds| fr.duration(time::Duration::seconds(seconds)).into_boxed_str();
    assert_eq!(&*said(-5), "0 seconde");
    assert_eq!(&*said(1), "1 seconde");
    assert_eq!(&*said(90), "90 secondes");
    assert_eq!(&*said(121), "3 minutes");
    assert_eq!(&*said(7_201), "3 heures");
    assert_eq!(&*said(172_801), "3 jours");
    assert_eq!(L::new(Locale::En).duration(time::Duration::SECOND), "1 second");
}

#[test]
fn numbers_and_lists() {
    let (fr, en) = (L::new(Locale::Fr), L::new(Locale::En));
    assert_eq!(fr.number(1_204_883_i64), "1\u{a0}204\u{a0}883");
    assert_eq!(en.number(-1_204_883_i64), "-1,204,883");
    assert_eq!(en.number(7_u32), "7");
    let items = ["Argent".to_owned(), "Logement".to_owned(), "Justice".to_owned()];
    assert_eq!(fr.list(&items), "Argent, Logement et Justice");
    assert_eq!(en.list(&items[..1]), "Argent");
}

#[test]
fn the_language_comes_from_the_address_then_the_cookie_then_the_browser() {
    use http::{HeaderMap, Uri, header};
    let choose = |uri: &'static str, cookie: &'static str, accept: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        Locale::choose(&Uri::from_static(uri), &headers)
    };
    assert_eq!(choose("/?lang=en", "lang=fr", "fr"), Locale::En);
    assert_eq!(choose("/?lang=xx", "a=b; lang=en", "fr"), Locale::En);
    assert_eq!(choose("/", "a=b", "de, en-GB;q=0.8, fr;q=0.5"), Locale::En);
    assert_eq!(choose("/", "a=b", "fr-CA, en;q=0.9"), Locale::Fr);
    assert_eq!(choose("/", "a=b", "de, en;q=0, *;q=x"), Locale::Fr);
}
