//! What comes of each fault, wherever the answer is taken.
use super::Fault;

/// How an answer with one fault is refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    pub fault: Fault,
    /// As the log and the address of the next page have it.
    pub code: &'static str,
    /// On the page.
    pub words: &'static str,
    /// The ID token was right: the session that was opened there is closed with it. One that is not right closes nothing.
    pub signs_out: bool,
}

/// Every fault but silence; `stopped`: the words for somebody who gave up there.
pub fn faults(stopped: &'static str) -> Vec<Refused> {
    let (unverified, level) = ("pas pu être vérifiée", "niveau de garantie suffisant");
    let refused = |(fault, code, words, signs_out)| Refused { fault, code, words, signs_out };
    [
        (Fault::Error("access_denied"), "refused_by_person", stopped, false),
        (Fault::Error("server_error"), "provider_error", unverified, false),
        (Fault::RedirectIssuer, "wrong_issuer", unverified, false),
        (Fault::NoRedirectIssuer, "wrong_issuer", unverified, false),
        (Fault::Issuer, "wrong_issuer", unverified, false),
        (Fault::Audience, "wrong_audience", unverified, false),
        (Fault::Nonce, "wrong_nonce", unverified, false),
        (Fault::Level("eidas0"), "level_not_accepted", level, true),
        (Fault::NoLevel, "level_not_accepted", level, true),
        (Fault::Expired, "wrong_time", unverified, false),
        (Fault::UnsignedToken, "wrong_algorithm", unverified, false),
        (Fault::ForeignKey, "bad_signature", unverified, false),
        (Fault::PlainUserinfo, "wrong_algorithm", unverified, true),
        (Fault::UnsignedUserinfo, "answer_nonsense", unverified, true),
        (Fault::UserinfoForeignKey, "bad_signature", unverified, true),
        (Fault::OtherSubject, "wrong_subject", unverified, true),
        (Fault::Failing, "provider_failing", "ne répond pas pour l", false),
    ]
    .map(refused)
    .to_vec()
}
