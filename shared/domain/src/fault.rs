//! What is wrong with one field of what somebody asks for, and of which kind that is.

/// What is wrong with a field, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer of the field.
    pub pointer: String,
    /// What is wrong with it.
    pub why: String,
    /// Is the value by itself not of the form that is told of it: too long, out of its range, no word that is known?
    /// Otherwise it is, and contradicts another field, or is not possible of what is there.
    pub is_form: bool,
}

impl Fault {
    /// A value that is not of its form.
    #[must_use]
    pub fn form(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), why: why.into(), is_form: true }
    }

    /// A value that is of its form and not possible all the same.
    #[must_use]
    pub fn clash(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), why: why.into(), is_form: false }
    }

    /// The same of a thing that stands at a place itself.
    #[must_use]
    pub fn under(self, place: &str) -> Self {
        Self { pointer: format!("{place}{}", self.pointer), ..self }
    }
}
