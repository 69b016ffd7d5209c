//! Keys and secrets: winterbaume's KMS and Secrets Manager, kept on disk at every change.
//!
//! The files hold key material of this machine's own cloud and of nothing else; only their owner may read them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use winterbaume_core::{MockRequest, MockResponse, MockService, StatefulService};
use winterbaume_kms::KmsService;
use winterbaume_secretsmanager::SecretsManagerService;

use crate::error::{CloudError, io};
use crate::template::Secret;

/// Both services.
pub(crate) struct Vault {
    kms: KmsService,
    secrets: SecretsManagerService,
    region: String,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens what was kept, and keeps what changes from now on.
    pub(crate) async fn open(folder: &Path, account: &str, region: &str) -> Result<Self, CloudError> {
        let vault = Self { kms: KmsService::new(), secrets: SecretsManagerService::new(), region: region.to_owned() };
        restore(&vault.kms, &folder.join("keys.json"), account, region).await?;
        restore(&vault.secrets, &folder.join("secrets.json"), account, region).await?;
        Ok(vault)
    }

    pub(crate) async fn kms(&self, request: MockRequest) -> MockResponse {
        self.kms.handle(request).await
    }

    pub(crate) async fn secrets(&self, request: MockRequest) -> MockResponse {
        self.secrets.handle(request).await
    }

    /// A new key: its id and its ARN.
    pub(crate) async fn create_key(&self, spec: &str, about: &str) -> Result<(String, String), CloudError> {
        let body = json!({"KeySpec": spec, "KeyUsage": "ENCRYPT_DECRYPT", "Description": about});
        let request = self.request("kms", "TrentService.CreateKey", &body);
        let answer = read("kms", &self.kms.handle(request).await)?;
        let said = |name: &str| answer["KeyMetadata"][name].as_str().map(str::to_owned);
        said("KeyId")
            .zip(said("Arn"))
            .ok_or(CloudError::Service { service: "kms", why: "CreateKey names no key".to_owned() })
    }

    /// A new secret: its ARN.
    pub(crate) async fn create_secret(&self, name: &str, text: &str) -> Result<String, CloudError> {
        let body = json!({"Name": name, "SecretString": text, "ClientRequestToken": crate::ids::uuid()});
        let request = self.request("secretsmanager", "secretsmanager.CreateSecret", &body);
        let answer = read("secretsmanager", &self.secrets.handle(request).await)?;
        answer["ARN"]
            .as_str()
            .map(str::to_owned)
            .ok_or(CloudError::Service { service: "secretsmanager", why: "CreateSecret names no secret".to_owned() })
    }

    /// The text of a secret.
    pub(crate) async fn secret_text(&self, arn: &str) -> Result<String, CloudError> {
        let request = self.request("secretsmanager", "secretsmanager.GetSecretValue", &json!({"SecretId": arn}));
        let answer = read("secretsmanager", &self.secrets.handle(request).await)?;
        Ok(answer["SecretString"].as_str().unwrap_or_default().to_owned())
    }

    fn request(&self, service: &str, target: &str, body: &Value) -> MockRequest {
        let mut headers = axum::http::HeaderMap::new();
        if let Ok(target) = target.parse() {
            headers.insert("x-amz-target", target);
        }
        MockRequest {
            method: "POST".to_owned(),
            uri: format!("https://{service}.{}.amazonaws.com/", self.region),
            headers,
            body: Bytes::from(body.to_string()),
        }
    }
}

fn read(service: &'static str, answer: &MockResponse) -> Result<Value, CloudError> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status / 100 != 2 {
        return Err(CloudError::Service { service, why: text.into_owned() });
    }
    serde_json::from_slice(&answer.body).map_err(|e| CloudError::Service { service, why: format!("{e}: {text}") })
}

/// A secret's first text, as CloudFormation would generate it.
///
/// The webhook secret and the API key, which a deployment's owner copies from Stripe, are made up here.
pub(crate) fn first_text(secret: &Secret) -> String {
    if let Some(text) = &secret.text {
        return text.clone();
    }
    let Some(template) = &secret.template else {
        return crate::ids::password(secret.length);
    };
    let mut object: Map<String, Value> = serde_json::from_str(template).unwrap_or_default();
    if let Some(key) = &secret.generated_key {
        object.insert(key.clone(), Value::String(crate::ids::password(secret.length)));
    }
    if let Some(value) = object.get_mut("stripe_webhook_secret") {
        *value = Value::String(format!("whsec_local_{}", crate::ids::password(32)));
        let key = format!("sk_test_local{}", crate::ids::password(24));
        object.insert("stripe_secret_key".to_owned(), Value::String(key));
    }
    Value::Object(object).to_string()
}

async fn restore<S>(service: &S, path: &Path, account: &str, region: &str) -> Result<(), CloudError>
where
    S: StatefulService,
    S::StateView: 'static,
{
    if path.exists() {
        let bytes = std::fs::read(path).map_err(io(format!("reading {}", path.display())))?;
        let wrong = |why: String| CloudError::Service { service: "vault", why: format!("{}: {why}", path.display()) };
        let view = parse::<S::StateView>(&bytes).map_err(|e| wrong(e.to_string()))?;
        service.restore(account, region, view).await.map_err(|e| wrong(e.to_string()))?;
    }
    let file = Kept { path: path.to_owned(), last: Mutex::new(Vec::new()) };
    service.notifier().subscribe(move |_, _, view| file.write(view));
    Ok(())
}

fn parse<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, serde_json::Error> {
    serde_json::from_slice(bytes)
}

struct Kept {
    path: PathBuf,
    last: Mutex<Vec<u8>>,
}

impl Kept {
    /// Writes the whole state beside the file and renames it: a kill leaves the old or the new one.
    fn write(&self, view: &impl Serialize) {
        let Ok(bytes) = serde_json::to_vec(view) else { return };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == bytes {
            return;
        }
        let beside = self.path.with_extension("new");
        let written = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        match written {
            Ok(()) => *last = bytes,
            Err(e) => tracing::error!(path = %self.path.display(), error = %e, "the vault could not be kept"),
        }
    }
}
