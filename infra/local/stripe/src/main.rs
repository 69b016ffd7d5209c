//! The stand-in for Stripe alone, for those who develop against it and for Stripe's own packages in `make peers`.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use jiff::Timestamp;
use local_stripe::{Options, StandIn};

/// The stand-in for Stripe.
#[derive(Debug, Parser)]
#[command(name = "local-stripe", version)]
struct Command {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 12111)]
    port: u16,
    /// Where everything is kept; in memory alone when left out.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Where events are sent.
    #[arg(long, requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What they are signed with.
    #[arg(long)]
    webhook_secret: Option<String>,
    /// Stop when the standard input ends: with whoever started it.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let command = Command::parse();
    let clock = Box::new(|| Timestamp::now().as_second());
    let seed = Timestamp::now().as_nanosecond().to_string();
    let stand_in = StandIn::open(Options { clock, keep: command.keep, seed })?;
    if let (Some(url), Some(secret)) = (&command.webhook_url, &command.webhook_secret) {
        stand_in.tell(url, secret);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, command.port));
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    stand_in.serve(listener);
    if command.until_stdin_closes {
        let closed = || std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        // However the input ends, so does this.
        let _ = tokio::task::spawn_blocking(closed).await;
        return Ok(());
    }
    tokio::signal::ctrl_c().await
}
