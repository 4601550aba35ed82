//! The tray: a picture of my state, a menu, and the way back to a hidden window.
//!
//! Where no tray host exists there is none, and closing the window then minimises it; the next closing looks again.
//! On Linux it speaks StatusNotifierItem over D-Bus, and a host that goes and comes back finds it. Owned by the desk;
//! each function waits for the window's thread.

use juice_engine::view::Availability;
use tauri::{
    AppHandle,
    image::Image,
    include_image,
    menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem},
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};

use crate::{
    desk::{Ask, Desk},
    mirror::{Look, Mirror},
    words::Words,
};

const AVAILABILITIES: [(&str, Availability); 4] = [
    ("here", Availability::Here),
    ("away", Availability::Away),
    ("busy", Availability::Busy),
    ("invisible", Availability::Invisible),
];

/// The tray, or the lack of one.
pub struct Tray {
    words: &'static Words,
    desk: Desk,
    built: Option<Built>,
}

struct Built {
    icon: TrayIcon,
    states: Vec<(Availability, CheckMenuItem<tauri::Wry>)>,
    sign_out: MenuItem<tauri::Wry>,
    shows: Option<Shows>,
}

#[derive(Clone, PartialEq)]
struct Shows {
    look: Look,
    tooltip: String,
    availability: Option<Availability>,
}

impl Tray {
    /// A tray that is yet to be built.
    pub fn new(words: &'static Words, desk: Desk) -> Self {
        Self { words, desk, built: None }
    }

    /// Builds the tray where it isn't yet; says whether there is one.
    pub fn ensure(&mut self, app: &AppHandle, mirror: &Mirror) -> bool {
        if self.built.is_none() {
            match self.build(app) {
                Ok(built) => self.built = Some(built),
                Err(error) => tracing::info!(%error, "there is no tray here"),
            }
            self.show(mirror);
        }
        self.built.is_some()
    }

    /// Brings picture, words and menu in line with the state.
    pub fn show(&mut self, mirror: &Mirror) {
        let Some(built) = &mut self.built else { return };
        let shows =
            Shows { look: mirror.look(), tooltip: self.words.tooltip(mirror), availability: mirror.availability() };
        if built.shows.as_ref() == Some(&shows) {
            return;
        }
        if let Err(error) = built.show(&shows) {
            tracing::warn!(%error, "the tray did not take its state");
        }
        built.shows = Some(shows);
    }

    /// A click ticks and unticks by itself: say again what is so.
    pub fn show_anew(&mut self, mirror: &Mirror) {
        if let Some(built) = &mut self.built {
            built.shows = None;
        }
        self.show(mirror);
    }

    fn build(&self, app: &AppHandle) -> tauri::Result<Built> {
        let words = self.words;
        let item = |id: &str, text: &str| MenuItem::with_id(app, id, text, true, None::<&str>);
        let sign_out = item("sign_out", words.sign_out)?;
        let mut states = Vec::new();
        for (id, availability) in AVAILABILITIES {
            let text = words.availability(availability);
            states.push((availability, CheckMenuItem::with_id(app, id, text, false, false, None::<&str>)?));
        }
        let menu = Menu::with_items(app, &[&item("open", words.open)?, &PredefinedMenuItem::separator(app)?])?;
        for (_, state) in &states {
            menu.append(state)?;
        }
        let line = PredefinedMenuItem::separator(app)?;
        menu.append_items(&[&line, &sign_out, &item("quit", words.quit)?])?;
        let (on_menu, on_icon) = (self.desk.clone(), self.desk.clone());
        let icon = TrayIconBuilder::with_id("juice")
            .title("JUICE")
            .icon(picture(Look::Offline))
            .menu(&menu)
            .show_menu_on_left_click(false)
            .on_menu_event(move |_, event| chosen(&on_menu, &event))
            .on_tray_icon_event(move |_, event| clicked(&on_icon, &event))
            .build(app)?;
        Ok(Built { icon, states, sign_out, shows: None })
    }
}

impl Built {
    fn show(&self, shows: &Shows) -> tauri::Result<()> {
        self.icon.set_icon(Some(picture(shows.look)))?;
        self.icon.set_tooltip(Some(&shows.tooltip))?;
        self.sign_out.set_enabled(shows.availability.is_some())?;
        for (availability, item) in &self.states {
            item.set_enabled(shows.availability.is_some())?;
            item.set_checked(shows.availability == Some(*availability))?;
        }
        Ok(())
    }
}

fn picture(look: Look) -> Image<'static> {
    match look {
        Look::Unread => include_image!("../assets/icons/tray-unread.png"),
        Look::Offline => include_image!("../assets/icons/tray-offline.png"),
        Look::Away => include_image!("../assets/icons/tray-away.png"),
        Look::Here => include_image!("../assets/icons/tray.png"),
    }
}

fn chosen(desk: &Desk, event: &MenuEvent) {
    match event.id().as_ref() {
        "open" => desk.tell(Ask::Show(None)),
        "sign_out" => desk.tell(Ask::SignOut),
        "quit" => desk.tell(Ask::Quit),
        other => {
            if let Some((_, availability)) = AVAILABILITIES.iter().find(|(id, _)| *id == other) {
                desk.tell(Ask::SetAvailability(*availability));
            }
        }
    }
}

fn clicked(desk: &Desk, event: &TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
        desk.tell(Ask::Show(None));
    }
}
