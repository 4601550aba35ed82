//! Whole buddies, real servers, real windows: what the suites, the demo's cast and the benchmarks are made of.
//!
//! A [`Buddy`] is an engine in this process, a [`Puppet`] one in a process of its own that can be killed; [`Server`] is
//! a rendezvous in either way; [`windows`] drives the real app. Everything lives in folders that go with it, and every
//! process is ended by its own handle.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]
#![allow(missing_docs, reason = "read by those who write tests here")]

pub mod buddy;
mod calls;
pub mod cost;
pub mod dice;
pub mod folder;
#[cfg(target_os = "linux")]
pub mod lossy;
pub mod puppet;
pub mod server;
pub mod wav;
#[cfg(target_os = "linux")]
pub mod windows;

pub use buddy::{Buddy, alice_and_bob, befriend};
pub use calls::befriend_to_call;
pub use dice::Dice;
pub use folder::Folder;
pub use puppet::Puppet;
pub use server::{Server, ServerProcess};

/// The password of everyone in the tests.
pub const PASSWORD: &str = "peel the orange slowly";

/// Long enough for anything on a busy machine; a test that waits so long has failed.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
