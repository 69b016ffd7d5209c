//! Collects what is wrong with a body, so that all wrong fields are told at once.

use std::fmt::Display;

use edge::problem::Problem;

/// What was found wrong so far.
#[derive(Default)]
pub(crate) struct Faults {
    /// Pointer, and why.
    found: Vec<(String, String)>,
    /// Is one of them a form that the OpenAPI document tells?
    is_malformed: bool,
}

impl Faults {
    /// Takes note of a fault of one field: it is not of the form that is told.
    pub(crate) fn note(&mut self, pointer: &str, why: impl Display) {
        self.is_malformed = true;
        self.clash(pointer, why);
    }

    /// Takes note of a field that is of its form, and not possible beside the others, now, or of what is there.
    pub(crate) fn clash(&mut self, pointer: &str, why: impl Display) {
        self.found.push((pointer.to_owned(), why.to_string()));
    }

    /// The value of a field, or a note of why there is none.
    pub(crate) fn check<T, E: Display>(&mut self, pointer: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.note(pointer, why)).ok()
    }

    /// The same of what no form can tell: whether a zone is there, or how many places a currency has.
    pub(crate) fn fit<T, E: Display>(&mut self, pointer: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.clash(pointer, why)).ok()
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
    /// 400 with a pointer to each wrong field; 422 where each of them is of its form.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        let mut found = self.found.into_iter();
        match (found.next(), value) {
            (None, Some(value)) => Ok(value),
            (Some((pointer, why)), _) => {
                let first = if self.is_malformed {
                    Problem::bad_request(pointer, why)
                } else {
                    Problem::impossible(pointer, why)
                };
                Err(found.fold(first, |problem, (pointer, why)| problem.at(pointer, why)))
            }
            // Whoever yields no value has noted why.
            (None, None) => Err(Problem::internal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(note: impl FnOnce(&mut Faults)) -> u16 {
        let mut faults = Faults::default();
        note(&mut faults);
        faults.finish(Some(())).map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    #[test]
    fn a_form_that_is_told_is_400_and_what_no_schema_can_tell_is_422() {
        assert_eq!(status_of(|_| ()), 200);
        assert_eq!(status_of(|faults| faults.note("/name", "too long")), 400);
        assert_eq!(status_of(|faults| faults.clash("/to", "must be after from")), 422);
        let both = |faults: &mut Faults| {
            faults.clash("/to", "must be after from");
            faults.note("/name", "too long");
        };
        assert_eq!(status_of(both), 400);
    }
}
