//! Every screen with sample data, in every language, calm and with errors.
use askama::Template;
use http::Uri;

use super::desk::{self, Clause, GrantLine, MandateLine, UserLine};
use super::{Confirm, Outcome};
use crate::web::ui::preview::{check, write};
use crate::web::ui::{Choice, Form, L, Locale, Message, Moment, Page, Row, Section, Tone, Who, qr};

fn page(locale: Locale, title: &str, form: &Form) -> Page {
    Page::new(L::new(locale), &Uri::from_static("/sample"))
        .titled(title)
        .in_section(Section::Mandates)
        .of_form(form)
        .signed_in(Who {
            name: "Nadia Benali".into(),
            place: "CCAS de Gannat".into(),
            sections: vec![Section::Home, Section::Mandates, Section::Users],
            may_switch: true,
            alerts: 0,
        })
}

/// A form as first shown, and as it comes back with an error in each of its fields.
fn forms(fields: &[&'static str]) -> Vec<(&'static str, Form)> {
    let mut wrong = Form::empty();
    for field in fields {
        wrong.refuse(field, Message::new("field-required"));
    }
    if fields.is_empty() { vec![("", Form::empty())] } else { vec![("", Form::empty()), ("-wrong", wrong)] }
}

/// Renders, checks and writes a screen for every language and form.
fn every<T: Template>(name: &str, fields: &[&'static str], make: impl Fn(Locale, Form) -> T) {
    for locale in Locale::ALL {
        for (state, form) in forms(fields) {
            let html = make(locale, form).render().unwrap();
            check(&html);
            assert_eq!(html.contains("error-summary"), state == "-wrong", "{name}");
            assert!(html.contains("<h1"), "{name} has a heading");
            write(&format!("{name}{state}-{}", locale.tag()), &html);
        }
    }
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("Personne", "Josette Martin, née le 4 mars 1948 à Gannat"),
        Row::many("Démarches", vec!["Argent, impôts, consommation".into(), "Social, santé".into()]),
        Row::new("Jusqu’au", "mercredi 23 décembre 2026 à minuit"),
        Row::new("Mandataire", "CCAS de Gannat"),
    ]
}

fn clauses() -> Vec<Clause> {
    ["Ce que vous confiez", "Jusqu’à quand", "Vos droits"]
        .into_iter()
        .map(|title| Clause {
            title: title.into(),
            lines: vec![
                "Le CCAS de Gannat pourra faire vos démarches « Argent, impôts, consommation »."
                    .into();
                2
            ],
        })
        .collect()
}

fn domains() -> Vec<Choice> {
    ["Argent, impôts, consommation", "Famille, scolarité", "Social, santé", "Logement"]
        .into_iter()
        .enumerate()
        .map(|(index, label)| Choice::new(format!("d{index}"), label).hint("Déclaration, dossier, carte"))
        .collect()
}

fn moments() -> Vec<Moment> {
    vec![
        Moment {
            when: "22 nov. 2026, 10:42:07".into(), title: "Mandat proposé".into(), ..Moment::default()
        },
        Moment {
            when: "22 nov. 2026, 10:58:40".into(),
            title: "Demande refusée : hors du mandat".into(),
            detail: "Service Logement · aucune autorisation".into(),
            tone: Tone::Warn,
            href: "/x".into(),
        },
    ]
}

#[test]
fn confirmations() {
    every("confirm", &["code"], |locale, form| Confirm {
        page: page(locale, "desk-end-title", &form),
        form,
        sentence: "C’est définitif.".into(),
        label: "Retirer".into(),
        back_href: "/sample".into(),
        danger: true,
        code: true,
    });
    every("outcome", &[], |locale, form| Outcome {
        page: page(locale, "desk-refused-title", &form),
        sentence: L::new(locale).t("desk-refused-text").into_owned(),
        next_href: "/mandates/new".into(),
        next: L::new(locale).t("home-new-mandate").into_owned(),
    });
}

#[test]
fn the_desk_before_the_signature() {
    every("desk-domains", &["domain", "term", "end"], |locale, mut form| {
        form.set("domain", "d0");
        form.set("term", "t1");
        desk::Domains {
            page: page(locale, "desk-domains-title", &form),
            form,
            domains: domains(),
            more_domains: vec![
                Choice::new("justice", "Justice")
                    .hint("Aide juridictionnelle")
                    .warning("Un dossier de surendettement doit être signé par la personne elle-même."),
            ],
            terms: ["Un jour", "Un mois", "Six mois"]
                .into_iter()
                .enumerate()
                .map(|(index, label)| {
                    Choice::new(format!("t{index}"), label).hint("Jusqu’au lundi 23 novembre 2026 à minuit")
                })
                .collect(),
            back_href: "/".into(),
        }
    });
    every("desk-identity", &[], |locale, form| desk::Identity {
        page: page(locale, "desk-identity-title", &form),
        provider: "FranceConnect".into(),
        rows: rows(),
        problem: "La session a expiré.".into(),
        cancel_href: "/".into(),
    });
    every("desk-consent", &["declaration"], |locale, form| desk::Consent {
        page: page(locale, "desk-consent-title", &form).without_session(),
        form,
        person: "Josette Martin, née le 4 mars 1948".into(),
        structure: "CCAS de Gannat".into(),
        clauses: clauses(),
        translation: if locale == Locale::En { clauses() } else { Vec::new() },
    });
    for agreed in [true, false] {
        every(&format!("desk-answered-{agreed}"), &[], |locale, form| desk::Answered {
            page: page(locale, "desk-consent-title", &form).without_session(),
            agreed,
            structure: "CCAS de Gannat".into(),
            next_href: "/x".into(),
        });
    }
    every("desk-sign", &["code"], |locale, form| desk::Sign {
        page: page(locale, "desk-sign-title", &form),
        form,
        agreed: "Mme Josette Martin a donné son accord".into(),
        agreed_how: "à 10 h 44, sur cet écran, après s’être identifiée avec FranceConnect.".into(),
        rows: rows(),
        replaces: vec!["Argent, impôts, consommation (M-7Q4K-92HD)".into()],
        cancel_href: "/".into(),
    });
}

#[test]
fn the_life_of_a_mandate() {
    every("desk-signed", &[], |locale, form| desk::Signed {
        page: page(locale, "desk-signed-title", &form),
        reference: "M-7Q4K-92HD".into(),
        rows: rows(),
        attestation_href: "/x".into(),
        mandate_href: "/x".into(),
    });
    every("desk-attestation", &[], |locale, form| desk::Attestation {
        page: page(locale, "desk-attestation-title", &form),
        reference: "M-7Q4K-92HD".into(),
        clauses: clauses(),
        evidence: rows(),
        qr: qr::svg("https://entremise.example/v/7Q4K92HD", "QR").unwrap(),
        verify_address: "entremise.example/v/7Q4K92HD".into(),
        back_href: "/x".into(),
    });
    for (name, filled, searched) in [("full", true, true), ("empty", false, false), ("none", false, true)] {
        every(&format!("desk-list-{name}"), &[], |locale, form| desk::List {
            page: page(locale, "desk-list-title", &form),
            form,
            lines: vec![
                MandateLine {
                    href: "/x".into(),
                    person: "Josette Martin".into(),
                    reference: "M-7Q4K-92HD".into(),
                    domains: "Argent, impôts · Social, santé".into(),
                    state: L::new(locale).t("state-active").into_owned(),
                    tone: Tone::Good,
                    end: "23 décembre 2026".into(),
                };
                if filled { 3 } else { 0 }
            ],
            next_href: "/x".into(),
            first_href: "/x".into(),
            of_person: if searched { String::new() } else { "Josette Martin, née le 4 mars 1948".into() },
            searched,
            new_href: "/mandates/new".into(),
        });
        every(&format!("desk-users-{name}"), &[], |locale, form| desk::Users {
            page: page(locale, "users-title", &form),
            form,
            lines: vec![
                UserLine {
                    href: "/x".into(),
                    name: "Josette Martin".into(),
                    born: "4 mars 1948".into(),
                    mandates: "2".into()
                };
                if filled { 3 } else { 0 }
            ],
            next_href: "/x".into(),
            first_href: "/x".into(),
            searched,
        });
    }
    every("desk-mandate", &[], |locale, form| desk::Mandate {
        page: page(locale, "desk-list-title", &form),
        reference: "M-7Q4K-92HD".into(),
        state: L::new(locale).t("state-active").into_owned(),
        tone: Tone::Good,
        rows: rows(),
        grants: vec![GrantLine {
            label: "Argent, impôts, consommation".into(),
            state: L::new(locale).t("state-active").into_owned(),
            tone: Tone::Good,
            end_href: "/x".into(),
        }],
        moments: moments(),
        older_href: "/x".into(),
        attestation_href: "/x".into(),
        end_href: "/x".into(),
        continue_href: "/x".into(),
        waiting_href: "/x".into(),
        waiting_state: "state-awaiting-consent",
    });
    every("desk-end", &["by", "code"], |locale, form| desk::End {
        page: page(locale, "desk-end-title", &form),
        form,
        sentence: L::new(locale).t1("desk-end-sentence", "name", "Josette Martin").into_owned(),
        code: true,
        back_href: "/x".into(),
    });
    every("desk-structure", &["structure"], |locale, form| desk::ChooseStructure {
        page: page(locale, "structure-title", &form),
        form,
        structures: vec![Choice::new("a", "CCAS de Gannat"), Choice::new("b", "Maison France Services")],
    });
}
