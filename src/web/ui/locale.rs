//! Languages: which one a request gets, and the sentences of each (Fluent files in `locales/`).
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::LazyLock;

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::Response;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri, header};
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use super::form::Message;
use crate::domain::time::DEFAULT_ZONE;

/// A language of the interface. French has legal force; English is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    #[default]
    Fr,
    En,
}

/// The cookie that remembers the choice made with `?lang=`.
const COOKIE: &str = "lang";

impl Locale {
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// BCP 47 tag, as in the `lang` attribute.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// Its own name, as the switch shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fr => "Français",
            Self::En => "English",
        }
    }

    /// Accepts a tag or a range with that primary language (`en-GB`).
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|locale| locale.tag() == primary)
    }

    /// `?lang=`, then the cookie, then `Accept-Language` (RFC 9110 § 12.5.4), then French.
    pub fn choose(uri: &Uri, headers: &HeaderMap) -> Self {
        from_query(uri).or_else(|| from_cookie(headers)).or_else(|| from_accept(headers)).unwrap_or_default()
    }
}

fn from_query(uri: &Uri) -> Option<Locale> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find_map(|(key, value)| if key == "lang" { Locale::parse(&value) } else { None })
}

fn from_cookie(headers: &HeaderMap) -> Option<Locale> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == COOKIE)
        .and_then(|cookie| Locale::parse(cookie.value()))
}

fn from_accept(headers: &HeaderMap) -> Option<Locale> {
    let accept = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(Locale, f32)> = None;
    for range in accept.split(',').take(32) {
        let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let weight = weight.trim().parse::<f32>().unwrap_or(0.0);
        if let Some(locale) = Locale::parse(tag)
            && weight > 0.0
            && best.is_none_or(|(_, heaviest)| weight > heaviest)
        {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

impl<S: Send + Sync> FromRequestParts<S> for Locale {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::choose(&parts.uri, &parts.headers))
    }
}

/// Layer: a language chosen with `?lang=` is remembered for a year.
pub async fn remember(request: Request, next: Next) -> Response {
    let chosen = from_query(request.uri());
    let mut response = next.run(request).await;
    if let Some(locale) = chosen
        && let Ok(value) = HeaderValue::from_str(&format!(
            "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
            locale.tag()
        ))
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

macro_rules! sentences {
    ($($name:literal),+ $(,)?) => {
        /// (file, French, English)
        pub(super) const FILES: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("locales/fr/", $name, ".ftl")),
            include_str!(concat!("locales/en/", $name, ".ftl")),
        )),+];
    };
}

sentences!("common", "desk", "home", "people", "mandate", "provider", "log", "room", "clients", "demo");

type Bundle = FluentBundle<FluentResource>;

static FRENCH: LazyLock<Bundle> = LazyLock::new(|| bundle(Locale::Fr));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Locale::En));

fn bundle(locale: Locale) -> Bundle {
    let tag: LanguageIdentifier = locale.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Isolation marks protect mixed directions; here they only end up in clipboards and test expectations.
    bundle.set_use_isolating(false);
    // The French sentences that use it still read well without it: nothing to report.
    let _ = bundle.add_function("OF", move |values, _| of(locale, values));
    for (_, french, english) in FILES {
        let text = match locale {
            Locale::Fr => typeset(french),
            Locale::En => (*english).to_owned(),
        };
        // A file with a faulty line still gives its good ones; the tests refuse the faulty line.
        let resource = FluentResource::try_new(text).unwrap_or_else(|(good, _)| good);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// `{ OF($name) }{ $name }`: « de Josette Martin », « d’Amadou Diallo ». An h keeps its « de »: whether it is mute is
/// not to be read from the letters.
fn of(locale: Locale, values: &[FluentValue<'_>]) -> FluentValue<'static> {
    let first = match values.first() {
        Some(FluentValue::String(name)) => name.chars().next(),
        _ => None,
    };
    let vowel = |letter: char| "aàâäáeéèêëiîïíoôöóuùûüúœæ".contains(letter);
    let text = match locale {
        Locale::En => "of ",
        Locale::Fr if first.is_some_and(|letter| letter.to_lowercase().any(vowel)) => "d’",
        Locale::Fr => "de ",
    };
    FluentValue::String(Cow::Borrowed(text))
}

/// French typography over a Fluent source: non-breaking spaces where the rule wants a space, curly apostrophes.
/// Authors write ordinary spaces and straight apostrophes.
pub fn typeset(french: &str) -> String {
    const NBSP: &str = "\u{a0}";
    let mut text = french.replace('\'', "’").replace("« ", "«\u{a0}");
    for sign in [";", ":", "!", "?", "»", "%", "€"] {
        text = text.replace(&format!(" {sign}"), &format!("{NBSP}{sign}"));
    }
    text
}

/// A language and a time zone: what it takes to write to someone. Cheap to clone.
#[derive(Clone)]
pub struct L {
    pub(super) locale: Locale,
    pub(super) zone: TimeZone,
}

impl fmt::Debug for L {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L({})", self.locale.tag())
    }
}

impl L {
    /// In the default time zone.
    pub fn new(locale: Locale) -> Self {
        Self::in_zone(locale, DEFAULT_ZONE)
    }

    /// `zone` is an IANA name; an unknown one falls back to UTC.
    pub fn in_zone(locale: Locale, zone: &str) -> Self {
        Self { locale, zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC) }
    }

    /// The IANA name of the time zone.
    pub fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }

    pub fn locale(&self) -> Locale {
        self.locale
    }

    pub fn tag(&self) -> &'static str {
        self.locale.tag()
    }

    /// The sentence behind `key`. An unknown key shows itself between angle brackets (the tests find those).
    pub fn t(&self, key: &str) -> Cow<'static, str> {
        self.find(key, None)
    }

    pub fn t1(&self, key: &str, name: &str, value: impl Arg) -> Cow<'static, str> {
        self.t_with(key, &[(name, value.arg())])
    }

    pub fn t2(&self, key: &str, n1: &str, v1: impl Arg, n2: &str, v2: impl Arg) -> Cow<'static, str> {
        self.t_with(key, &[(n1, v1.arg()), (n2, v2.arg())])
    }

    #[expect(clippy::too_many_arguments, reason = "three name and value pairs, written in templates")]
    pub fn t3(
        &self,
        key: &str,
        n1: &str,
        v1: impl Arg,
        n2: &str,
        v2: impl Arg,
        n3: &str,
        v3: impl Arg,
    ) -> Cow<'static, str> {
        self.t_with(key, &[(n1, v1.arg()), (n2, v2.arg()), (n3, v3.arg())])
    }

    /// The sentence behind `key` with any number of named values.
    pub fn t_with(&self, key: &str, values: &[(&str, FluentValue<'static>)]) -> Cow<'static, str> {
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.find(key, Some(&args))
    }

    /// A message of a form or a use case, in this language.
    pub fn message(&self, message: &Message) -> Cow<'static, str> {
        self.t_with(message.key(), message.values())
    }

    /// Whether both languages have this key.
    pub fn has(key: &str) -> bool {
        FRENCH.has_message(key) && ENGLISH.has_message(key)
    }

    fn find(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle: &'static Bundle = match self.locale {
            Locale::Fr => &FRENCH,
            Locale::En => &ENGLISH,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return Cow::Owned(format!("⟨{key}⟩"));
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        Cow::Owned(text.into_owned())
    }
}

/// What a sentence may be given: text as it is, numbers as numbers (they choose the plural).
pub trait Arg {
    fn arg(&self) -> FluentValue<'static>;
}

impl Arg for str {
    fn arg(&self) -> FluentValue<'static> {
        FluentValue::String(Cow::Owned(self.to_owned()))
    }
}

impl Arg for String {
    fn arg(&self) -> FluentValue<'static> {
        self.as_str().arg()
    }
}

impl Arg for Cow<'_, str> {
    fn arg(&self) -> FluentValue<'static> {
        self.as_ref().arg()
    }
}

impl<T: Arg + ?Sized> Arg for &T {
    fn arg(&self) -> FluentValue<'static> {
        (**self).arg()
    }
}

macro_rules! number_args {
    ($($kind:ty),+) => {
        $(impl Arg for $kind {
            fn arg(&self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        })+
    };
}

number_args!(u8, u16, u32, u64, usize, i32, i64);
