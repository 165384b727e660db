//! The auditor's screens with sample data.
use super::samples::{every, moments, page, rows};
use super::story::{self, LogLine, Proof, kind_words, role_words};
use crate::log::kind::{Kind, Role};
use crate::web::ui::{Choice, L, Locale, Tone};

#[test]
fn everything_that_can_happen_has_words() {
    for locale in Locale::ALL {
        let l = L::new(locale);
        for kind in Kind::ALL {
            assert_ne!(kind_words(&l, kind.token()), kind.token(), "{kind}");
        }
        for role in Role::ALL {
            assert_ne!(role_words(&l, role.token()), role.token(), "{role}");
        }
        assert_eq!(kind_words(&l, "not.a_kind"), "not.a_kind");
    }
}

fn proof(l: &L) -> Proof {
    Proof {
        state: l.t("story-proof-good").into_owned(),
        tone: Tone::Good,
        sentence: l.t2("story-proof-sentence-good", "lines", 6, "proven", 6).into_owned(),
        facts: vec![
            l.t1("story-fact-size", "count", l.number(1_204_883_i64)).into_owned(),
            l.t1("story-fact-witnesses", "count", 2).into_owned(),
            l.t1("story-fact-witnesses", "count", 0).into_owned(),
        ],
        hashes: vec!["leaf 1204871…1204883".into(), "root 9f3a 77c1 02be …".into()],
        download_href: "/x".into(),
    }
}

fn line(locale: Locale) -> LogLine {
    LogLine {
        when: "22 nov. 2026, 10:42:07".into(),
        what: kind_words(&L::new(locale), "mandate.consent_given"),
        outcome: L::new(locale).t("story-outcome-done").into_owned(),
        tone: Tone::Good,
        actor: "Aidant a-5F2C".into(),
        structure: "CCAS de Gannat".into(),
        mandate: "M-7Q4K-92HD".into(),
        href: "/log/mandates/M-7Q4K-92HD".into(),
    }
}

#[test]
fn the_search() {
    for (name, filled, unknown) in [("full", 4, false), ("none", 0, false), ("unknown", 0, true)] {
        every(&format!("story-search-{name}"), &["mandate", "from"], |locale, form| story::Search {
            page: page(locale, "story-search-title", &form),
            form,
            kinds: vec![Choice::new("", L::new(locale).t("story-filter-any"))],
            outcomes: vec![Choice::new("", L::new(locale).t("story-filter-any"))],
            structures: vec![Choice::new("", L::new(locale).t("story-filter-any"))],
            lines: vec![line(locale); filled],
            next_href: "/log?before=x".into(),
            unknown_mandate: unknown,
            perimeter: "Allier".into(),
        });
    }
}

#[test]
fn the_story() {
    every("story", &[], |locale, form| story::Story {
        page: page(locale, "story-search-title", &form),
        reference: "M-7Q4K-92HD".into(),
        state: L::new(locale).t("state-active").into_owned(),
        tone: Tone::Good,
        domains: vec!["Argent, impôts".into(), "Social, santé".into()],
        about: "CCAS de Gannat · jusqu’au 23 décembre 2026".into(),
        moments: moments(),
        proof: proof(&L::new(locale)),
        next_href: "/x".into(),
    });
    every("story-line", &[], |locale, form| story::Line {
        page: page(locale, "story-search-title", &form),
        trail_href: "/log".into(),
        trail: "Journal".into(),
        rows: rows(),
        proof: proof(&L::new(locale)),
    });
}
