//! What the log says to those it is about: to a person everything done in their name and who looked at them; to a
//! structure its own acts; to neither what is the other's.
use entremise::app::caller::{Caller, SignedIn, resolve};
use entremise::app::desk::DeskError;
use entremise::app::read_own::{self, OwnLines};
use entremise::app::search_log::Wanted;
use entremise::app::{create_person, set_perimeter};
use entremise::domain::ids::EntryId;
use entremise::domain::person::{Email, Role as Quality};
use entremise::domain::secret::PlainToken;
use entremise::log::part::PartKind;
use time::Duration;

use super::room::{Room, user_of};
use super::*;

async fn aidant(room: &Room) -> SignedIn {
    let token = PlainToken::presented(room.desk.aidant.session.clone());
    let Caller::SignedIn(who) = resolve(room.app(), &token).await.unwrap() else { panic!("signed in") };
    *who
}

fn kinds(own: &OwnLines) -> Vec<Kind> {
    own.lines.iter().filter_map(|one| one.line.leaf.as_ref()).map(|leaf| leaf.kind).collect()
}

/// An auditor looks at Josette in every way they have.
async fn looked_at(room: &Room) {
    let (aidant, josette) = room.people().await;
    room.get(&format!("/log?user={josette}")).await.assert_status(200);
    room.get(&format!("/log?user={}&aidant={aidant}", josette.short('u'))).await.assert_status(200);
    room.get(&format!("/log/mandates/{}", room.used)).await.assert_status(200);
    let reason = [("reason", "plainte reçue le 3 novembre")];
    room.post(&format!("/log/mandates/{}/unmask", room.used), &reason).await.assert_status(303);
    room.get(&format!("/log/mandates/{}/proof", room.used)).await.assert_status(200);
    room.post("/log/export", &[("format", "csv"), ("user", &josette.to_string())]).await.assert_status(200);
}

const LOOKS: [Kind; 4] = [Kind::LogSearched, Kind::LogStoryRead, Kind::LogUnmasked, Kind::LogExported];

on_both_engines! {
    async fn a_person_sees_what_was_done_and_who_looked(app: TestApp) {
        let room = Room::set(app).await;
        looked_at(&room).await;
        let (josette, fatou) = (user_of(&room.desk.app, &room.used).await, user_of(&room.desk.app, &room.unused).await);
        let own = read_own::of_user(room.app(), josette, None).await.unwrap();
        let found = kinds(&own);
        for kind in [Kind::MandateSigned, Kind::MandateConsentGiven, Kind::UseOpened].iter().chain(&LOOKS) {
            assert!(found.contains(kind), "{kind} is not among {found:?}");
        }
        assert_eq!(found.iter().filter(|kind| **kind == Kind::LogSearched).count(), 2, "each search that named her");
        let (_, pseudonym) = room.people().await;
        for one in &own.lines {
            let leaf = one.line.leaf.as_ref().unwrap();
            assert_eq!(leaf.user.as_ref(), Some(&pseudonym), "nobody else's line");
            assert!(one.parts.keys().all(|part| matches!(part, PartKind::User | PartKind::Details)), "{:?}", one.parts);
            if LOOKS.contains(&leaf.kind) {
                let actor = leaf.actor.as_ref().unwrap();
                assert_eq!((actor.role, &actor.pseudonym), (Role::Auditor, &None), "by role alone");
                assert!(leaf.facts.is_empty() && one.line.bytes.is_empty() && one.parts.is_empty(), "{one:?}");
            }
        }
        let said = format!("{:?}", own.lines.iter().map(|one| &one.parts).collect::<Vec<_>>());
        assert!(!said.contains("Benali") && !said.contains("plainte"), "{said}");
        assert!(said.contains("MARTIN"));
        // Another user of the same structure sees none of it.
        let others = kinds(&read_own::of_user(room.app(), fatou, None).await.unwrap());
        assert!(others.contains(&Kind::MandateSigned) && !others.contains(&Kind::UseOpened), "{others:?}");
        assert!(!LOOKS.iter().any(|look| others.contains(look)), "{others:?}");
    }

    async fn a_structure_sees_its_own_acts_and_not_who_reviews_it(app: TestApp) {
        let room = Room::set(app).await;
        let app = &room.desk.app;
        looked_at(&room).await;
        let listed = Wanted { structure: Some("Brest".into()), ..Wanted::default() };
        let elsewhere = room.search(listed).await.structure.unwrap().id;
        let other = app.hire("Marc Petit", "marc@exemple.fr", &[Quality::Aidant], elsewhere).await;
        let reviewer = create_person::NewPerson {
            email: Email::parse("lea@audit.example").unwrap(),
            name: entremise::domain::person::PersonName::parse("Léa Moreau").unwrap(),
            roles: vec![Quality::Auditor],
            structure: None,
            perimeter: Some(set_perimeter::Perimeter::Structures([room.desk.structure].into())),
            locale: "fr",
        };
        create_person::create(&app.app, &reviewer).await.unwrap();
        let who = aidant(&room).await;
        let own = read_own::of_structure(&app.app, &who, room.desk.structure, None).await.unwrap();
        let found = kinds(&own);
        assert!(found.contains(&Kind::MandateSigned) && found.contains(&Kind::UseOpened), "{found:?}");
        assert!(!LOOKS.iter().any(|look| found.contains(look)), "{found:?}");
        assert!(!found.contains(&Kind::RoleGiven), "nor who was named to review it: {found:?}");
        assert!(own.lines.iter().all(|one| one.line.leaf.as_ref().unwrap().structure == Some(room.desk.structure)));
        assert!(own.lines.iter().all(|one| !one.parts.contains_key(&PartKind::Technical)));
        // Nobody of another structure, and no auditor.
        let Caller::SignedIn(stranger) = resolve(&app.app, &PlainToken::presented(other.session.clone())).await.unwrap() else { panic!("signed in") };
        for nobody in [&*stranger, &room.auditor] {
            let refused = read_own::of_structure(&app.app, nobody, room.desk.structure, None).await;
            assert!(matches!(refused, Err(DeskError::NotFound)));
        }
        let theirs = read_own::of_structure(&app.app, &stranger, elsewhere, None).await.unwrap();
        assert!(!kinds(&theirs).contains(&Kind::MandateSigned));
    }

    async fn own_lines_come_page_by_page_without_end_or_overlap(app: TestApp) {
        let room = Room::set(app).await;
        let (app, structure) = (room.app(), room.desk.structure);
        let drafts = |kind| std::iter::repeat_with(move || Draft::done(kind).by_role(Role::System).structure(structure));
        // What is not shown lies thick between what is.
        for kind in [Kind::StructureRestored, Kind::ActivityCounted, Kind::StructureRestored] {
            for draft in drafts(kind).take(if kind == Kind::ActivityCounted { 450 } else { 60 }) {
                record::append(app, draft).await.unwrap();
            }
        }
        let who = aidant(&room).await;
        let (mut before, mut seen, mut pages) = (None::<EntryId>, Vec::new(), 0);
        loop {
            let page = read_own::of_structure(app, &who, structure, before).await.unwrap();
            assert!(page.lines.len() <= read_own::PAGE);
            seen.extend(page.lines.iter().map(|one| (one.line.id, one.line.leaf.as_ref().unwrap().kind)));
            pages += 1;
            before = page.next;
            if before.is_none() { break }
        }
        assert!(seen.windows(2).all(|pair| pair[0].0 > pair[1].0), "newest first, each once");
        assert_eq!(seen.iter().filter(|(_, kind)| *kind == Kind::StructureRestored).count(), 120);
        assert!((3..10).contains(&pages), "{pages}");
    }

    async fn the_desk_tells_the_latest_first_and_nothing_of_a_review(app: TestApp) {
        let room = Room::set(app).await;
        let app = &room.desk.app;
        let who = aidant(&room).await;
        let id = room.search(Wanted { mandate: Some(room.used.clone()), ..Wanted::default() }).await.lines[0].leaf.as_ref().unwrap().mandate.unwrap();
        for _ in 0..230 {
            let printed = Draft::done(Kind::MandatePrinted).by(who.person_id, Role::Aidant).structure(room.desk.structure).mandate(id);
            record::append(&app.app, printed).await.unwrap();
        }
        looked_at(&room).await;
        app.clock.advance(Duration::minutes(2));
        let end = format!("/mandates/{}/end", room.used);
        room.desk.post(&end, &[("by", "user")]).await.assert_status(303);
        let mut path = format!("/mandates/{}", room.used);
        let mut pages = Vec::new();
        loop {
            let page = room.desk.get(&path).await;
            page.assert_status(200);
            for hidden in ["Identité dévoilée", "lue par un auditeur", "Journal emporté"] {
                assert!(!page.body.contains(hidden), "{hidden}: {}", page.body);
            }
            let button = format!("<a class=\"button second\" href=\"/mandates/{}?before=", room.used);
            let older = page.body.split_once(&button).map(|(_, rest)| rest.split_once('"').unwrap().0.to_owned());
            pages.push(page.body.clone());
            assert!(pages.len() < 10, "without end");
            let Some(older) = older else { break };
            path = format!("/mandates/{}?before={older}", room.used);
        }
        assert!(pages[0].contains("Mandat révoqué"), "after whatever number of lines: {}", pages[0]);
        assert!(pages.last().unwrap().contains("Mandat proposé"));
        assert_eq!(pages.len(), 5);
    }
}
