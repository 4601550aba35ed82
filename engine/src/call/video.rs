//! Pictures in a call: the video corridor's ends tied to the net and to the window.
//!
//! ```text
//!  video::VideoFrames > Showing: to everyone > VideoOut: seal > a stream of the net for each
//!  Screens: the window asks for the next < video::Eye < VideoIn: open, each number once < Gallery < streams of the net
//! ```

mod gallery;
mod incoming;
mod outgoing;
mod screens;
mod showing;

pub(crate) use self::screens::Shown;
pub use self::screens::{MINE, Screens};
pub(super) use self::{
    gallery::Gallery,
    incoming::VideoIn,
    outgoing::VideoOut,
    showing::{Audience, Showing},
};
