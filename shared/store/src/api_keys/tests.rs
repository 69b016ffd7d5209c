use super::*;
use crate::Tables;

fn api_key() -> ApiKey {
    ApiKey {
        id: KeyId::parse("key_01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("id"),
        tenant: TenantId::default_tenant(),
        role: Role::Admin,
        subject: "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        name: "console".to_owned(),
        created_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
        revoked_at: None,
        terms: Default::default(),
    }
}

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client, tables)
}

#[tokio::test]
async fn a_key_is_found_under_its_hash_and_only_by_its_tenant() {
    let store = store().await;
    let (tenant, hash) = (TenantKey::from(&TenantId::default_tenant()), Digest::of_bytes(b"trb_1"));
    for expected in [ApiKeyCreated::Created, ApiKeyCreated::AlreadyThere] {
        let created = store.create_api_key(&tenant, &hash, &api_key()).await.expect("store");
        assert_eq!(created, expected);
    }
    assert_eq!(store.get_api_key(&tenant, &hash).await.expect("store"), Some(api_key()));
    let other = TenantId::parse("ten_01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("id");
    let found = store.get_api_key(&TenantKey::from(&other), &hash).await.expect("store");
    assert_eq!(found, None);
}

#[tokio::test]
async fn the_first_revocation_stands() {
    let store = store().await;
    let (tenant, hash) = (TenantKey::from(&TenantId::default_tenant()), Digest::of_bytes(b"trb_1"));
    let first: Timestamp = "2026-09-02T00:00:00Z".parse().expect("instant");
    let second: Timestamp = "2026-09-03T00:00:00Z".parse().expect("instant");
    let missing = store.record_api_key_revoked(&tenant, &hash, first).await.expect("store");
    assert_eq!(missing, ApiKeyRevoked::NotThere);
    store.create_api_key(&tenant, &hash, &api_key()).await.expect("store");
    for at in [first, second] {
        let revoked = store.record_api_key_revoked(&tenant, &hash, at).await.expect("store");
        assert_eq!(revoked, ApiKeyRevoked::Revoked);
    }
    let found = store.get_api_key(&tenant, &hash).await.expect("store").expect("there");
    assert_eq!(found.revoked_at, Some(first));
}
