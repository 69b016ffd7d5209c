//! The three keys that `make dev` shows, and the file of exports for a shell.

use std::fmt::Write as _;
use std::path::Path;

use domain::id::TenantId;
use domain::role::Role;

use super::cast::Cast;
use super::story::Story;
use crate::Error;
use crate::key::{Bearer, make};

/// Roles with the words under which their keys are kept.
const STAFF: [(&str, Role); 2] = [("admin", Role::Admin), ("finance", Role::FinanceManager)];

/// The keys and what they open.
pub(super) struct Keys {
    admin: String,
    finance: String,
    partner: String,
    partner_id: String,
    program_id: String,
}

impl Keys {
    /// The keys as they were made before, or new ones.
    pub(super) async fn of(story: &mut Story<'_>) -> Result<Self, Error> {
        for (word, role) in STAFF {
            ensure(story, word, &Bearer { role, subject: None, name: word, expires_at: None }, "/v1/programs").await?;
        }
        let program_id = story.program("USD").await?;
        let cast = Cast::assemble();
        let first = cast.partners.first().ok_or("a cast of nobody")?;
        story.join(first).await?;
        let partner_id = story.progress.partner(first.n)?.id.clone();
        let bearer = Bearer { role: Role::Partner, subject: Some(&partner_id), name: &first.name, expires_at: None };
        ensure(story, "partner", &bearer, "/v1/partners/dashboard").await?;
        let key = |word: &str| story.progress.key(word).map(str::to_owned);
        Ok(Self { admin: key("admin")?, finance: key("finance")?, partner: key("partner")?, partner_id, program_id })
    }

    /// The partner whose key is among them.
    pub(super) fn partner_id(&self) -> &str {
        &self.partner_id
    }

    /// What the person at the terminal reads.
    pub(super) fn shown(&self, env_file: &Path) -> String {
        format!(
            "\n  admin    {}\n  finance  {}\n  partner  {}\n\n  . {}   gives a shell these keys and addresses; docs/walkthrough.md goes on from there.\n",
            self.admin,
            self.finance,
            self.partner,
            env_file.display()
        )
    }

    /// Writes the exports.
    pub(super) fn write(&self, path: &Path, story: &Story<'_>) -> Result<(), Error> {
        let mut text = String::from("# Written when the small cloud started. For this machine alone.\n");
        let own = [
            ("URL", &story.place.http),
            ("ADMIN_KEY", &self.admin),
            ("FINANCE_KEY", &self.finance),
            ("PARTNER_KEY", &self.partner),
            ("PARTNER_ID", &self.partner_id),
            ("PROGRAM_ID", &self.program_id),
            ("STRIPE_WEBHOOK_SECRET", &story.client.stripe_secret),
        ];
        for (name, value) in own {
            writeln!(text, "export {name}='{value}'")?;
        }
        for (name, value) in &story.place.env {
            writeln!(text, "export {name}='{}'", value.replace('\'', "'\\''"))?;
        }
        let beside = path.with_extension("new");
        std::fs::write(&beside, text)?;
        // Keys are for who started it.
        std::fs::set_permissions(&beside, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(std::fs::rename(&beside, path)?)
    }
}

/// Makes a key unless the one that is noted still opens what it should.
async fn ensure(story: &mut Story<'_>, word: &str, bearer: &Bearer<'_>, opens: &str) -> Result<(), Error> {
    if let Ok(known) = story.progress.key(word)
        && story.client.is_good(known, opens).await?
    {
        return Ok(());
    }
    let connection = story.place.connect(story.client.clock_offset_ms().await?)?;
    let text = make(&connection, &TenantId::default_tenant(), bearer).await?;
    story.progress.keys.insert(word.to_owned(), text);
    story.progress.keep()
}
