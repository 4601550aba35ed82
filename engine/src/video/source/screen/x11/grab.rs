//! Pixels from the server to memory: by MIT-SHM where server and JUICE are on one computer, else through the socket.
//!
//! The segment is a file that the server makes and hands over (MIT-SHM 1.2). It is read, not mapped: a copy that takes
//! less than a millisecond, for which nothing here is unsafe.

use std::{fs::File, os::unix::fs::FileExt};

use x11rb::{
    connection::Connection as _,
    protocol::{
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, Drawable, ImageFormat},
    },
};

use super::display::{Area, Display, failed};
use crate::video::error::VideoError;

/// Of a pixel.
const BYTES: usize = 4;
const ALL_PLANES: u32 = !0;

struct Segment {
    id: shm::Seg,
    file: File,
    bytes: usize,
}

/// See the module.
#[derive(Default)]
pub(super) struct Grab {
    segment: Option<Segment>,
    /// The server can't, or is elsewhere.
    is_apart: bool,
    pixels: Vec<u8>,
}

impl Grab {
    /// The rows of an area, from the top, four bytes a pixel, nothing between them.
    pub fn take(&mut self, display: &Display, drawable: Drawable, area: Area) -> Result<&mut [u8], VideoError> {
        let bytes = BYTES * usize::from(area.width) * usize::from(area.height);
        if !self.is_apart && self.segment.as_ref().is_none_or(|segment| segment.bytes < bytes) {
            self.share(display, bytes);
        }
        match &self.segment {
            Some(segment) => {
                self.pixels.resize(bytes, 0);
                read(segment, display, drawable, area, &mut self.pixels)?;
            }
            None => self.pixels = fetch(display, drawable, area)?,
        }
        if self.pixels.len() == bytes {
            Ok(&mut self.pixels)
        } else {
            Err(VideoError::Absurd(format!("{} bytes of a screen, not {bytes}", self.pixels.len())))
        }
    }

    fn share(&mut self, display: &Display, bytes: usize) {
        if let Some(segment) = self.segment.take() {
            // Only a connection that is lost refuses this, which the next request notices.
            let _ = display.connection.shm_detach(segment.id);
        }
        match new_segment(display, bytes) {
            Ok(segment) => self.segment = Some(segment),
            Err(error) => {
                tracing::debug!(%error, "the screen comes through the socket");
                self.is_apart = true;
            }
        }
    }

    /// As if the server were on another computer.
    #[cfg(test)]
    pub fn apart() -> Self {
        Self { is_apart: true, ..Self::default() }
    }

    #[cfg(test)]
    pub fn is_shared(&self) -> bool {
        self.segment.is_some()
    }
}

fn new_segment(display: &Display, bytes: usize) -> Result<Segment, VideoError> {
    let Display { connection, .. } = display;
    let id = connection.generate_id().map_err(|error| VideoError::Gone(error.to_string()))?;
    let length = u32::try_from(bytes).map_err(|_| VideoError::Absurd("a screen without end".to_owned()))?;
    let made = connection.shm_create_segment(id, length, false).map_err(failed)?.reply().map_err(failed)?;
    Ok(Segment { id, file: File::from(made.shm_fd), bytes })
}

fn read(
    segment: &Segment,
    display: &Display,
    drawable: Drawable,
    Area { x, y, width, height }: Area,
    pixels: &mut [u8],
) -> Result<(), VideoError> {
    let form = ImageFormat::Z_PIXMAP.into();
    let asked = display.connection.shm_get_image(drawable, x, y, width, height, ALL_PLANES, form, segment.id, 0);
    asked.map_err(failed)?.reply().map_err(failed)?;
    segment.file.read_exact_at(pixels, 0).map_err(|error| VideoError::Gone(error.to_string()))
}

fn fetch(display: &Display, drawable: Drawable, area: Area) -> Result<Vec<u8>, VideoError> {
    let Area { x, y, width, height } = area;
    let asked = display.connection.get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, ALL_PLANES);
    Ok(asked.map_err(failed)?.reply().map_err(failed)?.data)
}
