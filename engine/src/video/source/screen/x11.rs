//! The screen of an X11 display: what there is to show, and the source that reads it.
//!
//! Everything is asked of the server on the thread that reads. Between pictures it looks only whether something changed
//! (XDamage, the pointer), at the rate that is wanted; where nothing does, a picture still comes four times a second, so
//! that whoever watches anew gets one, and a still screen isn't taken for one that is broken.

mod cursor;
mod display;
mod grab;
mod scale;
mod target;
#[cfg(test)]
mod tests;

use std::{
    thread,
    time::{Duration, Instant},
};

use x11rb::{
    NONE,
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        Event,
        damage::{self, ConnectionExt as _, Damage, ReportLevel},
        xfixes::ConnectionExt as _,
        xproto::Window,
    },
};

use self::{
    cursor::Cursor,
    display::{Display, failed},
    grab::Grab,
    target::{Place, Target},
};
use super::{ScreenChoice, ScreenId, ScreenKind, ScreenPart};
use crate::video::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
    source::{
        AboutSource, CameraId, VideoSource, Wanted,
        colour::{of_bgrx, of_pixels},
    },
};

/// After a change pictures go on for so long: the encoder makes text sharp with what follows.
const SETTLES: Duration = Duration::from_secs(1);
/// Where nothing changes.
const RARELY: Duration = Duration::from_millis(250);
/// After a sleep of the system there is no use in catching up.
const TOO_LATE: Duration = Duration::from_millis(200);

/// What there is on the display of this name, or of this session.
pub(super) fn screens(display: Option<&str>) -> Result<Vec<ScreenChoice>, VideoError> {
    let display = Display::open(display)?;
    let monitors = display.monitors()?.into_iter().map(|monitor| ScreenChoice {
        id: target::id_of_monitor(&monitor),
        name: format!("{} ({}x{})", monitor.name, monitor.area.width, monitor.area.height),
        kind: ScreenKind::Monitor,
        pixels: (monitor.area.width, monitor.area.height),
    });
    let windows = if target::can_show_windows(&display)? { display.windows()? } else { vec![] };
    let windows = windows.into_iter().map(|window| ScreenChoice {
        id: target::id_of_window(&window),
        name: window.title,
        kind: ScreenKind::Window,
        pixels: window.pixels,
    });
    Ok(monitors.chain(windows).collect())
}

/// One picture of what the display of this name, or of this session, shows there.
pub(super) fn glance(display: Option<&str>, id: &ScreenId, most: Size) -> Result<Picture, VideoError> {
    let wanted = Wanted { size: most, rate: 1 };
    Screen::open(display, (Some(id), None), wanted, MediaClock::default())?.take()
}

/// See the module.
pub(super) struct Screen {
    display: Display,
    target: Target,
    cursor: Cursor,
    grab: Grab,
    damage: Option<Damage>,
    about: AboutSource,
    most: Size,
    clock: MediaClock,
    small: Vec<u8>,
    due: Instant,
    /// When something last changed, and when a picture was last given.
    stirred: Instant,
    given: Option<Instant>,
}

impl Screen {
    pub(super) fn open(
        display: Option<&str>,
        (id, part): (Option<&ScreenId>, Option<ScreenPart>),
        wanted: Wanted,
        clock: MediaClock,
    ) -> Result<Self, VideoError> {
        let display = Display::open(display)?;
        let (target, name) = Target::open(&display, id, part)?;
        let cursor = Cursor::new(&display)?;
        let damage = watch(&display, target.place.window);
        let size = fitted(&target.place, wanted.size)?;
        let id = CameraId(id.map_or_else(|| name.clone(), |id| id.0.clone()));
        let about = AboutSource { id, name, size, rate: wanted.rate.clamp(1, 60) };
        let (grab, small, most, now) = (Grab::default(), vec![], wanted.size, Instant::now());
        tracing::debug!(?size, is_told = damage.is_some(), "a screen is open");
        let (due, stirred, given) = (now, now, None);
        Ok(Self { display, target, cursor, grab, damage, about, most, clock, small, due, stirred, given })
    }

    /// Waits for the next moment at which there may be a picture.
    fn wait(&mut self) {
        let now = Instant::now();
        if now > self.due + TOO_LATE {
            self.due = now;
        }
        thread::sleep(self.due.saturating_duration_since(now));
        self.due += Duration::from_secs(1) / self.about.rate;
    }

    /// Whether something may have changed.
    fn hear(&mut self) -> Result<bool, VideoError> {
        let mut is_other = self.damage.is_none();
        // This asks the server, so what has happened until now is there to be read after it.
        is_other |= self.cursor.follow(&self.display, &self.target.place)?;
        while let Some(event) = self.display.connection.poll_for_event().map_err(failed)? {
            if let (Event::DamageNotify(_), Some(damage)) = (&event, self.damage) {
                self.display.connection.damage_subtract(damage, NONE, NONE).map_err(failed)?;
                is_other = true;
            }
            is_other |= self.cursor.hear(&self.display, &event)?;
            is_other |= self.target.hear(&self.display, &event)?;
        }
        Ok(is_other)
    }

    fn take(&mut self) -> Result<Picture, VideoError> {
        let place = self.target.place;
        let captured = self.clock.micros();
        let pixels = self.grab.take(&self.display, place.drawable, place.area)?;
        self.cursor.draw(pixels, place.area.width);
        let size = fitted(&place, self.most)?;
        self.about.size = size;
        let mut picture = Picture::filled(size, captured, [16, 128, 128]);
        let (width, height) = (usize::from(place.area.width), usize::from(place.area.height));
        if (size.width() as usize, size.height() as usize) == (width, height) {
            of_pixels(&mut picture, pixels, of_bgrx);
        } else {
            scale::shrink(pixels, (width, height), size, &mut self.small);
            of_pixels(&mut picture, &self.small, of_bgrx);
        }
        Ok(picture)
    }
}

impl VideoSource for Screen {
    fn about(&self) -> &AboutSource {
        &self.about
    }

    fn read(&mut self) -> Result<Picture, VideoError> {
        loop {
            self.wait();
            let (is_other, now) = (self.hear()?, Instant::now());
            if is_other {
                self.stirred = now;
            }
            let is_still = now.duration_since(self.stirred) > SETTLES;
            if is_still && self.given.is_some_and(|given| now.duration_since(given) < RARELY) {
                continue;
            }
            self.given = Some(now);
            // A monitor may have become smaller since.
            return self.take().or_else(|_| {
                self.target.renew(&self.display)?;
                self.take()
            });
        }
    }
}

fn fitted(place: &Place, most: Size) -> Result<Size, VideoError> {
    Size::fitting(place.area.width.into(), place.area.height.into(), most)
}

/// Lets the server tell of changes in a window and all that is in it; none where it can't.
fn watch(display: &Display, window: Window) -> Option<Damage> {
    let begin = || -> Result<Damage, ReplyError> {
        let connection = &display.connection;
        connection.xfixes_query_version(5, 0)?.reply()?;
        connection.damage_query_version(1, 1)?.reply()?;
        let id = connection.generate_id().map_err(|_| x11rb::errors::ConnectionError::UnknownError)?;
        connection.damage_create(id, window, ReportLevel::NON_EMPTY)?.check()?;
        Ok(id)
    };
    display.has(damage::X11_EXTENSION_NAME).ok().filter(|is_there| *is_there)?;
    begin().inspect_err(|error| tracing::debug!(%error, "nothing tells of changes on the screen")).ok()
}
