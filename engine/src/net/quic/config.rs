//! What quinn is told: who we are, how much a peer may have under way, and when a connection is dead.

use std::{sync::Arc, time::Duration};

use libp2p::{identity::Keypair, tls};
use quinn::{
    ClientConfig, EndpointConfig, ServerConfig, TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};

use super::congestion::FlooredConfig;

/// Streams of all protocols that a peer may hold open on one connection.
const MAX_STREAMS: u32 = 64;
/// Bytes on their way on one stream: 100 Mbit/s over 160 ms.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// Bytes on their way on one connection.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// How long a connection lives without a word.
const SILENCE: Duration = Duration::from_secs(10);
/// How often a quiet connection says something.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Bytes of datagrams that came and were not taken yet; above it the oldest is lost.
const DATAGRAMS_IN: usize = 32 * 1024;
/// Bytes of datagrams that wait to leave; above it the oldest is lost. Of a voice, some tens of packets.
const DATAGRAMS_OUT: usize = 8 * 1024;

/// See the module.
pub(super) struct Config {
    pub client: ClientConfig,
    pub server: ServerConfig,
}

impl Config {
    pub fn new(key: &Keypair) -> Result<Self, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let mut client = tls::make_client_config(key, None).map_err(|error| text(&error))?;
        let mut server = tls::make_server_config(key).map_err(|error| text(&error))?;
        // Made for debugging, it would write the keys of connections to a file that an environment variable names.
        client.key_log = Arc::new(rustls::NoKeyLog);
        server.key_log = Arc::new(rustls::NoKeyLog);
        let client = QuicClientConfig::try_from(client).map_err(|error| text(&error))?;
        let server = QuicServerConfig::try_from(server).map_err(|error| text(&error))?;
        let transport = Arc::new(transport());
        let mut client = ClientConfig::new(Arc::new(client));
        client.transport_config(Arc::clone(&transport));
        let mut server = ServerConfig::with_crypto(Arc::new(server));
        server.transport_config(transport);
        // libp2p knows one address of a connection, from its beginning to its end.
        server.migration(false);
        Ok(Self { client, server })
    }

    /// For one socket.
    pub fn endpoint(&self) -> EndpointConfig {
        let mut endpoint = EndpointConfig::default();
        endpoint.supported_versions(vec![1]);
        endpoint
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(MAX_STREAMS.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .max_idle_timeout(SILENCE.try_into().ok())
        .keep_alive_interval(Some(KEEP_ALIVE))
        .datagram_receive_buffer_size(Some(DATAGRAMS_IN))
        .datagram_send_buffer_size(DATAGRAMS_OUT)
        .allow_spin(false)
        .congestion_controller_factory(Arc::new(FlooredConfig::default()));
    transport
}
