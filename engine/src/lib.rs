//! The hands of JUICE: sockets, disk and clock around the pure messenger of `juice-proto`.
//!
//! [`Engine::start`] takes a profile and gives a [`Handle`] to ask and [`Events`] to watch. One driver task owns the
//! messenger; one task owns the Swarm; one writer owns the database. Used alike by the window, the tests and the
//! benchmarks. Everything runs on the caller's tokio runtime.

pub mod audio;
pub mod backup;
mod call;
mod clip;
mod clock;
mod driver;
mod environment;
mod files;
mod handle;
pub mod history;
mod lock;
mod memo;
pub mod net;
pub mod profile;
mod qr;
mod queue;
pub mod server_link;
mod session;
pub mod store;
mod unfinished;
pub mod video;

pub use juice_proto::view;

pub use self::{
    call::{MINE, Screens, UnknownSynthetic},
    environment::forget_tls_secrets_file,
    files::picture::thumbnail,
    handle::{Config, Engine, Events, Handle, StartError, default_profile},
    memo::MEMO,
};
