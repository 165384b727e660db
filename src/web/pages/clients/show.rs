//! One service: its rules in plain words, what it did day by day, what was refused to it, how it proves who it is.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use time::Duration;

use super::{address, words};
use crate::app::App;
use crate::app::oversee_clients::{self, Day, Keys, REFUSALS, Refusal, Watched};
use crate::domain::ids::{EntryId, ServiceId};
use crate::domain::time::Timestamp;
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::pages::log::chart::Columns;
use crate::web::pages::log::words::{kind_key, reason_said};
use crate::web::ui::{self, Form, L, Page, Row, Section, Tone};

/// Days shown.
const DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "clients/show.html")]
struct ShowPage {
    page: Page,
    name: String,
    state: String,
    tone: Tone,
    suspended: bool,
    address: String,
    policy: Vec<Row>,
    chart: Columns,
    chart_said: String,
    summary: String,
    days: Vec<[String; 7]>,
    refusals: Vec<Refused>,
    /// How many of them are on one page, when they are not all on this one.
    more: String,
    /// Where older ones are, and the latest; empty when there are none, or these are they.
    older: String,
    latest: String,
    keys: Vec<Row>,
    public_keys: Vec<PublicKey>,
    has_secret: bool,
}

/// A refusal in words.
struct Refused {
    when: String,
    what: String,
    why: String,
}

struct PublicKey {
    kid: String,
    alg: String,
    usage: String,
}

/// `before`: the refusal before which those shown were written.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Query(form): Query<Form>,
) -> Response {
    let Ok(id) = id.parse::<ServiceId>() else { return Problem::not_found().respond(&visit) };
    let days = last_days(&visit.l(), app.now());
    let before = form.value("before").parse::<EntryId>().ok();
    match oversee_clients::watch(&app, id, &days, before).await {
        Ok(Some(watched)) => ui::html(&fill(visit.page("clients-one-title"), &watched, before.is_some())),
        Ok(None) => Problem::not_found().respond(&visit),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

/// The first instant of each of the last days, and the end of today.
fn last_days(l: &L, now: Timestamp) -> Vec<Timestamp> {
    let day = |at| l.day_typed(&l.day_as_typed(at)).unwrap_or(at);
    // From noon to noon: whatever the clocks do in between, no day is missed.
    let noon = day(now) + Duration::hours(12);
    (-1..DAYS).rev().map(|back| day(noon - Duration::days(back))).collect()
}

fn fill(page: Page, watched: &Watched, back_in_time: bool) -> ShowPage {
    let l = page.l.clone();
    let client = &watched.client;
    let (state, tone) = words::state(client, &l);
    let sum = |of: fn(&Day) -> i64| watched.days.iter().map(of).sum::<i64>();
    let values: Vec<_> =
        watched.days.iter().map(|day| (l.short_day(day.start), day.done(), day.refused)).collect();
    let refused = sum(|day| day.refused);
    let shown = i64::try_from(watched.refusals.len()).unwrap_or(i64::MAX);
    let more = if refused > shown {
        l.t2("clients-refusals-more", "shown", REFUSALS, "count", refused).into_owned()
    } else {
        String::new()
    };
    ShowPage {
        page: page.in_section(Section::Clients).titled_with(client.name.clone()),
        name: client.name.clone(),
        state,
        tone,
        suspended: client.suspended,
        address: address(client),
        policy: words::policy(client, &watched.domains, &l),
        chart: Columns::draw(&values, &l),
        chart_said: l.t2("clients-chart", "done", sum(Day::done), "refused", refused).into_owned(),
        summary: l
            .t3(
                "clients-summary",
                "opened",
                sum(|day| day.opened),
                "actions",
                sum(|day| day.actions),
                "refused",
                refused,
            )
            .into_owned(),
        days: watched.days.iter().map(|day| line(day, &l)).collect(),
        refusals: watched.refusals.iter().map(|one| told(one, &l)).collect(),
        more,
        older: watched
            .older
            .map(|id| format!("{}?before={id}#refusals", address(client)))
            .unwrap_or_default(),
        latest: if back_in_time { format!("{}#refusals", address(client)) } else { String::new() },
        keys: keys(&watched.keys, &l),
        public_keys: public_keys(&watched.keys, &l),
        has_secret: watched.keys.secret.is_some(),
    }
}

fn line(day: &Day, l: &L) -> [String; 7] {
    let Day { start, opened, tokens, userinfo, checks, actions, refused } = *day;
    let [opened, tokens, userinfo, checks, actions, refused] =
        [opened, tokens, userinfo, checks, actions, refused].map(|number| l.number(number));
    [l.day(start), opened, tokens, userinfo, checks, actions, refused]
}

fn told(one: &Refusal, l: &L) -> Refused {
    Refused {
        when: l.stamp(one.at),
        what: l.t(&kind_key(one.kind)).into_owned(),
        why: reason_said(&one.reason, l),
    }
}

/// How the service proves who it is; never the proof itself.
fn keys(keys: &Keys, l: &L) -> Vec<Row> {
    let term = |key: &str| l.t(key).into_owned();
    let mut rows = Vec::new();
    if let Some(secret) = keys.secret {
        let since = secret.since.map_or_else(|| term("clients-secret-unknown"), |at| l.date_hour(at));
        rows.push(Row::new(term("clients-secret-since"), since));
        if let Some(until) = secret.previous_until {
            rows.push(Row::new(term("clients-secret-previous"), l.date_hour(until)));
        }
    }
    if let Some((uri, fetched)) = &keys.published {
        rows.push(Row::new(term("clients-jwks-uri"), uri.clone()).hash());
        match fetched {
            None => rows.push(Row::new(term("clients-keys-asked"), term("clients-keys-not-yet"))),
            Some(fetched) => {
                let found = match fetched.fault {
                    Some(fault) => l.message(&words::fault(fault)).into_owned(),
                    None => term("clients-keys-read"),
                };
                rows.push(Row::new(term("clients-keys-asked"), l.stamp(fetched.asked)));
                rows.push(Row::new(term("clients-keys-found"), found));
                rows.push(Row::new(term("clients-keys-next"), l.stamp(fetched.next)));
            }
        }
    }
    rows
}

fn public_keys(keys: &Keys, l: &L) -> Vec<PublicKey> {
    let published = keys.published.as_ref().and_then(|(_, fetched)| fetched.as_ref()?.keys.as_deref());
    let set = keys.inline.as_ref().or(published);
    let unsaid = || l.t("clients-key-unsaid").into_owned();
    let line = |key: &jsonwebtoken::jwk::Jwk| {
        let written = serde_json::to_value(key).unwrap_or_default();
        let word =
            |name: &str| written.get(name).and_then(|word| word.as_str()).map_or_else(unsaid, str::to_owned);
        let alg = written.get("alg").and_then(|alg| alg.as_str()).map_or_else(|| word("kty"), str::to_owned);
        PublicKey { kid: word("kid"), alg, usage: word("use") }
    };
    set.map(|set| set.keys.iter().map(line).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ui::Locale;
    use time::macros::datetime;

    #[test]
    fn thirty_days_none_missed_when_the_clocks_change() {
        let l = L::new(Locale::Fr);
        for at in [
            datetime!(2026-04-02 21:30 UTC),
            datetime!(2026-10-31 23:30 UTC),
            datetime!(2026-11-23 03:00 UTC),
        ] {
            let now = Timestamp::from_unix(at.unix_timestamp()).unwrap();
            let days = last_days(&l, now);
            assert_eq!(days.len(), 31);
            assert!(days[29] <= now && now < days[30]);
            for (day, next) in days.iter().zip(days.iter().skip(1)) {
                let hours = next.since(*day).whole_hours();
                assert!((23..=25).contains(&hours), "{hours}");
            }
        }
    }
}
