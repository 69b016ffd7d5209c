use proptest::prelude::*;

use super::*;

fn piece(sealed: &str, says: &[PersonField]) -> PersonPiece {
    PersonPiece { says: says.iter().copied().collect(), sealed: sealed.to_owned() }
}

/// Which piece is believed of a field: the first that says it.
fn believed(pieces: &[PersonPiece], field: PersonField) -> Option<&str> {
    pieces.iter().find(|piece| piece.says.contains(&field)).map(|piece| piece.sealed.as_str())
}

use PersonField::{Email, Name, Phone};

#[test]
fn a_page_fills_in_what_is_missing_and_replaces_nothing() {
    let mut pieces = with(&[], piece("demo", &[Email, Name]), Teller::Page);
    for (sealed, says, kept) in [
        ("newsletter", vec![Email], 1),
        ("pretender", vec![Email, Name], 1),
        ("call me", vec![Email, Name, Phone], 2),
        ("call me there", vec![Email, Phone], 2),
    ] {
        pieces = with(&pieces, piece(sealed, &says), Teller::Page);
        assert_eq!(pieces.len(), kept, "{sealed}");
    }
    let told = [Email, Name, Phone].map(|field| believed(&pieces, field));
    assert_eq!(told, [Some("demo"), Some("demo"), Some("call me")]);
}

#[test]
fn the_tenants_server_corrects_what_was_said_and_keeps_what_it_does_not_say() {
    let pieces = with(&[], piece("form", &[Email, Name, Phone]), Teller::Page);
    let pieces = with(&pieces, piece("corrected", &[Email, Name]), Teller::Server);
    let told = [Email, Name, Phone].map(|field| believed(&pieces, field));
    assert_eq!(told, [Some("corrected"), Some("corrected"), Some("form")]);
    let pieces = with(&pieces, piece("all new", &[Email, Name, Phone]), Teller::Server);
    assert_eq!(pieces.len(), 1, "what nobody believes any more is not kept");
}

fn fields() -> impl Strategy<Value = Vec<PersonField>> {
    proptest::sample::subsequence(PersonField::ALL.to_vec(), 0..=5)
}

proptest! {
    #[test]
    fn what_was_once_said_stays_said_and_pieces_are_never_more_than_fields(
        told in proptest::collection::vec((fields(), any::<bool>()), 0..40),
    ) {
        let (mut pieces, mut said) = (Vec::new(), BTreeSet::new());
        for (n, (says, is_server)) in told.iter().enumerate() {
            let before = pieces.clone();
            let teller = if *is_server { Teller::Server } else { Teller::Page };
            let name = n.to_string();
            pieces = with(&pieces, piece(&name, says), teller);
            said.extend(says.iter().copied());
            prop_assert!(pieces.len() <= PersonField::ALL.len());
            for field in PersonField::ALL {
                let now = believed(&pieces, field);
                prop_assert_eq!(now.is_some(), said.contains(&field));
                if !is_server && believed(&before, field).is_some() {
                    prop_assert_eq!(now, believed(&before, field), "a page replaces nothing");
                }
                if *is_server && says.contains(&field) {
                    prop_assert_eq!(now, Some(name.as_str()));
                }
            }
        }
    }
}

#[test]
fn a_piece_does_not_show_what_is_sealed() {
    assert_eq!(format!("{:?}", piece("c2VhbGVk", &[Email])), "PersonPiece({Email}, [sealed])");
}
