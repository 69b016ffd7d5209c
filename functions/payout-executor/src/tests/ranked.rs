//! PAY-6: what a rail refuses for certain is asked for by the payee's next method, and never what nobody knows.

use cases::payouts::next;

use super::*;

/// Two methods in rank, of which the first is no account; a payout handed over by it.
async fn refused_first(scene: &mut Scene) -> PayoutId {
    scene.later(5);
    let second = scene.payee.clone();
    scene.pays_to_ranked(&["acct_404", &second]).await;
    scene.submitted("in_1", "250.50").await
}

/// What is open in the partner's account.
async fn open(scene: &Scene) -> Option<PayoutId> {
    scene.world.store.get_head(&scene.world.tenant, &scene.world.account()).await.expect("store").open_payout
}

async fn payouts(scene: &Scene) -> usize {
    let (store, tenant) = (&scene.world.store, &scene.world.tenant);
    store.list_account_payouts(tenant, &scene.world.account()).await.expect("store").len()
}

#[tokio::test]
async fn a_payout_that_is_refused_for_certain_is_asked_for_by_the_next_method_and_approved_anew() {
    let mut scene = Scene::new().await;
    let id = refused_first(&mut scene).await;
    assert_eq!(moved(scene.execute(&id).await), "failed");
    let next = open(&scene).await.expect("the next is asked for");
    let stored = scene.world.store.get_payout(&scene.world.tenant, &next).await.expect("store").expect("a payout");
    assert_eq!((stored.payout.state.word(), stored.payout.approvals.len()), ("pending_approval", 0));
    assert_eq!(stored.payout.amount.to_text(), "250.50");
    assert_eq!(stored.payout.requested_by.id, scene.world.partner.to_string());
    // Told again and again it is one payout, also when it was taken back.
    assert_eq!(scene.execute(&id).await.expect("done"), Done::Nothing);
    assert_eq!(payouts(&scene).await, 2);
    let approval = scene.world.approval(&next).await;
    scene.world.command(&next, Role::Admin, "usr_a", approval).await;
    scene.submit(&next).await;
    assert_eq!(moved(scene.execute(&next).await), "paid");
    assert_eq!(scene.execute(&id).await.expect("done"), Done::Nothing);
    assert_eq!((scene.transfers(&id).await.len(), scene.transfers(&next).await.len()), (0, 1));
    assert_eq!(scene.transfers(&next).await[0].destination, scene.payee);
    assert_eq!(payouts(&scene).await, 2);
    scene.world.verified().await;
}

#[tokio::test]
async fn one_that_was_taken_back_is_not_asked_for_a_second_time() {
    let mut scene = Scene::new().await;
    let id = refused_first(&mut scene).await;
    scene.execute(&id).await.expect("refused");
    let next = open(&scene).await.expect("the next is asked for");
    let cancel = Command::Cancel { reason: "not by that one".to_owned() };
    scene.world.command(&next, Role::Partner, "par", cancel).await;
    scene.execute(&id).await.expect("nothing to do");
    assert_eq!((open(&scene).await, payouts(&scene).await), (None, 2));
    assert_eq!(scene.world.available().await, "250.50");
    scene.world.verified().await;
}

/// PAY-1: nobody asked for it but a machine, so a person approves it, whatever a band lets go by itself.
#[tokio::test]
async fn what_follows_a_failure_waits_for_a_person_also_where_a_band_lets_its_amount_go() {
    use domain::money::Money;
    use domain::payout::policy::{Band, PayoutPolicy};
    let mut scene = Scene::new().await;
    // Before there is a band: the first is approved by a person, as its helper does it.
    let id = refused_first(&mut scene).await;
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let band = Band { automatic_below: Some(usd(100_000)), two_from: usd(10_000_000) };
    let policy = PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() };
    let actor = Actor::new(Role::Admin, "usr_a");
    let (old, new) = Default::default();
    let deed = domain::audit::Deed { at: scene.world.now, actor, action: "payout_policy.set", old, new };
    let entry = append(ChainEnd::START, "payout_policy", deed);
    scene.world.store.replace_payout_policy(&scene.world.tenant, &policy, &entry).await.expect("store");
    scene.execute(&id).await.expect("refused");
    let next = open(&scene).await.expect("the next is asked for");
    let stored = scene.world.store.get_payout(&scene.world.tenant, &next).await.expect("store").expect("a payout");
    assert_eq!((stored.payout.state.word(), stored.payout.approvers()), ("pending_approval", 1));
    scene.world.verified().await;
}

/// What is told of a failure a day later, and asked for nothing at once, asks for nothing out of newer money.
#[tokio::test]
async fn a_failure_that_is_told_again_much_later_asks_for_nothing() {
    let mut scene = Scene::new().await;
    let id = refused_first(&mut scene).await;
    scene.world.set_status(store::partners::PartnerStatus::Suspended).await;
    assert_eq!(moved(scene.execute(&id).await), "failed");
    scene.world.set_status(store::partners::PartnerStatus::Active).await;
    assert_eq!((open(&scene).await, payouts(&scene).await), (None, 1));
    scene.later(25 * 60);
    assert_eq!(scene.execute(&id).await.expect("done"), Done::Nothing);
    assert_eq!((open(&scene).await, payouts(&scene).await), (None, 1));
    scene.world.verified().await;
}

/// Behind the last method there is none, and what follows a failure follows its failure, too.
#[tokio::test]
async fn each_method_is_tried_once_and_then_people_decide() {
    let mut scene = Scene::new().await;
    scene.later(5);
    scene.pays_to_ranked(&["acct_404", "acct_405", "acct_406"]).await;
    let mut id = scene.submitted("in_1", "250.50").await;
    for tried in 1..=3 {
        assert_eq!(moved(scene.execute(&id).await), "failed");
        let next = open(&scene).await;
        assert_eq!((next.is_some(), payouts(&scene).await), (tried < 3, (tried + 1).min(3)), "behind method {tried}");
        let Some(next) = next else { break };
        let approval = scene.world.approval(&next).await;
        scene.world.command(&next, Role::Admin, "usr_a", approval).await;
        scene.submit(&next).await;
        id = next;
    }
    assert_eq!(scene.world.available().await, "250.50");
    scene.world.verified().await;
}

/// PAY-7: what nobody knew for a while is never sent by another way by itself, however it ends.
#[tokio::test]
async fn behind_an_unknown_outcome_nothing_is_asked_for_by_another_method() {
    let mut scene = Scene::new().await;
    scene.order(r#""is_unheard":true"#).await;
    let id = refused_first(&mut scene).await;
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    assert_eq!((open(&scene).await.as_ref(), payouts(&scene).await), (Some(&id), 1));
    let word = domain::payout::Word::NotPaid { reason: "the dashboard has nothing".to_owned() };
    scene.later(20);
    for who in ["usr_a", "usr_f"] {
        let role = if who == "usr_a" { Role::Admin } else { Role::FinanceManager };
        let moved = scene.world.command(&id, role, who, Command::Resolve(word.clone())).await;
        assert!(matches!(moved, Moved::Done(_)), "{moved:?}");
    }
    assert_eq!(scene.word(&id).await, "failed");
    scene.execute(&id).await.expect("nothing to do");
    assert_eq!((open(&scene).await, payouts(&scene).await), (None, 1));
    let trail = scene.world.store.list_audit(&scene.world.tenant, id.as_str()).await.expect("store");
    assert!(!next::is_certain(&trail));
    scene.world.verified().await;
}

/// PAY-12: a method that is new since is no way around its cooling-off.
#[tokio::test]
async fn what_was_ranked_since_the_payout_was_asked_for_is_not_tried() {
    let mut scene = Scene::new().await;
    let id = refused_first(&mut scene).await;
    let second = scene.payee.clone();
    scene.later(1);
    scene.pays_to_ranked(&[&second]).await;
    assert_eq!(moved(scene.execute(&id).await), "failed");
    assert_eq!((open(&scene).await, payouts(&scene).await), (None, 1));
    scene.world.verified().await;
}
