//! What an aidant or a structure did: by day, by domain, refusals, time between signature and first use.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use time::Duration;

use super::chart::{Bar, Columns, bars};
use super::criteria::{domain_label, period};
use super::problem;
use super::unmask::Shown;
use super::words::{kind_key, reason_said};
use crate::app::App;
use crate::app::read_activity::{self, Activity, Day, FirstUse, Subject};
use crate::domain::time::Timestamp;
use crate::log::pseudonym::Pseudonym;
use crate::web::error::Problem;
use crate::web::extract::{Person, Visit};
use crate::web::ui::{self, Form, L, Page, Section};

/// Days shown when none are asked for, and at most.
const DAYS: i64 = 30;
const MOST_DAYS: usize = 92;

#[derive(Template)]
#[template(path = "log/activity.html")]
struct ActivityPage {
    page: Page,
    form: Form,
    /// This page, without its period.
    address: String,
    /// The same lines in the search.
    lines: String,
    is_aidant: bool,
    /// The pseudonym in full.
    full: String,
    names: Shown,
    summary: String,
    zone: String,
    /// Said when not all was looked at.
    cut: String,
    chart: Columns,
    chart_said: String,
    days: Vec<[String; 5]>,
    tables: Vec<Table>,
}

/// Numbers with their bars.
struct Table {
    title: String,
    head: String,
    rows: Vec<Bar>,
    empty: String,
}

pub(super) async fn structure(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(id): Path<String>,
    Query(form): Query<Form>,
) -> Response {
    let Ok(structure) = id.parse() else { return Problem::not_found().respond(&visit) };
    let subject = Subject::Structure(structure);
    draw(&app, &visit, &who, &subject, form, format!("/log/structures/{id}"), &format!("structure={id}"))
        .await
}

pub(super) async fn aidant(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(name): Path<String>,
    Query(form): Query<Form>,
) -> Response {
    let Ok(pseudonym) = name.parse::<Pseudonym>() else { return Problem::not_found().respond(&visit) };
    let subject = Subject::Aidant(pseudonym);
    draw(&app, &visit, &who, &subject, form, format!("/log/aidants/{name}"), &format!("aidant={name}")).await
}

async fn draw(
    app: &App,
    visit: &Visit,
    who: &crate::app::caller::SignedIn,
    subject: &Subject,
    mut form: Form,
    address: String,
    criterion: &str,
) -> Response {
    // The days of a structure are its own: those its daily counts are about.
    let l = match subject {
        Subject::Structure(id) => match read_activity::time_zone(app, *id).await {
            Ok(zone) => L::in_zone(visit.l().locale(), &zone),
            Err(error) => return problem(&error).respond(visit),
        },
        Subject::Aidant(_) => visit.l(),
    };
    let days = days(&mut form, &l, app.now());
    let activity = match read_activity::read(app, who, subject, &days).await {
        Ok(activity) => activity,
        Err(error) => return problem(&error).respond(visit),
    };
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (title, full) = match subject {
        Subject::Structure(_) => (activity.name.clone(), String::new()),
        Subject::Aidant(pseudonym) => {
            let name = l.t1("room-activity-aidant", "name", pseudonym.short('a')).into_owned();
            (name, pseudonym.to_string())
        }
    };
    let page = visit.page("log-title").in_section(Section::Log).titled_with(title).of_form(&form);
    ui::render(status, &fill(page, form, &activity, (address, criterion, full), &l))
}

/// The first instant of each day asked for, and the end of the last; without a period, the last thirty days.
fn days(form: &mut Form, l: &L, now: Timestamp) -> Vec<Timestamp> {
    let next = |start: Timestamp| l.day_typed(&l.day_as_typed(start + Duration::hours(30)));
    let today = l.day_typed(&l.day_as_typed(now)).unwrap_or(now);
    let (from, until) = period(form, l);
    let until = until.or_else(|| next(today)).unwrap_or(now);
    let from = from
        .filter(|from| *from < until)
        .or_else(|| l.day_typed(&l.day_as_typed(until - Duration::days(DAYS) + Duration::hours(2))));
    let mut days = vec![from.unwrap_or(today)];
    while let Some(start) = days.last().copied().filter(|start| *start < until) {
        if days.len() > MOST_DAYS {
            form.refuse("until", "room-activity-too-long");
            break;
        }
        match next(start) {
            Some(end) => days.push(end),
            None => break,
        }
    }
    if form.value("from").is_empty()
        && let Some(first) = days.first()
    {
        form.set("from", l.day_as_typed(*first));
    }
    if form.value("until").is_empty() {
        form.set("until", l.day_as_typed(until - Duration::hours(2)));
    }
    days
}

fn fill(
    page: Page,
    form: Form,
    activity: &Activity,
    (address, criterion, full): (String, &str, String),
    l: &L,
) -> ActivityPage {
    let of_day = |day: &Day| (l.short_day(day.start), day.done, day.refused);
    let values: Vec<_> = activity.days.iter().map(of_day).collect();
    let sum = |value: fn(&Day) -> i64| activity.days.iter().map(value).sum::<i64>();
    let (done, refused) = (sum(|day| day.done), sum(|day| day.refused));
    let search = format!("/log?{criterion}&from={}&until={}", form.value("from"), form.value("until"));
    let domains = activity.domains.iter().map(|(domain, uses)| {
        let href = format!("{search}&kind=use.opened&domain={}", domain.key);
        (domain_label(domain, l), *uses, href)
    });
    let refusals = activity.refusals.iter().map(|(kind, reason, lines)| {
        let label = format!("{} · {}", l.t(&kind_key(*kind)), reason_said(reason, l));
        (label, *lines, format!("{search}&kind={kind}&outcome=refused"))
    });
    let table = |key: &str, rows: Vec<Bar>| Table {
        title: l.t(&format!("room-activity-{key}")).into_owned(),
        head: l.t(&format!("room-activity-{key}-head")).into_owned(),
        empty: l.t(&format!("room-activity-{key}-none")).into_owned(),
        rows,
    };
    let line = |day: &Day| {
        [
            l.day(day.start),
            l.number(day.done),
            l.number(day.refused),
            l.number(day.signed),
            l.number(day.opened),
        ]
    };
    ActivityPage {
        summary: l
            .t3(
                "room-activity-summary",
                "signed",
                sum(|day| day.signed),
                "opened",
                sum(|day| day.opened),
                "users",
                activity.users,
            )
            .into_owned(),
        zone: l.t1("room-zone", "zone", l.zone_name()).into_owned(),
        cut: if activity.is_cut {
            l.t1("room-activity-cut", "count", read_activity::LOOKED_AT).into_owned()
        } else {
            String::new()
        },
        chart_said: l.t2("room-activity-chart", "done", done, "refused", refused).into_owned(),
        chart: Columns::draw(&values, l),
        days: activity.days.iter().map(line).collect(),
        tables: vec![
            table("domains", bars(domains.collect(), l)),
            table("first", first_use(activity.first_use, l)),
            table("refusals", bars(refusals.collect(), l)),
        ],
        is_aidant: !full.is_empty(),
        names: Shown::of(&activity.names, format!("{address}/unmask"), l),
        lines: search.clone(),
        full,
        address,
        page,
        form,
    }
}

fn first_use(counted: FirstUse, l: &L) -> Vec<Bar> {
    let FirstUse { within_ten_minutes, within_an_hour, within_a_day, within_a_week, later, not_yet } =
        counted;
    let rows = [
        ("room-first-minutes", within_ten_minutes),
        ("room-first-hour", within_an_hour),
        ("room-first-day", within_a_day),
        ("room-first-week", within_a_week),
        ("room-first-later", later),
        ("room-first-not-yet", not_yet),
    ];
    if rows.iter().all(|(_, count)| *count == 0) {
        return Vec::new();
    }
    bars(rows.map(|(key, count)| (l.t(key).into_owned(), count, String::new())).to_vec(), l)
}
