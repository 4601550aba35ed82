//! Whole servers, spoken to over real TLS WebSockets by a small client that speaks the protocol's own frames.

// Helpers fail a test by panicking, as tests do; an unexpected answer is whatever it is.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

mod client;
mod contacts;
mod hostile;
mod keeper;
mod limits;
mod login;
mod mailbox;
mod pages;
mod password;
mod presence;
mod program;
mod relay;
mod world;
