//! HTML, to be read in a browser: one file that needs nothing else and runs nothing, light or dark as the reader likes it.
//!
//! Texts are drawn from the same tree as in the window, and escaped at its leaves.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use juice_proto::{
    file_name,
    id::Millis,
    messenger::record::{FileRecord, ShownMessage},
    prose::{self, Block, Inline},
};

use super::{Heading, Line, when};

/// Nothing is loaded and nothing runs, whatever slipped through.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = "
:root { color-scheme: light dark; --page: #f7f5f2; --ink: #22201d; --faint: #6a645c; --theirs: #ffffff; --mine: #ffe8cc;
  --line: #d9d3ca; --link: #9a4a00 }
@media (prefers-color-scheme: dark) { :root { --page: #1b1917; --ink: #ece7e0; --faint: #a39b90; --theirs: #282522;
  --mine: #4a3112; --line: #45403a; --link: #ffb35c } }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem } h2 { font-size: 1rem; text-align: center; color: var(--faint); margin: 2rem 0 1rem }
header p, .meta, .earlier, .gone { color: var(--faint); font-size: .85rem }
article { width: fit-content; max-width: 85%; margin: .5rem 0; padding: .5rem .8rem; border: 1px solid var(--line);
  border-radius: .8rem; background: var(--theirs); overflow-wrap: anywhere }
article.mine { margin-left: auto; background: var(--mine) }
article p, article ul, article ol, article pre, article blockquote { margin: .2rem 0 }
article pre { white-space: pre-wrap } blockquote { border-left: 3px solid var(--line); padding-left: .6rem }
img { display: block; max-width: 100%; border-radius: .4rem } a { color: var(--link) }
.action { font-style: italic } .meta { margin: .2rem 0 0 } .reactions { margin: .2rem 0 0 }
@media print { article { break-inside: avoid } }
";

pub(super) const END: &str = "</main>\n</body>\n</html>\n";

pub(super) fn begin(heading: &Heading) -> String {
    let (me, buddy) = (escaped(&heading.me), escaped(&heading.buddy));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{me} and {buddy}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{me} and {buddy}</h1>\n<p>Written out of JUICE on {}; times are universal time.</p></header>\n<main>\n",
        when::plainly(heading.now_ms),
    )
}

pub(super) fn line(out: &mut String, line: &Line<'_>, last: Option<Millis>) {
    let shown = line.shown;
    let record = &shown.record;
    let day = when::day(record.sent_ms);
    if last.is_none_or(|last| when::day(last) != day) {
        out.push_str(&format!("<h2>{day}</h2>\n"));
    }
    let side = if record.mine { " class=\"mine\"" } else { "" };
    out.push_str(&format!("<article{side} id=\"m-{}\">", record.id));
    quote(out, shown);
    if let Some(offered) = &shown.file {
        file(out, offered);
    }
    if shown.deleted {
        out.push_str("<p class=\"gone\">(deleted)</p>");
    } else if line.unsupported() {
        out.push_str("<p class=\"gone\">(a newer JUICE wrote this)</p>");
    } else if let Some(call) = line.call() {
        out.push_str(&format!("<p class=\"gone\">{call}</p>"));
    } else {
        said(out, line.by, &record.text);
    }
    for (text, at) in &line.earlier {
        out.push_str(&format!("<details class=\"earlier\"><summary>Before, since {}</summary>", when::plainly(*at)));
        said(out, line.by, text);
        out.push_str("</details>");
    }
    if !shown.reactions.is_empty() {
        out.push_str("<p class=\"reactions\">");
        for (emoji, mine) in &shown.reactions {
            let who = if *mine { "me" } else { "they" };
            out.push_str(&format!("<span title=\"{who}\">{}</span> ", escaped(emoji)));
        }
        out.push_str("</p>");
    }
    out.push_str(&format!(
        "<p class=\"meta\">{} <time datetime=\"{}\">{}</time>",
        escaped(line.by),
        when::stamp(record.sent_ms),
        when::time(record.sent_ms),
    ));
    if let Some((state, at)) = line.delivery() {
        let at = at.map(|at| format!(" {}", when::plainly(at))).unwrap_or_default();
        out.push_str(&format!(", {state}{at}"));
    }
    out.push_str("</p></article>\n");
}

fn quote(out: &mut String, shown: &ShownMessage) {
    if let Some(quote) = &shown.quote {
        let text = if quote.text.is_empty() { "(deleted)".into() } else { escaped(&quote.text) };
        out.push_str(&format!("<blockquote dir=\"auto\"><a href=\"#m-{}\">{text}</a></blockquote>", quote.id));
    }
}

fn file(out: &mut String, file: &FileRecord) {
    let thumbnail = file.offer.picture.as_ref().map(|picture| picture.thumbnail.as_slice()).unwrap_or_default();
    let name = escaped(&file_name::safe(&file.offer.name));
    if !thumbnail.is_empty() {
        let data = STANDARD.encode(thumbnail);
        out.push_str(&format!("<img alt=\"{name}\" src=\"data:image/jpeg;base64,{data}\">"));
    }
    out.push_str(&format!("<p><strong dir=\"auto\">{name}</strong>, {}</p>", when::size(file.offer.size)));
}

fn said(out: &mut String, by: &str, text: &str) {
    let (action, body) = prose::read(text);
    if action {
        out.push_str(&format!("<div class=\"action\" dir=\"auto\">{} ", escaped(by)));
    } else {
        out.push_str("<div dir=\"auto\">");
    }
    blocks(out, &body);
    out.push_str("</div>");
}

fn blocks(out: &mut String, all: &[Block]) {
    for block in all {
        match block {
            Block::Paragraph { words } => {
                out.push_str("<p>");
                inlines(out, words);
                out.push_str("</p>");
            }
            Block::Quote { blocks: inner } => {
                out.push_str("<blockquote>");
                blocks(out, inner);
                out.push_str("</blockquote>");
            }
            Block::Code { text, .. } => out.push_str(&format!("<pre><code>{}</code></pre>", escaped(text))),
            Block::List { start, items } => {
                let tag = if start.is_some() { "ol" } else { "ul" };
                let first = start.map(|start| format!(" start=\"{start}\"")).unwrap_or_default();
                out.push_str(&format!("<{tag}{first}>"));
                for item in items {
                    out.push_str("<li>");
                    blocks(out, item);
                    out.push_str("</li>");
                }
                out.push_str(&format!("</{tag}>"));
            }
        }
    }
}

fn inlines(out: &mut String, all: &[Inline]) {
    for inline in all {
        match inline {
            Inline::Text { text } => out.push_str(&escaped(text)),
            Inline::Code { text } => out.push_str(&format!("<code>{}</code>", escaped(text))),
            Inline::Break => out.push_str("<br>"),
            Inline::Strong { words } => within(out, "strong", words),
            Inline::Emphasis { words } => within(out, "em", words),
            Inline::Struck { words } => within(out, "s", words),
            Inline::Link { href, words } => {
                out.push_str(&format!("<a rel=\"noopener noreferrer\" href=\"{}\">", escaped(href)));
                inlines(out, words);
                out.push_str("</a>");
            }
        }
    }
}

fn within(out: &mut String, tag: &str, words: &[Inline]) {
    out.push_str(&format!("<{tag}>"));
    inlines(out, words);
    out.push_str(&format!("</{tag}>"));
}

/// Text that is nothing but text, also in an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
