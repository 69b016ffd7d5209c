//! A version of a programme's rule that is made of the one before it, whatever others do meanwhile. COM-14.

use domain::id::RuleId;
use domain::rule::{RuleVersion, in_force};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::problem::Problem;
use edge::revision::IfMatch;
use store::Written;
use store::programs::Program;

use super::{AchievementBody, defined, revision};
use crate::App;
use crate::http::trail::Changes;

/// How often a version is made anew because others made one meanwhile.
const TRIES_MAX: usize = 5;

/// A version to be made.
pub(super) struct Making<'a> {
    app: &'a App,
    caller: &'a Caller,
    program: &'a Program,
    id: RuleId,
    effective_from: Timestamp,
    now: Timestamp,
}

impl<'a> Making<'a> {
    pub(super) fn new(
        (app, caller): (&'a App, &'a Caller),
        program: &'a Program,
        effective_from: Option<Timestamp>,
        minting: Minting,
    ) -> Result<Self, Problem> {
        let now = minting.at();
        let id = RuleId::from_ulid(minting.ulid("rule"));
        let effective_from = edge::clock::to_ms(effective_from.unwrap_or(now));
        // COM-4: the version in force when a sale happened applies: the past is not rewritten from here.
        if effective_from < edge::clock::to_ms(now) {
            return Err(Problem::impossible("/effective_from", "must not be past; leave it out to begin now"));
        }
        Ok(Self { app, caller, program, id, effective_from, now })
    }

    /// The version that holds then, under the id and date of the one to be made; all of which it was read, and how many
    /// they were. Where it is said in which version the achievement was seen, it is that one.
    async fn next(&self, name: &str, said: Option<IfMatch>) -> Result<(RuleVersion, Vec<RuleVersion>, u64), Problem> {
        let (tenant, program) = (self.caller.tenant_key(), &self.program.id);
        // Counted before they are read: one that is made in between is seen, and costs another try at most.
        let seen = self.app.store.get_rule_count(&tenant, program).await?;
        let mut versions = self.app.store.list_rules(&tenant, program).await?;
        // A run that takes over from one that died finds the version that one left behind.
        versions.retain(|version| version.id != self.id);
        if let Some(said) = said {
            said.check(revision(&versions, name))?;
        }
        if let Some(later) = versions.iter().find(|version| version.effective_from >= self.effective_from) {
            let detail = format!(
                "version {} begins at {}, not before this would: give a later effective_from",
                later.id, later.effective_from
            );
            return Err(Problem::conflict(detail).kind("later-version").at("/effective_from", "must be later"));
        }
        let before = in_force(&versions, self.effective_from)
            .ok_or_else(|| Problem::conflict("the program has no rule that holds then").kind("no-rule"))?;
        let next = RuleVersion { id: self.id.clone(), effective_from: self.effective_from, ..before.clone() };
        Ok((next, versions, seen))
    }

    /// Writes the version, and answers what became of the achievement of a name. Of two who make one at once the second
    /// makes theirs of the first's, so that neither version lacks the other's achievement: the change is asked anew each
    /// time, with every version that was there.
    pub(super) async fn write(
        &self,
        (origin, action): (Origin, &'static str),
        (name, said): (&str, Option<IfMatch>),
        change: impl Fn(RuleVersion, &[RuleVersion]) -> Result<RuleVersion, Problem>,
    ) -> Result<AchievementBody, Problem> {
        let (app, caller, tenant) = (self.app, self.caller, self.caller.tenant_key());
        let actor = caller.acting(origin);
        for _ in 0..TRIES_MAX {
            let (next, known, seen) = self.next(name, said).await?;
            let version = change(next, &known)?;
            check(&version)?;
            let changes = Changes::default()
                .added("achievement", name)
                .added("rule_id", &version.id)
                .added("effective_from", version.effective_from);
            let told = changes.told(version.program.as_str(), action, (actor.clone(), self.now));
            let store = app.store.telling(&tenant, told);
            if store.create_rule_after(&tenant, &version, seen).await? == Written::ConditionFailed {
                continue;
            }
            let (program, rule) = (&version.program, &version.id);
            tracing::info!(program.id = %program, rule.id = %rule, by = %caller.subject, action, "achievement changed");
            let versions = app.store.list_rules(&tenant, &version.program).await?;
            let found = defined(&versions, app.clock.now()).remove(name).map(|defined| defined.body(&versions));
            return found.ok_or_else(Problem::internal);
        }
        Err(Problem::unavailable("others change the rules of this program all the time; try again"))
    }
}

/// What is wrong with a version, at the fields of the achievement that was asked for.
fn check(version: &RuleVersion) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for found in version.terms.check().faults {
        // The last milestone is the one that was asked for. Whatever else is wrong was wrong before, is in force, and is no
        // worse for an achievement: the version shows it.
        let Some(rest) = found.pointer.strip_prefix("/milestones") else { continue };
        let field = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        faults.clash(&field.map_or(found.pointer.clone(), |(_, field)| format!("/{field}")), found.why);
    }
    faults.finish(Some(()))
}
