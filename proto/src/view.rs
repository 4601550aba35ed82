//! What crosses between the core and whoever looks at it: commands in, events and answers out.
//!
//! Spoken by the messenger and the engine, generated into TypeScript for the window. Everything here is plain data
//! that can be shown: no keys, no peer ids, no wire types. Ids are lower-case hex; times are milliseconds since 1970 (UTC), as numbers
//! that JavaScript holds exactly.

#![allow(missing_docs, reason = "fields whose names and types say all there is to say")]

mod buddy;
mod call;
mod command;
mod event;
mod me;
mod memo;
mod message;
mod video;

pub use crate::call::Shows;

pub use self::{buddy::*, call::*, command::*, event::*, me::*, memo::*, message::*, video::*};
