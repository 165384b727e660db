//! The authorisation matrix: every route × every kind of caller, through the real router on a real database.
//! A route that is not written here fails the test, and so does a row whose route is gone.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use entremise::domain::ids::{PersonId, StructureId};
use entremise::web::router::routes;
use http::Method;

use crate::support::{Answer, Roles, TestApp};

/// Who calls. "Other" is of another structure, or another service: what belongs to the first must not exist for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    /// Password right, code awaited.
    Half,
    Aidant,
    OtherAidant,
    Referent,
    OtherReferent,
    Operator,
    Auditor,
    /// The user, identified, in the act of consenting.
    User,
    Service,
    OtherService,
}

/// Those to whom the route should be closed come first, so that nothing they are shown was spent by a right use.
const CALLERS: [Caller; 11] = [
    Caller::Nobody,
    Caller::Half,
    Caller::OtherAidant,
    Caller::OtherReferent,
    Caller::Operator,
    Caller::Auditor,
    Caller::OtherService,
    Caller::Service,
    Caller::User,
    Caller::Referent,
    Caller::Aidant,
];

/// One letter per caller, in the order of [`CALLERS`]: `+` the handler answered · `s` sent to sign in ·
/// `c` sent to give the code · `x` forbidden · `0` no such thing · `k` credentials refused · `b` bad request ·
/// `g` gone or used.
const MATRIX: &[(&str, &str, &str)] = &[
    ("GET", "/assets/{release}/{name}", "+++++++++++"),
    ("GET", "/", "+c+++++++++"),
    // Nothing is signed yet: there is no head and no tile.
    ("GET", "/log/checkpoint", "00000000000"),
    ("GET", "/log/tile/{*path}", "00000000000"),
    ("GET", "/log", "scxxx+sssxx"),
    ("GET", "/log/mandates/{reference}", "scxxx0sssxx"),
];

#[test]
fn every_route_is_in_the_matrix() {
    let written: BTreeSet<(String, String)> =
        MATRIX.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(written.len(), MATRIX.len(), "a row is written twice");
    let known: BTreeSet<(String, String)> =
        routes().iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    let missing: Vec<_> = known.difference(&written).collect();
    let gone: Vec<_> = written.difference(&known).collect();
    assert!(missing.is_empty(), "routes without a row: {missing:#?}");
    assert!(gone.is_empty(), "rows without a route: {gone:#?}");
    for (method, path, row) in MATRIX {
        assert_eq!(row.len(), CALLERS.len(), "{method} {path}: one letter per caller");
    }
}

on_both_engines! {
    async fn each_caller_gets_what_the_matrix_says(app: TestApp) {
        let scene = Scene::set(app).await;
        let mut wrong = String::new();
        for (method, path, row) in MATRIX {
            let mut seen = String::new();
            for caller in CALLERS {
                seen.push(letter(&scene.call(method, path, caller).await));
            }
            if seen != *row {
                let _ = writeln!(wrong, "(\"{method}\", \"{path}\", \"{seen}\"), // written: {row}");
            }
        }
        assert!(wrong.is_empty(), "order: {CALLERS:?}\n{wrong}");
    }
}

fn letter(answer: &Answer) -> char {
    match (answer.status.as_u16(), answer.location()) {
        (500.., _) => panic!("{} failed: {}\n{}", answer.call, answer.status, answer.body),
        (303, to) if to.starts_with("/sign-in/code") => 'c',
        (303, to) if to.starts_with("/sign-in") => 's',
        (403, _) => 'x',
        (404, _) => '0',
        (401, _) => 'k',
        (400, _) => 'b',
        (410, _) => 'g',
        _ => '+',
    }
}

/// Two structures with their people, and one of each thing that a route names, all of the first structure.
struct Scene {
    app: TestApp,
    here: StructureId,
    elsewhere: StructureId,
    aidant: PersonId,
    other_aidant: PersonId,
    referent: PersonId,
    other_referent: PersonId,
    operator: PersonId,
    auditor: PersonId,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let here = app.structure("CCAS de Rennes", "21350238800019").await;
        let elsewhere = app.structure("Mairie de Brest", "21290019500016").await;
        let aidant = app.person("Alice", "Morvan", Roles::default()).await;
        let other_aidant = app.person("Bruno", "Le Goff", Roles::default()).await;
        let referent = app.person("Claire", "Tanguy", Roles::default()).await;
        let other_referent = app.person("Denis", "Kerjean", Roles::default()).await;
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let auditor = app.person("Farid", "Benali", Roles { operator: false, auditor: true }).await;
        app.member(aidant, here, true, false).await;
        app.member(referent, here, false, true).await;
        app.member(other_aidant, elsewhere, true, false).await;
        app.member(other_referent, elsewhere, false, true).await;
        Self { app, here, elsewhere, aidant, other_aidant, referent, other_referent, operator, auditor }
    }

    async fn call(&self, method: &str, path: &str, caller: Caller) -> Answer {
        let app = &self.app;
        let method: Method = method.parse().expect("a method");
        let mut call = app.call(method.clone(), &self.fill(path));
        if method == Method::POST {
            call = call.form(&[]);
        }
        let session = match caller {
            Caller::Half => Some(app.half_session(self.aidant).await),
            Caller::Aidant => Some(app.session(self.aidant, Some(self.here)).await),
            Caller::OtherAidant => Some(app.session(self.other_aidant, Some(self.elsewhere)).await),
            Caller::Referent => Some(app.session(self.referent, Some(self.here)).await),
            Caller::OtherReferent => Some(app.session(self.other_referent, Some(self.elsewhere)).await),
            Caller::Operator => Some(app.session(self.operator, None).await),
            Caller::Auditor => Some(app.session(self.auditor, None).await),
            Caller::Nobody | Caller::User | Caller::Service | Caller::OtherService => None,
        };
        if let Some(session) = session {
            call = call.session(&session);
        }
        call.send().await
    }

    /// The path with the first structure's things in place of its parameters.
    fn fill(&self, path: &str) -> String {
        path.replace("{release}/{name}", "x/style.css")
    }
}
