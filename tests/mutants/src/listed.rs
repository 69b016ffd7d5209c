//! The changes, as `cargo mutants --list --json` tells them.

use serde::Deserialize;

/// The number of a change: its place in the list, from 1 on. 0 is no change.
pub type Number = u32;

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Genre {
    /// A function answers something else.
    FnValue,
    /// Another operator between two operands.
    BinaryOperator,
    /// An operator less in front of one.
    UnaryOperator,
    /// An arm of a match is not there.
    MatchArm,
    /// The guard of an arm is always true, or never.
    MatchArmGuard,
    /// A field is taken from the rest of the literal.
    StructField,
}

/// A place in a file: lines and columns from 1 on, counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Point {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Span {
    /// The first character.
    pub start: Point,
    /// Behind the last one.
    pub end: Point,
}

impl Span {
    /// The text with something else in this place; `None` where there is no such place.
    #[must_use]
    pub fn replaced(&self, text: &str, with: &str) -> Option<String> {
        let (from, to) = (self.start.byte_in(text)?, self.end.byte_in(text)?);
        Some(format!("{}{with}{}", text.get(..from)?, text.get(to..)?))
    }
}

impl Point {
    fn byte_in(self, text: &str) -> Option<usize> {
        let line = text.split_inclusive('\n').nth(self.line.checked_sub(1)?)?;
        let column = line.char_indices().map(|(byte, _)| byte).chain([line.len()]).nth(self.column.checked_sub(1)?)?;
        let before: usize = text.split_inclusive('\n').take(self.line - 1).map(str::len).fold(0, usize::saturating_add);
        before.checked_add(column)
    }
}

/// The function that a change is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Function {
    /// What it answers, as written: `-> Result<(), MoneyError>`.
    pub return_type: String,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mutant {
    /// The file, from the root of the workspace.
    pub file: String,
    /// What is changed, with file, line and column.
    pub name: String,
    /// The kind.
    pub genre: Genre,
    /// What is written instead.
    pub replacement: String,
    /// Where.
    pub span: Span,
    /// In which function.
    pub function: Option<Function>,
}

impl Mutant {
    /// May what it answers be of another type than what it answered? Behind a switch both must be one.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        let answers = self.function.as_ref().map_or("", |function| &function.return_type);
        self.genre == Genre::FnValue && answers.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == "impl")
    }
}
