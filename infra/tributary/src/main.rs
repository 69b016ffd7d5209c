//! `tributary`: the operator's command.

use std::process::ExitCode;

use clap::Parser;
use tributary::{Command, run};

#[derive(Parser)]
#[command(
    name = "tributary",
    about = "The operator's command of Tributary, over the tables that the environment names.",
    version
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(said) => {
            say(&said.text);
            if said.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            complain(error.as_ref());
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command's answer goes to its output")]
fn say(text: &str) {
    println!("{text}");
}

fn complain(error: &(dyn std::error::Error + 'static)) {
    eprintln!("tributary: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}
