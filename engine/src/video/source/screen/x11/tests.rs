//! Screens that the tests paint themselves, on X servers without a monitor (Xvfb), one for each test.

use std::{
    io::{BufRead, BufReader, ErrorKind},
    process::{Child, Command, Stdio},
};

use x11rb::{
    COPY_DEPTH_FROM_PARENT,
    protocol::xproto::{
        AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux,
        PropMode, Rectangle, StackMode, WindowClass,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use super::*;
use crate::video::{error::CameraTrouble, source::PATCHES};

const RED: u32 = 0xff_0000;
const GREEN: u32 = 0xff00;
const BLUE: u32 = 0xff;
const WHITE: u32 = 0xff_ffff;
const COLOURS: [u32; 4] = [RED, GREEN, BLUE, WHITE];
const WANTED: Wanted = Wanted { size: Size::FULL_HD, rate: 30 };

/// A server, and a program that paints on it.
struct Stage {
    server: Child,
    name: String,
    painter: RustConnection,
    root: Window,
}

impl Stage {
    /// None where there is no Xvfb.
    fn open(size: &str) -> Option<Self> {
        // It picks a free number itself and writes it.
        let started = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("not tried: Xvfb is not installed");
                return None;
            }
            started => started.unwrap(),
        };
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let name = format!(":{}", number.trim());
        let (painter, screen) = x11rb::connect(Some(&name)).unwrap();
        let root = painter.setup().roots[screen].root;
        Some(Self { server, name, painter, root })
    }

    fn show(&self, id: Option<&ScreenId>) -> Result<Screen, VideoError> {
        Screen::open(Some(&self.name), (id, None), WANTED, MediaClock::default())
    }

    fn show_part(
        &self,
        id: Option<&ScreenId>,
        (x, y, width, height): (u32, u32, u32, u32),
    ) -> Result<Screen, VideoError> {
        let part = ScreenPart { x, y, width, height };
        Screen::open(Some(&self.name), (id, Some(part)), WANTED, MediaClock::default())
    }

    fn screens(&self) -> Vec<ScreenChoice> {
        screens(Some(&self.name)).unwrap()
    }

    fn titles(&self) -> Vec<String> {
        let screens = self.screens().into_iter();
        screens.filter(|screen| screen.kind == ScreenKind::Window).map(|screen| screen.name).collect()
    }

    /// Four fields in a square, from the upper left: red, green, blue, white.
    fn paint(&self, on: Window, width: u16, height: u16) {
        for (at, colour) in (0..).zip(COLOURS) {
            let (x, y) = ((at % 2) * (width / 2) as i16, (at / 2) * (height / 2) as i16);
            self.fill(on, Rectangle { x, y, width, height }, colour);
        }
    }

    fn fill(&self, on: Window, place: Rectangle, colour: u32) {
        let gc = self.painter.generate_id().unwrap();
        self.painter.create_gc(gc, on, &CreateGCAux::new().foreground(colour)).unwrap();
        self.painter.poly_fill_rectangle(on, gc, &[place]).unwrap();
        self.painter.free_gc(gc).unwrap();
        self.painter.sync().unwrap();
    }

    fn window(&self, title: &str, place: Rectangle, colour: u32) -> Window {
        let id = self.painter.generate_id().unwrap();
        let Rectangle { x, y, width, height } = place;
        let look = CreateWindowAux::new().background_pixel(colour);
        let (class, border) = (WindowClass::INPUT_OUTPUT, 3);
        let root = self.root;
        self.painter
            .create_window(COPY_DEPTH_FROM_PARENT, id, root, x, y, width, height, border, class, 0, &look)
            .unwrap();
        let (mode, kind) = (PropMode::REPLACE, AtomEnum::STRING);
        self.painter.change_property8(mode, id, AtomEnum::WM_NAME, kind, title.as_bytes()).unwrap();
        self.painter.map_window(id).unwrap();
        self.painter.sync().unwrap();
        id
    }

    fn property(&self, of: Window, name: &str, kind: AtomEnum, values: &[u32]) {
        let name = self.painter.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        self.painter.change_property32(PropMode::REPLACE, of, name, kind, values).unwrap();
        self.painter.sync().unwrap();
    }

    /// As a window manager does.
    fn list(&self, windows: &[Window]) {
        self.property(self.root, "_NET_CLIENT_LIST", AtomEnum::WINDOW, windows);
    }

    fn point(&self, x: i16, y: i16) {
        self.painter.warp_pointer(NONE, self.root, 0, 0, 0, 0, x, y).unwrap();
        self.painter.sync().unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn at(picture: &Picture, column: usize, row: usize) -> [u8; 3] {
    let (width, (y, u, v)) = (picture.size().width() as usize, picture.planes());
    let half = row / 2 * (width / 2) + column / 2;
    [y[row * width + column], u[half], v[half]]
}

fn is_near(seen: [u8; 3], meant: [u8; 3]) -> bool {
    seen.iter().zip(meant).all(|(seen, meant)| seen.abs_diff(meant) <= 2)
}

/// Whether it is what [`Stage::paint`] paints.
fn assert_painted(picture: &Picture) {
    let (width, height) = (picture.size().width() as usize, picture.size().height() as usize);
    for (place, meant) in PATCHES.into_iter().enumerate() {
        // The middle of each field, and its outer corner.
        let middle = (width / 4 + place % 2 * width / 2, height / 4 + place / 2 * height / 2);
        let corner = (place % 2 * (width - 1), place / 2 * (height - 1));
        for (column, row) in [middle, corner] {
            let seen = at(picture, column, row);
            assert!(is_near(seen, meant), "field {place} at {column}, {row}: {seen:?}, not {meant:?}");
        }
    }
}

fn until(screen: &mut Screen, fits: impl Fn(&Picture) -> bool) -> Picture {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let picture = screen.read().unwrap();
        if fits(&picture) {
            return picture;
        }
        assert!(Instant::now() < end, "it is not seen");
    }
}

fn trouble(result: Result<Screen, VideoError>) -> Option<CameraTrouble> {
    result.err().map(|error| error.trouble())
}

#[test]
fn a_monitor_is_seen_the_right_way_up_in_its_colours() {
    let Some(stage) = Stage::open("641x483") else { return };
    stage.point(320, 240);
    stage.paint(stage.root, 641, 483);
    let monitor = stage.screens().remove(0);
    assert_eq!(monitor.kind, ScreenKind::Monitor);
    assert!(monitor.name.contains("(641x483)"), "{}", monitor.name);
    for id in [None, Some(&monitor.id)] {
        let mut screen = stage.show(id).unwrap();
        let picture = screen.read().unwrap();
        assert_eq!((picture.size().width(), picture.size().height()), (640, 482), "even sides");
        assert_painted(&picture);
        assert!(screen.grab.is_shared(), "this server shares memory");
        screen.grab = Grab::apart();
        assert_painted(&screen.read().unwrap());
        assert!(!screen.grab.is_shared());
    }
}

#[test]
fn a_part_of_a_monitor_is_seen_and_nothing_around_it() {
    let Some(stage) = Stage::open("640x480") else { return };
    stage.point(0, 0);
    stage.fill(stage.root, Rectangle { x: 0, y: 0, width: 640, height: 480 }, BLUE);
    let monitor = stage.screens().remove(0);
    assert_eq!(monitor.pixels, (640, 480));
    stage.fill(stage.root, Rectangle { x: 101, y: 51, width: 99, height: 65 }, GREEN);
    for id in [None, Some(&monitor.id)] {
        let picture = stage.show_part(id, (101, 51, 99, 65)).unwrap().read().unwrap();
        assert_eq!((picture.size().width(), picture.size().height()), (98, 64), "even sides");
        for (column, row) in [(0, 0), (97, 0), (0, 63), (97, 63), (50, 30)] {
            assert!(is_near(at(&picture, column, row), PATCHES[1]), "{column}, {row}");
        }
    }
    // The pointer is where it is in the part.
    stage.point(150, 80);
    let mut screen = stage.show_part(None, (101, 51, 99, 65)).unwrap();
    until(&mut screen, |picture| !is_near(at(picture, 49, 29), PATCHES[1]));
    assert_eq!(stage.show_part(None, (576, 416, 64, 64)).unwrap().about().size, Size::new(64, 64).unwrap());
    for part in
        [(577, 0, 64, 64), (0, 417, 64, 64), (0, 0, 63, 64), (0, 0, 64, 63), (0, 0, 641, 64), (u32::MAX, 0, 64, 64)]
    {
        assert!(stage.show_part(None, part).is_err(), "{part:?}");
    }
}

#[test]
fn a_glance_shows_what_there_is_to_choose() {
    let Some(stage) = Stage::open("640x480") else { return };
    stage.point(320, 240);
    stage.paint(stage.root, 640, 480);
    let monitor = stage.screens().remove(0);
    let most = Size::new(320, 180).unwrap();
    let picture = glance(Some(&stage.name), &monitor.id, most).unwrap();
    assert_eq!((picture.size().width(), picture.size().height()), (240, 180));
    assert_painted(&picture);
    let gone = glance(Some(&stage.name), &ScreenId("monitor:none".to_owned()), most);
    assert_eq!(gone.err().map(|error| error.trouble()), Some(CameraTrouble::None));
}

#[test]
fn a_large_monitor_is_made_smaller() {
    let Some(stage) = Stage::open("2560x1440") else { return };
    stage.paint(stage.root, 2_560, 1_440);
    let picture = stage.show(None).unwrap().read().unwrap();
    assert_eq!(picture.size(), Size::FULL_HD);
    stage.point(1_280, 720);
    assert_painted(&picture);
}

#[test]
fn a_window_is_seen_without_what_lies_above_it_in_whatever_size_until_it_is_closed() {
    let Some(stage) = Stage::open("800x600") else { return };
    stage.point(799, 599);
    // Half of it beside the monitor.
    let place = Rectangle { x: 620, y: 100, width: 320, height: 240 };
    let window = stage.window("Letters", place, RED);
    let above = stage.window("Secrets", Rectangle { x: 0, y: 0, width: 800, height: 600 }, WHITE);
    stage.list(&[window, above]);
    let listed = stage.screens().into_iter().find(|screen| screen.name == "Letters").unwrap();
    let mut screen = stage.show(Some(&listed.id)).unwrap();
    let covered = screen.read().unwrap();
    assert_eq!((covered.size().width(), covered.size().height()), (320, 240));
    for (column, row) in [(0, 0), (160, 120), (319, 239), (319, 0)] {
        let seen = at(&covered, column, row);
        assert!(is_near(seen, PATCHES[0]), "its own background at {column}, {row}: {seen:?}");
    }
    stage.paint(window, 320, 240);
    assert_painted(&until(&mut screen, |picture| is_near(at(picture, 300, 220), PATCHES[3])));

    let larger = ConfigureWindowAux::new().x(10).width(401).height(303).stack_mode(StackMode::BELOW);
    stage.painter.configure_window(window, &larger).unwrap();
    stage.paint(window, 401, 303);
    let size = Size::new(400, 302).unwrap();
    assert_painted(&until(&mut screen, |picture| picture.size() == size && is_near(at(picture, 390, 290), PATCHES[3])));
    assert_eq!(screen.about().size, size);

    stage.painter.unmap_window(window).unwrap();
    stage.painter.sync().unwrap();
    (0..3).for_each(|_| assert_painted(&screen.read().unwrap()));

    stage.painter.destroy_window(window).unwrap();
    stage.painter.sync().unwrap();
    let error = (0..20).find_map(|_| screen.read().err()).expect("a window that is closed ends its source");
    assert!(matches!(error, VideoError::Gone(_)), "{error}");
    assert_eq!(trouble(stage.show(Some(&listed.id))), Some(CameraTrouble::None), "nothing else is shown in its place");
}

#[test]
fn a_shadow_that_belongs_to_a_window_is_left_out() {
    let Some(stage) = Stage::open("800x600") else { return };
    stage.point(799, 599);
    let window = stage.window("Shaded", Rectangle { x: 50, y: 50, width: 200, height: 150 }, BLUE);
    stage.list(&[window]);
    let listed = stage.screens().pop().unwrap();
    stage.property(window, "_GTK_FRAME_EXTENTS", AtomEnum::CARDINAL, &[20, 30, 10, 40]);
    let mut screen = stage.show(Some(&listed.id)).unwrap();
    stage.fill(window, Rectangle { x: 20, y: 10, width: 2, height: 2 }, GREEN);
    let picture = until(&mut screen, |picture| is_near(at(picture, 0, 0), PATCHES[1]));
    assert_eq!((picture.size().width(), picture.size().height()), (150, 100));
    // Another desktop's frames, without any.
    stage.property(window, "_GTK_FRAME_EXTENTS", AtomEnum::CARDINAL, &[0; 4]);
    until(&mut screen, |picture| (picture.size().width(), picture.size().height()) == (200, 150));
}

#[test]
fn windows_that_nobody_would_show_are_not_listed() {
    let Some(stage) = Stage::open("800x600") else { return };
    assert_eq!(stage.titles(), [""; 0], "nobody manages windows here");
    let place = Rectangle { x: 0, y: 0, width: 100, height: 100 };
    let [letters, mine, withdrawn, hidden, nameless, other] =
        ["Letters", "JUICE", "Withdrawn", "Hidden", "", "Other"].map(|title| stage.window(title, place, RED));
    stage.property(mine, "_NET_WM_PID", AtomEnum::CARDINAL, &[std::process::id()]);
    stage.property(other, "_NET_WM_PID", AtomEnum::CARDINAL, &[1]);
    stage.painter.unmap_window(hidden).unwrap();
    let state = stage.painter.intern_atom(false, b"WM_STATE").unwrap().reply().unwrap().atom;
    stage.painter.change_property32(PropMode::REPLACE, withdrawn, state, state, &[0, 0]).unwrap();
    stage.list(&[letters, mine, withdrawn, hidden, nameless, other, 0x7777]);
    assert_eq!(stage.titles(), ["Letters", "Other"]);
    // Its number, of another program.
    let id = ScreenId(format!("window:{other:x}:2"));
    assert_eq!(trouble(stage.show(Some(&id))), Some(CameraTrouble::None));
}

#[test]
fn the_pointer_is_seen_where_it_is() {
    let Some(stage) = Stage::open("640x480") else { return };
    stage.fill(stage.root, Rectangle { x: 0, y: 0, width: 640, height: 480 }, BLUE);
    // A red square of 16 pixels, whose point is its middle.
    let [shape, cursor] = [(); 2].map(|()| stage.painter.generate_id().unwrap());
    stage.painter.create_pixmap(1, shape, stage.root, 16, 16).unwrap();
    stage.fill(shape, Rectangle { x: 0, y: 0, width: 16, height: 16 }, 1);
    stage.painter.create_cursor(cursor, shape, shape, 0xffff, 0, 0, 0, 0, 0, 8, 8).unwrap();
    let look = ChangeWindowAttributesAux::new().cursor(cursor);
    stage.painter.change_window_attributes(stage.root, &look).unwrap();
    stage.point(101, 61);
    let mut screen = stage.show(None).unwrap();
    let is_red = |picture: &Picture, column, row| is_near(at(picture, column, row), PATCHES[0]);
    let picture = until(&mut screen, |picture| is_red(picture, 101, 61));
    for (column, row, red) in [(94, 54, true), (107, 67, true), (91, 61, false), (111, 61, false), (101, 71, false)] {
        assert_eq!(is_red(&picture, column, row), red, "{column}, {row}");
    }
    // Over the edges it is cut off.
    for (x, y) in [(0, 0), (639, 479), (639, 0), (0, 479), (320, 240)] {
        stage.point(x, y);
        let picture = until(&mut screen, |picture| is_red(picture, x as usize, y as usize));
        assert!(!is_red(&picture, 101, 61), "it has left");
    }
    // In a window it is at that window's place.
    let window = stage.window("Letters", Rectangle { x: 200, y: 100, width: 200, height: 100 }, GREEN);
    stage.list(&[window]);
    let listed = stage.screens().pop().unwrap();
    let mut screen = stage.show(Some(&listed.id)).unwrap();
    assert!(!is_red(&screen.read().unwrap(), 100, 50), "it is elsewhere");
    stage.point(200 + 3 + 100, 100 + 3 + 50);
    let picture = until(&mut screen, |picture| is_red(picture, 100, 50));
    assert!(!is_red(&picture, 112, 50));
}

#[test]
fn a_still_screen_costs_little_and_what_changes_is_seen_at_once() {
    let Some(stage) = Stage::open("320x240") else { return };
    stage.fill(stage.root, Rectangle { x: 0, y: 0, width: 320, height: 240 }, BLUE);
    let mut screen = stage.show(None).unwrap();
    let began = Instant::now();
    while began.elapsed() < SETTLES + RARELY {
        screen.read().unwrap();
    }
    let began = Instant::now();
    (0..4).for_each(|_| drop(screen.read().unwrap()));
    assert!(began.elapsed() > 3 * RARELY, "four pictures of nothing new in {:?}", began.elapsed());
    assert!(began.elapsed() < 8 * RARELY, "whoever comes in waits {:?} for four", began.elapsed());
    stage.fill(stage.root, Rectangle { x: 0, y: 0, width: 320, height: 240 }, GREEN);
    assert!(is_near(at(&screen.read().unwrap(), 9, 9), PATCHES[1]), "the next picture has it");
    let began = Instant::now();
    (0..10).for_each(|_| drop(screen.read().unwrap()));
    assert!(began.elapsed() < 5 * RARELY, "text gets sharp by what follows, which took {:?}", began.elapsed());
}

#[test]
fn where_there_is_no_display_there_is_no_screen() {
    for name in ["", "nowhere", ":59000", ":65535"] {
        let listed = screens(Some(name)).map_err(|error| error.trouble());
        assert_eq!(listed, Err(CameraTrouble::None), "{name}");
        let opened = Screen::open(Some(name), (None, None), WANTED, MediaClock::default());
        assert_eq!(trouble(opened), Some(CameraTrouble::None), "{name}");
    }
}

#[test]
fn what_was_not_listed_is_not_opened() {
    let Some(stage) = Stage::open("320x240") else { return };
    for id in ["", "monitor:", "monitor:none", "window:", "window:zz:0", "window:7777:0", "window:7777", "window::"] {
        assert_eq!(trouble(stage.show(Some(&ScreenId(id.to_owned())))), Some(CameraTrouble::None), "{id}");
    }
}

#[test]
fn a_server_that_ends_ends_the_source() {
    let Some(mut stage) = Stage::open("320x240") else { return };
    let mut screen = stage.show(None).unwrap();
    screen.read().unwrap();
    stage.server.kill().unwrap();
    stage.server.wait().unwrap();
    let error = (0..20).find_map(|_| screen.read().err()).expect("nothing is there to be read");
    assert!(matches!(error, VideoError::Gone(_)), "{error}");
}
