//! The words of tray and toasts, in English and German. The page has its own.
//!
//! The language is the system's, read once from the environment as POSIX orders it (LC_ALL, LC_MESSAGES, LANG).

use juice_engine::view::Availability;

use crate::mirror::Mirror;

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    pub open: &'static str,
    pub here: &'static str,
    pub away: &'static str,
    pub busy: &'static str,
    pub invisible: &'static str,
    pub offline: &'static str,
    pub connecting: &'static str,
    pub sign_out: &'static str,
    pub quit: &'static str,
    /// After a buddy's name, who has come online.
    pub is_here: &'static str,
    /// After a buddy's name, who said yes.
    pub accepted: &'static str,
    /// After the name of somebody who asks.
    pub wants_in: &'static str,
    pub hidden: &'static str,
    /// After the name of somebody who calls.
    pub calls: &'static str,
    pub answer: &'static str,
    pub decline: &'static str,
    /// What the key for talking does, to a desktop that asks the person about it.
    pub talk_key: &'static str,
    pub missed: &'static str,
    pub talked: &'static str,
    /// Before a picture's name.
    pub picture: &'static str,
    /// Before a file's name.
    pub file: &'static str,
    /// One that is spoken.
    pub voice_message: &'static str,
    /// One that is spoken and seen.
    pub video_message: &'static str,
    /// In place of what can't be shown.
    pub unsupported: &'static str,
    one_unread: &'static str,
    many_unread: &'static str,
    more: &'static str,
}

const ENGLISH: Words = Words {
    open: "Open JUICE",
    here: "Here",
    away: "Away",
    busy: "Busy",
    invisible: "Invisible",
    offline: "Signed out",
    connecting: "Can't reach the server",
    sign_out: "Sign out",
    quit: "Quit",
    is_here: "is here",
    accepted: "is your buddy now",
    wants_in: "wants to be your buddy",
    hidden: "JUICE keeps running in the tray, so messages still reach you. Quit it there.",
    calls: "is calling",
    answer: "Answer",
    decline: "Decline",
    talk_key: "Talk while it is held",
    missed: "Missed call",
    talked: "Voice call",
    picture: "Picture",
    file: "File",
    voice_message: "Voice message",
    video_message: "Video message",
    unsupported: "A newer JUICE wrote this",
    one_unread: "1 unread message",
    many_unread: "{} unread messages",
    more: "{} more pieces of news",
};

const GERMAN: Words = Words {
    open: "JUICE öffnen",
    here: "Da",
    away: "Weg",
    busy: "Beschäftigt",
    invisible: "Unsichtbar",
    offline: "Abgemeldet",
    connecting: "Server nicht erreichbar",
    sign_out: "Abmelden",
    quit: "Beenden",
    is_here: "ist da",
    accepted: "ist jetzt dein Buddy",
    wants_in: "möchte dein Buddy sein",
    hidden: "JUICE läuft im Infobereich weiter, damit Nachrichten ankommen. Dort kannst du es beenden.",
    calls: "ruft an",
    answer: "Annehmen",
    decline: "Ablehnen",
    talk_key: "Sprechen, solange sie gehalten wird",
    missed: "Anruf verpasst",
    talked: "Anruf",
    picture: "Bild",
    file: "Datei",
    voice_message: "Sprachnachricht",
    video_message: "Videonachricht",
    unsupported: "Das hat ein neueres JUICE geschrieben",
    one_unread: "1 ungelesene Nachricht",
    many_unread: "{} ungelesene Nachrichten",
    more: "{} weitere Neuigkeiten",
};

impl Words {
    /// Those of the system's language; English where it is another.
    pub fn of_system() -> &'static Self {
        let first = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        Self::of(first.as_deref().unwrap_or_default())
    }

    pub(crate) fn of(locale: &str) -> &'static Self {
        if locale.to_ascii_lowercase().starts_with("de") { &GERMAN } else { &ENGLISH }
    }

    /// A word for how available a person says they are.
    pub fn availability(&self, availability: Availability) -> &'static str {
        match availability {
            Availability::Here => self.here,
            Availability::Away => self.away,
            Availability::Busy => self.busy,
            Availability::Invisible => self.invisible,
        }
    }

    /// How many messages wait to be read.
    pub fn unread(&self, count: u32) -> String {
        if count == 1 { self.one_unread.into() } else { self.many_unread.replace("{}", &count.to_string()) }
    }

    /// How much more happened than there are toasts for.
    pub fn more(&self, count: u32) -> String {
        self.more.replace("{}", &count.to_string())
    }

    /// What the tray says when pointed at: the state, and what waits.
    pub fn tooltip(&self, mirror: &Mirror) -> String {
        let state = match mirror.availability() {
            None => self.offline,
            Some(_) if !mirror.is_connected() => self.connecting,
            Some(availability) => self.availability(availability),
        };
        match mirror.unread() {
            0 => format!("JUICE: {state}"),
            unread => format!("JUICE: {state}, {}", self.unread(unread)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::tests::{buddy, open_with};

    #[test]
    fn german_is_spoken_where_the_system_speaks_it_and_english_elsewhere() {
        assert_eq!(Words::of("de_AT.UTF-8").quit, "Beenden");
        assert_eq!(Words::of("fr_FR.UTF-8").quit, "Quit");
        assert_eq!(Words::of("").quit, "Quit");
    }

    #[test]
    fn the_tooltip_says_the_state_and_what_is_unread() {
        let one = open_with(vec![buddy("bob", "", 1)]);
        assert_eq!(ENGLISH.tooltip(&one), "JUICE: Here, 1 unread message");
        assert_eq!(GERMAN.tooltip(&one), "JUICE: Da, 1 ungelesene Nachricht");
        assert_eq!(ENGLISH.tooltip(&open_with(Vec::new())), "JUICE: Here");
        assert_eq!(ENGLISH.tooltip(&Mirror::default()), "JUICE: Signed out");
    }
}
