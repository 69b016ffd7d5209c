//! Where in a source the listed changes are: the piece of text that each replaces, and what belongs to it.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, ImplItemFn, ItemFn, Pat, Signature};

use crate::listed::{Genre, Mutant, Number, Point};

/// Bytes of a source.
pub type Bytes = Range<usize>;

/// A place where changes are, with the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The text that is written anew; nothing where something is only added.
    pub whole: Bytes,
    /// What there is.
    pub kind: Kind,
}

/// What there is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The beginning of a function's body: other answers.
    Body(Vec<(Number, String)>),
    /// An operator between two operands: other operators.
    Binary(Bytes, Vec<(Number, String)>),
    /// An operator in front of an operand.
    Unary(Bytes, Number),
    /// Behind the pattern of an arm.
    Arm {
        /// What it asks already.
        guard: Option<Bytes>,
        /// The change that deletes the arm.
        deleted: Option<Number>,
        /// The changes that settle the guard, each with `true` or `false`.
        settled: Vec<(Number, String)>,
    },
    /// A literal with the rest of another: fields that may be left out, each with its comma.
    Literal(Vec<(Number, Bytes)>),
    /// `const` before a function: what asks a switch is no constant.
    Constness,
}

/// A source in which places were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The places, outer ones before inner ones.
    pub sites: Vec<Site>,
    /// Changes that were not found, or cannot be behind a switch.
    pub apart: Vec<Number>,
    /// Arms of a match that has none for the rest: without one of them it does not compile.
    pub needed: Vec<Number>,
    /// `const` functions with changes: their names, and the changes in them.
    pub constants: Vec<(String, Vec<Number>)>,
}

/// Looks for changes in a source.
///
/// # Errors
/// It cannot be read as Rust.
pub fn find(source: &str, mutants: &[(Number, &Mutant)]) -> syn::Result<Found> {
    let file = syn::parse_file(source)?;
    let mut wanted: BTreeMap<(Point, bool), Vec<(Number, &Mutant)>> = BTreeMap::new();
    let mut found = Found::default();
    for (number, mutant) in mutants {
        if mutant.is_opaque() {
            found.apart.push(*number);
        } else {
            let key = (mutant.span.start, mutant.genre == Genre::FnValue);
            wanted.entry(key).or_default().push((*number, mutant));
        }
    }
    let mut finder = Finder { wanted, found };
    finder.visit_file(&file);
    let Finder { wanted, mut found, .. } = finder;
    found.apart.extend(wanted.into_values().flatten().map(|(number, _)| number));
    // Outer before inner; what is only added before what begins at the same place.
    found.sites.sort_by_key(|site| (site.whole.start, !site.whole.is_empty(), std::cmp::Reverse(site.whole.end)));
    Ok(found)
}

struct Finder<'a> {
    /// By where they begin, and whether that is a whole body.
    wanted: BTreeMap<(Point, bool), Vec<(Number, &'a Mutant)>>,
    found: Found,
}

impl<'a> Finder<'a> {
    /// The changes that begin at a place, which then are found.
    fn take(&mut self, at: LineColumn, is_body: bool) -> Vec<(Number, &'a Mutant)> {
        let at = Point { line: at.line, column: at.column + 1 };
        self.wanted.remove(&(at, is_body)).unwrap_or_default()
    }

    /// The same, of one kind; others that begin there are left.
    fn take_kind(&mut self, at: LineColumn, genre: Genre) -> Vec<(Number, String)> {
        let taken = self.take(at, false);
        let (of_kind, others): (Vec<_>, Vec<_>) = taken.into_iter().partition(|(_, mutant)| mutant.genre == genre);
        if !others.is_empty() {
            let at = Point { line: at.line, column: at.column + 1 };
            self.wanted.insert((at, false), others);
        }
        of_kind.into_iter().map(|(number, mutant)| (number, mutant.replacement.clone())).collect()
    }

    fn add(&mut self, whole: Bytes, kind: Kind) {
        self.found.sites.push(Site { whole, kind });
    }

    /// A function: its body, and what is in it. One that is `const` may be one no more.
    fn function(&mut self, signature: &Signature, block: &Block, walk: impl FnOnce(&mut Self)) {
        let before = self.found.sites.len();
        if let Some(first) = block.stmts.first() {
            let other: Vec<_> = self.take(first.span().start(), true);
            if !other.is_empty() {
                let at = first.span().byte_range().start;
                let other = other.into_iter().map(|(number, mutant)| (number, mutant.replacement.clone()));
                self.add(at..at, Kind::Body(other.collect()));
            }
        }
        walk(self);
        let numbers: Vec<Number> = self.found.sites[before..].iter().flat_map(|site| site.kind.numbers()).collect();
        if let Some(constness) = &signature.constness
            && !numbers.is_empty()
        {
            self.add(constness.span.byte_range(), Kind::Constness);
            self.found.constants.push((signature.ident.to_string(), numbers));
        }
    }
}

impl Kind {
    /// The changes that are here.
    #[must_use]
    pub fn numbers(&self) -> Vec<Number> {
        match self {
            Self::Body(others) | Self::Binary(_, others) => others.iter().map(|(number, _)| *number).collect(),
            Self::Unary(_, number) => vec![*number],
            Self::Arm { deleted, settled, .. } => {
                deleted.iter().copied().chain(settled.iter().map(|(number, _)| *number)).collect()
            }
            Self::Literal(fields) => fields.iter().map(|(number, _)| *number).collect(),
            Self::Constness => Vec::new(),
        }
    }

    /// Forgets changes; `false` when nothing is left to be written.
    pub fn keep(&mut self, is_kept: impl Fn(Number) -> bool) -> bool {
        match self {
            Self::Body(others) | Self::Binary(_, others) => others.retain(|(number, _)| is_kept(*number)),
            Self::Arm { deleted, settled, .. } => {
                *deleted = deleted.filter(|number| is_kept(*number));
                settled.retain(|(number, _)| is_kept(*number));
            }
            Self::Literal(fields) => fields.retain(|(number, _)| is_kept(*number)),
            Self::Unary(_, number) if !is_kept(*number) => return false,
            Self::Unary(..) | Self::Constness => return true,
        }
        !self.numbers().is_empty()
    }
}

/// Does an arm take whatever comes?
fn is_for_the_rest(arm: &Arm) -> bool {
    let takes_all = match &arm.pat {
        Pat::Wild(_) => true,
        Pat::Ident(name) => name.subpat.is_none() && name.ident.to_string().starts_with(char::is_lowercase),
        _ => false,
    };
    takes_all && arm.guard.is_none()
}

/// Is a `let` among the operands of `&&`?
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(ExprBinary { op: BinOp::And(_), left, right, .. }) => has_let(left) || has_let(right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block, |finder| visit::visit_impl_item_fn(finder, item));
    }

    fn visit_expr_binary(&mut self, expr: &'ast ExprBinary) {
        let is_chain = matches!(expr.op, BinOp::And(_)) && (has_let(&expr.left) || has_let(&expr.right));
        if !is_chain {
            let others = self.take_kind(expr.op.span().start(), Genre::BinaryOperator);
            if !others.is_empty() {
                self.add(expr.span().byte_range(), Kind::Binary(expr.op.span().byte_range(), others));
            }
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast ExprUnary) {
        for (number, _) in self.take_kind(expr.op.span().start(), Genre::UnaryOperator) {
            self.add(expr.span().byte_range(), Kind::Unary(expr.op.span().byte_range(), number));
        }
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'ast ExprMatch) {
        if !expr.arms.iter().any(is_for_the_rest) {
            for arm in &expr.arms {
                let deleted = self.take_kind(arm.span().start(), Genre::MatchArm);
                self.found.needed.extend(deleted.into_iter().map(|(number, _)| number));
            }
        }
        visit::visit_expr_match(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let deleted = self.take_kind(arm.span().start(), Genre::MatchArm).into_iter().map(|(number, _)| number).next();
        let behind = arm.pat.span().byte_range().end;
        let guard = arm.guard.as_ref().map(|(_, guard)| guard);
        let settled = guard.map_or_else(Vec::new, |guard| self.take_kind(guard.span().start(), Genre::MatchArmGuard));
        if deleted.is_some() || !settled.is_empty() {
            let guard = guard.map(|guard| guard.span().byte_range());
            let end = guard.as_ref().map_or(behind, |guard| guard.end);
            self.add(behind..end, Kind::Arm { guard, deleted, settled });
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expr: &'ast ExprStruct) {
        let mut fields = Vec::new();
        for pair in expr.fields.pairs() {
            let (field, comma) = pair.into_tuple();
            let bytes = field.span().byte_range();
            let end = comma.map_or(bytes.end, |comma| comma.span.byte_range().end);
            let taken = self.take_kind(field.span().start(), Genre::StructField);
            fields.extend(taken.into_iter().map(|(number, _)| (number, bytes.start..end)));
        }
        if !fields.is_empty() {
            self.add(expr.span().byte_range(), Kind::Literal(fields));
        }
        visit::visit_expr_struct(self, expr);
    }
}
