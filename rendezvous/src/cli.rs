//! The command line: what is typed, and the configuration that it means.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use juice_rendezvous::{
    Config, Limits, Place, Registration, RelayPorts,
    config::{RELAY_PORT, Rate},
};

/// The small server that tells JUICE users where their buddies are.
///
/// It keeps accounts (as hashes of their names), device lists and contacts; presence is in memory alone. Messages, calls
/// and files go from computer to computer and never through it, but for the sealed bytes of pairs that need its relay.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. This is also what happens without a command.
    Serve,
    /// Write a copy of the database into a new FILE; safe while the server runs. Keep server.key and opaque.key from the
    /// data folder beside it: they never change, and a backup is of no use without them.
    Backup {
        /// The file to make.
        file: PathBuf,
    },
    /// Look at or change an account.
    #[command(subcommand)]
    Account(Account),
    /// Registration codes, for --registration code.
    #[command(subcommand)]
    Code(Code),
    /// Print the address to hand out.
    Address,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Show an account in numbers: its buddies, requests, passwords tried.
    Show {
        /// The user's name.
        name: String,
    },
    /// Remove an account for good; its name becomes free, its buddies lose it.
    Remove {
        /// The user's name.
        name: String,
    },
    /// Forget the wrong passwords tried, so that the user can try again at once.
    ResetAttempts {
        /// The user's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Code {
    /// Make a code and print it. It is stored as a hash and can't be shown again.
    New {
        /// How many accounts can be made with it.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Who {
    /// Everyone may make an account.
    Open,
    /// Who has a code from `code new`.
    Code,
    /// Nobody.
    Closed,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder of database and keys; made if missing. Default: the user's data folder for JUICE.
    #[arg(long, global = true, env = "JUICE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen. Port 0 takes any free port.
    #[arg(long, global = true, value_name = "ADDR", default_value = "0.0.0.0:7733")]
    listen: SocketAddr,
    /// The host name or address by which users find this server, with the port if it is another than the one listened
    /// on. Default: the address listened on; if that is every address, 127.0.0.1, which only this machine can use.
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    public: Option<Place>,
    /// Speak plain HTTP to a reverse proxy that ends TLS, and take clients' addresses from its X-Forwarded-For. Let
    /// nothing but the proxy reach the port.
    #[arg(long, global = true)]
    behind_proxy: bool,
    /// Who may make an account.
    #[arg(long, global = true, value_enum, default_value = "open")]
    registration: Who,
    /// Run no relay. Pairs of users who are both behind a strict NAT or firewall then can't reach each other.
    #[arg(long, global = true, overrides_with = "relay")]
    no_relay: bool,
    /// Run the relay. This is the default.
    #[arg(long, global = true, overrides_with = "no_relay")]
    relay: bool,
    /// The relay's UDP port, for QUIC. 0 takes any free port.
    #[arg(long, global = true, value_name = "PORT", default_value_t = RELAY_PORT)]
    relay_quic_port: u16,
    /// The relay's TCP port. 0 takes any free port.
    #[arg(long, global = true, value_name = "PORT", default_value_t = RELAY_PORT)]
    relay_tcp_port: u16,
    /// Lets whoever sends this as a bearer token read /metrics. Without it only this machine can.
    #[arg(long, global = true, env = "JUICE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
    /// How many calls a device may make in a minute, all at once if it likes: for benchmarks, whose one client stands for
    /// many.
    #[arg(long, global = true, value_name = "CALLS", hide = true)]
    calls_per_minute: Option<u32>,
    /// What to write to stderr: error, warn, info, debug, trace, or a filter of tracing's.
    #[arg(long, global = true, env = "JUICE_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

impl Options {
    /// The configuration that these options mean.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let data = match &self.data {
            Some(data) => data.clone(),
            None => directories::ProjectDirs::from("", "", "juice-rendezvous")
                .context("there is no home folder; say where the data is with --data")?
                .data_dir()
                .to_owned(),
        };
        let mut limits = Limits::default();
        if let Some(calls) = self.calls_per_minute {
            limits.calls = Rate { burst: calls, per_minute: calls };
        }
        Ok(Config {
            listen: self.listen,
            public: self.public.clone(),
            behind_proxy: self.behind_proxy,
            registration: match self.registration {
                Who::Open => Registration::Open,
                Who::Code => Registration::Code,
                Who::Closed => Registration::Closed,
            },
            relay: (!self.no_relay).then_some(RelayPorts { quic: self.relay_quic_port, tcp: self.relay_tcp_port }),
            metrics_token: self.metrics_token.clone(),
            limits,
            ..Config::new(data)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_stand_before_or_behind_the_command() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        for line in ["x --data /d serve", "x serve --data /d", "x --data /d", "x account show alice --data /d"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.options.config().unwrap().data, PathBuf::from("/d"), "{line}");
        }
        let cli = Cli::try_parse_from(["x", "--no-relay"]).unwrap();
        assert!(cli.options.config().unwrap().relay.is_none());
    }
}
