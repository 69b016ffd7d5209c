//! Form bodies with brackets.

/// The parameters of a call, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more: `items[0][price]`. An empty value unsets what it names.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// With one more, if there is a value.
    #[must_use]
    pub fn with_some(self, name: impl Into<String>, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With texts by name under `metadata`.
    #[must_use]
    pub fn with_metadata(mut self, prefix: &str, rows: &[(&str, &str)]) -> Self {
        for (name, value) in rows {
            self.0.push((format!("{prefix}[{name}]"), (*value).to_owned()));
        }
        self
    }

    /// As a body or a query.
    #[must_use]
    pub fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_as_stripe_reads_them() {
        let form = Form::new()
            .with("items[0][price]", "price_1")
            .with_some("trial_period_days", Some(14))
            .with_some("email", None::<&str>)
            .with_metadata("metadata", &[("trb", "a&b=c")]);
        assert_eq!(form.encoded(), "items%5B0%5D%5Bprice%5D=price_1&trial_period_days=14&metadata%5Btrb%5D=a%26b%3Dc");
    }
}
