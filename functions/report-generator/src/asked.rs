//! From what was asked for to the page by which a payout is paid by hand. What it is made of comes sealed, is opened for
//! the making alone, and the file is sealed before it is kept.

use cases::instructions::{ASKED, MADE, Wanted};
use cases::issuer::issuer_of;
use domain::digest::Digest;
use domain::payout::{Payout, payment_reference};
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed, SealingError};
use queues::ReportWanted;
use store::payout_instructions::{InstructionsAsked, InstructionsMade};
use store::{TenantKey, Written};

use crate::App;
use crate::instructions::Instructions;
use crate::receipt::{Covered, Kept, Payee};
use crate::wanted::{day, method};

impl App {
    /// PAY-10: the instructions that a message wants: made once, however often it comes.
    pub(crate) async fn make_instructions(&self, tenant: &TenantKey, wanted: &ReportWanted) -> Result<(), Failure> {
        let made = self.store.get_instructions_made(tenant, &wanted.report).await.map_err(Failure::retry)?;
        if made.is_some() {
            tracing::info!(report.id = %wanted.report, payout.id = %wanted.payout, "instructions are there already");
            return Ok(());
        }
        let asked = self.store.get_instructions_asked(tenant, &wanted.report).await.map_err(Failure::retry)?;
        let asked = asked.filter(|asked| asked.payout == wanted.payout);
        let asked = asked.ok_or_else(|| Failure::reject(format!("nobody asked for instructions {}", wanted.report)))?;
        let payout = self.payout(tenant, wanted).await?;
        let page = self.instructions_of(tenant, &payout, &asked).await?;
        let pdf = page.to_pdf().map_err(Failure::reject)?;
        self.keep_sealed(tenant, wanted, (&pdf, asked.forgotten_at)).await
    }

    /// The page, with what was sealed opened.
    pub(crate) async fn instructions_of(
        &self,
        tenant: &TenantKey,
        payout: &Payout,
        asked: &InstructionsAsked,
    ) -> Result<Instructions, Failure> {
        let sealed: Sealed = asked.sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: payout.id.as_str(), field: ASKED };
        let plain = self.sealer.open(&belongs, &sealed).await.map_err(not_opened)?;
        // The reason is not told: it could quote what was sealed.
        let wanted: Result<Wanted, _> = serde_json::from_slice(plain.reveal());
        let wanted = wanted.map_err(|_| Failure::reject("what instructions are made of cannot be read"))?;
        let issuer = issuer_of(&self.store, tenant, &payout.partner).await.map_err(Failure::retry)?;
        let name = self.partner_name(tenant, &payout.partner).await?;
        Ok(instructions(payout, asked, wanted, (issuer, name)))
    }

    async fn keep_sealed(
        &self,
        tenant: &TenantKey,
        wanted: &ReportWanted,
        (pdf, forgotten_at): (&[u8], Option<Timestamp>),
    ) -> Result<(), Failure> {
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: wanted.payout.as_str(), field: MADE };
        let sealed = self.sealer.seal(&belongs, pdf).await.map_err(not_opened)?;
        let made = InstructionsMade {
            report: wanted.report.clone(),
            payout: wanted.payout.clone(),
            sealed: sealed.to_string(),
            sha256: Digest::of_bytes(pdf),
            bytes: u64::try_from(pdf.len()).unwrap_or(u64::MAX),
            made_at: self.clock.now(),
            // OPS-4: one end for both, whatever the tenant sets between the two.
            forgotten_at,
        };
        match self.store.create_instructions_made(tenant, &made).await.map_err(Failure::retry)? {
            Written::Yes => {
                tracing::info!(report.id = %made.report, payout.id = %made.payout, size_bytes = made.bytes, "instructions are made");
            }
            Written::ConditionFailed => {
                tracing::info!(report.id = %made.report, payout.id = %made.payout, "instructions were made twice at once, the first stand");
            }
        }
        Ok(())
    }
}

/// A key service that is away comes back; what is not authentic never opens.
pub(crate) fn not_opened(error: SealingError) -> Failure {
    match error {
        SealingError::Unavailable(_) => Failure::retry(error),
        SealingError::NotAuthentic | SealingError::Malformed => Failure::reject(error),
    }
}

fn instructions(
    payout: &Payout,
    asked: &InstructionsAsked,
    wanted: Wanted,
    (issuer, name): (String, Option<String>),
) -> Instructions {
    let fee = wanted.fee.map(|amount| Kept { why: "Retention fee", amount });
    let tax = wanted.withheld.map(|amount| Kept { why: "Tax withheld (backup withholding, 24 %)", amount });
    Instructions {
        document: asked.report.to_string(),
        payout: payout.id.to_string(),
        number: payment_reference(&payout.id, payout.requested_at),
        reference: wanted.reference,
        issuer,
        payee: Payee { id: payout.partner.to_string(), name },
        method: method(payout).to_owned(),
        deed: wanted.deed,
        details: wanted.lines,
        net: wanted.net,
        gross: payout.amount.to_text(),
        kept: fee.into_iter().chain(tax).collect(),
        currency: payout.amount.currency().to_string(),
        covered: Covered { lines: payout.lines, first_day: payout.from.and_then(day), last_day: day(payout.to) },
        asked_at: asked.asked_at,
        seal: payout.seal.to_hex(),
    }
}
