//! Where the cloud is reached, and what a client of it needs.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::error::{CloudError, io};
use crate::template::{Place, Plan};

/// The one identity of this cloud.
pub(crate) const ACCESS_KEY: &str = "local";
/// Its secret, which S3's links are signed with.
pub(crate) const SECRET_KEY: &str = "local-secret";

/// Where the cloud is reached, and what a client of it needs.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The HTTP API and /local.
    pub http: String,
    /// All AWS services.
    pub aws: String,
    /// The tables.
    pub dynamodb: String,
    /// The stand-in for Stripe.
    pub stripe: String,
    /// The environment of the functions.
    pub environment: BTreeMap<String, String>,
}

/// The ports, bound before anything is named after them.
pub(crate) struct Ports {
    pub(crate) http: TcpListener,
    pub(crate) aws: TcpListener,
    pub(crate) dynamodb: TcpListener,
    pub(crate) stripe: TcpListener,
}

impl Ports {
    pub(crate) async fn bind(port: u16) -> Result<Self, CloudError> {
        let on = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(Self {
            http: on(port).await.map_err(io(format!("taking port {port} (PORT= takes another)")))?,
            aws: on(0).await.map_err(io("taking a free port"))?,
            dynamodb: on(0).await.map_err(io("taking a free port"))?,
            stripe: on(0).await.map_err(io("taking a free port"))?,
        })
    }
}

pub(crate) fn url(listener: &TcpListener) -> Result<String, CloudError> {
    let address = listener.local_addr().map_err(io("reading a port"))?;
    Ok(format!("http://{address}"))
}

/// The addresses of a plan in its place.
pub(crate) fn addresses(ports: &Ports, place: &Place, plan: &Plan) -> Result<Addresses, CloudError> {
    let (aws, dynamodb) = (url(&ports.aws)?, url(&ports.dynamodb)?);
    let mut environment = BTreeMap::new();
    for function in plan.functions.values() {
        environment.extend(function.environment.clone());
    }
    environment.extend(sdk_environment(&aws, &dynamodb, &place.region));
    let stripe = url(&ports.stripe)?;
    Ok(Addresses { http: place.http_url.clone(), aws, dynamodb, stripe, environment })
}

/// What every SDK client reads.
pub(crate) fn sdk_environment(aws: &str, dynamodb: &str, region: &str) -> BTreeMap<String, String> {
    let rows = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", "local-token"),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("TZ", ":UTC"),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
