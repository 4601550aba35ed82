//! A key and what is held with it, as the settings keep it: `Ctrl+Alt+KeyT`. Pure.

/// The keys that can be had, by the code that the W3C's UI Events give them, and as X names what they yield; letters,
/// digits and function keys aside.
const NAMED: [(&str, &str); 42] = [
    ("Backquote", "grave"),
    ("Minus", "minus"),
    ("Equal", "equal"),
    ("BracketLeft", "bracketleft"),
    ("BracketRight", "bracketright"),
    ("Backslash", "backslash"),
    ("Semicolon", "semicolon"),
    ("Quote", "apostrophe"),
    ("Comma", "comma"),
    ("Period", "period"),
    ("Slash", "slash"),
    ("Space", "space"),
    ("Tab", "Tab"),
    ("Enter", "Return"),
    ("Backspace", "BackSpace"),
    ("Insert", "Insert"),
    ("Delete", "Delete"),
    ("Home", "Home"),
    ("End", "End"),
    ("PageUp", "Page_Up"),
    ("PageDown", "Page_Down"),
    ("ArrowUp", "Up"),
    ("ArrowDown", "Down"),
    ("ArrowLeft", "Left"),
    ("ArrowRight", "Right"),
    ("Pause", "Pause"),
    ("ScrollLock", "Scroll_Lock"),
    ("NumpadAdd", "KP_Add"),
    ("NumpadSubtract", "KP_Subtract"),
    ("NumpadMultiply", "KP_Multiply"),
    ("NumpadDivide", "KP_Divide"),
    ("NumpadDecimal", "KP_Decimal"),
    ("Numpad0", "KP_0"),
    ("Numpad1", "KP_1"),
    ("Numpad2", "KP_2"),
    ("Numpad3", "KP_3"),
    ("Numpad4", "KP_4"),
    ("Numpad5", "KP_5"),
    ("Numpad6", "KP_6"),
    ("Numpad7", "KP_7"),
    ("Numpad8", "KP_8"),
    ("Numpad9", "KP_9"),
];
/// What nobody types with, so that it may be had alone. The page has the same list.
const ALONE: [&str; 3] = ["Pause", "ScrollLock", "Insert"];
/// Modifiers as they are kept, and as the shortcuts specification of freedesktop.org writes them.
const MODIFIERS: [(&str, &str); 4] = [("Ctrl", "CTRL"), ("Alt", "ALT"), ("Shift", "SHIFT"), ("Super", "LOGO")];

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    /// As many as are held, as they are kept.
    held: Vec<String>,
    code: String,
}

impl Combination {
    /// None where it is no combination, or one that would take a letter from who types.
    pub fn read(kept: &str) -> Option<Self> {
        let (held, code) = kept.rsplit_once('+').unwrap_or(("", kept));
        let held: Vec<String> = held.split('+').filter(|part| !part.is_empty()).map(Into::into).collect();
        let known = held.iter().all(|one| MODIFIERS.iter().any(|(name, _)| name == one));
        let is_function = function_key(code);
        keysym(code)?;
        let chorded = held.iter().any(|one| one != "Shift");
        let is_free = chorded || is_function || ALONE.contains(&code);
        (known && is_free).then(|| Self { held, code: code.into() })
    }

    /// As systems take it that give keys to programs.
    pub fn accelerator(&self) -> String {
        self.held.iter().chain([&self.code]).map(String::as_str).collect::<Vec<_>>().join("+")
    }

    /// As the shortcuts specification of freedesktop.org writes it: `CTRL+ALT+t`.
    #[cfg_attr(any(windows, target_os = "macos"), allow(dead_code, reason = "only desktops of freedesktop.org ask"))]
    pub fn trigger(&self) -> String {
        let key = keysym(&self.code).unwrap_or_default();
        let held = MODIFIERS.iter().filter(|(name, _)| self.held.iter().any(|one| one == name));
        held.map(|(_, written)| *written).chain([key.as_str()]).collect::<Vec<_>>().join("+")
    }
}

fn function_key(code: &str) -> bool {
    code.strip_prefix('F').and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| (1..=24).contains(&number))
}

/// As X names what a key yields.
fn keysym(code: &str) -> Option<String> {
    let one = |text: &str| (text.len() == 1).then(|| text.to_ascii_lowercase());
    if let Some(letter) = code.strip_prefix("Key") {
        return one(letter).filter(|letter| letter.bytes().all(|byte| byte.is_ascii_lowercase()));
    }
    if let Some(digit) = code.strip_prefix("Digit") {
        return one(digit).filter(|digit| digit.bytes().all(|byte| byte.is_ascii_digit()));
    }
    if function_key(code) {
        return Some(code.into());
    }
    NAMED.iter().find(|(name, _)| *name == code).map(|(_, keysym)| (*keysym).into())
}

#[cfg(test)]
mod tests {
    use tauri_plugin_global_shortcut::Shortcut;

    use super::*;

    #[test]
    fn what_is_kept_is_had_by_systems_and_asked_of_desktops() {
        let cases = [
            ("Ctrl+Alt+KeyT", "CTRL+ALT+t"),
            ("Super+Space", "LOGO+space"),
            ("Shift+F9", "SHIFT+F9"),
            ("F13", "F13"),
            ("Pause", "Pause"),
            ("Ctrl+Shift+Digit0", "CTRL+SHIFT+0"),
            ("Alt+Numpad0", "ALT+KP_0"),
        ];
        for (kept, trigger) in cases {
            let read = Combination::read(kept).unwrap_or_else(|| panic!("{kept} is a combination"));
            assert_eq!((read.accelerator().as_str(), read.trigger().as_str()), (kept, trigger));
        }
    }

    #[test]
    fn systems_know_every_key_that_can_be_chosen() {
        let plain = NAMED.iter().map(|(code, _)| (*code).to_owned());
        let made = (b'A'..=b'Z').map(|letter| format!("Key{}", char::from(letter)));
        let more = (0..=9).map(|digit| format!("Digit{digit}")).chain((1..=24).map(|number| format!("F{number}")));
        for code in plain.chain(made).chain(more) {
            let read = Combination::read(&format!("Ctrl+{code}")).unwrap_or_else(|| panic!("{code} can be chosen"));
            assert!(read.accelerator().parse::<Shortcut>().is_ok(), "{code}");
        }
    }

    #[test]
    fn nothing_is_taken_from_who_types() {
        for kept in ["KeyT", "Shift+KeyT", "Space", "Enter", "Shift+Tab", "Digit1", "ArrowUp"] {
            assert_eq!(Combination::read(kept), None, "{kept}");
        }
    }

    #[test]
    fn what_is_no_combination_is_none() {
        for kept in ["", "+", "Ctrl", "Ctrl+", "Ctrl+Hyper+KeyT", "KeyT+Ctrl", "Ctrl+Key", "Ctrl+F25", "Ctrl+KeyÄ"] {
            assert_eq!(Combination::read(kept), None, "'{kept}'");
        }
    }
}
