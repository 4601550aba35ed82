//! Golden bytes: every frame, file and link as it is written, byte for byte, from fixed keys and seeds.
//!
//! A version that reads or writes other bytes than these can't talk to the one before it. The bytes are in `*.hex`, a
//! line each: a name and hex digits. When a test fails it prints the file as it would be; put it there only if the
//! format is meant to change.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "tests' own helpers"
)]

mod book;
mod calls;
mod files;
mod forward;
mod links;
mod media;
mod news;
mod values;
