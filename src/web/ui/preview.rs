//! Every component in both languages, written to `target/preview/` to be looked at in a browser, and checked
//! for what a machine can check: ids that exist and are unique, no inline style or script.
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use askama::Template;
use http::{StatusCode, Uri};
use time::macros::datetime;

use super::{
    ActingFor, Choice, ErrorPage, Form, Gender, L, Locale, Message, Moment, Page, Pages, Row, Section, Tone,
    Who, assets, qr,
};
use crate::domain::time::Timestamp;

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    page: Page,
    form: Form,
    steps: Vec<&'static str>,
    domains: Vec<Choice>,
    lengths: Vec<Choice>,
    rows: Vec<Row>,
    moments: Vec<Moment>,
    pages: Pages,
    code: String,
}

fn page(locale: Locale) -> Page {
    Page::new(L::new(locale), &Uri::from_static("/preview?page=2"))
        .titled("steps-label")
        .in_section(Section::Mandates)
        .signed_in(Who {
            name: "Nadia Benali".into(),
            place: "CCAS de Gannat".into(),
            sections: vec![Section::Home, Section::Mandates, Section::Users],
            may_switch: true,
            alerts: 0,
        })
}

fn preview(locale: Locale, wrong: bool) -> Preview {
    let l = L::new(locale);
    let end = Timestamp::new(datetime!(2026-12-23 23:00 UTC));
    let mut form = Form::empty();
    form.set("domains", "argent");
    form.add("domains", "social");
    form.set("length", "31");
    form.set("email", "nadia@gannat.example");
    if wrong {
        for field in ["email", "password", "domains", "code", "agree", "notes"] {
            form.refuse(field, Message::new("field-required"));
        }
    }
    let page = page(locale).of_form(&form).flash(Tone::Good, "Modification enregistrée.").acting_for(
        wrong.then(|| ActingFor {
            name: "Mme Josette Martin".into(),
            service: "Impôts".into(),
            end_action: "/uses/end".into(),
        }),
    );
    let until = |text: &str| Choice::new(text, text).hint(format!("Jusqu’au {}", l.end(end)));
    Preview {
        steps: vec!["Démarches", "Identité", "Accord", "Signature"],
        domains: vec![
            Choice::new("argent", "Argent, impôts, consommation").hint("Déclaration, surendettement, banque"),
            Choice::new("famille", "Famille, scolarité").hint("Allocations, naissance, école"),
            Choice::new("social", "Social, santé").hint("Carte Vitale, RSA, handicap"),
            Choice::new("logement", "Logement").hint("Aide au logement, bail").disabled(true),
        ],
        lengths: vec![until("1"), until("31"), until("182")],
        rows: vec![
            Row::new("Personne", format!("Josette Martin, {}", l.born(Gender::Female, "1948-03-04")))
                .change("/x"),
            Row::many("Démarches", vec!["Argent, impôts, consommation".into(), "Social, santé".into()]),
            Row::new("Jusqu’au", l.end(end)),
        ],
        moments: ["Mandat proposé", "Signé avec la carte c-81D4", "Demande refusée : hors du mandat"]
            .into_iter()
            .zip([Tone::Info, Tone::Good, Tone::Warn])
            .map(|(title, tone)| Moment {
                when: l.stamp(end),
                title: title.into(),
                detail: "Aidante a-5F2C, CCAS de Gannat".into(),
                tone,
                href: String::new(),
            })
            .collect(),
        pages: Pages::new(2, 41, 20, "/users?"),
        code: qr::svg("https://entremise.example/c/7Q4K92HD", "Code").unwrap(),
        page,
        form,
    }
}

/// Values of an attribute, in order.
fn attribute<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

pub(super) fn check(html: &str) {
    let ids = attribute(html, "id");
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id is used twice: {ids:?}");
    for (name, values) in
        ["for", "aria-describedby", "aria-labelledby"].map(|name| (name, attribute(html, name)))
    {
        for id in values.iter().flat_map(|value| value.split(' ')) {
            assert!(unique.contains(id), "{name} points at {id}, which is not there");
        }
    }
    for link in attribute(html, "href").iter().filter_map(|href| href.strip_prefix('#')) {
        assert!(unique.contains(link), "a link leads to #{link}, which is not there");
    }
    for forbidden in [" style=\"", " onclick=\"", "<style", "<script>", "javascript:", "⟨"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

/// Writes a page so that a browser finds its assets beside it.
pub(super) fn write(name: &str, html: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/preview");
    fs::create_dir_all(&folder).unwrap();
    let address = assets::url("");
    fs::write(folder.join(format!("{name}.html")), html.replace(&address, "")).unwrap();
    for asset in fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/web/ui/assets")).unwrap() {
        let asset = asset.unwrap();
        fs::copy(asset.path(), folder.join(asset.file_name())).unwrap();
    }
}

#[test]
fn every_component_in_both_languages() {
    for locale in Locale::ALL {
        for (name, wrong) in [("calm", false), ("wrong", true)] {
            let html = preview(locale, wrong).render().unwrap();
            check(&html);
            assert_eq!(html.contains("error-summary"), wrong);
            assert!(html.contains("nadia@gannat.example"), "what was typed is kept");
            write(&format!("{name}-{}", locale.tag()), &html);
        }
    }
}

#[tokio::test]
async fn error_pages_say_what_happened_what_is_safe_and_what_to_do() {
    for locale in Locale::ALL {
        for status in [400, 403, 404, 429, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = ErrorPage::of_status(status).respond(status, page(locale), "7Q4K-92HD");
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let html = std::str::from_utf8(&body).unwrap();
            check(html);
            assert!(html.contains("7Q4K-92HD"));
            write(&format!("error-{}-{}", status.as_u16(), locale.tag()), html);
        }
    }
}
