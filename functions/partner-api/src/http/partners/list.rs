//! The list of partners: by what they are, and by the beginnings of their words.

use axum::extract::State;
use axum::response::Response;
use domain::id::{PartnerId, ProgramId};
use domain::tier::Tier;
use domain::time::Timestamp;
use domain::words::{BEGINNING_CHARS_MIN, Sought};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::Format;
use edge::fingerprints::fingerprint_key;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::partner_rows::{PartnerRow, PlaceRow, RowsAsked};
use store::partners::PartnerStatus;
use utoipa::{IntoParams, ToSchema};

use super::TAG_CHARS_MAX;
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::who::STAFF;

/// The longest question.
const QUESTION_CHARS_MAX: usize = 2_048;
const COLUMNS: [&str; 5] = ["id", "status", "created_at", "programs", "tags"];

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum Sort {
    /// First who came first.
    #[serde(rename = "created_at")]
    Oldest,
    /// First who came last.
    #[default]
    #[serde(rename = "-created_at")]
    Newest,
}

/// Which partners, and which page of them. Each condition that is named must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `active` or `suspended`.
    #[param(value_type = Option<String>, example = "active")]
    status: Option<PartnerStatus>,
    /// Enrolled in this programme; tier and group are then of there.
    program_id: Option<String>,
    /// Of this tier somewhere.
    #[param(value_type = Option<String>, example = "tier2")]
    tier: Option<Tier>,
    /// Of this group somewhere.
    #[param(example = "gold")]
    group: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Words, each the beginning, of at least two characters, of a word of the name, the company or the address.
    #[param(example = "ada love")]
    q: Option<String>,
    /// `-created_at`, the newest first, or `created_at`.
    #[param(value_type = Option<String>, example = "-created_at")]
    sort: Option<String>,
    /// How many, 1 to 500; 100 when left out. A page of a search may have fewer and not be the last.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

/// A partner as it is listed, without what is personal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedPartner {
    id: String,
    #[schema(value_type = String, example = "active")]
    status: PartnerStatus,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Where it is enrolled.
    programs: Vec<ListedPlace>,
    /// Words of your own.
    tags: Vec<String>,
}

/// A partner's place in a programme, as it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedPlace {
    program_id: String,
    #[schema(value_type = String, example = "tier1")]
    tier: Tier,
    groups: Vec<String>,
    #[schema(value_type = String, example = "active")]
    status: PartnerStatus,
}

impl From<PartnerRow> for ListedPartner {
    fn from(row: PartnerRow) -> Self {
        let place = |place: PlaceRow| {
            let PlaceRow { program, tier, groups, status } = place;
            ListedPlace { program_id: program.to_string(), tier, groups, status }
        };
        Self {
            id: row.partner.to_string(),
            status: row.status,
            created_at: row.created_at,
            programs: row.places.into_iter().map(place).collect(),
            tags: row.tags,
        }
    }
}

/// What a row must be.
struct Wanted {
    status: Option<PartnerStatus>,
    program: Option<ProgramId>,
    tier: Option<Tier>,
    group: Option<String>,
    tag: Option<String>,
    sought: Option<Sought>,
}

impl Wanted {
    fn is_anything(&self) -> bool {
        let Self { status, program, tier, group, tag, sought } = self;
        let of_places = program.is_none() && tier.is_none() && group.is_none();
        of_places && status.is_none() && tag.is_none() && sought.is_none()
    }

    fn fits(&self, row: &PartnerRow) -> bool {
        let fits_place = |place: &PlaceRow| {
            self.program.as_ref().is_none_or(|program| place.program == *program)
                && self.tier.is_none_or(|tier| place.tier == tier)
                && self.group.as_ref().is_none_or(|group| place.groups.contains(group))
        };
        let asks_of_places = self.program.is_some() || self.tier.is_some() || self.group.is_some();
        self.status.is_none_or(|status| row.status == status)
            && (!asks_of_places || row.places.iter().any(fits_place))
            && self.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
            && self.sought.as_ref().is_none_or(|sought| sought.is_in(&row.words))
    }
}

/// List partners.
///
/// Without what is personal: names and addresses are kept sealed, and opened one partner at a time; `q` finds them by
/// keyed hashes of their beginnings. A partner who comes while you read does not shift what you have not read yet.
#[utoipa::path(
    get,
    path = "/v1/partners",
    tag = "partners",
    params(Asked, ("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, body = Listed<ListedPartner>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let tenant = caller.tenant_key();
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| PartnerId::parse(id).ok())?;
    let sort = sort(asked.sort.as_deref())?;
    check_words(&asked)?;
    let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = program.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?;
    let sought = match asked.q.as_deref() {
        Some(question) => {
            let key = fingerprint_key(&app.store, &app.sealer, &tenant).await?;
            let short = || format!("words of at least {BEGINNING_CHARS_MIN} characters");
            Some(Sought::of(&key, question).ok_or_else(|| Problem::impossible_parameter("q", short()))?)
        }
        None => None,
    };
    let (status, tier, group, tag) = (asked.status, asked.tier, asked.group, asked.tag);
    let wanted = Wanted { status, program, tier, group, tag, sought };
    let rows = RowsAsked { is_oldest_first: sort == Sort::Oldest, after, limit };
    let found = app.store.list_partner_rows(&tenant, &rows, !wanted.is_anything(), |row| wanted.fits(row)).await?;
    let shown = found.items.into_iter().map(ListedPartner::from).collect();
    Listed::new(shown, found.next.as_deref()).answer(format, "partners", &COLUMNS)
}

/// API-14: what is longer than any group or tag is a mistake, and no empty page.
fn check_words(asked: &Asked) -> Result<(), Problem> {
    for (name, text) in [("group", &asked.group), ("tag", &asked.tag)] {
        if text.as_ref().is_some_and(|text| !(1..=TAG_CHARS_MAX).contains(&text.chars().count())) {
            return Err(Problem::bad_parameter(name, format!("1 to {TAG_CHARS_MAX} characters")));
        }
    }
    if asked.q.as_ref().is_some_and(|text| !(1..=QUESTION_CHARS_MAX).contains(&text.chars().count())) {
        return Err(Problem::bad_parameter("q", format!("1 to {QUESTION_CHARS_MAX} characters")));
    }
    Ok(())
}

fn sort(asked: Option<&str>) -> Result<Sort, Problem> {
    match asked {
        None | Some("-created_at") => Ok(Sort::Newest),
        Some("created_at") => Ok(Sort::Oldest),
        Some("name" | "-name") => Err(Problem::bad_parameter(
            "sort",
            "names are kept sealed one by one, so no list is in their order; find a name with q, or sort by created_at",
        )),
        Some(_) => Err(Problem::bad_parameter("sort", "created_at or -created_at")),
    }
}
