use super::*;
use proptest::prelude::*;

const fn minutes(n: i64) -> Duration {
    Duration::minutes(n)
}

fn start() -> Timestamp {
    Timestamp::parse("2026-11-22T09:42:07.000000Z").unwrap()
}

fn end() -> Timestamp {
    start() + Duration::days(31)
}

fn active() -> State {
    let now = start();
    State::draft(now)
        .identified(now, end())
        .and_then(|state| state.consented(now, end()))
        .and_then(|state| state.signed(now, end()))
        .unwrap()
}

#[test]
fn the_usual_life() {
    let now = start();
    let state = active();
    assert_eq!(state, State::Active { signed_at: now });
    assert!(state.is_live(now, end()));
    assert!(!state.is_live(end(), end()), "the end is the first instant without it");
    let revoked = state.ended(now, end(), End::Revoked { by: Revoker::UserAtDesk }).unwrap();
    assert!(!revoked.is_live(now, end()));
    assert_eq!(revoked.ended(now, end(), End::Renounced), Err(Refusal::Ended));
}

#[test]
fn no_step_is_skipped() {
    let now = start();
    let draft = State::draft(now);
    assert_eq!(draft.consented(now, end()), Err(Refusal::OutOfOrder));
    assert_eq!(draft.signed(now, end()), Err(Refusal::OutOfOrder));
    assert_eq!(draft.refused(now, end()), Err(Refusal::OutOfOrder));
    let waiting = draft.identified(now, end()).unwrap();
    assert_eq!(waiting.identified(now, end()), Ok(waiting), "the wrong person may have identified first");
    assert_eq!(waiting.signed(now, end()), Err(Refusal::OutOfOrder));
    let agreed = waiting.consented(now, end()).unwrap();
    assert_eq!(agreed.consented(now, end()), Err(Refusal::OutOfOrder));
    assert_eq!(
        agreed.identified(now, end()),
        Err(Refusal::OutOfOrder),
        "nobody takes the place of who agreed"
    );
    assert_eq!(agreed.suspended(now, end(), Suspender::User), Err(Refusal::OutOfOrder));
    assert_eq!(active().signed(now, end()), Err(Refusal::OutOfOrder));
}

#[test]
fn a_refusal_is_final() {
    let now = start();
    let refused = State::draft(now).identified(now, end()).unwrap().refused(now, end()).unwrap();
    assert_eq!(refused.consented(now, end()), Err(Refusal::Ended));
    assert_eq!(refused.signed(now, end()), Err(Refusal::Ended));
    assert_eq!(refused.at(end() + minutes(1), end()), refused);
}

#[test]
fn thirty_quiet_minutes_and_it_lapses() {
    let now = start();
    let draft = State::draft(now);
    let just_in_time = now + LAPSES_AFTER - Duration::microseconds(1);
    let late = now + LAPSES_AFTER;
    assert!(draft.identified(just_in_time, end()).is_ok());
    assert_eq!(draft.identified(late, end()), Err(Refusal::Lapsed));
    let waiting = draft.identified(just_in_time, end()).unwrap();
    assert!(waiting.consented(late, end()).is_ok(), "activity counts from the last step");
    assert_eq!(waiting.consented(just_in_time + LAPSES_AFTER, end()), Err(Refusal::Lapsed));
    let agreed = waiting.consented(late, end()).unwrap();
    assert_eq!(agreed.signed(late + LAPSES_AFTER, end()), Err(Refusal::Lapsed));
    assert_eq!(agreed.at(late + LAPSES_AFTER, end()), State::Lapsed { at: late + LAPSES_AFTER });
}

#[test]
fn nothing_is_signed_after_the_end_it_announces() {
    let now = start();
    let soon = now + minutes(5);
    let agreed = State::draft(now).identified(now, soon).unwrap().consented(now, soon).unwrap();
    assert_eq!(agreed.signed(soon, soon), Err(Refusal::Lapsed));
}

#[test]
fn the_structure_never_lifts_what_the_user_suspended() {
    let now = start();
    let by = |suspender| active().suspended(now, end(), suspender).unwrap();
    let consent = |with| Lifter::Operator { with_the_users_consent: with };
    let lifted = |state: State, lifter| state.resumed(now, end(), lifter);
    assert_eq!(lifted(by(Suspender::User), Lifter::Structure), Err(Refusal::NotTheirsToLift));
    assert_eq!(lifted(by(Suspender::User), consent(false)), Err(Refusal::NotTheirsToLift));
    assert!(lifted(by(Suspender::User), consent(true)).is_ok());
    assert!(lifted(by(Suspender::User), Lifter::User).is_ok());
    assert!(lifted(by(Suspender::Structure), Lifter::Structure).is_ok());
    assert_eq!(lifted(by(Suspender::Structure), Lifter::User), Err(Refusal::NotTheirsToLift));
    assert_eq!(lifted(by(Suspender::Operator), Lifter::Structure), Err(Refusal::NotTheirsToLift));
    assert!(lifted(by(Suspender::Operator), consent(false)).is_ok());
    assert_eq!(lifted(active(), Lifter::User), Err(Refusal::OutOfOrder));
    assert!(!by(Suspender::User).is_live(now, end()));
    assert_eq!(by(Suspender::User).resumed(end(), end(), Lifter::User), Err(Refusal::Ended));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Identify,
    Consent,
    Refuse,
    Sign,
    Suspend,
    Resume,
    End,
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Identify), 4 => Just(Step::Consent), 1 => Just(Step::Refuse), 4 => Just(Step::Sign),
        1 => Just(Step::Suspend), 1 => Just(Step::Resume), 1 => Just(Step::End),
        2 => (0i64..50_000).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    /// Whatever is tried in whatever order: live only through consent then signature, and never again once over.
    #[test]
    fn no_order_of_steps_cheats(steps in steps()) {
        let (mut now, mut state) = (start(), State::draft(start()));
        let (mut consented, mut signed, mut over) = (false, false, false);
        for step in steps {
            let next = match step {
                Step::Identify => state.identified(now, end()),
                Step::Consent => state.consented(now, end()),
                Step::Refuse => state.refused(now, end()),
                Step::Sign => state.signed(now, end()),
                Step::Suspend => state.suspended(now, end(), Suspender::User),
                Step::Resume => state.resumed(now, end(), Lifter::User),
                Step::End => state.ended(now, end(), End::Renounced),
                Step::Wait(by) => { now = now + minutes(by); Ok(state.at(now, end())) }
            };
            if let Ok(next) = next {
                consented |= matches!(next, State::AwaitingSignature { .. });
                signed |= matches!(next, State::Active { .. });
                state = next;
            }
            prop_assert!(!signed || consented);
            prop_assert!(!(over && state.is_live(now, end())));
            prop_assert!(!(now >= end() && state.is_live(now, end())));
            over |= matches!(state.at(now, end()), State::Ended { .. } | State::Refused { .. } | State::Lapsed { .. });
        }
    }
}
