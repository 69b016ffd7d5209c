//! The two click cookies: all recent touches for us, the newest one for the merchant's page.

use domain::touch::{ClickKeys, Touches};
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

/// The visitor's recent touches, signed; not readable by scripts.
const TOUCHES: &str = "trb_touches";
/// The newest touch alone, readable: a page hands it to the checkout as `client_reference_id`.
const ID: &str = "trb_id";

const DAY_S: u32 = 24 * 60 * 60;

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
    /// The token of all recent touches.
    pub(crate) touches: &'a str,
    /// The token of the newest.
    pub(crate) newest: &'a str,
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
        [format!("{TOUCHES}={}; HttpOnly; {common}", baked.touches), format!("{ID}={}; {common}", baked.newest)]
            .iter()
            .filter_map(|cookie| HeaderValue::from_str(cookie).ok())
            .collect()
    }
}

/// The touches that the visitor brings along; what is not signed by us is as good as nothing.
pub(crate) fn brought(headers: &HeaderMap, keys: &ClickKeys) -> Touches {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut tokens = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == TOUCHES).then_some(value));
    match tokens.next().map(|token| keys.verify(token)) {
        Some(Ok(touches)) => touches,
        Some(Err(reason)) => {
            tracing::info!(%reason, "touches cookie ignored");
            Touches::none()
        }
        None => Touches::none(),
    }
}
