//! JSON, for other programs: one object, a line for each message in its list.

use juice_proto::{file_name, id::Millis};
use serde_json::json;

use super::{Heading, Line, when};

pub(super) const END: &str = "\n]}\n";

pub(super) fn begin(heading: &Heading) -> String {
    let head = json!({
        "format": "juice-conversation",
        "version": 1,
        "exported": when::stamp(heading.now_ms),
        "me": heading.me,
        "buddy": heading.buddy,
    });
    let head = head.to_string();
    format!("{},\n\"messages\": [", head.strip_suffix('}').unwrap_or(&head))
}

pub(super) fn line(out: &mut String, line: &Line<'_>, last: Option<Millis>) {
    let shown = line.shown;
    let record = &shown.record;
    let reactions: Vec<_> =
        shown.reactions.iter().map(|(emoji, mine)| json!({ "emoji": emoji, "mine": mine })).collect();
    let earlier: Vec<_> =
        line.earlier.iter().map(|(text, at)| json!({ "text": text, "at": when::stamp(*at) })).collect();
    let message = json!({
        "id": record.id.to_string(),
        "by": line.by,
        "mine": record.mine,
        "sent": when::stamp(record.sent_ms),
        "text": record.text,
        "deleted": shown.deleted,
        "unsupported": line.unsupported(),
        "earlier": earlier,
        "reactions": reactions,
        "answers": shown.quote.as_ref().map(|quote| {
            json!({ "id": quote.id.to_string(), "mine": quote.mine, "text": quote.text })
        }),
        "file": shown.file.as_ref().map(|file| {
            json!({ "name": file_name::safe(&file.offer.name), "size": file.offer.size })
        }),
        "call": line.call(),
        "delivery": line.delivery().map(|(state, at)| json!({ "state": state, "at": at.map(when::stamp) })),
    });
    out.push_str(if last.is_some() { ",\n" } else { "\n" });
    out.push_str(&message.to_string());
}
