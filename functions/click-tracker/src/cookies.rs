//! The two click cookies: one that only we read, one that a page may read.

use domain::id::TenantId;
use domain::touch::{ClickKeys, Touches};
use edge::click_keys::Keys;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use jiff::Timestamp;

/// The visitor's recent touches, signed; not readable by scripts, and what we read back.
const TOUCHES: &str = "trb_touches";
/// The same, readable: a page hands it to the check-out as `client_reference_id`. One name for all tenants, by which the
/// snippet finds it: a page is of one of them, and another's token is nothing to its check-out.
const ID: &str = "trb_id";

const DAY_S: u32 = 24 * 60 * 60;
/// More cookies of one name than this are not looked at.
const LOOKED_AT_MAX: usize = 8;

/// How cookies are set in this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieRules {
    /// Only over https.
    pub secure: bool,
    /// The domain, so that the merchant's pages beside us see them; the host alone when unset.
    pub domain: Option<String>,
}

/// What is put into the two cookies.
pub(crate) struct Baked<'a> {
    /// Whose link was followed.
    pub(crate) tenant: &'a TenantId,
    /// The token of all recent touches.
    pub(crate) token: &'a str,
    /// The programme's window.
    pub(crate) window_days: u16,
}

impl CookieRules {
    /// The `Set-Cookie` values. Set by HTTP on a top-level navigation: browsers cut the life of script-set ones.
    pub(crate) fn bake(&self, baked: &Baked<'_>) -> Vec<HeaderValue> {
        let max_age_s = u32::from(baked.window_days) * DAY_S;
        let secure = if self.secure { "; Secure" } else { "" };
        let domain = self.domain.as_ref().map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        let common = format!("Max-Age={max_age_s}; Path=/; SameSite=Lax{secure}{domain}");
        let touches = name_for(TOUCHES, baked.tenant);
        [format!("{touches}={}; HttpOnly; {common}", baked.token), format!("{ID}={}; {common}", baked.token)]
            .iter()
            .filter_map(|cookie| HeaderValue::from_str(cookie).ok())
            .collect()
    }
}

/// The default tenant has the plain name. Any other has its own, so that a visitor of two tenants keeps both.
fn name_for(name: &str, tenant: &TenantId) -> String {
    if *tenant == TenantId::default_tenant() {
        return name.to_owned();
    }
    format!("{name}_{}", tenant.as_str().trim_start_matches("ten_").to_ascii_lowercase())
}

/// TRK-2: the touches that the visitor brings along. What is not signed by us, not for this tenant, or over, is as good
/// as nothing; of several cookies of the name (of several domains or paths) the first that is good counts. A key that is not
/// known may have taken another's place since: it is asked for, once a minute at most.
pub(crate) async fn brought(
    headers: &HeaderMap,
    (all, keys): (&Keys, &ClickKeys),
    tenant: &TenantId,
    now: Timestamp,
) -> Touches {
    for token in tokens_brought(headers, tenant) {
        match all.verified(keys, now, |keys| keys.verify_live(tenant, token, now)).await {
            Ok(touches) => return touches,
            // The reason is one of a few words of ours; nothing of the cookie is in the log.
            Err(reason) => tracing::info!(%reason, "touches cookie ignored"),
        }
    }
    Touches::none()
}

/// What cookies of the tenant's name hold, as it stands in the headers: the first few, of which any may be no token at all.
pub fn tokens_brought<'a>(headers: &'a HeaderMap, tenant: &TenantId) -> impl Iterator<Item = &'a str> {
    let wanted = name_for(TOUCHES, tenant);
    // A header that is not all text may still hold our cookie.
    let cookies = headers.get_all(COOKIE).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let pairs = cookies.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='));
    pairs.filter(move |(name, _)| *name == wanted).map(|(_, token)| token).take(LOOKED_AT_MAX)
}
