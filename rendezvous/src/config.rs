//! What a server is told at its start: where to listen, whom to take, how much to bear, how long to wait.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use juice_proto::invite::DEFAULT_PORT;

/// The port of the relay unless told otherwise, the same for QUIC and TCP.
pub const RELAY_PORT: u16 = 7734;

/// Everything a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of database and keys; made if missing.
    pub data: PathBuf,
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The host, and port if it is another than the one listened on, by which clients find this server.
    pub public: Option<Place>,
    /// Speak plain HTTP to a proxy that ends TLS, and believe its `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Who may make an account.
    pub registration: Registration,
    /// The relay's ports; none for no relay.
    pub relay: Option<RelayPorts>,
    /// Opens `/metrics` to others than this machine.
    pub metrics_token: Option<String>,
    /// How much it bears.
    pub limits: Limits,
    /// How long it waits.
    pub timing: Timing,
}

impl Config {
    /// A server for everyone, with its data in this folder.
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT)),
            public: None,
            behind_proxy: false,
            registration: Registration::Open,
            relay: Some(RelayPorts { quic: RELAY_PORT, tcp: RELAY_PORT }),
            metrics_token: None,
            limits: Limits::default(),
            timing: Timing::default(),
        }
    }

    /// A server on 127.0.0.1 at any port, relay included: for tests and trials.
    pub fn on_loopback(data: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            relay: Some(RelayPorts { quic: 0, tcp: 0 }),
            ..Self::new(data)
        }
    }
}

/// A host with perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Host name, IPv4 address, or IPv6 address in brackets.
    pub host: String,
    /// TCP port.
    pub port: Option<u16>,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| format!("'{port}' is no port"))?;
                (host, Some(port))
            }
            Some(_) | None => (text, None),
        };
        if host.is_empty() || (host.contains(':') && !host.starts_with('[')) {
            return Err("expected HOST or HOST:PORT, an IPv6 address in brackets".into());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everyone.
    Open,
    /// Who has a code of the keeper's.
    Code,
    /// Nobody.
    Closed,
}

/// The relay's ports; 0 for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayPorts {
    /// UDP.
    pub quic: u16,
    /// TCP.
    pub tcp: u16,
}

/// So many at once, and so many a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// In the long run.
    pub per_minute: u32,
}

/// How much the server bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sockets open at a time; more are closed at once.
    pub sockets: usize,
    /// Calls of a device.
    pub calls: Rate,
    /// New connections from an address (IPv6: from a /64). Connections from this machine are not counted.
    pub connections: Rate,
    /// New accounts from an address, likewise.
    pub registrations: Rate,
    /// Passwords tried from an address, likewise.
    pub passwords: Rate,
    /// Passwords tried and not proven in [`Timing::attempts`], per account.
    pub attempts: u32,
    /// Buddies and requests of an account together; as many blocked ones again.
    pub buddies: u32,
    /// Requests that may wait for an account.
    pub pending: u32,
    /// Calls to do with posting letters from an address, likewise.
    pub mail: Rate,
    /// Letters that may wait for an account.
    pub letters: u32,
    /// Bytes of letters that may wait for an account.
    pub mailbox: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sockets: 20_000,
            calls: Rate { burst: 60, per_minute: 30 },
            // A whole office behind one address comes back at once after a restart.
            connections: Rate { burst: 1_000, per_minute: 500 },
            registrations: Rate { burst: 30, per_minute: 2 },
            passwords: Rate { burst: 60, per_minute: 10 },
            attempts: 5,
            buddies: 1_000,
            pending: 200,
            // Some people who come from one address and all have much to say.
            mail: Rate { burst: 240, per_minute: 120 },
            letters: 1_000,
            mailbox: 20 * 1024 * 1024,
        }
    }
}

/// How long the server waits.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For TLS and for the HTTP request, each; and for a write that the client does not take.
    pub handshake: Duration,
    /// For the first call on a socket.
    pub first_call: Duration,
    /// For a session to open on a socket.
    pub session: Duration,
    /// Between pings, give or take a sixth; two unanswered end the socket.
    pub ping: Duration,
    /// From the breaking of a socket to presence 0.
    pub grace: Duration,
    /// For which unproven passwords are counted.
    pub attempts: Duration,
    /// Lists stored within this before the last welcome are sent again: one may have been in the making then.
    pub overlap: Duration,
    /// After which a request that nobody answered is forgotten.
    pub pending: Duration,
    /// After which a letter that nobody collected is forgotten.
    pub letters: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_call: Duration::from_secs(10),
            // Both calls of a registration, with the hashing between them on a slow machine.
            session: Duration::from_secs(60),
            ping: Duration::from_secs(30),
            grace: Duration::from_secs(20),
            attempts: Duration::from_secs(15 * 60),
            overlap: Duration::from_secs(5),
            pending: Duration::from_secs(30 * 24 * 60 * 60),
            letters: Duration::from_millis(juice_proto::letter::KEPT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_with_perhaps_a_port() {
        let place = |host: &str, port| Ok(Place { host: host.into(), port });
        assert_eq!("chat.example.org".parse(), place("chat.example.org", None));
        assert_eq!("10.0.0.1:443".parse(), place("10.0.0.1", Some(443)));
        assert_eq!("[::1]".parse(), place("[::1]", None));
        assert_eq!("[::1]:9".parse(), place("[::1]", Some(9)));
        for wrong in ["", ":1", "host:0", "host:x", "::1:80"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong:?}");
        }
    }
}
