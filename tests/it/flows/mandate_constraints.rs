//! The bounds that the database itself keeps on mandates, grants and requests for consent, each broken once.
use entremise::domain::mandate::Reference;
use entremise::store::{StoreError, mandate};

use super::mandate_support::{Desk, josette};
use crate::support::{TestApp, change};

/// Runs a statement about the mandate `$1`; it must be refused by a limit of the database.
async fn refused(desk: &Desk, reference: &str, sql: &'static str) {
    let row = entremise::view!(desk.app.app.store, tx => {
        let reference: Reference = reference.parse().unwrap();
        mandate::by_reference(tx, &reference).await
    });
    let id = row.unwrap().unwrap().id;
    let outcome: Result<u64, StoreError> = entremise::transact!(desk.app.app.store, "test_limit", tx => {
        change!(tx, sqlx::query(sql).bind(id))
    });
    assert!(matches!(outcome, Err(StoreError::Constraint { .. })), "{sql}: {outcome:?}");
}

on_both_engines! {
    async fn limits_on_mandates_hold(app: TestApp) {
        let desk = Desk::open(app).await;
        let draft = desk.propose(&["argent"], "31").await;
        let signed = desk.signed(josette(), &["argent", "social"], "31").await;
        for sql in [
            "UPDATE mandate SET state = 'invented' WHERE id = $1",
            // Nobody identified, nothing agreed, nothing signed.
            "UPDATE mandate SET state = 'awaiting_consent' WHERE id = $1",
            "UPDATE mandate SET state = 'awaiting_signature' WHERE id = $1",
            "UPDATE mandate SET state = 'active' WHERE id = $1",
            "UPDATE mandate SET state = 'ended', ended_at = proposed_at, ended_entry_id = entry_id, end_reason = 'revoked' WHERE id = $1",
        ] {
            refused(&desk, &draft, sql).await;
        }
        for sql in [
            "UPDATE mandate SET signed_at = NULL WHERE id = $1",
            "UPDATE mandate SET signed_by = NULL WHERE id = $1",
            "UPDATE mandate SET signed_card = NULL WHERE id = $1",
            "UPDATE mandate SET signed_step = NULL WHERE id = $1",
            "UPDATE mandate SET signed_entry_id = NULL WHERE id = $1",
            "UPDATE mandate SET attestation_sealed = NULL WHERE id = $1",
            "UPDATE mandate SET consented_at = NULL, consent_entry_id = NULL WHERE id = $1",
            "UPDATE mandate SET consent_means = NULL WHERE id = $1",
            "UPDATE mandate SET consent_means = 'hearsay' WHERE id = $1",
            "UPDATE mandate SET text_sealed = NULL WHERE id = $1",
            "UPDATE mandate SET text_hash = NULL WHERE id = $1",
            "UPDATE mandate SET user_id = NULL WHERE id = $1",
            "UPDATE mandate SET ends_at = NULL WHERE id = $1",
            "UPDATE mandate SET ends_at = signed_at WHERE id = $1",
            "UPDATE mandate SET ended_at = signed_at, ended_entry_id = entry_id WHERE id = $1",
            "UPDATE mandate SET end_reason = 'revoked' WHERE id = $1",
            "UPDATE mandate SET state = 'ended', ended_entry_id = entry_id, ended_at = signed_at, end_reason = 'boredom' WHERE id = $1",
            "UPDATE mandate SET state = 'ended', ended_entry_id = entry_id, ended_at = signed_at WHERE id = $1",
            "UPDATE mandate SET ended_by = 'nobody' WHERE id = $1",
        ] {
            refused(&desk, &signed, sql).await;
        }
    }

    async fn a_mandate_lasts_a_year_and_no_more(app: TestApp) {
        let desk = Desk::open(app).await;
        let signed = desk.signed(josette(), &["argent"], "365").await;
        let later = desk.app.app.now() + time::Duration::days(368);
        let row = entremise::view!(desk.app.app.store, tx => { mandate::by_reference(tx, &signed.parse().unwrap()).await });
        let id = row.unwrap().unwrap().id;
        let outcome: Result<u64, StoreError> = entremise::transact!(desk.app.app.store, "test_limit", tx => {
            change!(tx, sqlx::query("UPDATE mandate SET ends_at = $2 WHERE id = $1").bind(id).bind(later))
        });
        assert!(matches!(outcome, Err(StoreError::Constraint { .. })), "{outcome:?}");
        let consented_later: Result<u64, StoreError> = entremise::transact!(desk.app.app.store, "test_limit", tx => {
            change!(tx, sqlx::query("UPDATE mandate SET consented_at = $2 WHERE id = $1").bind(id).bind(later))
        });
        assert!(matches!(consented_later, Err(StoreError::Constraint { .. })), "signed before it was agreed to");
    }

    async fn limits_on_grants_hold(app: TestApp) {
        let desk = Desk::open(app).await;
        let draft = desk.propose(&["argent"], "31").await;
        let signed = desk.signed(josette(), &["argent", "social"], "31").await;
        for sql in [
            "UPDATE mandate_grant SET state = 'invented' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET access = 'own' WHERE mandate_id = $1",
            // One domain once in a mandate.
            "UPDATE mandate_grant SET domain = 'argent' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET domain = 'invented' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET user_id = NULL WHERE mandate_id = $1",
            "UPDATE mandate_grant SET ends_at = NULL WHERE mandate_id = $1",
            "UPDATE mandate_grant SET state = 'ended' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id), ended_at = ends_at WHERE mandate_id = $1",
            "UPDATE mandate_grant SET end_reason = 'revoked' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET state = 'ended', ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id), ended_at = ends_at, end_reason = 'boredom' WHERE mandate_id = $1",
            "UPDATE mandate_grant SET consumed_at = ends_at WHERE mandate_id = $1",
        ] {
            refused(&desk, &signed, sql).await;
        }
        refused(&desk, &draft, "UPDATE mandate_grant SET state = 'live' WHERE mandate_id = $1").await;
        // One live grant for a structure, a user and a domain: the draft's would be the second.
        refused(&desk, &draft, "UPDATE mandate_grant SET state = 'live',
            user_id = (SELECT user_id FROM mandate_grant WHERE state = 'live' AND domain = 'argent'),
            ends_at = (SELECT ends_at FROM mandate_grant WHERE state = 'live' AND domain = 'argent')
            WHERE mandate_id = $1").await;
        let references = "UPDATE mandate SET reference = (SELECT reference FROM mandate WHERE id <> $1) WHERE id = $1";
        refused(&desk, &draft, references).await;
    }

    async fn limits_on_requests_for_consent_hold(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.propose(&["argent"], "31").await;
        desk.leave(&reference).await;
        for sql in [
            "UPDATE consent_request SET decision = 'agreed' WHERE mandate_id = $1",
            "UPDATE consent_request SET decided_at = created_at, decided_entry_id = (SELECT entry_id FROM mandate WHERE id = $1) WHERE mandate_id = $1",
            "UPDATE consent_request SET decision = 'agreed', decided_at = created_at, decided_entry_id = (SELECT entry_id FROM mandate WHERE id = $1) WHERE mandate_id = $1",
            "UPDATE consent_request SET decision = 'maybe', decided_at = created_at, decided_entry_id = (SELECT entry_id FROM mandate WHERE id = $1) WHERE mandate_id = $1",
            "UPDATE consent_request SET expires_at = created_at WHERE mandate_id = $1",
        ] {
            refused(&desk, &reference, sql).await;
        }
        desk.leave(&reference).await;
        refused(&desk, &reference, "UPDATE consent_request SET state_hash =
            (SELECT state_hash FROM consent_request ORDER BY id LIMIT 1) WHERE mandate_id = $1").await;
    }
}
