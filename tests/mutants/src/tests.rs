//! A small source with every kind of change.

use std::collections::BTreeMap;

use crate::listed::{Function, Genre, Mutant, Number, Point, Span};
use crate::outcome::{Outcome, Tried, written};
use crate::render::{Rendered, render};
use crate::site::{Found, find};

fn mutant(genre: Genre, (line, column): (usize, usize), replacement: &str) -> Mutant {
    Mutant {
        file: "src/lib.rs".to_owned(),
        name: format!("src/lib.rs:{line}:{column}: a change"),
        genre,
        replacement: replacement.to_owned(),
        span: Span { start: Point { line, column }, end: Point { line, column: column + 1 } },
        function: Some(Function { return_type: "-> bool".to_owned() }),
    }
}

fn found(source: &str, mutants: &[Mutant]) -> Found {
    let numbered: Vec<(Number, &Mutant)> = (1..).zip(mutants).collect();
    find(source, &numbered).expect("a source")
}

fn rendered(source: &str, mutants: &[Mutant]) -> Rendered {
    render(source, &found(source, mutants).sites)
}

#[test]
fn an_operator_has_each_other_beside_it_and_its_operands_keep_their_own() {
    let source = "fn f() -> bool { 1 + 2 < 3 }";
    let mutants = [
        mutant(Genre::BinaryOperator, (1, 24), "<="),
        mutant(Genre::BinaryOperator, (1, 24), "=="),
        mutant(Genre::BinaryOperator, (1, 20), "-"),
    ];
    assert_eq!(
        rendered(source, &mutants).text,
        "fn f() -> bool { (if crate::mutant::is(1) { 1 + 2 <= 3 } else if crate::mutant::is(2) { 1 + 2 == 3 } else { \
         (if crate::mutant::is(3) { 1 - 2 } else { 1 + 2 }) < 3 }) }"
    );
}

#[test]
fn a_body_answers_before_anything_else_and_a_constant_function_is_none_any_more() {
    let source = "const fn f(a: bool) -> bool { !a }";
    let mutants = [mutant(Genre::FnValue, (1, 31), "true"), mutant(Genre::UnaryOperator, (1, 31), "")];
    let found = found(source, &mutants);
    assert_eq!(found.constants, [("f".to_owned(), vec![1, 2])]);
    assert_eq!(
        render(source, &found.sites).text,
        " fn f(a: bool) -> bool { if crate::mutant::is(1) { return true; } (if crate::mutant::is(2) { a } else { !a }) }"
    );
}

#[test]
fn arms_and_guards_and_fields_are_left_out_or_settled() {
    let source = "fn f(a: u8) -> S {\n    match a {\n        1 if a > 0 => S { x: 1, ..S::NEW },\n        _ => S::NEW,\n    }\n}";
    let mutants = [
        mutant(Genre::MatchArm, (3, 9), ""),
        mutant(Genre::MatchArmGuard, (3, 14), "true"),
        mutant(Genre::MatchArmGuard, (3, 14), "false"),
        mutant(Genre::StructField, (3, 27), ""),
    ];
    let text = rendered(source, &mutants).text;
    let guard = "1 if !crate::mutant::is(1) && (crate::mutant::is(2) || !crate::mutant::is(3) && (a > 0)) =>";
    assert!(text.contains(guard), "{text}");
    let literal = "(if crate::mutant::is(4) { S {  ..S::NEW } } else { S { x: 1, ..S::NEW } })";
    assert!(text.contains(literal), "{text}");
}

#[test]
fn what_cannot_be_behind_a_switch_is_apart_and_a_needed_arm_is_none() {
    let source =
        "fn f(a: Option<u8>) -> bool {\n    match a {\n        Some(_) => true,\n        None => false,\n    }\n}";
    let opaque = Function { return_type: "-> impl Iterator<Item = u8>".to_owned() };
    let mutants = [
        mutant(Genre::MatchArm, (3, 9), ""),
        Mutant { function: Some(opaque), ..mutant(Genre::FnValue, (2, 5), "::std::iter::empty()") },
        mutant(Genre::BinaryOperator, (9, 9), "-"),
    ];
    let found = found(source, &mutants);
    assert_eq!((found.needed, found.apart, found.sites), (vec![1], vec![2, 3], vec![]));
}

#[test]
fn a_condition_with_let_keeps_its_and() {
    let source = "fn f(a: Option<u8>) -> bool { if let Some(b) = a && b == 1 { true } else { false } }";
    let mutants = [mutant(Genre::BinaryOperator, (1, 50), "||"), mutant(Genre::BinaryOperator, (1, 55), "!=")];
    let found = found(source, &mutants);
    assert_eq!(found.apart, [1]);
    let text = render(source, &found.sites).text;
    assert!(text.contains("a && (if crate::mutant::is(2) { b != 1 } else { b == 1 }) {"), "{text}");
}

#[test]
fn an_error_is_the_innermost_change_s_or_else_its_place_s() {
    let source = "fn f() -> bool { 1 + 2 < 3 }";
    let mutants = [mutant(Genre::BinaryOperator, (1, 24), "<="), mutant(Genre::BinaryOperator, (1, 20), "-")];
    let rendered = rendered(source, &mutants);
    let at = |text: &str| {
        let begin = rendered.text.find(text).expect("there");
        begin..begin + text.len()
    };
    assert_eq!(rendered.change_at(&at("1 + 2 <= 3")), Some(1));
    assert_eq!(rendered.change_at(&at("1 - 2")), Some(2));
    assert_eq!(rendered.change_at(&at("fn f")), None);
    assert_eq!(rendered.changes_around(&at("else { 1 + 2 }")), Some(&[2][..]));
    assert_eq!(rendered.changes_around(&at("fn f")), None);
}

#[test]
fn what_became_of_a_change_reads_as_cargo_mutants_writes_it() {
    let mutant = mutant(Genre::FnValue, (1, 1), "true");
    let told = written(&[Tried { mutant: &mutant, outcome: Outcome::Missed, ms: 1_002 }]);
    let outcomes: BTreeMap<String, Vec<serde_json::Value>> = serde_json::from_value(told).expect("a map");
    let [outcome] = outcomes["outcomes"].as_slice() else { panic!("one outcome") };
    assert_eq!(outcome["summary"], "MissedMutant");
    assert_eq!(outcome["scenario"]["Mutant"]["file"], "src/lib.rs");
    assert_eq!(outcome["phase_results"][0]["duration"].to_string(), "1.002");
}

#[test]
fn a_change_by_itself_takes_the_place_of_its_text_and_of_nothing_else() {
    let point = |line, column| Point { line, column };
    let text = "fn f() -> u8 {\n    \"é\"; 1 * 2\n}\n";
    let operator = Span { start: point(2, 12), end: point(2, 13) };
    assert_eq!(operator.replaced(text, "+").as_deref(), Some("fn f() -> u8 {\n    \"é\"; 1 + 2\n}\n"));
    let body = Span { start: point(2, 5), end: point(2, 15) };
    assert_eq!(body.replaced(text, "0").as_deref(), Some("fn f() -> u8 {\n    0\n}\n"));
    assert_eq!(Span { start: point(9, 1), end: point(9, 2) }.replaced(text, "0"), None);
}
