use proptest::prelude::*;
use ulid::Ulid;

use super::*;

fn user(n: u128, position: Position) -> User {
    User {
        id: UserId::from_ulid(Ulid::from(n)),
        position,
        state: UserState::Active,
        email: Digest::ZERO,
        epoch: 0,
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        changed_at: Timestamp::UNIX_EPOCH,
    }
}

fn partner() -> PartnerId {
    PartnerId::from_ulid(Ulid::from(7_u128))
}

#[test]
fn a_role_goes_with_whom_it_is_for_and_with_nobody_else() {
    let member = MemberId::from_ulid(Ulid::from(8_u128));
    for role in Role::ALL {
        let alone = Position::of(role, None, None);
        let expected = match role {
            Role::Partner => Err(NotAPosition::Partner),
            Role::Member => Err(NotAPosition::Member),
            Role::Service | Role::Operator | Role::Publishable => Err(NotAPosition::Role),
            _ => Ok(role),
        };
        assert_eq!(alone.map(|position| position.role()), expected, "{role}");
        let with_partner = Position::of(role, Some(partner()), None).is_ok();
        assert_eq!(with_partner, role == Role::Partner, "{role}");
        let with_member = Position::of(role, None, Some(member.clone())).is_ok();
        assert_eq!(with_member, role == Role::Member, "{role}");
    }
}

#[test]
fn nobody_takes_their_own_rights_away_and_writing_the_same_again_is_no_change_of_them() {
    let ada = user(1, Position::Admin);
    for wanted in [
        Wanted { state: Some(UserState::Disabled), position: None },
        Wanted { position: Some(Position::Auditor), state: None },
        Wanted { position: Some(Position::Partner { partner_id: partner() }), state: None },
    ] {
        let refused = ada.clone().change(&wanted, &ada.id, Timestamp::UNIX_EPOCH);
        assert_eq!(refused, Err(Refused::Themselves), "{wanted:?}");
    }
    let same = Wanted { position: Some(Position::Admin), state: Some(UserState::Active) };
    let changed = ada.clone().change(&same, &ada.id, Timestamp::UNIX_EPOCH).expect("no change");
    assert_eq!((changed.admins, changed.user.epoch, changed.user.version), (0, 0, 2));
}

#[test]
fn whoever_acts_for_a_partner_concerns_the_partner_and_staff_concern_themselves() {
    assert_eq!(user(1, Position::Partner { partner_id: partner() }).subject(), partner().to_string());
    assert_eq!(user(1, Position::Support).subject(), UserId::from_ulid(Ulid::from(1_u128)).to_string());
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Position::Admin),
        Just(Position::FinanceManager),
        Just(Position::Auditor),
        Just(Position::Partner { partner_id: partner() }),
    ]
}

fn state() -> impl Strategy<Value = UserState> {
    prop_oneof![Just(UserState::Active), Just(UserState::Disabled)]
}

proptest! {
    /// The count of active admins is what counting them gives, and every change of rights ends what began before it.
    #[test]
    fn the_number_of_admins_follows_every_change(
        before in position(), was in state(), wanted in proptest::option::of(position()), next in proptest::option::of(state()),
    ) {
        let user = User { state: was, ..user(1, before) };
        let by = UserId::from_ulid(Ulid::from(2_u128));
        let changed = user.clone().change(&Wanted { position: wanted, state: next }, &by, Timestamp::UNIX_EPOCH).expect("changed");
        let count = |user: &User| i64::from(user.is_active_admin());
        prop_assert_eq!(count(&user) + changed.admins, count(&changed.user));
        let rights = |user: &User| (user.position.clone(), user.state);
        prop_assert_eq!(changed.user.epoch != user.epoch, rights(&user) != rights(&changed.user));
    }
}
