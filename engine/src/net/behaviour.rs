//! The Swarm: its transports, its protocols and their limits. Built once; owned by the Swarm's task.

use std::time::Duration;

use juice_proto::sign::SecretKey;
use libp2p::{
    Swarm, SwarmBuilder,
    allow_block_list::{self, BlockedPeers},
    autonat::v2::client as autonat,
    connection_limits::{self, ConnectionLimits},
    dcutr, identify,
    multiaddr::{Multiaddr, Protocol},
    noise, ping, relay,
    swarm::NetworkBehaviour,
    tcp, yamux,
};

use super::{Limits, Listen, NetError, datagrams::Datagrams, identity, quic::Quic, streams::Streams};

/// Names the whole set of protocols in libp2p's identify.
const PROTOCOL_VERSION: &str = "/juice/1";
/// A link, a TCP connection that was dialled as well, and the relay, from both sides at once, and room for the two
/// more of a hole punch. One each way is too few: simultaneous dials would cut each other.
const MAX_PER_PEER: u32 = 8;
/// 1,000 buddies, and as many again while networks change.
const MAX_CONNECTIONS: u32 = 2_048;
/// Of these, made from outside: a crowd of strangers can't keep this device from dialling its buddies.
const MAX_CONNECTIONS_IN: u32 = 1_024;
/// Handshakes under way from outside.
const MAX_PENDING_IN: u32 = 64;
/// Handshakes under way from here; `dials` starts fewer.
const MAX_PENDING_OUT: u32 = 512;
/// Streams that a peer may have in negotiation on one connection.
const MAX_NEGOTIATING: usize = 32;
/// How often every connection is tried. A whole one is never quiet for longer.
const PING_EVERY: Duration = Duration::from_secs(5);
/// How long an answer may take: together with the interval, a dead peer is noticed within 15 s, while a slow uplink
/// with a full send buffer is not taken for dead at once.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The protocols. `limits` and `blocked` stand first, so that they refuse before anything is made for a connection.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) blocked: allow_block_list::Behaviour<BlockedPeers>,
    pub(super) streams: Streams,
    pub(super) files: Streams,
    pub(super) media: Streams,
    pub(super) video: Streams,
    pub(super) ping: ping::Behaviour,
    pub(super) identify: identify::Behaviour,
    pub(super) autonat: autonat::Behaviour,
    pub(super) relay: relay::client::Behaviour,
    pub(super) dcutr: dcutr::Behaviour,
}

/// Builds the Swarm and starts to listen.
pub(super) fn swarm(
    device: &SecretKey,
    listen: Listen,
    limits: Limits,
    datagrams: Datagrams,
) -> Result<Swarm<Behaviour>, NetError> {
    let transport = |error: &dyn std::fmt::Display| NetError::Transport(error.to_string());
    let mut swarm = SwarmBuilder::with_existing_identity(identity::keypair(device)?)
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| transport(&error))?
        .with_other_transport(|key| Ok(Quic::new(key, datagrams)?))
        .map_err(|error| transport(&error))?
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .map_err(|error| transport(&error))?
        .with_behaviour(|key, relay| {
            let public = key.public();
            let peer = public.to_peer_id();
            let identify = identify::Config::new(PROTOCOL_VERSION.to_owned(), public)
                .with_agent_version("juice".to_owned())
                .with_hide_listen_addrs(true)
                .with_cache_size(0);
            let ping = ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_TIMEOUT);
            Behaviour {
                limits: connection_limits::Behaviour::new(connection_limits()),
                blocked: allow_block_list::Behaviour::default(),
                streams: Streams::of(juice_proto::link::PROTOCOL),
                files: Streams::of(juice_proto::file::PROTOCOL),
                media: Streams::of(juice_proto::media::PROTOCOL),
                video: Streams::of(juice_proto::media::VIDEO_PROTOCOL),
                ping: ping::Behaviour::new(ping),
                identify: identify::Behaviour::new(identify),
                autonat: autonat::Behaviour::default(),
                relay,
                dcutr: dcutr::Behaviour::new(peer),
            }
        })
        .map_err(|error| transport(&error))?
        .with_swarm_config(|config| {
            config
                .with_smart_dial()
                .with_max_negotiating_inbound_streams(MAX_NEGOTIATING)
                .with_idle_connection_timeout(limits.idle)
        })
        .build();
    for address in listen_addresses(listen) {
        // A machine may lack IPv6, or TCP may be forbidden; the rest is still worth having.
        if let Err(error) = swarm.listen_on(address) {
            tracing::warn!(%error, "can't listen");
        }
    }
    Ok(swarm)
}

fn connection_limits() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(MAX_PENDING_IN))
        .with_max_pending_outgoing(Some(MAX_PENDING_OUT))
        .with_max_established(Some(MAX_CONNECTIONS))
        .with_max_established_incoming(Some(MAX_CONNECTIONS_IN))
        .with_max_established_per_peer(Some(MAX_PER_PEER))
}

fn listen_addresses(listen: Listen) -> Vec<Multiaddr> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let hosts: Vec<Multiaddr> = match listen {
        Listen::Anywhere => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
        Listen::Loopback => vec![Ipv4Addr::LOCALHOST.into()],
    };
    hosts
        .into_iter()
        .flat_map(|host| {
            let quic = host.clone().with(Protocol::Udp(0)).with(Protocol::QuicV1);
            [quic, host.with(Protocol::Tcp(0))]
        })
        .collect()
}
