//! The small cloud as a command: `local up`, `local smoke`, `local check-template` and what talks to a running one.

mod commands;

use clap::Parser;

#[tokio::main]
async fn main() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        // A condition that does not hold is business as usual, and the database warns of each.
        .with_env_filter(filter.unwrap_or_else(|_| "warn,dynoxide=error".into()))
        .with_writer(std::io::stderr)
        .init();
    let code = match commands::Command::parse().run().await {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("{why}");
            1
        }
    };
    // Not by returning: a read of the standard input cannot be called off, and would be waited for.
    std::process::exit(code);
}
