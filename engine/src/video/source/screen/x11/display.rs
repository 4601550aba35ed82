//! The connection to the X server, and what is on it: monitors by RandR, windows by what the window manager lists (EWMH).

use x11rb::{
    atom_manager,
    connection::{Connection as _, RequestConnection as _},
    errors::{ConnectError, ReplyError},
    protocol::{
        ErrorKind,
        randr::{self, ConnectionExt as _},
        xproto::{
            Atom, AtomEnum, ConnectionExt as _, GetPropertyReply, ImageOrder, MapState, VisualClass, Visualid, Window,
            WindowClass,
        },
    },
    reexports::x11rb_protocol::parse_display::parse_display,
    rust_connection::RustConnection,
};

use crate::video::error::VideoError;

/// Nobody looks through more.
const MOST_WINDOWS: usize = 200;
/// Of a title, in characters.
const LONGEST_TITLE: usize = 120;
/// Of a property, in units of four bytes.
const LONGEST_PROPERTY: u32 = 1_024;
/// X11's port is 6000 and the display's number; past this one x11rb would count beyond the last port.
const LAST_DISPLAY: u16 = u16::MAX - 6_000;
/// ICCCM 4.1.3.1.
const WITHDRAWN: u32 = 0;

atom_manager! {
    /// Names that both sides know by numbers.
    pub(super) Atoms: AtomsCookie {
        _NET_CLIENT_LIST,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_DESKTOP,
        _NET_WM_WINDOW_TYPE_DOCK,
        _GTK_FRAME_EXTENTS,
        UTF8_STRING,
        WM_STATE,
    }
}

/// Pixels of a drawable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub x: i16,
    pub y: i16,
    pub width: u16,
    pub height: u16,
}

/// A part of the root window.
#[derive(Debug)]
pub(super) struct Monitor {
    pub name: String,
    pub area: Area,
}

/// A window that can be shown.
#[derive(Debug)]
pub(super) struct Titled {
    pub id: Window,
    /// Of its program, as far as that says; numbers of windows are used again.
    pub process: u32,
    pub title: String,
    /// Width and height.
    pub pixels: (u16, u16),
}

/// See the module.
pub(super) struct Display {
    pub connection: RustConnection,
    pub root: Window,
    pub atoms: Atoms,
    screen: usize,
}

impl Display {
    /// By its name, or that of the session.
    pub fn open(name: Option<&str>) -> Result<Self, VideoError> {
        if parse_display(name).is_ok_and(|parsed| parsed.display > LAST_DISPLAY) {
            return Err(VideoError::NoCamera);
        }
        let (connection, screen) = x11rb::connect(name).map_err(|error| {
            tracing::debug!(%error, "no display");
            let is_refused = matches!(error, ConnectError::SetupAuthenticate(_) | ConnectError::SetupFailed(_));
            if is_refused { VideoError::NotAllowed } else { VideoError::NoCamera }
        })?;
        if connection.setup().image_byte_order != ImageOrder::LSB_FIRST {
            return Err(VideoError::Absurd("a display with its bytes the other way round".to_owned()));
        }
        let root = connection.setup().roots.get(screen).ok_or(VideoError::NoCamera)?.root;
        let atoms = Atoms::new(&connection).map_err(failed)?.reply().map_err(failed)?;
        Ok(Self { connection, root, atoms, screen })
    }

    /// The monitors, the main one first.
    pub fn monitors(&self) -> Result<Vec<Monitor>, VideoError> {
        if self.has("XWAYLAND")? {
            return Ok(vec![]);
        }
        let mut monitors = self.by_randr().map_err(failed)?;
        if monitors.is_empty() {
            let area = self.root_area()?;
            monitors.push(Monitor { name: "Screen".to_owned(), area });
        }
        Ok(monitors)
    }

    fn by_randr(&self) -> Result<Vec<Monitor>, ReplyError> {
        if self.connection.extension_information(randr::X11_EXTENSION_NAME)?.is_none() {
            return Ok(vec![]);
        }
        let version = self.connection.randr_query_version(1, 5)?.reply()?;
        if (version.major_version, version.minor_version) < (1, 5) {
            return Ok(vec![]);
        }
        let mut found = self.connection.randr_get_monitors(self.root, true)?.reply()?.monitors;
        found.sort_by_key(|monitor| !monitor.primary);
        let named = found.into_iter().map(|monitor| {
            let name = self.connection.get_atom_name(monitor.name)?.reply()?.name;
            let randr::MonitorInfo { x, y, width, height, .. } = monitor;
            let area = Area { x, y, width, height };
            Ok(Monitor { name: String::from_utf8_lossy(&name).into_owned(), area })
        });
        named.collect()
    }

    /// All that monitors show.
    pub fn root_area(&self) -> Result<Area, VideoError> {
        let root = self.connection.get_geometry(self.root).map_err(failed)?.reply().map_err(failed)?;
        Ok(Area { x: 0, y: 0, width: root.width, height: root.height })
    }

    /// The windows of other programs that can be seen, as the window manager has them; none where there is no manager.
    pub fn windows(&self) -> Result<Vec<Titled>, VideoError> {
        let listed = self.property(self.root, self.atoms._NET_CLIENT_LIST, AtomEnum::WINDOW).map_err(failed)?;
        let ids: Vec<Window> = listed.value32().into_iter().flatten().take(MOST_WINDOWS).collect();
        // One that closes meanwhile is none any more.
        Ok(ids.into_iter().filter_map(|id| self.window(id).ok().flatten()).collect())
    }

    /// A window, if it can be shown.
    pub fn window(&self, id: Window) -> Result<Option<Titled>, ReplyError> {
        let Atoms { _NET_WM_PID, _NET_WM_WINDOW_TYPE, WM_STATE, .. } = self.atoms;
        let attributes = self.connection.get_window_attributes(id)?.reply()?;
        let is_seen = attributes.map_state == MapState::VIEWABLE && attributes.class == WindowClass::INPUT_OUTPUT;
        let is_withdrawn = self.number(id, WM_STATE, WM_STATE)? == Some(WITHDRAWN);
        let kind = self.number(id, _NET_WM_WINDOW_TYPE, AtomEnum::ATOM)?;
        let is_of_desktop =
            [self.atoms._NET_WM_WINDOW_TYPE_DESKTOP, self.atoms._NET_WM_WINDOW_TYPE_DOCK].map(Some).contains(&kind);
        let process = self.number(id, _NET_WM_PID, AtomEnum::CARDINAL)?.unwrap_or_default();
        let is_mine = process == std::process::id();
        if !is_seen || is_withdrawn || is_of_desktop || is_mine || self.check(attributes.visual).is_err() {
            return Ok(None);
        }
        let title = self.title(id)?;
        let size = self.connection.get_geometry(id)?.reply()?;
        let pixels = (size.width, size.height);
        Ok((!title.is_empty()).then_some(Titled { id, process, title, pixels }))
    }

    fn title(&self, id: Window) -> Result<String, ReplyError> {
        let mut name = self.property(id, self.atoms._NET_WM_NAME, self.atoms.UTF8_STRING)?.value;
        if name.is_empty() {
            name = self.property(id, AtomEnum::WM_NAME, AtomEnum::ANY)?.value;
        }
        let name = String::from_utf8_lossy(&name);
        Ok(name.chars().filter(|letter| !letter.is_control()).take(LONGEST_TITLE).collect())
    }

    pub fn property(
        &self,
        of: Window,
        name: impl Into<Atom>,
        kind: impl Into<Atom>,
    ) -> Result<GetPropertyReply, ReplyError> {
        self.connection.get_property(false, of, name, kind, 0, LONGEST_PROPERTY)?.reply()
    }

    fn number(&self, of: Window, name: Atom, kind: impl Into<Atom>) -> Result<Option<u32>, ReplyError> {
        Ok(self.property(of, name, kind)?.value32().and_then(|mut values| values.next()))
    }

    /// Whether the server knows an extension.
    pub fn has(&self, extension: &'static str) -> Result<bool, VideoError> {
        Ok(self.connection.extension_information(extension).map_err(failed)?.is_some())
    }

    /// Whether pixels of this visual are four bytes: blue, green, red, and one of nothing or alpha.
    ///
    /// # Errors
    /// `Absurd`.
    pub fn check(&self, visual: Visualid) -> Result<(), VideoError> {
        let setup = self.connection.setup();
        let depths = setup.roots.get(self.screen).map(|screen| screen.allowed_depths.as_slice()).unwrap_or_default();
        let found = depths.iter().find_map(|depth| {
            let kind = depth.visuals.iter().find(|kind| kind.visual_id == visual)?;
            let format = setup.pixmap_formats.iter().find(|format| format.depth == depth.depth)?;
            let masks = (kind.red_mask, kind.green_mask, kind.blue_mask);
            let is_ours = kind.class == VisualClass::TRUE_COLOR && masks == (0xff_0000, 0xff00, 0xff);
            Some(is_ours && format.bits_per_pixel == 32 && [24, 32].contains(&depth.depth))
        });
        if found == Some(true) { Ok(()) } else { Err(VideoError::Absurd(format!("visual {visual:#x}"))) }
    }

    /// The visual of the root window.
    pub fn root_visual(&self) -> Visualid {
        self.connection.setup().roots.get(self.screen).map(|screen| screen.root_visual).unwrap_or_default()
    }
}

/// What an error of a request means for whoever reads the source.
pub(super) fn failed(error: impl Into<ReplyError>) -> VideoError {
    match error.into() {
        ReplyError::X11Error(said) if said.error_kind == ErrorKind::Access => VideoError::NotAllowed,
        error @ (ReplyError::X11Error(_) | ReplyError::ConnectionError(_)) => VideoError::Gone(error.to_string()),
    }
}
