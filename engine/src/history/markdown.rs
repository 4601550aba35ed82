//! Markdown. What was said stands in quotes, so that no text can pass for another message, and shows nothing but itself:
//! its own Markdown is kept, its HTML is not.

use juice_proto::{file_name, id::Millis};

use super::{Heading, Line, when};

pub(super) fn begin(heading: &Heading) -> String {
    format!(
        "# {} and {}\n\nWritten out of JUICE on {}; times are universal time.\n",
        name(&heading.me),
        name(&heading.buddy),
        when::plainly(heading.now_ms),
    )
}

pub(super) fn line(out: &mut String, line: &Line<'_>, last: Option<Millis>) {
    let shown = line.shown;
    let record = &shown.record;
    let day = when::day(record.sent_ms);
    if last.is_none_or(|last| when::day(last) != day) {
        out.push_str(&format!("\n## {day}\n"));
    }
    out.push_str(&format!("\n**{}** {}", name(line.by), when::time(record.sent_ms)));
    if let Some((state, at)) = line.delivery() {
        let at = at.map(|at| format!(" {}", when::plainly(at))).unwrap_or_default();
        out.push_str(&format!(" *({state}{at})*"));
    }
    out.push_str("\n\n");
    if let Some(quote) = &shown.quote {
        quoted(out, "> > ", if quote.text.is_empty() { "*(deleted)*" } else { &quote.text });
        out.push_str(">\n");
    }
    if let Some(file) = &shown.file {
        let file_name = name(&file_name::safe(&file.offer.name));
        out.push_str(&format!("> [{file_name}, {}]\n", when::size(file.offer.size)));
    }
    if shown.deleted {
        out.push_str("> *(deleted)*\n");
    } else if line.unsupported() {
        out.push_str("> *(a newer JUICE wrote this)*\n");
    } else if let Some(call) = line.call() {
        out.push_str(&format!("> *({call})*\n"));
    } else if !record.text.is_empty() {
        quoted(out, "> ", &record.text);
    }
    for (text, at) in &line.earlier {
        out.push_str(&format!("\nBefore, since {}:\n\n", when::plainly(*at)));
        quoted(out, "> ", text);
    }
    if !shown.reactions.is_empty() {
        let all: Vec<_> = shown
            .reactions
            .iter()
            .map(|(emoji, mine)| format!("{} ({})", escaped(emoji), if *mine { "me" } else { "they" }))
            .collect();
        out.push_str(&format!("\n{}\n", all.join(", ")));
    }
}

fn quoted(out: &mut String, before: &str, text: &str) {
    for line in text.split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        out.push_str(before);
        out.push_str(&escaped(line));
        // Two spaces keep the line's end.
        out.push_str("  \n");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").chars().filter(|c| !c.is_control() || *c == '\t').collect()
}

/// A name shows as it is.
fn name(name: &str) -> String {
    let mut out = String::new();
    for c in escaped(name).chars() {
        if matches!(c, '*' | '_' | '[' | ']' | '`' | '#' | '\\' | '!' | '(' | ')' | '~' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
