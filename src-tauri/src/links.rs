//! Which links leave the window, and how: to the person's own browser or mail program, after a look at the scheme.
//!
//! A link comes from a buddy's message, so it is never trusted: everything but http, https and mailto is refused,
//! and of a mailto only the address is kept, for some mail programs attach files that its query names.

use juice_engine::view::{CommandError, ErrorCode};
use url::Url;

/// Opens a link outside of the window.
///
/// # Errors
/// `Unknown` for a link of another kind; `Internal` where the system has no program for it.
pub fn open(link: &str) -> Result<(), CommandError> {
    let url = allowed(link)
        .ok_or_else(|| CommandError { code: ErrorCode::Unknown, message: "not a link that JUICE opens".into() })?;
    open::that_detached(url.as_str()).map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "no program took a link");
        CommandError { code: ErrorCode::Internal, message: "no program opens this link".into() }
    })
}

/// The link as it may be opened; none where it may not.
pub fn allowed(link: &str) -> Option<Url> {
    let mut url = Url::parse(link).ok()?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Some(url),
        "mailto" if url.path().contains('@') => {
            url.set_query(None);
            url.set_fragment(None);
            Some(url)
        }
        _ => None,
    }
}

/// An invite as it may be handed to the page; none for anything else.
pub fn invite(link: &str) -> Option<String> {
    /// What proto takes as a link at most.
    const LONGEST: usize = 512;
    let link = link.trim();
    let rest = link.strip_prefix("juice:1:")?;
    let plain = !rest.is_empty() && link.len() <= LONGEST && link.chars().all(|c| c.is_ascii_graphic());
    plain.then(|| link.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_mail_addresses_open() {
        for link in ["https://example.org/a?b#c", "http://example.org/", "mailto:bob@example.org"] {
            assert_eq!(allowed(link).map(String::from).as_deref(), Some(link));
        }
    }

    #[test]
    fn eve_cannot_make_a_click_start_a_program_or_read_a_file() {
        let links = [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "smb://eve/share",
            "ms-msdt:/id",
            "juice:1:abc",
            "tauri://localhost/",
            "/usr/bin/xcalc",
            "--help",
            "https:",
            "mailto:",
            " ",
            "",
        ];
        for link in links {
            assert!(allowed(link).is_none(), "{link} must not open");
        }
    }

    #[test]
    fn eve_cannot_have_a_file_attached_to_a_mail() {
        let url = allowed("mailto:eve@example.org?attach=/etc/passwd#x").expect("an address opens");
        assert_eq!(url.as_str(), "mailto:eve@example.org");
    }

    #[test]
    fn an_invite_is_handed_on_only_if_it_is_one() {
        assert_eq!(invite(" juice:1:q7Xh2m0b \n").as_deref(), Some("juice:1:q7Xh2m0b"));
        for not_one in ["juice:1:", "juice:2:abc", "juice:1:a b", "juice:1:a\u{202e}b", "--profile"] {
            assert_eq!(invite(not_one), None, "{not_one} is no invite");
        }
        assert_eq!(invite(&format!("juice:1:{}", "a".repeat(3_000))), None);
    }
}
