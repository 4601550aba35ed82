//! x

mod io;
pub mod record;

pub use io::*;
