//! What of the display is shown: a part of the root window, or the pixmap in which the server keeps one window.
//!
//! A window that is read where it is seen would show whatever lies above it. By the Composite extension it has a pixmap
//! of its own, whole also where it is covered; a window that is minimised keeps its last.

use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        Event,
        composite::{self, ConnectionExt as _, Redirect},
        randr::{self, ConnectionExt as _, NotifyMask},
        xproto::{
            AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, Drawable, EventMask, MapState, Pixmap, Window,
        },
    },
};

use super::{
    super::LEAST_PART,
    ScreenId, ScreenPart,
    display::{Area, Display, Monitor, Titled, failed},
};
use crate::video::error::VideoError;

/// Beyond this no screen is believed.
const LONGEST: u16 = 16_384;

/// See the module.
pub(super) struct Target {
    kind: Kind,
    pub place: Place,
}

enum Kind {
    Monitor(String, Option<ScreenPart>),
    Window(Window, Pixmap),
}

/// Where its pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Of which changes are told, and in whose coordinates the pointer is.
    pub window: Window,
    /// Of the area, in that window.
    pub origin: (i16, i16),
    pub drawable: Drawable,
    /// Both sides are even.
    pub area: Area,
}

impl Target {
    /// By what [`id_of_monitor`] or [`id_of_window`] said; the main monitor if nothing is chosen. And its name for people.
    /// Windows have no parts.
    pub fn open(
        display: &Display,
        id: Option<&ScreenId>,
        part: Option<ScreenPart>,
    ) -> Result<(Self, String), VideoError> {
        let Some(ScreenId(id)) = id else {
            return Self::monitor(display, display.monitors()?.into_iter().next(), part);
        };
        if let Some(name) = id.strip_prefix(MONITOR) {
            let found = display.monitors()?.into_iter().find(|monitor| monitor.name == name);
            return Self::monitor(display, found, part);
        }
        if part.is_some() {
            return Err(VideoError::NoCamera);
        }
        let (window, process) = window_of(id).ok_or(VideoError::NoCamera)?;
        let found = display.window(window).ok().flatten().filter(|found| found.process == process);
        Self::window(display, found.ok_or(VideoError::NoCamera)?)
    }

    fn monitor(
        display: &Display,
        monitor: Option<Monitor>,
        part: Option<ScreenPart>,
    ) -> Result<(Self, String), VideoError> {
        let name = monitor.ok_or(VideoError::NoCamera)?.name;
        display.check(display.root_visual())?;
        if display.has(randr::X11_EXTENSION_NAME)? {
            let mask = NotifyMask::SCREEN_CHANGE | NotifyMask::CRTC_CHANGE | NotifyMask::OUTPUT_CHANGE;
            display.connection.randr_select_input(display.root, mask).map_err(failed)?;
        }
        let place = place_of_monitor(display, &name, part)?;
        Ok((Self { kind: Kind::Monitor(name.clone(), part), place }, name))
    }

    fn window(display: &Display, Titled { id, title, .. }: Titled) -> Result<(Self, String), VideoError> {
        if !can_show_windows(display)? {
            return Err(VideoError::NoCamera);
        }
        let connection = &display.connection;
        let mask = EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        let wish = ChangeWindowAttributesAux::new().event_mask(mask);
        connection.change_window_attributes(id, &wish).map_err(failed)?.check().map_err(failed)?;
        connection.composite_redirect_window(id, Redirect::AUTOMATIC).map_err(failed)?.check().map_err(failed)?;
        let (pixmap, place) = place_of_window(display, id)?;
        Ok((Self { kind: Kind::Window(id, pixmap), place }, title))
    }

    /// Whether its picture may be another after this event. `Gone` when it is closed or unplugged.
    pub fn hear(&mut self, display: &Display, event: &Event) -> Result<bool, VideoError> {
        let is_other = match (&self.kind, event) {
            (Kind::Monitor(..), Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_)) => true,
            (Kind::Window(id, _), Event::DestroyNotify(event)) if event.window == *id => {
                return Err(VideoError::Gone("the window was closed".to_owned()));
            }
            (Kind::Window(id, _), Event::MapNotify(event)) => event.window == *id,
            (Kind::Window(id, _), Event::ConfigureNotify(event)) => event.window == *id,
            (Kind::Window(..), Event::PropertyNotify(event)) => event.atom == display.atoms._GTK_FRAME_EXTENTS,
            (Kind::Monitor(..) | Kind::Window(..), _) => false,
        };
        if is_other {
            self.renew(display)?;
        }
        Ok(is_other)
    }

    /// Looks where it is now.
    pub fn renew(&mut self, display: &Display) -> Result<(), VideoError> {
        match &mut self.kind {
            Kind::Monitor(name, part) => self.place = place_of_monitor(display, name, *part)?,
            Kind::Window(id, pixmap) => {
                let attributes = display.connection.get_window_attributes(*id).map_err(failed)?.reply();
                if attributes.map_err(failed)?.map_state == MapState::VIEWABLE {
                    display.connection.free_pixmap(*pixmap).map_err(failed)?;
                    (*pixmap, self.place) = place_of_window(display, *id)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a window can be read without what lies above it.
pub(super) fn can_show_windows(display: &Display) -> Result<bool, VideoError> {
    if !display.has(composite::X11_EXTENSION_NAME)? {
        return Ok(false);
    }
    let version = display.connection.composite_query_version(0, 4).map_err(failed)?.reply().map_err(failed)?;
    // The first that gives a window's pixmap a name.
    Ok((version.major_version, version.minor_version) >= (0, 2))
}

fn place_of_monitor(display: &Display, name: &str, part: Option<ScreenPart>) -> Result<Place, VideoError> {
    let found = display.monitors()?.into_iter().find(|monitor| monitor.name == name);
    let Area { x, y, width, height } = found.ok_or_else(|| VideoError::Gone("a monitor".to_owned()))?.area;
    // A monitor may reach beyond the root window for a moment.
    let root = display.root_area()?;
    let within = |at: i16, length: u16, most: u16| {
        let begin = at.max(0);
        let end = (i32::from(at) + i32::from(length)).min(i32::from(most));
        (begin, u16::try_from(end - i32::from(begin)).unwrap_or_default())
    };
    let ((x, width), (y, height)) = (within(x, width, root.width), within(y, height, root.height));
    let whole = Area { x, y, width, height };
    let area = even(match part {
        None => whole,
        Some(part) => part_of(whole, part).ok_or_else(|| VideoError::Gone("a part of a monitor".to_owned()))?,
    })?;
    Ok(Place { window: display.root, origin: (area.x, area.y), drawable: display.root, area })
}

/// None where the monitor is not so large: what lies elsewhere was not chosen.
fn part_of(whole: Area, part: ScreenPart) -> Option<Area> {
    let within = |at: i16, length: u16, from: u32, own: u32| {
        let is_within = own >= LEAST_PART && from.checked_add(own)? <= u32::from(length);
        let at = i16::try_from(i32::from(at).checked_add(i32::try_from(from).ok()?)?).ok()?;
        Some((at, u16::try_from(own).ok()?)).filter(|_| is_within)
    };
    let (x, width) = within(whole.x, whole.width, part.x, part.width)?;
    let (y, height) = within(whole.y, whole.height, part.y, part.height)?;
    Some(Area { x, y, width, height })
}

fn place_of_window(display: &Display, id: Window) -> Result<(Pixmap, Place), VideoError> {
    let connection = &display.connection;
    let pixmap = connection.generate_id().map_err(|error| VideoError::Gone(error.to_string()))?;
    connection.composite_name_window_pixmap(id, pixmap).map_err(failed)?.check().map_err(failed)?;
    let look = || -> Result<Place, ReplyError> {
        let border = connection.get_geometry(id)?.reply()?.border_width;
        let all = connection.get_geometry(pixmap)?.reply()?;
        let edges = display.property(id, display.atoms._GTK_FRAME_EXTENTS, AtomEnum::CARDINAL)?;
        let edges: Vec<u16> =
            edges.value32().into_iter().flatten().map(|edge| u16::try_from(edge).unwrap_or_default()).collect();
        // Around what some programs draw as their window there is its shadow, which nobody wants to see.
        let [left, right, top, bottom] = <[u16; 4]>::try_from(edges).unwrap_or_default();
        let side = |all: u16, before: u16, after: u16| {
            let inner = all.saturating_sub(border.saturating_mul(2));
            let left = inner.saturating_sub(before).saturating_sub(after);
            if left > 0 { (before, left) } else { (0, inner) }
        };
        let ((left, width), (top, height)) = (side(all.width, left, right), side(all.height, top, bottom));
        let at = |edge: u16| i16::try_from(edge).unwrap_or_default();
        let area = Area { x: at(border.saturating_add(left)), y: at(border.saturating_add(top)), width, height };
        Ok(Place { window: id, origin: (at(left), at(top)), drawable: pixmap, area })
    };
    let place = look().map_err(failed)?;
    Ok((pixmap, Place { area: even(place.area)?, ..place }))
}

/// Without its last odd column and row.
fn even(area: Area) -> Result<Area, VideoError> {
    let Area { width, height, .. } = area;
    if width < 2 || height < 2 || width > LONGEST || height > LONGEST {
        return Err(VideoError::Absurd(format!("{width}x{height} pixels of a screen")));
    }
    Ok(Area { width: width & !1, height: height & !1, ..area })
}

const MONITOR: &str = "monitor:";
const WINDOW: &str = "window:";

pub(super) fn id_of_monitor(monitor: &Monitor) -> ScreenId {
    ScreenId(format!("{MONITOR}{}", monitor.name))
}

/// With its process: another window that gets the same number later on was not chosen.
pub(super) fn id_of_window(window: &Titled) -> ScreenId {
    ScreenId(format!("{WINDOW}{:x}:{}", window.id, window.process))
}

fn window_of(id: &str) -> Option<(Window, u32)> {
    let (window, process) = id.strip_prefix(WINDOW)?.split_once(':')?;
    Some((Window::from_str_radix(window, 16).ok()?, process.parse().ok()?))
}
