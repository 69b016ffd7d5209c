//! The queue, and what a decision moves.

use super::*;

#[tokio::test]
async fn a_review_tells_what_was_noticed_and_what_is_held() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail, Reason::DisposableEmail]).await;
    let list = office.get("sue", "").await;
    assert_eq!(list.ids(), [id.as_str()]);
    let review = office.get("sue", &format!("/{id}")).await.json;
    assert_eq!(list.json["data"][0], review);
    let told = ["sale_id", "score", "band", "status", "holds_sale", "proposes_suspension", "reasons", "decided_by"];
    let told: Vec<String> = told.iter().map(|field| format!("{field}: {}", review[*field])).collect();
    insta::assert_snapshot!(told.join("\n").replace(Office::sale_of("in_1").as_str(), "sal_1"), @r#"
    sale_id: "sal_1"
    score: 75
    band: "suspend"
    status: "open"
    holds_sale: true
    proposes_suspension: true
    reasons: ["disposable_email","self_referral_email"]
    decided_by: null
    "#);
    assert_eq!(review["signals"][0]["partner_id"], json!(office.world.partner));
    assert_eq!(review["stops_payouts_of"], json!([office.world.partner]));
}

#[tokio::test]
async fn the_queue_is_read_page_by_page_and_by_state_and_as_csv() {
    let office = office().await;
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(office.noticed(n, &[Reason::DuplicatePartner]).await.to_string());
    }
    let watched = office.noticed(9, &[Reason::QuickSale]).await;
    let mut seen: Vec<String> = Vec::new();
    let mut query = "?limit=2".to_owned();
    for _ in 0..9 {
        let page = office.get("aud", &query).await;
        seen.extend(page.ids().iter().map(ToString::to_string));
        match page.json["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    ids.sort();
    seen.sort();
    assert_eq!(seen, ids);
    assert_eq!(office.get("aud", "?status=watching").await.ids(), [watched.as_str()]);
    assert_eq!(office.get("aud", "?status=released").await.ids(), Vec::<&str>::new());
    let csv = office.get("aud", "?status=watching&format=csv").await.text;
    let columns = "id,sale_id,partner_ids,score,band,reasons,status,opened_at,decided_by,decided_at,decision_reason";
    assert!(csv.starts_with(columns) && csv.contains(watched.as_str()), "{csv}");
}

#[tokio::test]
async fn the_queue_is_read_by_band_and_every_page_is_full_until_the_last() {
    // FRD-4, FRD-5
    let office = office().await;
    let mut of_band: std::collections::BTreeMap<&str, Vec<String>> = Default::default();
    for n in 1..=4 {
        for (band, reason) in [("hold", Reason::DuplicatePartner), ("suspend", Reason::SelfReferralPayout)] {
            let id = office.noticed(n * 10 + u128::from(band == "hold"), &[reason]).await;
            of_band.entry(band).or_default().push(id.to_string());
        }
    }
    for (band, mut expected) in of_band {
        let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..9 {
            let page = office.get("aud", &format!("?band={band}&limit=3{cursor}")).await;
            assert!(page.json["data"].as_array().expect("rows").iter().all(|row| row["band"] == band), "{page:?}");
            seen.extend(page.ids().iter().map(ToString::to_string));
            sizes.push(page.ids().len());
            match page.json["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.sort();
        expected.sort();
        assert_eq!((seen, sizes), (expected, vec![3, 1]), "{band}");
    }
    assert_eq!(office.get("aud", "?band=watch").await.ids(), Vec::<&str>::new());
    let watched = office.noticed(99, &[Reason::QuickSale]).await;
    assert_eq!(office.get("aud", "?band=watch&status=watching").await.ids(), [watched.as_str()]);
}

#[tokio::test]
async fn the_partner_reads_why_a_commission_was_taken_back() {
    // FRD-5
    let told = "Your own purchases earn nothing; see section 4 of the terms.";
    for (note, expected) in [
        (None, "Your commission for in_1 was lowered by 29.70 USD, because the sale was rejected."),
        (Some(told), "Whoever looked at it says: Your own purchases earn nothing; see section 4 of the terms."),
    ] {
        let office = office().await;
        let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
        let mut body = json!({"decision": "reject", "reason": "bought it with the card of the partner's husband"});
        if let Some(note) = note {
            body["partner_note"] = json!(note);
        }
        assert_eq!(office.write("ada", "POST", &format!("/{id}/decide"), body).await.status, 200);
        let world = &office.world;
        let origin = domain::line::Origin::Sale(Office::sale_of("in_1"));
        let held = domain::line::Place::Held;
        let lines = world.store.list_lines_of(&world.tenant, &world.account(), held, &origin).await.expect("store");
        let taken = lines.iter().find(|line| line.amount.is_negative()).expect("a line takes it back");
        assert_eq!(taken.trace.reason, EarningReason::Rejected);
        let sentences = domain::explain::line(taken, None).sentences;
        assert!(sentences.iter().any(|sentence| sentence == expected), "{sentences:?}");
        // What people say among each other is not for the partner.
        assert!(sentences.iter().all(|sentence| !sentence.contains("husband")), "{sentences:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_decision_moves_the_money_once_and_says_who() {
    for (decision, status, held, total) in
        [("release", "released", 0, "29.70"), ("reject", "rejected", 0, "0.00"), ("watch", "watching", 2970, "29.70")]
    {
        let office = office().await;
        let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
        assert_eq!(office.held_now().await, 2970);
        let answer = office.decide("fin", &id, decision).await;
        assert_eq!((answer.status, answer.json["status"].as_str()), (200, Some(status)), "{answer:?}");
        assert_eq!(
            (answer.json["decided_by"].as_str(), answer.json["decision_reason"].as_str()),
            (Some("usr_fin"), Some("looked at it"))
        );
        assert_eq!((office.held_now().await, office.world.total().await), (held, total.to_owned()), "{decision}");
        assert_eq!(office.get("ada", &format!("/{id}")).await.json, answer.json);
        // The same again by the same person, under another key: the same answer, and nothing moves.
        assert_eq!(office.decide("fin", &id, decision).await.json["status"], status);
        assert_eq!((office.held_now().await, office.world.total().await), (held, total.to_owned()), "{decision}");
        office.world.verified().await;
    }
}

#[tokio::test]
async fn what_was_decided_stays_decided() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
    assert_eq!(office.decide("ada", &id, "watch").await.status, 200);
    assert_eq!(office.decide("bob", &id, "reject").await.status, 200);
    for (who, decision) in [("ada", "release"), ("ada", "reject"), ("bob", "release"), ("bob", "watch")] {
        assert_eq!(office.decide(who, &id, decision).await.told(), (409, "already-decided"), "{who} {decision}");
    }
    let missing = ReviewId::parse("rsk_00000000000000000000000001").expect("an id");
    assert_eq!(office.decide("ada", &missing, "release").await.status, 404);
}

#[tokio::test]
async fn of_two_people_who_decide_at_once_one_is_answered_409() {
    for _ in 0..5 {
        let office = office().await;
        let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
        let (ada, bob) = tokio::join!(office.decide("ada", &id, "release"), office.decide("bob", &id, "reject"));
        let mut statuses = [ada.status, bob.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{ada:?} {bob:?}");
        let total = if ada.status == 200 { "29.70" } else { "0.00" };
        assert_eq!(office.world.total().await, total);
        office.world.verified().await;
    }
}

#[tokio::test]
async fn a_rejection_that_says_so_suspends_the_partner() {
    use store::partners::PartnerStatus;
    for (suspend, expected) in [(true, PartnerStatus::Suspended), (false, PartnerStatus::Active)] {
        let office = office().await;
        let id = office.held("in_1", "29.70", &[Reason::SelfReferralPayout]).await;
        let body = json!({"decision": "reject", "reason": "their own account", "suspend": suspend});
        assert_eq!(office.write("ada", "POST", &format!("/{id}/decide"), body).await.status, 200);
        let partner = office.world.store.get_partner(&office.world.tenant, &office.world.partner).await;
        assert_eq!(partner.expect("store").expect("a partner").status, expected);
        // ATT-1: a click of before the suspension counts still.
        let standing = office.world.store.get_standing(&office.world.tenant, &office.world.partner).await;
        let standing = standing.expect("store").expect("a partner");
        let before =
            domain::time::Timestamp::from_millisecond(office.world.now.as_millisecond() - 1).expect("an instant");
        assert_eq!((standing.was_active_at(before), standing.was_active_at(office.world.now)), (true, !suspend));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_nothing_has_moved() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
    // Callers' keys are remembered for a minute: the first request reads this one.
    assert_eq!(office.get("ada", "").await.status, 200);
    office.world.database.fail_next(1_000, testkit::Fault::Refuse);
    assert_eq!(office.decide("ada", &id, "release").await.status, 503);
    office.world.database.heal();
    assert_eq!((office.held_now().await, office.decide("ada", &id, "release").await.status), (2970, 200));
    office.world.verified().await;
}

/// FRD-4, FRD-5: two hold it, a review and a person, and each has a word of their own.
#[tokio::test]
async fn a_person_who_holds_what_signals_hold_keeps_it_held_when_the_review_lets_go() {
    use cases::desk::holds::{self, Changed, Command};
    let office = office().await;
    let (id, sale) = (office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await, Office::sale_of("in_1"));
    let world = &office.world;
    let actor = Actor::new(Role::Admin, "usr_ada");
    let desk = cases::desk::Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let reason = || "the buyer called".to_owned();
    let (hold, release) = (Command::Hold { reason: reason() }, Command::Release { reason: reason() });
    let command = async |command: &Command| holds::command(&desk, &sale, command).await.expect("an answer");
    assert!(matches!(command(&hold).await, Changed::Done(_)));
    assert!(matches!(command(&hold).await, Changed::Already(_)));
    assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Manual));
    let told = world.store.list_audit(&world.tenant, sale.as_str()).await.expect("store");
    let last = told.last().expect("told");
    assert_eq!((last.action.as_str(), last.old["hold"].as_str()), ("commission.held", "risk"));
    // The review is not decided yet: neither is it this person's to let go, nor to confirm.
    for own in [&release, &Command::Reject { reason: reason() }] {
        assert_eq!(command(own).await, Changed::Refused(holds::Refused::HeldForRisk), "{own:?}");
    }
    assert_eq!(office.decide("fin", &id, "release").await.status, 200);
    assert_eq!((office.held_now().await, world.kept_sale("in_1").await.hold), (2970, Some(HoldReason::Manual)));
    world.verified().await;
    assert!(matches!(command(&release).await, Changed::Done(_)));
    assert_eq!((office.held_now().await, world.kept_sale("in_1").await.hold), (0, None));
    world.verified().await;
}
