//! TAX-4, TAX-5: what a tenant decides about telling the tax office.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::iris::{Payer, Template, TemplateFault, built_in};
use super::{InformationReturn, Tellers};

/// What a tenant decides. Sealed as a whole: a payer's number may be a person's.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxSettings {
    /// Who files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// Who tells of what went through which rail.
    #[serde(default)]
    pub tellers: Tellers,
    /// The headers of the portal's templates, by year and form: `2026/1099-nec`.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
}

/// Why no file can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTemplate {
    /// There is none for the year, and the one that is shipped does not fit it.
    #[error("the portal's template for {form} of {year} is needed: download it there and set its header")]
    Needed {
        /// The form.
        form: &'static str,
        /// The year.
        year: i16,
    },
    /// It is none.
    #[error(transparent)]
    Fault(#[from] TemplateFault),
}

impl TaxSettings {
    /// By what a template is kept.
    #[must_use]
    pub fn name_of(year: i16, form: InformationReturn) -> String {
        format!("{year}/{}", form.word())
    }

    /// Reads the name of a template.
    #[must_use]
    pub fn read_name(name: &str) -> Option<(i16, InformationReturn)> {
        let (year, form) = name.split_once('/')?;
        Some((year.parse().ok()?, InformationReturn::parse(form)?))
    }

    /// The template of a year and form.
    ///
    /// # Errors
    /// There is none, or it is none.
    pub fn template(&self, year: i16, form: InformationReturn) -> Result<Template, NoTemplate> {
        if let Some(header) = self.templates.get(&Self::name_of(year, form)) {
            return Ok(Template::parse(form, header)?);
        }
        let needed = NoTemplate::Needed { form: form.word(), year };
        Ok(built_in(form, year).ok_or(needed)??)
    }
}
