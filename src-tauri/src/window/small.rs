//! The small window: without a frame, above all others, in a corner of the screen until somebody moves it.
//!
//! A view of its own of the same page. Wayland has no way for a window to stay above others, or to say where it wants to
//! be: there it is a small window that can be moved, and the window manager's own menu lifts it. As with the large one,
//! every function may be called from any thread but the window's own, and waits for that one.

use std::path::Path;

use tauri::{AppHandle, LogicalPosition, LogicalSize, Manager, Monitor, WebviewUrl, WebviewWindowBuilder};

use super::{
    log, page,
    place::{Area, Place},
    place_of, screens,
};

/// The label of the window, for capabilities and events.
pub const SMALL: &str = "small";

/// At first: a picture of the usual shape is seen whole, and hides little.
const USUAL: (f64, f64) = (288.0, 216.0);
/// Below this its buttons have no room.
const SMALLEST: (f64, f64) = (208.0, 156.0);
/// Beyond this it would be no small one.
const LARGEST: (f64, f64) = (800.0, 640.0);
/// Between the window and the edges of the screen.
const MARGIN: f64 = 20.0;

/// Opens it where it was last, or in a corner. `focused`: keys go to it from here on; otherwise they stay where they are.
///
/// # Errors
/// Where the system gives no window.
pub fn open(app: &AppHandle, profile: &Path, last: Option<&Place>, title: &str, focused: bool) -> tauri::Result<()> {
    let window = match app.get_webview_window(SMALL) {
        Some(window) => window,
        None => {
            let (width, height) = last.map_or(USUAL, |place| (place.width, place.height));
            let url = WebviewUrl::App("index.html?small".into());
            let builder = page(WebviewWindowBuilder::new(app, SMALL, url), profile)
                .title(title)
                .inner_size(width, height)
                .min_inner_size(SMALLEST.0, SMALLEST.1)
                .max_inner_size(LARGEST.0, LARGEST.1)
                .decorations(false)
                .always_on_top(true)
                .visible_on_all_workspaces(true)
                .skip_taskbar(true)
                .maximizable(false)
                .minimizable(false)
                .focused(focused)
                .visible(false);
            let at = last.and_then(|place| place.on(&screens(app.available_monitors().ok()?)));
            let at = at.or_else(|| Some(corner(&app.primary_monitor().ok()??, (width, height))));
            let builder = at.into_iter().fold(builder, |builder, (x, y)| builder.position(x, y));
            builder.build()?
        }
    };
    // A window that comes up would take the focus from whoever types.
    window.set_focusable(focused)?;
    window.show()?;
    window.set_focusable(true)?;
    if focused { window.set_focus() } else { Ok(()) }
}

/// Ends it, and says where it was.
pub fn close(app: &AppHandle) -> Option<Place> {
    let window = app.get_webview_window(SMALL)?;
    let place = place_of(&window);
    // Windows end only on their own thread.
    log(Some(app.run_on_main_thread(move || log(Some(window.destroy())))));
    place
}

/// Where it covers least: at the lower right of what panels leave of a screen.
fn corner(screen: &Monitor, (width, height): (f64, f64)) -> (f64, f64) {
    let room = screen.work_area();
    let at: LogicalPosition<f64> = room.position.to_logical(screen.scale_factor());
    let size: LogicalSize<f64> = room.size.to_logical(screen.scale_factor());
    lower_right(Area { left: at.x, top: at.y, width: size.width, height: size.height }, (width, height))
}

fn lower_right(room: Area, (width, height): (f64, f64)) -> (f64, f64) {
    let last = |from: f64, length: f64, own: f64| from + (length - own - MARGIN).max(0.0);
    (last(room.left, room.width, width), last(room.top, room.height, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_in_the_corner_and_never_beyond_the_screen() {
        let screen = Area { left: 1280.0, top: 24.0, width: 1920.0, height: 1056.0 };
        assert_eq!(lower_right(screen, USUAL), (2892.0, 844.0));
        let tiny = Area { width: 200.0, height: 100.0, ..screen };
        assert_eq!(lower_right(tiny, USUAL), (1280.0, 24.0), "its upper left corner can be got hold of");
    }
}
