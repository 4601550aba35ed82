//! What the page pastes: bytes as the body of a request, the name in its head.

use juice_engine::view::{CommandError, ErrorCode};
use tauri::ipc::{InvokeBody, Request};
use url::form_urlencoded;

/// The head's line with the name, percent-encoded: a head holds ASCII alone.
const NAME: &str = "juice-name";

/// The bytes and the name of what was pasted.
///
/// # Errors
/// `BadText` where the page sent something else.
pub fn read(request: &Request<'_>) -> Result<(Vec<u8>, String), CommandError> {
    let bad = || CommandError { code: ErrorCode::BadText, message: "not what a page pastes".into() };
    let bytes = match request.body() {
        InvokeBody::Raw(bytes) => bytes.clone(),
        // Where the web view has no other road, numbers come as text.
        InvokeBody::Json(numbers) => serde_json::from_value(numbers.clone()).map_err(|_| bad())?,
    };
    let name = request.headers().get(NAME).and_then(|name| name.to_str().ok()).ok_or_else(bad)?;
    Ok((bytes, decoded(name)))
}

fn decoded(name: &str) -> String {
    // A plus is a plus here; only in forms it is a space.
    let escaped = format!("n={}", name.replace('+', "%2B"));
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_script_arrives() {
        assert_eq!(decoded("B%C3%BCro%20%26%20more+1.png"), "Büro & more+1.png");
        assert_eq!(decoded("plain.png"), "plain.png");
        assert_eq!(decoded(""), "");
    }
}
