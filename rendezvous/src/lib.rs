//! The small server that tells buddies where each other are.
//!
//! One WebSocket per client, on which it answers calls and pushes what changes; accounts, device lists and contacts in
//! SQLite; presence in memory alone; beside them a libp2p relay for pairs that can't reach each other. It never learns a
//! name, a password or a message: accounts are hashes, passwords stay with OPAQUE, requests are sealed. [`Server::start`]
//! is all that the binary and the tests need.

#![forbid(unsafe_code)]

pub mod admin;
mod clock;
pub mod config;
mod denied;
mod keys;
mod limits;
mod listen;
mod metrics;
mod pages;
mod presence;
mod relay;
#[cfg(feature = "seed")]
pub mod seed;
mod server;
mod socket;
mod store;
mod tls;
mod visit;

pub use self::{
    config::{Config, Limits, Place, Registration, RelayPorts, Timing},
    server::{Server, StartError},
    store::StoreError,
};
