//! A payout from the handing over to its end, where the rail says what it does.

use domain::audit::Deed;
use domain::money::Money;
use domain::payout::HeadMove;
use domain::tax::Net;
use store::payouts::Stepped;

use super::*;

#[tokio::test]
async fn a_payout_is_paid_by_one_transfer_of_what_leaves() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "paid");
    let stored = scene.world.store.get_payout(&scene.world.tenant, &id).await.expect("store").expect("a payout");
    let net = stored.payout.net.expect("decided when it was handed over");
    let transfers = scene.transfers(&id).await;
    let [transfer] = transfers.as_slice() else { panic!("{transfers:?}") };
    assert_eq!((transfer.amount, &transfer.destination), (net.net.minor(), &scene.payee));
    let PayoutState::Paid { reference, .. } = &stored.payout.state else { panic!("{:?}", stored.payout.state) };
    assert_eq!(*reference, transfer.id);
    let trail = scene.world.store.list_audit(&scene.world.tenant, id.as_str()).await.expect("store");
    let deeds: Vec<_> = trail.iter().map(|entry| (entry.action.as_str(), entry.actor.id.as_str())).collect();
    assert_eq!(deeds[2..], [("payout.submitting", "usr_f"), ("payout.paid", "payout-executor")]);
    assert_eq!(scene.world.available().await, "0.00");
    scene.world.verified().await;
}

#[tokio::test]
async fn however_often_a_message_comes_a_payout_is_paid_once() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    let (app, tenant) = (scene.app(), scene.world.tenant.clone());
    let (one, two, three) =
        tokio::join!(app.execute(&tenant, &id), app.execute(&tenant, &id), app.execute(&tenant, &id));
    // One claims it; the others leave their message, or come when all is done.
    let paid = [&one, &two, &three].iter().filter(|done| matches!(done, Ok(Done::Moved("paid")))).count();
    assert_eq!(paid, 1, "{one:?} {two:?} {three:?}");
    for minutes in [0, 5, 60 * 48] {
        scene.later(minutes);
        assert_eq!(scene.execute(&id).await.expect("done"), Done::Nothing);
    }
    assert_eq!(scene.transfers(&id).await.len(), 1);
    scene.world.verified().await;
}

/// PAY-9: a definite no gives the money back, with the reason.
#[tokio::test]
async fn what_the_rail_refuses_for_certain_goes_back_to_the_balance() {
    let mut scene = Scene::new().await;
    let unverified = scene.connected("country=US").await;
    for (n, (account, reason)) in
        [("acct_404".to_owned(), "does not exist"), (unverified, "may not receive transfers yet")]
            .into_iter()
            .enumerate()
    {
        scene.later(5);
        scene.pays_to(&account).await;
        let id = if n == 0 {
            scene.submitted("in_1", "250.50").await
        } else {
            scene.later(60 * 24);
            let asked = scene.world.try_request_at(77).await.expect("an answer");
            let Requested::Created(stored) = asked else { panic!("{asked:?}") };
            let approval = scene.world.approval(&stored.payout.id).await;
            scene.world.command(&stored.payout.id, Role::Admin, "usr_a", approval).await;
            scene.submit(&stored.payout.id).await;
            stored.payout.id
        };
        assert_eq!(moved(scene.execute(&id).await), "failed");
        let PayoutState::Failed { reason: told } = scene.state(&id).await else { panic!("not failed") };
        assert!(told.contains(reason), "{told}");
        assert_eq!(scene.world.available().await, "250.50");
        assert!(scene.transfers(&id).await.is_empty());
        scene.world.verified().await;
    }
}

#[tokio::test]
async fn without_enough_on_the_platform_it_stays_approved_and_the_next_attempt_has_another_key() {
    let mut scene = Scene::new().await;
    scene.post("/_stand_in/balance", r#"{"usd":1}"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "approved");
    assert_eq!(scene.world.available().await, "0.00", "what is approved stays reserved");
    // V10: why it waits is said of the step, and the trail is whole.
    scene.world.verified().await;
    scene.post("/_stand_in/balance", r#"{"usd":null}"#).await;
    scene.submit(&id).await;
    let PayoutState::Submitting { attempt, .. } = scene.state(&id).await else { panic!("not submitting") };
    assert_eq!(attempt, 2);
    assert_eq!(moved(scene.execute(&id).await), "paid");
    assert_eq!(scene.transfers(&id).await.len(), 1);
    scene.world.verified().await;
}

/// PAY-12: between the handing over and the asking the method may go; then nobody is asked.
#[tokio::test]
async fn a_method_that_is_gone_when_the_rail_is_asked_is_a_definite_no() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    let other = scene.connected("capabilities[transfers][requested]=true").await;
    scene.later(1);
    scene.pays_to(&other).await;
    assert_eq!(moved(scene.execute(&id).await), "failed");
    assert!(scene.transfers(&id).await.is_empty());
    assert_eq!(scene.world.available().await, "250.50");
    scene.world.verified().await;
}

/// PAY-9: what came back after it was paid is held, once, and what was kept of it is not paid out with it.
#[tokio::test]
async fn what_comes_back_of_a_transfer_is_held_once_and_what_was_withheld_stays_withheld() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    scene.execute(&id).await.expect("paid");
    let transfer = scene.transfers(&id).await.remove(0);
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Nothing);
    scene.later(60);
    let path = format!("/v1/transfers/{}/reversals", transfer.id);
    scene.post(&path, "amount=1").await;
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Nothing, "a part is for people");
    scene.post(&path, "").await;
    let (app, tenant) = (scene.app(), scene.world.tenant.clone());
    let (one, two) = tokio::join!(app.execute(&tenant, &id), app.execute(&tenant, &id));
    let back = [one, two].into_iter().filter(|done| matches!(done, Ok(Done::Returned))).count();
    assert_eq!(back, 1);
    assert_eq!(scene.execute(&id).await.expect("nothing"), Done::Nothing);
    assert_eq!((scene.word(&id).await, scene.world.available().await.as_str()), ("returned", "0.00"));
    let stored = scene.world.store.get_payout(&scene.world.tenant, &id).await.expect("store").expect("a payout");
    let net = stored.payout.net.expect("decided when it was handed over");
    assert!(net.withheld.minor() > 0, "{net:?}");
    let head = scene.world.store.get_head(&scene.world.tenant, &stored.payout.account()).await.expect("store");
    assert_eq!((head.held, head.settled), (net.net.minor(), stored.payout.amount.minor()));
    scene.world.verified().await;
    // Nobody can have it sent again before a person has decided.
    scene.later(24 * 60);
    let asked = scene.world.try_request_at(5).await.expect("an answer");
    assert!(matches!(asked, Requested::NothingAvailable { .. }), "{asked:?}");
}

/// PAY-13: no seal covers fee and tax: parts that would send more than was approved send nothing.
#[tokio::test]
async fn a_payout_whose_parts_are_more_than_its_amount_is_not_sent() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    let (store, tenant) = (&scene.world.store, &scene.world.tenant);
    let stored = store.get_payout(tenant, &id).await.expect("store").expect("a payout");
    let mut forged = stored.payout;
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    forged.net = Some(Net { fee: usd(-1_000_000), withheld: usd(0), net: usd(1_025_050) });
    let actor = Actor::new(Role::Service, "a bug");
    let deed = Deed { at: scene.world.now, actor, action: "payout.retried", old: forged.told(), new: forged.told() };
    let told = append(stored.chain, id.as_str(), deed);
    let written = store.replace_payout(tenant, stored.chain, &forged, HeadMove::None, &told).await;
    assert_eq!(written.expect("store"), Stepped::Yes);
    assert!(matches!(scene.execute(&id).await, Err(Failure::Reject(_))));
    assert!(scene.transfers(&id).await.is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_or_names_nothing_is_reported_and_its_neighbours_are_carried() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    let stranger = PayoutId::of(&PartnerId::from_ulid(77_u128.into()), Currency::USD, 1);
    let record = |n: &str, body: String| serde_json::json!({"messageId": n, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}});
    let good = serde_json::to_string(&scene.due(&id)).expect("JSON");
    let nothing = serde_json::to_string(&scene.due(&stranger)).expect("JSON");
    let event = serde_json::json!({"Records": [
        record("poison", "{\"v\":".to_owned()), record("good", good), record("nothing", nothing),
    ]});
    let answer = scene.app().handle(event).await.expect("an answer");
    let failed: Vec<_> = answer["batchItemFailures"].as_array().expect("a list").iter().collect();
    let failed: Vec<_> = failed.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id")).collect();
    assert_eq!(failed, ["poison", "nothing"]);
    assert_eq!(scene.word(&id).await, "paid");
}
