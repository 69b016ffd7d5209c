//! PAY-7: outcomes that nobody knows.

use domain::payout::attempt::{Attempt, destination_of};
use domain::payout::{Refused, Word};

use super::*;

/// What the rail does to the first asking, whether it carried it out, and what becomes of the payout.
const ROWS: [(&str, &str, usize, &str); 5] = [
    ("an answer that is lost", r#""status":null"#, 1, "paid"),
    ("a call that never arrives", r#""is_unheard":true"#, 0, "paid"),
    ("a server's error behind which it was carried out", r#""status":500,"executes":true"#, 1, "paid"),
    ("a gateway's error before which nothing was done", r#""status":503"#, 0, "paid"),
    // The key stands for the error from now on: asked again, the rail says it again, until people must look.
    ("a server's error that is replayed", r#""status":500"#, 0, "outcome_unknown"),
];

/// PAY-7. Worked value 17 is the first row: the rail accepted, and nobody heard; unknown, looked for, paid by one transfer.
#[tokio::test]
async fn an_outcome_that_is_not_known_is_read_and_never_paid_twice() {
    for (name, fault, carried, end) in ROWS {
        let mut scene = Scene::new().await;
        scene.order(fault).await;
        let id = scene.submitted("in_1", "250.50").await;
        assert_eq!(moved(scene.execute(&id).await), "outcome_unknown", "{name}");
        assert_eq!(scene.transfers(&id).await.len(), carried, "{name}");
        // Told again at once, as the rail's own word of its transfer does: the look goes on with it, and no message dies of it.
        assert_eq!(scene.execute(&id).await.expect("left to the look"), Done::Nothing, "{name}");
        assert_eq!((scene.word(&id).await, scene.transfers(&id).await.len()), ("outcome_unknown", carried), "{name}");
        scene.look_for_two_days().await;
        assert_eq!(scene.word(&id).await, end, "{name}");
        assert_eq!(scene.transfers(&id).await.len(), usize::from(end == "paid"), "{name}");
        let attempts = scene.world.store.list_attempts(&scene.world.tenant, &id).await.expect("store");
        assert_eq!(attempts.len(), 1, "{name}");
        assert!(attempts[0].attempt.tries <= 14 && !attempts[0].attempt.is_looked_for, "{name}: {attempts:?}");
        scene.world.verified().await;
    }
}

/// Whoever asks first may die before it is known that the outcome is to be looked for: then the message is all there is.
#[tokio::test]
async fn a_message_behind_a_first_asking_that_goes_on_is_tried_until_that_ended() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    let tenant = scene.world.tenant.clone();
    let payout = scene.world.store.get_payout(&tenant, &id).await.expect("store").expect("a payout").payout;
    let payee = payout.terms.payee.clone().expect("a payee");
    let told = destination_of(payee.rail, &scene.payee);
    let asking = Attempt::begin(&payout, 1, (payee, told), scene.world.now);
    assert_eq!(scene.world.store.create_attempt(&tenant, &asking).await.expect("store"), Written::Yes);
    assert!(matches!(scene.execute(&id).await, Err(Failure::Retry(_))));
    assert!(scene.transfers(&id).await.is_empty());
    scene.later(3);
    assert_eq!(moved(scene.execute(&id).await), "paid");
    assert_eq!(scene.transfers(&id).await.len(), 1);
    scene.world.verified().await;
}

/// Behind a day the rail has forgotten the key: what it knows nothing of is not asked for again.
#[tokio::test]
async fn behind_twenty_hours_the_rail_is_read_and_not_asked() {
    let mut scene = Scene::new().await;
    scene.order(r#""is_unheard":true"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    scene.execute(&id).await.expect("not known");
    scene.later(20 * 60);
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    let retried = scene.world.command(&id, Role::FinanceManager, "usr_f", Command::Retry).await;
    assert!(matches!(retried, Moved::Done(_)), "{retried:?}");
    scene.later(30 * 60);
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    scene.look_for_two_days().await;
    assert!(scene.transfers(&id).await.is_empty());
}

#[tokio::test]
async fn a_retry_by_finance_is_the_same_attempt_and_finds_what_was_carried_out() {
    let mut scene = Scene::new().await;
    scene.order(r#""status":null"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    scene.execute(&id).await.expect("not known");
    let retried = scene.world.command(&id, Role::FinanceManager, "usr_f", Command::Retry).await;
    assert!(matches!(retried, Moved::Done(_)), "{retried:?}");
    scene.later(3);
    assert_eq!(moved(scene.execute(&id).await), "paid");
    assert_eq!(scene.transfers(&id).await.len(), 1);
    scene.world.verified().await;
}

fn not_paid() -> Word {
    Word::NotPaid { reason: "the dashboard has nothing".to_owned() }
}

#[tokio::test]
async fn two_people_end_what_looking_does_not_and_then_nobody_asks_any_more() {
    let mut scene = Scene::new().await;
    scene.order(r#""status":500"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    scene.execute(&id).await.expect("not known");
    let resolve = |scene: &Scene, who: &'static str| {
        let (store, tenant, id, now) =
            (scene.world.store.clone(), scene.world.tenant.clone(), id.clone(), scene.world.now);
        async move {
            let actor = Actor::new(Role::FinanceManager, who);
            let command = Command::Resolve(not_paid());
            cases::payouts::command(&store, &tenant, &id, &command, &actor, now).await.expect("an answer")
        }
    };
    assert!(matches!(resolve(&scene, "usr_1").await, Moved::Done(_)));
    assert_eq!(resolve(&scene, "usr_1").await, Moved::Refused(Refused::SaidByYou));
    // The rail was asked a moment ago.
    assert_eq!(resolve(&scene, "usr_2").await, Moved::Refused(Refused::BeingAsked));
    scene.later(15);
    let app = scene.app();
    let Moved::Done(stored) = resolve(&scene, "usr_2").await else { panic!("not resolved") };
    assert_eq!((stored.payout.state.word(), scene.world.available().await.as_str()), ("failed", "250.50"));
    assert_eq!(app.execute(&scene.world.tenant, &id).await.expect("nothing"), Done::Nothing);
    assert_eq!(app.look().await.expect("a look").due, 0);
    assert!(scene.transfers(&id).await.is_empty());
    scene.world.verified().await;
}

/// Whoever is about to ask claims the attempt first: a word that was said on the attempt before that holds no more.
#[tokio::test]
async fn a_word_and_a_try_at_once_are_one_or_the_other() {
    for n in 0..20 {
        let mut scene = Scene::new().await;
        scene.order(r#""is_unheard":true"#).await;
        let id = scene.submitted("in_1", "250.50").await;
        scene.execute(&id).await.expect("not known");
        scene.world.command(&id, Role::FinanceManager, "usr_1", Command::Resolve(not_paid())).await;
        scene.later(16 + n);
        let app = scene.app();
        let (_, _) = tokio::join!(
            app.execute(&scene.world.tenant, &id),
            scene.world.command(&id, Role::Admin, "usr_2", Command::Resolve(not_paid())),
        );
        let (word, transfers) = (scene.word(&id).await, scene.transfers(&id).await.len());
        assert!(matches!((word, transfers), ("paid", 1) | ("failed", 0)), "{n}: {word} with {transfers} transfers");
        scene.world.verified().await;
    }
}

/// PAY-9: what was certainly never asked for can be given back; what may have been asked for only by what is known of it.
#[tokio::test]
async fn without_a_key_a_payout_comes_to_where_finance_can_give_it_back() {
    for n in 0..2 {
        let mut scene = Scene::new().await;
        let id = scene.submitted("in_1", "250.50").await;
        let good = std::mem::replace(&mut scene.accounts, scene.keyless[n].clone());
        assert_eq!(moved(scene.execute(&id).await), "approved", "{n}");
        assert_eq!(scene.world.available().await, "0.00", "what is approved stays reserved");
        // Handed over again with a key, and its answer lost: without the key nobody can say that it was not paid.
        scene.submit(&id).await;
        scene.order(r#""status":null"#).await;
        let bare = std::mem::replace(&mut scene.accounts, good.clone());
        assert_eq!(moved(scene.execute(&id).await), "outcome_unknown", "{n}");
        scene.accounts = bare;
        scene.later(60);
        assert_eq!(moved(scene.execute(&id).await), "outcome_unknown", "{n}");
        scene.accounts = good;
        scene.later(60);
        assert_eq!(moved(scene.execute(&id).await), "paid", "{n}");
        assert_eq!(scene.transfers(&id).await.len(), 1);
        scene.world.verified().await;
    }
}

#[tokio::test]
async fn a_method_that_does_not_open_leaves_the_payout_where_finance_can_give_it_back() {
    let mut scene = Scene::new().await;
    scene.later(5);
    scene.pays_by("acct_1", "another_field").await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "approved");
    let fail = Command::Fail { reason: "the method cannot be opened".to_owned() };
    let failed = scene.world.command(&id, Role::FinanceManager, "usr_f", fail).await;
    assert!(matches!(failed, Moved::Done(_)), "{failed:?}");
    assert_eq!((scene.word(&id).await, scene.world.available().await.as_str()), ("failed", "250.50"));
    assert!(scene.transfers(&id).await.is_empty());
    scene.world.verified().await;
}

/// PAY-7: the key of another account is put in place while an answer is out: what that account does not know may be paid.
#[tokio::test]
async fn a_payee_who_is_unknown_at_a_later_try_is_for_people_and_gives_nothing_back() {
    let mut scene = Scene::new().await;
    scene.order(r#""status":null"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    scene.accounts = scene.elsewhere.clone();
    scene.later(60);
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    assert_eq!((scene.transfers(&id).await.len(), scene.world.available().await.as_str()), (1, "0.00"));
    // Nobody asks again by itself: people must look.
    assert_eq!(scene.app().look().await.expect("a look"), crate::Looked::default());
    scene.world.verified().await;
}

/// PAY-9: a return is found by the payout, whatever people wrote as the reference of what they saw.
#[tokio::test]
async fn what_people_said_was_paid_and_comes_back_is_found_by_the_payout() {
    let mut scene = Scene::new().await;
    scene.order(r#""status":null"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    scene.execute(&id).await.expect("not known");
    scene.later(15);
    let word = Word::Paid { completed_at: scene.world.now, reference: "seen in the dashboard".to_owned() };
    for who in ["usr_1", "usr_2"] {
        let said = scene.world.command(&id, Role::FinanceManager, who, Command::Resolve(word.clone())).await;
        assert!(matches!(said, Moved::Done(_)), "{said:?}");
    }
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Nothing);
    let transfer = scene.transfers(&id).await.remove(0);
    scene.post(&format!("/v1/transfers/{}/reversals", transfer.id), "").await;
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Returned);
    scene.world.verified().await;
}

/// PAY-7: what two people called not paid, and the rail has carried all the same, is an alarm whenever the rail tells of it.
#[tokio::test]
async fn a_transfer_of_a_payout_that_was_called_not_paid_is_for_people() {
    let mut scene = Scene::new().await;
    scene.order(r#""status":null"#).await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "outcome_unknown");
    scene.later(20);
    for (role, who) in [(Role::Admin, "usr_a"), (Role::FinanceManager, "usr_f")] {
        let said = scene.world.command(&id, role, who, Command::Resolve(not_paid())).await;
        assert!(matches!(said, Moved::Done(_)), "{said:?}");
    }
    assert_eq!(scene.word(&id).await, "failed");
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Stray);
    // Reversed, it stands no more.
    let transfer = scene.transfers(&id).await.remove(0).id;
    scene.post(&format!("/v1/transfers/{transfer}/reversals"), "").await;
    assert_eq!(scene.execute(&id).await.expect("looked"), Done::Nothing);
    scene.world.verified().await;
}

/// PAY-7: who asked first may hear last, when another has begun to look for the outcome: settled, nobody looks any more.
#[tokio::test]
async fn what_is_settled_while_another_looks_for_it_is_looked_for_no_longer() {
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "250.50").await;
    assert_eq!(moved(scene.execute(&id).await), "paid");
    let (store, tenant) = (scene.world.store.clone(), scene.world.tenant.clone());
    let read = store.list_attempts(&tenant, &id).await.expect("store").pop().expect("an attempt");
    let looked_for = read.attempt.again(scene.world.now).looked_for(true);
    assert_eq!(store.replace_attempt(&tenant, &read, &looked_for).await.expect("store"), Written::Yes);
    for left in [1, 0] {
        scene.later(60);
        let looked = scene.app().look().await.expect("a look");
        assert_eq!((looked.due, looked.waiting, looked.failed), (left, 0, 0));
    }
    let ended = store.list_attempts(&tenant, &id).await.expect("store").pop().expect("an attempt").attempt.ended;
    let PayoutState::Paid { reference, .. } = scene.state(&id).await else { panic!("not paid") };
    assert_eq!(ended, Some(domain::payout::attempt::Ended::Paid { reference }));
    scene.world.verified().await;
}
