//! The program: reads the command line, runs the server until a signal ends it, or does what the keeper asks.

#![forbid(unsafe_code)]

mod cli;

use std::io::{IsTerminal, Write};

use anyhow::Context;
use clap::Parser;
use juice_rendezvous::{
    Server,
    admin::{Admin, server_address},
};
use tracing_subscriber::EnvFilter;

use crate::cli::{Account, Cli, Code, Command, Options};

fn main() -> anyhow::Result<()> {
    without_key_log()?;
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.options.log).context("--log")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(cli))
}

/// QUIC's library writes every traffic secret to the file that SSLKEYLOGFILE names. The variable can't be removed from a
/// running program without unsafe code, so the program starts itself again without it.
fn without_key_log() -> anyhow::Result<()> {
    const VARIABLE: &str = "SSLKEYLOGFILE";
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).env_remove(VARIABLE);
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut again).into());
    #[cfg(not(unix))]
    std::process::exit(again.status()?.code().unwrap_or(1));
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let options = &cli.options;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => Box::pin(serve(options)).await,
        Command::Address => {
            println!("{}", server_address(&options.config()?)?);
            Ok(())
        }
        Command::Backup { file } => {
            let admin = Admin::open(options.config()?).await?;
            admin.backup(&file).await?;
            admin.close().await;
            println!("Written to {}. Keep server.key and opaque.key with it.", file.display());
            Ok(())
        }
        Command::Account(account) => change_account(options, account).await,
        Command::Code(Code::New { uses }) => {
            let admin = Admin::open(options.config()?).await?;
            println!("{}", admin.new_code(uses).await?);
            admin.close().await;
            Ok(())
        }
    }
}

async fn change_account(options: &Options, account: Account) -> anyhow::Result<()> {
    let admin = Admin::open(options.config()?).await?;
    match account {
        Account::Show { name } => {
            let facts = admin.show(&name).await?;
            println!(
                "id {}\nmade {} (ms since 1970)\ndevice list version {}\nbuddies {}\n\
                 requests waiting {}\npasswords tried lately {}",
                facts.id, facts.made_ms, facts.list_version, facts.buddies, facts.pending, facts.attempts
            );
        }
        Account::Remove { name } => {
            admin.remove(&name).await?;
            println!("Removed.");
        }
        Account::ResetAttempts { name } => {
            admin.reset_attempts(&name).await?;
            println!("Forgotten.");
        }
    }
    admin.close().await;
    Ok(())
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let config = options.config()?;
    // A socket is a file; with the usual 1,024 the server would turn people away long before it is full.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "can't raise the limit on open files");
    }
    if config.public.is_none() && config.listen.ip().is_unspecified() {
        tracing::warn!("no --public: the address printed is good on this machine alone");
    }
    let mut ends = signals()?;
    let server = Server::start(config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "address: {}", server.address())?;
    out.flush()?;
    tracing::info!(socket = %server.socket(), relay = ?server.relay(), "listening");
    ends.recv().await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(())
}

#[cfg(unix)]
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn signals() -> anyhow::Result<Ends> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Ends { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
}

#[cfg(unix)]
impl Ends {
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Ends;

#[cfg(not(unix))]
fn signals() -> anyhow::Result<Ends> {
    Ok(Ends)
}

#[cfg(not(unix))]
impl Ends {
    async fn recv(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
