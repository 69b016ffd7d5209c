//! `tributary audit`: the audit as a file, and the proof over such a file, which needs no network and no key.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use cases::audit::row::{AuditRow, COLUMNS, COLUMNS_OF_BEFORE};
use clap::{Args, Subcommand};
use domain::audit::{Actor, AuditEntry, Trail, TrailEnd};
use domain::digest::Digest;
use domain::id::TenantId;
use domain::role::Role;
use domain::time::{BusinessDay, Zone};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::audit::AuditPlace;
use store::journal::Order;

use crate::connection::{self, Connection};
use crate::{Error, Said, progress};

/// How many entries are read at once.
const AT_ONCE: usize = 100;
/// How many days back an export begins where no day was sealed yet and nobody says.
const DAYS_BACK: i32 = 400;

/// What is done with the audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Writes the audit to a file, one entry a line, and a last line that says how many there are and what they hash to.
    Export(Export),
    /// Proves a file: every entry follows the one before it, none was changed, taken out, put in or cut off. Works on what
    /// `export` writes, and on the CSV of `GET /v1/audit`. Exits 1 and names the first entry that does not fit.
    Verify(Verify),
}

/// What is exported.
#[derive(Debug, Args)]
pub struct Export {
    /// The tenant's id; the deployment's default tenant when absent.
    #[arg(long)]
    tenant: Option<String>,
    /// From this day (UTC) on; the first that was sealed when absent.
    #[arg(long)]
    from: Option<String>,
    /// The file.
    #[arg(long)]
    out: PathBuf,
}

/// What is proved.
#[derive(Debug, Args)]
pub struct Verify {
    /// The file.
    file: PathBuf,
    /// The file begins at some day: chains may have begun before it.
    #[arg(long)]
    some_days: bool,
    /// How many entries there must be, as the log of the export said.
    #[arg(long, requires = "hash")]
    entries: Option<u64>,
    /// What they must hash to.
    #[arg(long, requires = "entries")]
    hash: Option<String>,
}

/// The last line of an export.
#[derive(Serialize, Deserialize)]
struct LastLine {
    end: TrailEnd,
}

/// Who acts from a shell.
pub(crate) fn operator() -> Actor {
    let user_agent = Some(concat!("tributary/", env!("CARGO_PKG_VERSION")).to_owned());
    Actor { user_agent, ..Actor::new(Role::Operator, "command") }
}

/// Does what was asked.
pub(crate) async fn run(command: &AuditCommand) -> Result<Said, Error> {
    match command {
        AuditCommand::Export(asked) => export(asked).await,
        AuditCommand::Verify(asked) => verify(asked),
    }
}

async fn export(asked: &Export) -> Result<Said, Error> {
    let connection = connection::connect()?;
    let tenant = asked.tenant.as_deref().map(TenantId::parse).transpose()?.unwrap_or_else(TenantId::default_tenant);
    let entries = entries_of(&connection, &TenantKey::from(&tenant), asked.from.as_deref()).await?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(&asked.out)?);
    let mut end = TrailEnd::START;
    for entry in &entries {
        writeln!(file, "{}", serde_json::to_string(entry)?)?;
        end = end.then(entry);
    }
    writeln!(file, "{}", serde_json::to_string(&LastLine { end })?)?;
    file.flush()?;
    let text = format!("{} entries in {}; they hash to {}", end.entries, asked.out.display(), end.hash);
    Ok(Said { text, good: true })
}

/// Every entry of the days, chain by chain: an instant that was told late stands behind in its chain all the same.
async fn entries_of(connection: &Connection, tenant: &TenantKey, from: Option<&str>) -> Result<Vec<AuditEntry>, Error> {
    let (store, today) = (&connection.store, Zone::utc().day_of(connection.clock.now()));
    let mut day = match from {
        Some(text) => BusinessDay::parse(text)?,
        None => {
            let heads = store.list_audit_heads(tenant, BusinessDay::new(2000, 1, 1)?, today).await?;
            heads.first().map_or_else(|| today.plus_days(-DAYS_BACK), |head| Ok(head.day))?
        }
    };
    let mut entries = Vec::new();
    // A small cloud's clock may be a day ahead of this process's.
    let last = today.plus_days(1)?;
    let bar = progress::days(day, last);
    while day <= last {
        let mut after = None;
        loop {
            let page = store.list_audit_places(tenant, day, (Order::Oldest, after.as_ref()), AT_ONCE).await?;
            let wanted: Vec<(&str, u32)> = page.items.iter().map(|place| (place.aggregate(), place.no())).collect();
            entries.extend(store.get_audit_entries(tenant, &wanted).await?.into_values());
            after = page.next.as_deref().and_then(AuditPlace::parse);
            if after.is_none() {
                break;
            }
        }
        day = day.plus_days(1)?;
        bar.inc(1);
        bar.set_message(format!("({} entries)", entries.len()));
    }
    bar.finish_and_clear();
    entries.sort_by(|a, b| (&a.aggregate, a.no).cmp(&(&b.aggregate, b.no)));
    Ok(entries)
}

/// The proof over a file.
///
/// # Errors
/// The file cannot be read, or is no audit.
pub fn verify(asked: &Verify) -> Result<Said, Error> {
    let read = read(&asked.file)?;
    let trail = if asked.some_days { Trail::of_some_days() } else { Trail::whole() };
    let told = match (asked.entries, asked.hash.as_deref()) {
        (Some(entries), Some(hash)) => {
            let hash = Digest::parse_hex(hash).ok_or("the hash is 64 hexadecimal digits")?;
            Some(TrailEnd { entries, hash })
        }
        _ => read.end,
    };
    Ok(judge(trail, &read, told))
}

fn judge(mut trail: Trail, read: &File, told: Option<TrailEnd>) -> Said {
    if let Some(row) = read.bad_row {
        let text = format!("row {row} does not say what its own entry says");
        return Said { text, good: false };
    }
    for entry in &read.entries {
        if let Err(breach) = trail.read(entry) {
            return Said { text: format!("not intact: {breach}"), good: false };
        }
    }
    let end = trail.end();
    let found = format!("{} entries of {} chains fit; they hash to {}", end.entries, trail.chains(), end.hash);
    match told {
        Some(told) if told != end => {
            let text = format!(
                "not intact: {} entries with hash {} were exported, {} with hash {} are here",
                told.entries, told.hash, end.entries, end.hash
            );
            Said { text, good: false }
        }
        Some(_) => Said { text: found, good: true },
        None if read.is_export => Said { text: format!("{found}\nnot intact: the last line is missing"), good: false },
        None => {
            let left = "whether the ends of chains were cut off is not proved: say --entries and --hash";
            Said { text: format!("{found}\n{left}"), good: true }
        }
    }
}

/// What a file holds.
struct File {
    entries: Vec<AuditEntry>,
    end: Option<TrailEnd>,
    is_export: bool,
    /// The first row of a table whose cells are not those of its entry.
    bad_row: Option<usize>,
}

fn read(path: &Path) -> Result<File, Error> {
    let mut reader = BufReader::new(std::fs::File::open(path)?);
    let is_export = reader.fill_buf()?.first() == Some(&b'{');
    if is_export { read_lines(reader) } else { read_table(reader) }
}

fn read_lines(reader: impl BufRead) -> Result<File, Error> {
    let (mut entries, mut end) = (Vec::new(), None);
    for (n, line) in reader.lines().enumerate() {
        let line = line?;
        if end.is_some() {
            return Err(format!("line {}: there is something behind the last line", n + 1).into());
        }
        match serde_json::from_str::<LastLine>(&line) {
            Ok(last) => end = Some(last.end),
            Err(_) => entries.push(serde_json::from_str(&line).map_err(|error| format!("line {}: {error}", n + 1))?),
        }
    }
    Ok(File { entries, end, is_export: true, bad_row: None })
}

/// A table is for people to look at: each row is made again from its entry, and must be the same.
fn read_table(reader: impl std::io::Read) -> Result<File, Error> {
    let mut table = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let (mut entries, mut bad_row) = (Vec::<AuditEntry>::new(), None);
    let mut columns: &[&str] = &COLUMNS;
    for (n, row) in table.records().enumerate() {
        let row = row?;
        if row.iter().eq(COLUMNS) {
            columns = &COLUMNS;
            continue;
        }
        if row.iter().eq(COLUMNS_OF_BEFORE) {
            columns = &COLUMNS_OF_BEFORE;
            continue;
        }
        let text = row.get(columns.len() - 1).ok_or_else(|| format!("row {}: too few cells", n + 1))?;
        let entry: AuditEntry = serde_json::from_str(text).map_err(|error| format!("row {}: {error}", n + 1))?;
        let made = edge::csv::text_of(columns, &[AuditRow::from(&entry)])?;
        let mut made = csv::ReaderBuilder::new().has_headers(true).from_reader(made.as_bytes()).into_records();
        let is_same = made.next().transpose()?.is_some_and(|made| made == row);
        bad_row = bad_row.or((!is_same).then_some(n + 1));
        entries.push(entry);
    }
    // Pages of a list are newest first, and may be put behind each other as they come.
    entries.sort_by(|a, b| (&a.aggregate, a.no).cmp(&(&b.aggregate, b.no)));
    Ok(File { entries, end: None, is_export: false, bad_row })
}

#[cfg(test)]
mod tests;
