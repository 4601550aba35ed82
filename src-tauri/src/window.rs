//! The large window, which is JUICE for most people: made in code, so that it can be ended while JUICE stays in the tray, and made anew.
//!
//! An ended window gives the web view's memory back, more than half of the whole. Every function here may be called
//! from any thread but the window's own; each waits for that one.

pub mod place;
pub mod small;

use std::path::Path;

use tauri::{
    AppHandle, LogicalPosition, LogicalSize, Manager, Monitor, Theme, UserAttentionType, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Wry,
    webview::{Color, NewWindowResponse},
};

use self::place::{Area, Memory, Place};

/// The label of the window, for capabilities and events.
pub const MAIN: &str = "main";

type Builder<'a> = WebviewWindowBuilder<'a, Wry, AppHandle>;

/// Brings the window up, making it where there is none.
///
/// # Errors
/// Where the system gives no window.
pub fn show(app: &AppHandle, profile: &Path, memory: &Memory, title: &str) -> tauri::Result<()> {
    let window = match app.get_webview_window(MAIN) {
        Some(window) => {
            if !window.is_visible()? {
                put_back(&window, &memory.place)?;
            }
            window
        }
        None => build(app, profile, memory, title)?,
    };
    window.show()?;
    window.unminimize()?;
    window.set_focus()
}

/// Lets the window be seen without the focus, which stays where the person types; makes it where there is none.
///
/// # Errors
/// Where the system gives no window.
pub fn ring(app: &AppHandle, profile: &Path, memory: &Memory, title: &str) -> tauri::Result<()> {
    let window = match app.get_webview_window(MAIN) {
        Some(window) => window,
        None => build(app, profile, memory, title)?,
    };
    if !window.is_visible()? {
        put_back(&window, &memory.place)?;
        window.set_focusable(false)?;
        window.show()?;
        window.set_focusable(true)?;
    }
    window.request_user_attention(Some(UserAttentionType::Critical))
}

/// Makes the window invisible; it can be shown again at once.
pub fn hide(app: &AppHandle) {
    log(app.get_webview_window(MAIN).map(|window| window.hide()));
}

/// Puts the window away where no tray could bring it back.
pub fn minimize(app: &AppHandle) {
    log(app.get_webview_window(MAIN).map(|window| window.minimize()));
}

/// Ends the window and gives its memory back.
pub fn end(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    // Windows end only on their own thread.
    log(Some(app.run_on_main_thread(move || log(Some(window.destroy())))));
}

/// Whether somebody can see it, as far as the system says: Wayland doesn't say that a window is minimised.
pub fn is_seen(app: &AppHandle) -> bool {
    app.get_webview_window(MAIN)
        .is_some_and(|window| window.is_visible().unwrap_or(true) && !window.is_minimized().unwrap_or(false))
}

/// Changes the title, where there is a window.
pub fn entitle(app: &AppHandle, title: &str) {
    log(app.get_webview_window(MAIN).map(|window| window.set_title(title)));
}

/// Dresses the window's frame as its page: dark, light, or as the system says.
pub fn dress(app: &AppHandle, dark: Option<bool>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    log(Some(window.set_theme(dark.map(theme))));
    log(Some(window.set_background_color(Some(paper(&window, dark)))));
}

/// Where the window is; none where it is not to be seen.
pub fn place(app: &AppHandle) -> Option<Place> {
    let window = app.get_webview_window(MAIN)?;
    if window.is_visible().ok()? && !window.is_minimized().ok()? { place_of(&window) } else { None }
}

fn place_of(window: &WebviewWindow) -> Option<Place> {
    let scale = window.scale_factor().ok()?;
    let size: LogicalSize<f64> = window.inner_size().ok()?.to_logical(scale);
    let at: Option<LogicalPosition<f64>> = window.outer_position().ok().map(|at| at.to_logical(scale));
    Some(Place {
        width: size.width,
        height: size.height,
        at: at.map(|at| (at.x, at.y)),
        maximized: window.is_maximized().unwrap_or(false),
    })
}

fn build(app: &AppHandle, profile: &Path, memory: &Memory, title: &str) -> tauri::Result<WebviewWindow> {
    let place = &memory.place;
    let builder = page(WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default()), profile)
        .title(title)
        .inner_size(place.width, place.height)
        .min_inner_size(place::SMALLEST.0, place::SMALLEST.1)
        .maximized(place.maximized)
        // The page's first paint is already in these colours, and so is the frame around it.
        .theme(memory.dark.map(theme))
        .visible(false);
    let builder = match place.on(&screens(app.available_monitors()?)) {
        Some((x, y)) => builder.position(x, y),
        None => builder.center(),
    };
    let window = builder.build()?;
    window.set_background_color(Some(paper(&window, memory.dark)))?;
    Ok(window)
}

/// A page of ours, which never leads elsewhere.
fn page<'a>(builder: Builder<'a>, profile: &Path) -> Builder<'a> {
    builder
        // What the page keeps (how it looks, whether it makes sounds) belongs to the profile.
        .data_directory(profile.join("webview"))
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .on_new_window(|_, _| NewWindowResponse::Deny)
}

/// Moves a hidden window to where it was, for window managers that forget.
fn put_back(window: &WebviewWindow, place: &Place) -> tauri::Result<()> {
    match place.on(&screens(window.available_monitors()?)) {
        Some((x, y)) if !place.maximized => window.set_position(LogicalPosition::new(x, y)),
        _ => Ok(()),
    }
}

fn screens(monitors: Vec<Monitor>) -> Vec<Area> {
    let area = |screen: &Monitor| {
        let at: LogicalPosition<f64> = screen.position().to_logical(screen.scale_factor());
        let size: LogicalSize<f64> = screen.size().to_logical(screen.scale_factor());
        Area { left: at.x, top: at.y, width: size.width, height: size.height }
    };
    monitors.iter().map(area).collect()
}

fn theme(dark: bool) -> Theme {
    if dark { Theme::Dark } else { Theme::Light }
}

/// The colour of the page's background, so that the window doesn't flash before the first paint.
fn paper(window: &WebviewWindow, dark: Option<bool>) -> Color {
    let dark = dark.unwrap_or_else(|| window.theme().is_ok_and(|theme| theme == Theme::Dark));
    if dark { Color(0x1a, 0x16, 0x13, 0xff) } else { Color(0xff, 0xfd, 0xf9, 0xff) }
}

fn log(done: Option<tauri::Result<()>>) {
    if let Some(Err(error)) = done {
        tracing::warn!(%error, "the window did not obey");
    }
}
