//! Eve: what a hostile buddy, stranger, device or server can try, and how little comes of it.
//!
//! A broken rule may cost the link it came on. It costs no other link, no message, no trust, and never the process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "tests' own helpers"
)]

#[path = "../common/all.rs"]
mod common;

mod changes;
mod claims;
mod content;
mod garbage;
mod handshake;
mod lists;
mod mail;
mod requests;
mod server;
mod trust;
