//! The tables do not answer: visitors still go on, Stripe is told to send again, and nothing is half written.
//!
//! The two functions that face the world reach the tables through a door of the test, which it shuts.

use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use testkit::{Cloud, CloudOptions};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::behind::binaries_behind;
use crate::operator::{assert_lawful, dump};
use crate::world::{Partner, World, purchase};

const BEHIND_THE_DOOR: [&str; 2] = ["click-tracker", "webhook-ingest"];

/// A way to the tables that can be shut: what passes is cut off, what comes is refused.
struct Door {
    is_open: watch::Sender<bool>,
    leads_to: Arc<OnceLock<String>>,
    address: String,
}

impl Door {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (is_open, leads_to) = (watch::Sender::new(true), Arc::new(OnceLock::new()));
        let door = Self { is_open, leads_to, address };
        let (is_open, leads_to) = (door.is_open.subscribe(), Arc::clone(&door.leads_to));
        tokio::spawn(async move {
            while let Ok((comes, _)) = listener.accept().await {
                let leads_to: Option<&String> = leads_to.get();
                if let (true, Some(address)) = (*is_open.borrow(), leads_to.cloned()) {
                    tokio::spawn(pass(comes, address, is_open.clone()));
                }
            }
        });
        door
    }

    fn lead_to(&self, url: &str) {
        self.leads_to.set(url.trim_start_matches("http://").to_owned()).expect("it leads nowhere yet");
    }

    fn shut(&self) {
        self.is_open.send_replace(false);
    }

    fn open_again(&self) {
        self.is_open.send_replace(true);
    }
}

async fn pass(mut comes: TcpStream, address: String, mut is_open: watch::Receiver<bool>) {
    let mut goes = TcpStream::connect(address).await.expect("the tables are there");
    tokio::select! {
        _ = copy_bidirectional(&mut comes, &mut goes) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}

async fn world_with_door(parameters: &[(&str, &str)]) -> (World, Door, TempDir) {
    let (door, folder) = (Door::open().await, tempfile::tempdir().expect("a folder"));
    binaries_behind(("AWS_ENDPOINT_URL_DYNAMODB", &door.address), &BEHIND_THE_DOOR, folder.path());
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = CloudOptions { bin: Some(folder.path().to_owned()), parameters, ..CloudOptions::default() };
    let cloud = Cloud::start_with(options).await;
    door.lead_to(cloud.variable("AWS_ENDPOINT_URL_DYNAMODB"));
    (World::on(cloud).await, door, folder)
}

async fn clicks(world: &World) -> usize {
    dump(&world.cloud, "CLICKS_TABLE").await.len()
}

async fn a_known_link_still_leads_on(world: &World, partner: &Partner) -> String {
    let answer = world.api.click(&partner.code, "Mozilla/5.0 Gecko another").await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    assert!(answer.header("location").starts_with("https://shop.example/start?trb="));
    assert_eq!(clicks(world).await, 1, "only the click before was stored");
    answer.cookie("trb_id").expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_store_down_visitors_go_on_and_webhooks_come_again() {
    let (world, door, _folder) = world_with_door(&[]).await;
    let (known, unknown) = (world.partner("ada").await, world.partner("bela").await);
    world.click(&known).await;
    let now = world.cloud.now().await;
    let core = dump(&world.cloud, "CORE_TABLE").await;

    door.shut();
    let token = a_known_link_still_leads_on(&world, &known).await;
    let answer = world.api.click(&unknown.code, "Mozilla/5.0 Gecko").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("Please try again"), "{}", answer.text);
    let later = jiff::Timestamp::from_second(now.as_second() + 60).expect("an instant");
    let bought = purchase("casey", "99.00", &token, later);
    for event in [&bought.paid, &bought.checkout] {
        let refused = world.deliver(event).await;
        assert_eq!(refused.header("content-type"), "application/problem+json");
        refused.expect(503);
    }
    assert_eq!(dump(&world.cloud, "CORE_TABLE").await, core, "nothing is half written");
    assert_eq!(world.cloud.depth("facts").await, 0, "nothing was announced that is not stored");

    door.open_again();
    for event in [&bought.paid, &bought.checkout] {
        world.deliver(event).await.expect(200);
    }
    world.rest().await;
    assert_eq!(world.balance(&known).await["pending"], "29.70", "the click that was not stored still counts");
    assert_eq!(world.api.click(&unknown.code, "Mozilla/5.0 Gecko").await.status, 302);
    assert_lawful(&world.cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_store_down_an_unknown_link_leads_to_the_fallback() {
    let (world, door, _folder) = world_with_door(&[("FallbackUrl", "https://shop.example/sorry")]).await;
    let partner = world.partner("ada").await;
    door.shut();
    let answer = world.api.click(&partner.code, "Mozilla/5.0 Gecko").await;
    assert_eq!((answer.status, answer.header("location")), (302, "https://shop.example/sorry"));
    assert_eq!(clicks(&world).await, 0);
}
