//! What an attempt to sign in is counted against, and what the log is told of it.
use std::net::IpAddr;

use crate::app::fault::Fault;
use crate::app::{App, record};
use crate::domain::ids::RowId;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::{WriteTx, throttle};

use super::Browser;

/// Failures of one address in one hour, from browsers unknown to the accounts aimed at: far above a town hall on
/// Monday at nine, far below what guessing takes.
pub(super) const FAILURES_PER_ADDRESS: i64 = 300;

pub(super) async fn refuse(app: &App, index: &[u8], why: &str, browser: &Browser) -> Result<(), Fault> {
    tell(app, Draft::refused(Kind::SignInRefused, why), index, browser).await
}

/// Writes, or counts, what became of an attempt at an account, whether it exists or not.
pub(super) async fn tell(app: &App, draft: Draft, index: &[u8], browser: &Browser) -> Result<(), Fault> {
    let draft = browser.origin().beside_aimed_at(draft.by_role(Role::Nobody), &short_name(index));
    record::refuse(app, draft, &browser.origin().source()).await?;
    Ok(())
}

/// Counts an attempt against the address it comes from. False when that address has failed too often.
pub(in crate::app) async fn address_may_try(
    app: &App,
    tx: &mut WriteTx,
    browser: &Browser,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(address) = browser.address else { return Ok(true) };
    Ok(throttle::take_below(tx, &address_key(app, address, now), FAILURES_PER_ADDRESS, now).await?)
}

/// The attempt was none of a stranger.
pub(in crate::app) async fn forgive_address(
    app: &App,
    tx: &mut WriteTx,
    browser: &Browser,
    now: Timestamp,
) -> Result<(), Fault> {
    if let Some(address) = browser.address {
        throttle::forgive(tx, &address_key(app, address, now)).await?;
    }
    Ok(())
}

pub(super) fn account_key(app: &App, index: &[u8], device: Option<RowId>) -> Vec<u8> {
    let mut exact = index.to_vec();
    if let Some(device) = device {
        exact.extend_from_slice(device.as_bytes());
    }
    app.sealer.blind_index("throttle.account", &exact)
}

/// One hour of one address; of one /64 for IPv6, where a single subscriber holds as many.
pub(super) fn address_key(app: &App, address: IpAddr, now: Timestamp) -> Vec<u8> {
    let mut exact = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    };
    exact.extend_from_slice(&now.unix().div_euclid(3_600).to_be_bytes());
    app.sealer.blind_index("throttle.address", &exact)
}

/// Enough of a blind index to see that failures aim at one account; names nobody.
fn short_name(index: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(index.get(..8).unwrap_or(index))
}
