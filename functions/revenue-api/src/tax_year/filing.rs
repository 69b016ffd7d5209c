//! The files of a count: by form, a hundred rows each, in the order of partners.

use domain::currency::Currency;
use domain::digest::Digest;
use domain::money::Money;
use domain::tax::batch::{BatchState, TaxBatch, TaxFile};
use domain::tax::iris::{Boxes, Payer, ROWS_MAX, Recipient, Template, file_of};
use domain::tax::{InformationReturn, YearRow};
use edge::problem::Problem;

use super::{Counting, Step, anew, broken, reported, sealed};

/// The rows of one file, and its name.
struct Planned {
    name: String,
    form: InformationReturn,
    rows: Vec<YearRow>,
}

/// TAX-4: at most a hundred rows a file, and one form.
fn planned(rows: Vec<YearRow>) -> Vec<Planned> {
    let mut files = Vec::new();
    for form in InformationReturn::ALL {
        let own: Vec<YearRow> = rows.iter().filter(|row| row.form == form).cloned().collect();
        for (n, rows) in own.chunks(ROWS_MAX).enumerate() {
            files.push(Planned { name: format!("{}-{:03}", form.word(), n + 1), form, rows: rows.to_vec() });
        }
    }
    files
}

impl Counting<'_> {
    /// The next file of a count; the last one makes it ready.
    pub(super) async fn make_file(&self, batch: &TaxBatch) -> Result<Step, Problem> {
        let files = planned(reported(self.judged(batch).await?));
        let Some(next) = files.get(batch.files.len()) else {
            return Ok(Step { action: Some("tax_year.ready"), ..Step::to(batch, BatchState::Ready) });
        };
        let Some(text) = self.text_of(batch.year, next).await? else {
            // A form changed since it was counted: whom a row tells of, and whether it tells at all, is counted anew.
            return Ok(anew(batch));
        };
        let sum = |of: fn(&YearRow) -> Money| Money::try_sum(next.rows.iter().map(of), Currency::USD).map_err(broken);
        let file = TaxFile {
            name: next.name.clone(),
            form: next.form,
            rows: u32::try_from(next.rows.len()).unwrap_or(u32::MAX),
            paid: sum(|row| row.told)?,
            withheld: sum(|row| row.withheld)?,
            sha256: Digest::of_bytes(text.as_bytes()),
        };
        let field = sealed::file_field((batch.year, batch.no), &next.name);
        let kept = sealed::seal(self.app, self.tenant, (self.tenant.tenant().as_str(), &field), &text).await?;
        let mut after = batch.clone();
        after.files.push(file);
        Ok(Step { file: Some((next.name.clone(), kept)), ..Step::to(&after, BatchState::Making) })
    }

    /// The bytes of a file; `None` where a payee's form is not the one that was counted.
    async fn text_of(&self, year: i16, planned: &Planned) -> Result<Option<String>, Problem> {
        let template = self.template(year, planned.form)?;
        let payer = self.payer()?;
        let mut rows = Vec::with_capacity(planned.rows.len());
        for row in &planned.rows {
            let form = self.app.store.get_tax_form(self.tenant, &row.partner).await?;
            let counted = row.on_file.as_ref();
            let Some((form, counted)) = form.zip(counted).filter(|(form, counted)| form.version == counted.version)
            else {
                return Ok(None);
            };
            let content = sealed::content(self.app, self.tenant, &row.partner, &form).await?;
            let Some(tin_kind) = counted.tin_kind else { return Err(Problem::internal()) };
            let payee =
                Recipient { partner: &row.partner, tin_kind, is_individual: counted.is_individual, content: &content };
            let boxes = Boxes { paid: row.told, withheld: row.withheld };
            rows.push(template.row(year, payer, &payee, boxes).ok_or_else(Problem::internal)?);
        }
        Ok(Some(file_of(&template, &rows)))
    }

    /// The template of a form.
    pub(crate) fn template(&self, year: i16, form: InformationReturn) -> Result<Template, Problem> {
        let template = self.settings.template(year, form);
        template.map_err(|error| Problem::conflict(error.to_string()).kind("template-needed"))
    }

    /// Who files.
    pub(crate) fn payer(&self) -> Result<&Payer, Problem> {
        let missing = || {
            let detail = "nobody has said who files: set the payer with PUT /v1/revenue/tax/settings";
            Problem::conflict(detail).kind("payer-needed")
        };
        self.settings.payer.as_ref().ok_or_else(missing)
    }
}
