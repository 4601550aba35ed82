//! The hands of JUICE: sockets, disk and clock around the pure messenger of `juice-proto`.

pub mod net;
pub mod profile;
pub mod server_link;
pub mod store;
