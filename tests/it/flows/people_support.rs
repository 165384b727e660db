//! People who came in as people do: invited, with a password of their own and a card in their hand.
use entremise::app::activate_account::{self, CardValidation, PasswordChoice};
use entremise::app::create_person::{self, NewPerson};
use entremise::app::import_cards;
use entremise::app::manage_cards::{self, Manager};
use entremise::app::set_perimeter::Perimeter;
use entremise::app::sign_in::Browser;
use entremise::crypto::totp::Codes;
use entremise::domain::card::{CardAlgorithm, CardParams, CardPeriod, Seed};
use entremise::domain::ids::{CardId, PersonId, StructureId};
use entremise::domain::person::{Email, PersonName, Role};
use entremise::domain::secret::{PlainToken, Secret};
use entremise::domain::time::Timestamp;
use entremise::store::StoreError;
use time::Duration;

use crate::support::{Answer, TestApp};

pub const PASSWORD: &str = "tisane pour le chat";
const PARAMS: CardParams = CardParams { algorithm: CardAlgorithm::Sha1, period: CardPeriod::Seconds30 };

/// A card as its holder has it: it shows codes.
#[derive(Clone)]
pub struct VirtualCard {
    pub serial: String,
    pub seed: Vec<u8>,
}

impl VirtualCard {
    pub fn new(serial: &str) -> Self {
        let mut seed = serial.as_bytes().to_vec();
        seed.resize(20, b'#');
        Self { serial: serial.to_owned(), seed }
    }

    pub fn hex(&self) -> String {
        self.seed.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn line(&self) -> String {
        format!("{},{},30,6,SHA1", self.serial, self.hex())
    }

    pub fn code(&self, at: Timestamp) -> String {
        Codes::new(&Seed::new(self.seed.clone()).unwrap(), PARAMS).unwrap().code_at(at)
    }

    /// Six digits that no step near this instant shows.
    pub fn wrong_code(&self, at: Timestamp) -> String {
        let near: Vec<String> = (-6..=6).map(|step| self.code(at + Duration::seconds(step * 30))).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

/// Someone at work.
#[derive(Clone)]
pub struct Worker {
    pub id: PersonId,
    pub email: String,
    pub card: VirtualCard,
    pub card_id: CardId,
    pub session: String,
    pub device: String,
}

pub fn csv(cards: &[VirtualCard]) -> String {
    let lines: Vec<String> = cards.iter().map(VirtualCard::line).collect();
    format!("serial,seed,period,digits,algorithm\n{}\n", lines.join("\n"))
}

impl TestApp {
    pub async fn import(&self, structure: StructureId, cards: &[VirtualCard]) {
        let count = import_cards::import(&self.app, &csv(cards), structure, false).await.unwrap();
        assert_eq!(count, cards.len());
    }

    pub async fn card_id(&self, serial: &str) -> CardId {
        const SQL: &str = "SELECT id FROM card WHERE serial = $1";
        entremise::view!(self.app.store, tx => {
            Ok::<CardId, StoreError>(match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_scalar(SQL).bind(serial).fetch_one(&mut **c).await?,
                entremise::store::Tx::Lite(c) => sqlx::query_scalar(SQL).bind(serial).fetch_one(&mut **c).await?,
            })
        })
        .unwrap()
    }

    /// Invited; gives the link.
    pub async fn invite(
        &self,
        name: &str,
        email: &str,
        roles: &[Role],
        structure: Option<StructureId>,
    ) -> (PersonId, PlainToken) {
        let new = NewPerson {
            email: Email::parse(email).unwrap(),
            name: PersonName::parse(name).unwrap(),
            roles: roles.to_vec(),
            structure,
            perimeter: roles.contains(&Role::Auditor).then_some(Perimeter::All),
            locale: "fr",
        };
        let created = create_person::create(&self.app, &new).await.unwrap();
        (created.person_id, created.link)
    }

    /// Someone who answered their invitation and accepted the charter. A minute passes: their next code is good.
    pub async fn hire(&self, name: &str, email: &str, roles: &[Role], structure: StructureId) -> Worker {
        let held = roles.iter().any(|role| role.needs_structure());
        let (id, link) = self.invite(name, email, roles, held.then_some(structure)).await;
        let card = VirtualCard::new(&format!("C-{email}").replace('@', "-"));
        self.import(structure, std::slice::from_ref(&card)).await;
        let card_id = self.card_id(&card.serial).await;
        if held {
            let done = manage_cards::assign(&self.app, Manager::CommandLine(structure), card_id, id).await;
            assert_eq!(done.unwrap(), Ok(()));
        } else {
            let (place, now) = (entremise::domain::person::Role::Auditor, self.app.now());
            assert!(roles.contains(&place) || roles.contains(&Role::Operator));
            self.hand_over(card_id, id, now).await;
        }
        let chosen =
            activate_account::choose_password(&self.app, &link, Secret::new(PASSWORD)).await.unwrap();
        assert!(matches!(chosen, PasswordChoice::Next), "{chosen:?}");
        let code = card.code(self.app.now());
        let done =
            activate_account::validate_card(&self.app, &link, &code, &Browser::default()).await.unwrap();
        let CardValidation::Complete { session, device } = done else { panic!("{done:?}") };
        let session = session.reveal().to_owned();
        self.post("/charter").session(&session).form(&[("accept", "yes")]).send().await.assert_status(303);
        self.clock.advance(Duration::minutes(1));
        let device = device.unwrap().reveal().to_owned();
        Worker { id, email: email.to_owned(), card, card_id, session, device }
    }

    /// A card handed to someone who belongs to no structure.
    async fn hand_over(&self, card: CardId, person: PersonId, now: Timestamp) {
        const SQL: &str = "UPDATE card SET state = 'assigned', person_id = $2, assigned_at = $3, assigned_entry_id = entry_id WHERE id = $1";
        entremise::transact!(self.app.store, "test_hand_over", tx => {
            crate::support::change!(tx, sqlx::query(SQL).bind(card).bind(person).bind(now))?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    }

    pub async fn password(&self, email: &str, password: &str, device: Option<&str>) -> Answer {
        let mut call = self.post("/sign-in").form(&[("email", email), ("password", password)]);
        if let Some(device) = device {
            call = call.cookie("device", device);
        }
        call.send().await
    }

    pub async fn code(&self, half: &str, code: &str, device: Option<&str>) -> Answer {
        let mut call = self.post("/sign-in/code").session(half).form(&[("code", code)]);
        if let Some(device) = device {
            call = call.cookie("device", device);
        }
        call.send().await
    }

    /// Password and code in a known browser; gives the new session.
    pub async fn sign_in(&self, worker: &Worker) -> String {
        let answer = self.password(&worker.email, PASSWORD, Some(&worker.device)).await;
        let half = answer.assert_status(303).set_cookie("session").unwrap();
        let answer = self.code(&half, &worker.card.code(self.app.now()), Some(&worker.device)).await;
        answer.assert_status(303).set_cookie("session").unwrap()
    }

    pub async fn change_status(&self, sql: &'static str, id: uuid::Uuid) {
        entremise::transact!(self.app.store, "test_status", tx => {
            assert_eq!(crate::support::change!(tx, sqlx::query(sql).bind(id))?, 1);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    }
}
