//! PAY-5, PAY-8, PAY-9, PAY-10: every state of a payout and the doors of files and papers: what each answers, and that a
//! refusal leaves the payout as it was.

use domain::audit::Deed;
use domain::id::PayoutId;
use domain::payout::{HeadMove, Payout, PayoutState};
use domain::time::Timestamp;
use store::payouts::{Stepped, StoredPayout};

use super::*;

/// Every state, with what is known in it of a payout that was sent under this reference.
fn states(reference: &str) -> [PayoutState; 10] {
    let at: Timestamp = NOW.parse().expect("an instant");
    let (reason, reference) = ("because".to_owned(), reference.to_owned());
    let (sent, paid) = (reference.clone(), reference.clone());
    [
        PayoutState::PendingApproval,
        PayoutState::Approved,
        PayoutState::Submitting { attempt: 1, since: at },
        PayoutState::OutcomeUnknown { attempt: 1, since: at, why: reason.clone(), said: None },
        PayoutState::Submitted { sent_at: at, expected_arrival: None, reference: sent },
        PayoutState::Paid { sent_at: at, completed_at: at, reference: paid },
        PayoutState::Rejected { reason: reason.clone() },
        PayoutState::Cancelled { reason: reason.clone() },
        PayoutState::Failed { reason: reason.clone() },
        PayoutState::Returned { sent_at: at, completed_at: at, reference, returned_at: at, reason },
    ]
}

/// The same as of a payout that this file carries, and one that finance has sent by hand behind the file's back.
fn states_of_carried(file: &str) -> Vec<PayoutState> {
    let by_hand = states("W").into_iter().filter(|state| matches!(state, PayoutState::Submitted { .. }));
    states(file).into_iter().chain(by_hand).collect()
}

impl Scene {
    async fn stored(&self, id: &str) -> StoredPayout {
        let id = PayoutId::parse(id).expect("an id");
        self.world.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout")
    }

    /// Puts an approved or submitted payout into a state, as if its steps had led there.
    async fn put_into(&self, id: &str, state: PayoutState) -> StoredPayout {
        let before = self.stored(id).await;
        if before.payout.state == state {
            return before;
        }
        let head = if matches!(state, PayoutState::Paid { .. }) { HeadMove::Settle } else { HeadMove::None };
        let payout = Payout { state, ..before.payout.clone() };
        let deed = Deed {
            at: NOW.parse().expect("an instant"),
            actor: given::actor(Role::Service, "a test"),
            action: "payout.put",
            old: before.payout.told(),
            new: payout.told(),
        };
        let entry = append(before.chain, id, deed);
        let written = self.world.store.replace_payout(&tenant(), before.chain, &payout, head, &entry).await;
        assert_eq!(written.expect("store"), Stepped::Yes);
        self.stored(id).await
    }
}

#[tokio::test]
async fn a_payout_goes_into_a_file_from_approved_and_from_no_other_state() {
    for state in states("W") {
        let (scene, word) = (Scene::new().await, state.word());
        let payout = scene.approved(1, "100.00").await;
        let before = scene.put_into(&payout, state.clone()).await;
        let named = json!({"rail": "ach", "currency": "USD", "payout_ids": [payout]});
        let answer = scene.world.ask("fin", "POST", "/export", named).await;
        if state == PayoutState::Approved {
            assert_eq!((answer.status, scene.state(&payout).await.as_str()), (201, "submitted"), "{answer:?}");
            continue;
        }
        assert_eq!(answer.told(), (422, "nothing-to-export"), "{word}: {answer:?}");
        assert!(answer.json.to_string().contains(&format!("it is {word}")), "{word}: {answer:?}");
        assert_eq!(scene.export("all").await.told(), (422, "nothing-to-export"), "{word}");
        assert_eq!(scene.stored(&payout).await, before, "{word}");
        assert_eq!(scene.world.get("aud", "/files").await.json["data"], json!([]), "{word}");
    }
}

#[tokio::test]
async fn a_voided_file_gives_back_what_is_on_its_way_by_it_and_nothing_that_has_gone_on() {
    for at in 0..states_of_carried("W").len() {
        let scene = Scene::new().await;
        let payout = scene.approved(1, "100.00").await;
        let file = text(&scene.export("a-file").await.json, "id").to_owned();
        let state = states_of_carried(&file).swap_remove(at);
        let before = scene.put_into(&payout, state.clone()).await;
        let case = format!("{} as {at}", state.word());
        let voided = scene.void("ada", &file).await;
        assert_eq!((voided.status, text(&voided.json, "state")), (200, "voided"), "{case}: {voided:?}");
        let after = scene.stored(&payout).await;
        if before.payout.is_sent_by(&domain::id::PayoutFileId::parse(&file).expect("an id")) {
            assert_eq!(voided.json["stayed"], json!([]), "{case}");
            assert_eq!((after.payout.state, after.payout.net), (PayoutState::Approved, None), "{case}");
            assert_eq!(after.chain.no, before.chain.no + 1, "{case} is one step");
            continue;
        }
        let stayed = &voided.json["stayed"][0];
        assert_eq!(text(stayed, "payout_id"), payout, "{case}: {voided:?}");
        assert!(text(stayed, "reason").contains(state.word()), "{case}: {stayed}");
        assert_eq!(after, before, "{case}");
    }
}

/// PAY-9: the money goes back once, and only of what was on its way, or there, by the file that the bank answers.
#[tokio::test]
async fn a_return_moves_what_its_file_has_sent_or_paid_and_nothing_in_any_other_state() {
    for at in 0..states_of_carried("W").len() {
        let scene = Scene::new().await;
        let payout = scene.approved(1, "100.00").await;
        let made = scene.export("a-file").await.json;
        let state = states_of_carried(text(&made, "id")).swap_remove(at);
        let before = scene.put_into(&payout, state.clone()).await;
        let money = scene.money(1).await;
        let file = came_back("R03", text(&made["rows"][0], "reference"), "23138010", 7_600);
        let told = scene.take_in(&file).await;
        let row = &told.json["data"][0];
        let case = format!("{} as {at}: {told:?}", state.word());
        let on_its_way = states(text(&made, "id"))[4] == state;
        let (outcome, word, after) = match state {
            _ if on_its_way => ("failed", "failed", [10_000, 0, 0, 0]),
            PayoutState::Paid { .. } => ("returned", "returned", [0, 7_600, 0, 10_000]),
            PayoutState::Failed { .. } | PayoutState::Returned { .. } => ("already", state.word(), money),
            _ => ("unmatched", state.word(), money),
        };
        assert_eq!((told.status, text(row, "outcome")), (200, outcome), "{case}");
        assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), (word, after), "{case}");
        if !matches!(outcome, "failed" | "returned") {
            assert_eq!(scene.stored(&payout).await, before, "{case}");
        }
        if outcome == "unmatched" {
            assert_eq!(text(row, "detail"), format!("the payout is {word}"), "{case}");
        }
    }
}

/// PAY-10, PAY-12: the details are opened for an approved payout alone, and there is a receipt of a paid one alone.
#[tokio::test]
async fn the_instructions_are_of_an_approved_payout_and_the_receipt_is_of_a_paid_one() {
    for state in states("W") {
        let (scene, word) = (Scene::of_nobody().await, state.word());
        scene.by_hand(1).await;
        let payout = scene.approved(1, "100.00").await;
        let before = scene.put_into(&payout, state.clone()).await;
        let receipt = scene.world.get("fin", &format!("/{payout}/receipt")).await;
        // Of a paid one it is made behind the payment.
        let kind = if matches!(state, PayoutState::Paid { .. }) { "receipt-in-progress" } else { "no-receipt" };
        assert_eq!(receipt.told(), (404, kind), "{word}: {receipt:?}");
        let path = format!("/{payout}/generate-instructions");
        let told = scene.world.ask("fin", "POST", &path, Value::Null).await;
        if state == PayoutState::Approved {
            assert!((200..300).contains(&told.status), "{told:?}");
        } else {
            assert_eq!(told.told(), (409, "wrong-state"), "{word}: {told:?}");
            assert!(text(&told.json, "detail").contains(word), "{word}: {told:?}");
            let trail = format!("payout_details#{payout}");
            let trail = scene.world.store.list_audit(&tenant(), &trail).await.expect("store");
            assert!(trail.is_empty(), "nobody has read anything of one that is {word}: {trail:?}");
        }
        assert_eq!(scene.stored(&payout).await, before, "{word}");
    }
}
