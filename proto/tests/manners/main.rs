//! How a messenger behaves among friends: who dials whom, what is saved before what is said, what a break, a crash or a
//! missing server means, and what is kept quiet.

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

mod arranged;
mod calls;
mod changes;
mod keys;
mod links;
mod mail;
mod quiet;
mod roster;
mod words;
