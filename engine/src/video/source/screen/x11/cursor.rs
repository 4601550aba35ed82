//! The pointer, which is in no window's pixels: its image by XFixes, drawn into a picture of the screen.

use x11rb::{
    errors::ReplyError,
    protocol::{
        Event,
        xfixes::{self, ConnectionExt as _, CursorNotifyMask, GetCursorImageReply},
        xproto::ConnectionExt as _,
    },
};

use super::{
    display::{Display, failed},
    target::Place,
};
use crate::video::error::VideoError;

/// Longer sides than this no pointer has.
const LONGEST: u16 = 512;

/// See the module.
#[derive(Default)]
pub(super) struct Cursor {
    image: Option<GetCursorImageReply>,
    /// In the picture.
    at: Option<(i32, i32)>,
}

impl Cursor {
    /// Without an image where the server can't give it.
    pub fn new(display: &Display) -> Result<Self, VideoError> {
        let mut cursor = Self::default();
        if display.has(xfixes::X11_EXTENSION_NAME)? {
            let begin = || -> Result<(), ReplyError> {
                display.connection.xfixes_query_version(5, 0)?.reply()?;
                display.connection.xfixes_select_cursor_input(display.root, CursorNotifyMask::DISPLAY_CURSOR)?.check()
            };
            begin().map_err(failed)?;
            cursor.load(display)?;
        }
        Ok(cursor)
    }

    fn load(&mut self, display: &Display) -> Result<(), VideoError> {
        let asked = display.connection.xfixes_get_cursor_image().map_err(failed)?;
        // A server may have no pointer at all.
        self.image = asked.reply().ok().filter(|image| image.width <= LONGEST && image.height <= LONGEST);
        Ok(())
    }

    /// Whether it is another after this event.
    pub fn hear(&mut self, display: &Display, event: &Event) -> Result<bool, VideoError> {
        let is_other = matches!(event, Event::XfixesCursorNotify(_));
        if is_other {
            self.load(display)?;
        }
        Ok(is_other)
    }

    /// Looks where it is; whether that is elsewhere in the picture than before.
    pub fn follow(&mut self, display: &Display, place: &Place) -> Result<bool, VideoError> {
        let pointer = display.connection.query_pointer(place.window).map_err(failed)?.reply().map_err(failed)?;
        let at = (
            i32::from(pointer.win_x) - i32::from(place.origin.0),
            i32::from(pointer.win_y) - i32::from(place.origin.1),
        );
        let is_inside = |at: i32, most: u16| (0..i32::from(most)).contains(&at);
        let is_inside = is_inside(at.0, place.area.width) && is_inside(at.1, place.area.height);
        let at = (pointer.same_screen && is_inside).then_some(at);
        Ok(std::mem::replace(&mut self.at, at) != at)
    }

    /// Draws it over pixels of so many a row.
    pub fn draw(&self, pixels: &mut [u8], width: u16) {
        let (Some(image), Some((x, y))) = (&self.image, self.at) else { return };
        let (left, top) = (x - i32::from(image.xhot), y - i32::from(image.yhot));
        let rows = image.cursor_image.chunks_exact(usize::from(image.width.max(1)));
        for (row, colours) in (top..).zip(rows) {
            let Ok(row) = usize::try_from(row) else { continue };
            let line = pixels.chunks_exact_mut(4 * usize::from(width)).nth(row).unwrap_or_default();
            let line = line.as_chunks_mut::<4>().0;
            for (column, colour) in (left..).zip(colours) {
                let place = usize::try_from(column).ok().and_then(|column| line.get_mut(column));
                place.into_iter().for_each(|pixel| blend(pixel, *colour));
            }
        }
    }
}

/// Lays a colour (alpha, red, green, blue; the colours already times alpha) over blue, green and red.
fn blend(pixel: &mut [u8; 4], colour: u32) {
    let [blue, green, red, alpha] = colour.to_le_bytes();
    let through = 255 - u32::from(alpha);
    for (value, over) in pixel.iter_mut().zip([blue, green, red]) {
        let under = (u32::from(*value) * through + 127) / 255;
        *value = u8::try_from(u32::from(over) + under).unwrap_or(u8::MAX);
    }
}
