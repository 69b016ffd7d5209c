//! Collects what is wrong with a body, so that all wrong fields are told at once.

use std::fmt::Display;

use edge::problem::Problem;

/// What was found wrong so far.
#[derive(Default)]
pub(crate) struct Faults(Option<Problem>);

impl Faults {
    /// Takes note of a fault of one field.
    pub(crate) fn note(&mut self, pointer: &str, why: impl Display) {
        let problem = match self.0.take() {
            None => Problem::bad_request(pointer, why.to_string()),
            Some(problem) => problem.at(pointer, why.to_string()),
        };
        self.0 = Some(problem);
    }

    /// The value of a field, or a note of why there is none.
    pub(crate) fn check<T, E: Display>(&mut self, pointer: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.note(pointer, why)).ok()
    }

    /// A number within bounds, or a note that it is not.
    pub(crate) fn within(&mut self, pointer: &str, value: u16, bounds: std::ops::RangeInclusive<u16>) -> u16 {
        if !bounds.contains(&value) {
            self.note(pointer, format!("must be from {} to {}", bounds.start(), bounds.end()));
        }
        value
    }

    /// A text of 1 to `length_max` characters without control characters, trimmed.
    pub(crate) fn text(&mut self, pointer: &str, value: &str, length_max: usize) -> String {
        let text = value.trim();
        if text.is_empty() || text.chars().count() > length_max || text.chars().any(char::is_control) {
            self.note(pointer, format!("must have 1 to {length_max} characters, and no control characters"));
        }
        text.to_owned()
    }

    /// The value, when nothing was wrong.
    ///
    /// # Errors
    /// 400 with a pointer to each wrong field.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match (self.0, value) {
            (None, Some(value)) => Ok(value),
            (Some(problem), _) => Err(problem),
            // Whoever yields no value has noted why.
            (None, None) => Err(Problem::internal()),
        }
    }
}
