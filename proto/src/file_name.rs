//! Names of files from elsewhere, made safe to save under on any system.

use crate::content::MAX_FILE_NAME;

/// What Windows takes for devices, whatever the ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The last part of a path, without what a system forbids, hides or reads otherwise: control and formatting
/// characters, separators, leading dots, trailing dots and spaces, names of devices. Never empty, at most
/// [`MAX_FILE_NAME`] bytes, the ending kept.
pub fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return "file".into();
    }
    let stem = clean.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let device = DEVICES.iter().any(|device| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.is_empty() || (matches!(*device, "com" | "lpt") && rest.chars().count() == 1))
    });
    let named = if device { format!("_{clean}") } else { clean.to_owned() };
    shortened(&named)
}

/// Formatting characters that turn or hide letters: `exe.jpg` may be `gpj.exe` under them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

/// Within the bytes that a file system takes, the ending kept where it is one.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_FILE_NAME {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        Some(_) | None => (name, String::new()),
    };
    let room = MAX_FILE_NAME - ending.len();
    let mut kept = String::new();
    for c in stem.chars() {
        if kept.len() + c.len_utf8() > room {
            break;
        }
        kept.push(c);
    }
    // What was cut may end as no name should.
    let kept = kept.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if kept.is_empty() { "file".to_owned() + &ending } else { kept.to_owned() + &ending }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_saves_beside_nothing_else() {
        for (given, kept) in [
            ("../../x", "x"),
            ("..\\..\\x", "x"),
            ("/etc/passwd", "passwd"),
            ("C:\\autoexec.bat", "autoexec.bat"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("COM1.log", "_COM1.log"),
            ("lpt\u{b9}", "_lpt\u{b9}"),
            ("console.txt", "console.txt"),
            (".bashrc", "bashrc"),
            ("..", "file"),
            ("", "file"),
            ("a\0b\nc", "abc"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("trailing. . ", "trailing"),
            ("what?.txt", "what_.txt"),
            ("gr\u{fc}\u{df}e.txt", "gr\u{fc}\u{df}e.txt"),
        ] {
            assert_eq!(safe(given), kept, "{given:?}");
        }
        let long = safe(&format!("{}.jpeg", "\u{fc}".repeat(300)));
        assert!(long.len() <= MAX_FILE_NAME && long.ends_with(".jpeg"));
        let cut = safe(&format!("{}. . .{}", "x".repeat(250), "y".repeat(250)));
        assert_eq!(cut, "x".repeat(250), "nor does a name end with a dot because it was cut there");
    }
}
