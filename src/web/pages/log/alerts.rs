//! What deserves a look: the findings of the rules, with their thresholds, and the mark that somebody looked.
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use fluent_bundle::FluentValue;
use form_urlencoded::Serializer;
use http::{HeaderMap, StatusCode};
use time::Duration;

use super::criteria::period;
use super::problem;
use crate::app::App;
use crate::app::detect_misuse::{self, Report};
use crate::app::review_alert::{self, Alert, Marked, Review};
use crate::domain::misuse::{self as rules, Detector};
use crate::domain::time::Timestamp;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::pages::sign_in::code_first;
use crate::web::ui::{self, Form, L, Message, Page, Section};

/// Days looked at when none are asked for, and at most.
const DAYS: i64 = 7;
const MOST: Duration = Duration::days(32);
const SHORTEST: usize = 10;
const LONGEST: usize = 500;

#[derive(Template)]
#[template(path = "log/alerts.html")]
struct AlertsPage {
    page: Page,
    form: Form,
    zone: String,
    alerts: Vec<Told>,
    more: String,
    rules: Vec<(String, String)>,
}

/// A finding in words.
struct Told {
    rule: String,
    why: String,
    when: String,
    aidant: String,
    aidant_href: String,
    structure: String,
    count: String,
    lines: String,
    /// « Regardée par … », of each who has.
    reviews: Vec<String>,
    /// Whether somebody has looked into all there is.
    is_reviewed: bool,
    review: String,
}

/// The first instant of the day that follows one which begins at `start`: a day has at most 25 hours.
fn next_day(l: &L, start: Timestamp) -> Timestamp {
    l.day_typed(&l.day_as_typed(start + Duration::hours(30))).unwrap_or(start)
}

/// The first instant of the day, some days before one which begins at `start`.
fn days_before(l: &L, start: Timestamp, days: i64) -> Timestamp {
    let within = start - Duration::days(days) + Duration::hours(2);
    l.day_typed(&l.day_as_typed(within)).unwrap_or(start)
}

/// The days asked for, or the last seven; written back into the form.
fn span(form: &mut Form, l: &L, now: Timestamp) -> (Timestamp, Timestamp) {
    let (from, until) = period(form, l);
    let until = until.unwrap_or_else(|| next_day(l, l.day_typed(&l.day_as_typed(now)).unwrap_or(now)));
    let week = days_before(l, until, DAYS);
    let from = from.filter(|from| *from < until).unwrap_or(week);
    if until.since(from) > MOST {
        form.refuse("until", "room-alerts-too-long");
        return (week, until);
    }
    for (field, at) in [("from", from), ("until", until - Duration::hours(2))] {
        if form.value(field).is_empty() {
            form.set(field, l.day_as_typed(at));
        }
    }
    (from, until)
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(mut form): Query<Form>,
) -> Response {
    let l = visit.l();
    let span = span(&mut form, &l, app.now());
    match detect_misuse::detect(&app, &who, span).await {
        Ok(report) => {
            let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            let page = visit.page("room-alerts-title").in_section(Section::Alerts).of_form(&form);
            ui::render(status, &fill(page, form, &report, &l))
        }
        Err(error) => problem(&error).respond(&visit),
    }
}

fn fill(page: Page, form: Form, report: &Report, l: &L) -> AlertsPage {
    AlertsPage {
        alerts: report.alerts.iter().map(|alert| told(alert, &form, l)).collect(),
        more: match report.more {
            0 => String::new(),
            more => l.t1("room-alerts-more", "count", more).into_owned(),
        },
        zone: l.t1("room-zone", "zone", l.zone_name()).into_owned(),
        rules: Detector::ALL.iter().map(|detector| (rule(*detector, l), why(*detector, l))).collect(),
        page,
        form,
    }
}

fn rule(detector: Detector, l: &L) -> String {
    l.t(&format!("room-rule-{}", detector.name())).into_owned()
}

/// What the rule looks for, with its thresholds.
fn why(detector: Detector, l: &L) -> String {
    let least = match detector {
        Detector::Burst => rules::BURST,
        Detector::OutOfHours => rules::OUT_OF_HOURS,
        Detector::ManyUsers => rules::MANY_USERS,
        Detector::FailedCodes => rules::FAILED_CODES,
        Detector::Unused => rules::UNUSED,
        Detector::UsedAndRevoked | Detector::SameName | Detector::MixUp => 1,
    };
    let values: [(&str, FluentValue<'static>); 7] = [
        ("least", FluentValue::from(least)),
        ("minutes", FluentValue::from(rules::BURST_WITHIN.whole_minutes())),
        ("begins", FluentValue::from(rules::WORK_BEGINS)),
        ("ends", FluentValue::from(rules::WORK_ENDS)),
        ("times", FluentValue::from(rules::TIMES_THE_MEDIAN)),
        ("days", FluentValue::from(rules::UNUSED_AFTER.whole_days())),
        ("hours", FluentValue::from(rules::FORGOTTEN_AFTER.whole_hours())),
    ];
    l.t_with(&format!("room-rule-{}-text", detector.name()), &values).into_owned()
}

fn told(alert: &Alert, form: &Form, l: &L) -> Told {
    let finding = &alert.finding;
    let aidant = alert.aidant.as_ref();
    let lines = match &finding.mandate {
        Some(reference) => format!("/log/mandates/{reference}"),
        None => lines(alert, l),
    };
    let review =
        [("finding", alert.id.as_str()), ("from", form.value("from")), ("until", form.value("until"))];
    let review = Serializer::new(String::new()).extend_pairs(review).finish();
    Told {
        rule: rule(finding.detector, l),
        why: why(finding.detector, l),
        when: when(alert, l),
        aidant: aidant.map(|one| one.short('a')).unwrap_or_default(),
        aidant_href: aidant.map(|one| format!("/log/aidants/{one}")).unwrap_or_default(),
        structure: alert.structure_name.clone(),
        count: l.number(i64::try_from(finding.count).unwrap_or(i64::MAX)),
        lines,
        reviews: alert.reviews.iter().map(|review| reviewed(review, l)).collect(),
        is_reviewed: alert.is_reviewed,
        review: format!("/log/alerts/review?{review}"),
    }
}

/// In the time of the structure, whose name is said where it is not that of the page.
fn when(alert: &Alert, l: &L) -> String {
    let there = L::in_zone(l.locale(), &alert.time_zone);
    let when = match (there.stamp(alert.finding.since), there.stamp(alert.finding.until)) {
        (since, until) if since == until => since,
        (since, until) => format!("{since} – {until}"),
    };
    if there.zone_name() == l.zone_name() {
        return when;
    }
    l.t2("room-when-there", "when", when, "zone", there.zone_name()).into_owned()
}

fn reviewed(review: &Review, l: &L) -> String {
    let (name, note) = (review.by.clone(), review.note.clone());
    let said = l.t3("room-alerts-reviewed", "name", name, "when", l.stamp(review.at), "note", note);
    match review.count {
        Some(count) => format!("{said} {}", l.t1("room-alerts-seen", "count", l.number(count))),
        None => said.into_owned(),
    }
}

/// The lines of a finding in the search.
fn lines(alert: &Alert, l: &L) -> String {
    let finding = &alert.finding;
    let kind = match finding.detector {
        Detector::Burst | Detector::ManyUsers | Detector::MixUp => "use.opened",
        Detector::FailedCodes => "card.code_refused",
        Detector::Unused => "mandate.signed",
        _ => "",
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("structure", &finding.structure.to_string());
    // A code is refused to nobody in particular: that is what is tried.
    if let Some(aidant) = alert.aidant.as_ref().filter(|_| finding.detector != Detector::FailedCodes) {
        query.append_pair("aidant", &aidant.to_string());
    }
    query.append_pair("from", &l.day_as_typed(finding.since));
    query.append_pair("until", &l.day_as_typed(finding.until));
    if !kind.is_empty() {
        query.append_pair("kind", kind);
    }
    format!("/log?{}", query.finish())
}

#[derive(Template)]
#[template(path = "log/review.html")]
struct ReviewPage {
    page: Page,
    form: Form,
    id: String,
    alert: Told,
    /// How many marks of others are read here.
    read: usize,
    back: String,
}

fn draw(visit: &Visit, status: StatusCode, form: Form, alert: &Alert) -> Response {
    let page = visit.page("room-review-title").in_section(Section::Alerts).of_form(&form);
    let l = page.l.clone();
    let (told, back) = (told(alert, &form, &l), back(&form));
    let page = page.reached_at(told.review.clone());
    let (id, read) = (alert.id.clone(), alert.reviews.len());
    ui::render(status, &ReviewPage { page, form, id, alert: told, read, back })
}

/// The page of alerts, on the days it showed.
fn back(form: &Form) -> String {
    let days = [("from", form.value("from")), ("until", form.value("until"))];
    let days = days.into_iter().filter(|(_, day)| !day.is_empty());
    format!("/log/alerts?{}", Serializer::new(String::new()).extend_pairs(days).finish())
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(form): Query<Form>,
) -> Response {
    match review_alert::one(&app, &who, form.value("finding")).await {
        Ok(alert) => draw(&visit, StatusCode::OK, form, &alert),
        Err(error) => problem(&error).respond(&visit),
    }
}

pub(super) async fn review(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let (finding, note) = (form.value("finding").to_owned(), form.value("note").to_owned());
    let read = form.value("read").parse().unwrap_or(0);
    let wrong = if (SHORTEST..=LONGEST).contains(&note.chars().count()) {
        match review_alert::review(&app, &who, &finding, read, &note).await {
            Ok(Marked::Done) => return redirect(&back(&form)),
            Ok(Marked::Overtaken) => "room-review-overtaken",
            Err(error) => return problem(&error).respond(&visit),
        }
    } else {
        "room-review-note-required"
    };
    form.refuse("note", Message::new(wrong));
    match review_alert::one(&app, &who, &finding).await {
        Ok(alert) => draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &alert),
        Err(error) => problem(&error).respond(&visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ui::Locale;

    #[test]
    fn every_rule_is_told_with_its_threshold() {
        for locale in Locale::ALL {
            let l = L::new(locale);
            for detector in Detector::ALL {
                assert!(!rule(detector, &l).contains('⟨'), "{detector:?}");
                assert!(!why(detector, &l).contains(['⟨', '{']), "{}", why(detector, &l));
            }
            assert!(why(Detector::Burst, &l).contains("10"), "{}", why(Detector::Burst, &l));
        }
    }
}
