//! What somebody has here: links, coupons, a list of customers, keys, sessions.

use domain::id::{KeyId, PartnerId, UserId};
use edge::problem::Problem;
use serde_json::{Map, Value, json};
use store::api_keys::ApiKey;

use super::{AT_ONCE, Holding};

/// More pages of keys than any tenant has.
const KEY_PAGES_MAX: usize = 1_000;

impl Holding<'_> {
    /// What a partner has beside its money. Of links and coupons the first of each; `more_of` says of which there are others.
    pub(super) async fn belongings(&self, id: &PartnerId) -> Result<Map<String, Value>, Problem> {
        let (store, tenant) = (&self.app.store, self.tenant);
        let links = store.list_partner_links(tenant, id, None, AT_ONCE).await?;
        let coupons = store.list_partner_coupons(tenant, id, None, AT_ONCE).await?;
        let cut = [("links", links.next.is_some()), ("coupons", coupons.next.is_some())];
        let more_of: Vec<&str> = cut.into_iter().filter(|(_, is_cut)| *is_cut).map(|(name, _)| name).collect();
        let shown_link = |link: &store::links::Link| {
            json!({
                "id": link.id,
                "code": link.code,
                "program_id": link.program,
                "destination": link.destination,
                "label": link.details.label,
                "created_at": link.created_at,
            })
        };
        let shown_coupon = |coupon: &store::coupons::Coupon| {
            json!({
                "code": coupon.code.as_str(),
                "program_id": coupon.program,
                "valid_from": coupon.valid_from,
                "valid_until": coupon.valid_until,
            })
        };
        let links: Vec<Value> = links.items.iter().map(shown_link).collect();
        let coupons: Vec<Value> = coupons.items.iter().map(shown_coupon).collect();
        let managed = store.list_managed(tenant, id).await?;
        let customers: Vec<Value> = managed
            .iter()
            .map(|one| json!({"customer": one.customer, "program_id": one.program, "from": one.from, "until": one.until}))
            .collect();
        let keys = self.keys(|key| key.subject == id.as_str()).await?;
        Ok(Map::from_iter([
            ("links".to_owned(), json!(links)),
            ("coupons".to_owned(), json!(coupons)),
            ("customers_on_their_list".to_owned(), json!(customers)),
            ("api_keys".to_owned(), json!(keys)),
            ("more_of".to_owned(), json!(more_of)),
        ]))
    }

    /// What a user has: sessions, their own keys, an authenticator, a tie to the issuer. Nothing that opens anything.
    pub(super) async fn signing_in(&self, id: &UserId) -> Result<Map<String, Value>, Problem> {
        let (store, tenant) = (&self.app.store, self.tenant);
        let sessions = store.list_sessions_of(tenant, id).await?;
        let sessions: Vec<Value> = sessions
            .iter()
            .map(|session| {
                json!({
                    "id": session.id,
                    "program": session.program,
                    "created_at": session.created_at,
                    "seen_at": session.seen_at,
                    "ended_at": session.ended_at,
                })
            })
            .collect();
        let is_theirs = |key: &ApiKey| {
            key.subject == id.as_str() || key.terms.person.as_ref().is_some_and(|(person, _)| person == id)
        };
        let keys = self.keys(is_theirs).await?;
        let authenticator = store.get_authenticator(tenant, id).await?.map(|one| json!({"since": one.created_at}));
        let is_tied = store.get_subject_of_user(tenant, id).await?.is_some();
        Ok(Map::from_iter([
            ("sessions".to_owned(), json!(sessions)),
            ("api_keys".to_owned(), json!(keys)),
            ("authenticator".to_owned(), json!(authenticator)),
            ("signs_in_by_an_issuer".to_owned(), json!(is_tied)),
        ]))
    }

    /// The keys of a tenant that are somebody's.
    async fn keys(&self, is_theirs: impl Fn(&ApiKey) -> bool) -> Result<Vec<Value>, Problem> {
        let (mut keys, mut after) = (Vec::new(), None::<KeyId>);
        for _ in 0..KEY_PAGES_MAX {
            let page = self.app.store.list_api_keys(self.tenant, after.as_ref(), AT_ONCE).await?;
            for key in page.items.iter().filter(|key| is_theirs(key)) {
                keys.push(json!({
                    "id": key.id,
                    "name": key.name,
                    "created_at": key.created_at,
                    "revoked_at": key.revoked_at,
                }));
            }
            after = page.next.as_deref().and_then(|text| KeyId::parse(text).ok());
            if after.is_none() {
                break;
            }
        }
        Ok(keys)
    }
}
