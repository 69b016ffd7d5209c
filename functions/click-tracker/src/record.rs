//! One write of a visit. Whatever becomes of it, the visitor goes on: a click that is not stored is in the log, and
//! attribution does not need it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::touch::{ClickId, DaySalt, Touch};
use jiff::Timestamp;
use store::TenantKey;
use store::clicks::{ClickRecorded, NewClick, Place};
use store::links::LinkTarget;

use crate::App;
use crate::visit::{Bot, Visit};

/// The day's salt, and whether the store may still be asked: one that has just not answered would cost the visitor
/// another quarter of a second.
pub(crate) struct Salted {
    pub(crate) salt: Arc<DaySalt>,
    pub(crate) store_answers: bool,
}

/// The salt for a visit. Without the store it is one that nobody else has: the visitor is then one of their own.
pub(crate) async fn salted(app: &App, now: Timestamp, store_answers: bool) -> Salted {
    if let Some(salt) = app.salts.known(now) {
        return Salted { salt, store_answers };
    }
    let fresh = edge::random::bytes();
    if store_answers {
        match app.salts.on(now, fresh).await {
            Ok(salt) => return Salted { salt, store_answers },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the day's salt could not be read");
            }
        }
    }
    Salted { salt: Arc::new(DaySalt::from_bytes(fresh)), store_answers: false }
}

/// Records a visit.
pub(crate) async fn record(app: &App, target: &LinkTarget, visit: &Visit, touch: &Touch, salted: &Salted) {
    let click = ClickId::of(touch.at, touch.visitor);
    if !salted.store_answers {
        tracing::warn!(click.id = %click, link.id = %target.link, partner.id = %target.partner, "click not stored");
        return;
    }
    let new = new_click(target, visit, (touch, app.retention.end_of(target, touch.at)), salted);
    match app.store.record_click(&TenantKey::from(&target.tenant), new).await {
        Ok(outcome) => {
            let outcome = match outcome {
                ClickRecorded::Counted => "counted",
                ClickRecorded::Duplicate => "duplicate",
                ClickRecorded::Bot => "bot",
            };
            tracing::info!(click.id = %click, link.id = %target.link, outcome, "click recorded");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, click.id = %click, link.id = %target.link, partner.id = %target.partner, "click not stored");
        }
    }
}

fn new_click<'a>(
    target: &'a LinkTarget,
    visit: &Visit,
    (touch, expires_at): (&Touch, Timestamp),
    salted: &Salted,
) -> NewClick<'a> {
    // TRK-6: of who asked for privacy nothing is kept that could tell them from another.
    let private = |text: &String| if visit.is_private { String::new() } else { text.clone() };
    NewClick {
        link: &target.link,
        partner: &target.partner,
        program: &target.program,
        at: touch.at,
        visitor: touch.visitor,
        bot: visit.bot.map(Bot::reason),
        user_agent: private(&visit.user_agent),
        language: private(&visit.language),
        referrer_host: visit.referrer_host.clone(),
        paid_traffic: visit.paid_traffic,
        device: visit.device(&salted.salt),
        place: if visit.is_private { Place::default() } else { visit.sender.place.clone() },
        carried: visit.carried.iter().cloned().collect::<BTreeMap<_, _>>(),
        expires_at,
    }
}
