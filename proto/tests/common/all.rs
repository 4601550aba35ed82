//! What several of the tests share: people, a toy disk, a toy server, a stage for messengers, and a rude link end.

#![allow(
    dead_code,
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, not all used by each of them"
)]

#[path = "disk.rs"]
pub mod disk;
#[path = "letters.rs"]
pub mod letters;
#[path = "mailbox.rs"]
pub mod mailbox;
#[path = "people.rs"]
pub mod people;
#[path = "raw.rs"]
pub mod raw;
#[path = "rendezvous.rs"]
pub mod rendezvous;
#[path = "seen.rs"]
pub mod seen;
#[path = "stage.rs"]
pub mod stage;
