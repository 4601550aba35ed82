//! Reads Markdown's events into the tree.
//!
//! What is open stands on a stack; a closing puts it into what is open below. HTML is letters, pictures are their
//! words, headings are strong paragraphs.

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::{Block, Inline, MAX_DEPTH, SCHEMES};

/// What is open: its tag and what it has so far. Words and blocks never stand side by side in the tree, so words that
/// come where blocks are become a paragraph.
enum Open {
    Blocks { tag: Frame, blocks: Vec<Block>, loose: Vec<Inline> },
    Words { tag: Frame, words: Vec<Inline> },
}

/// What a closing makes of what was open.
enum Frame {
    Text,
    Paragraph,
    Heading,
    Quote,
    List(Option<u32>, Vec<Vec<Block>>),
    Item,
    Code(String),
    Strong,
    Emphasis,
    Struck,
    Link(String),
}

pub(super) fn read(text: &str) -> Vec<Block> {
    let mut reader = Reader { open: vec![Open::blocks(Frame::Text)], opened: Vec::new() };
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        reader.take(event);
    }
    while reader.open.len() > 1 {
        reader.close();
    }
    match reader.open.pop() {
        Some(Open::Blocks { blocks, loose, .. }) => with_loose(blocks, loose),
        Some(Open::Words { words, .. }) => with_loose(Vec::new(), words),
        None => Vec::new(),
    }
}

struct Reader {
    open: Vec<Open>,
    /// For each tag that is open, whether it is on the stack: what is too deep or of no use isn't, and its content goes to
    /// the level below.
    opened: Vec<bool>,
}

impl Open {
    fn blocks(tag: Frame) -> Self {
        Self::Blocks { tag, blocks: Vec::new(), loose: Vec::new() }
    }

    fn words(tag: Frame) -> Self {
        Self::Words { tag, words: Vec::new() }
    }
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => {
                if self.opened.pop() == Some(true) {
                    self.close();
                }
            }
            Event::Text(text) => self.letters(&text),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.put(Inline::Code { text: text.into_string() });
            }
            Event::SoftBreak | Event::HardBreak => self.put(Inline::Break),
            Event::Rule => self.block(Block::Paragraph { words: vec![Inline::Text { text: "\u{2014}".into() }] }),
            Event::FootnoteReference(name) => self.letters(&name),
            Event::TaskListMarker(done) => self.letters(if done { "[x] " } else { "[ ] " }),
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the rest is switched off, or nothing but its content")]
    fn start(&mut self, tag: Tag<'_>) {
        let deep = self.open.len() > MAX_DEPTH;
        let opened = match tag {
            Tag::Paragraph | Tag::HtmlBlock => Some(Open::words(Frame::Paragraph)),
            Tag::Heading { .. } => Some(Open::words(Frame::Heading)),
            Tag::CodeBlock(kind) => Some(Open::words(Frame::Code(match kind {
                CodeBlockKind::Fenced(language) => language.into_string(),
                CodeBlockKind::Indented => String::new(),
            }))),
            Tag::Link { dest_url, .. } => Some(Open::words(Frame::Link(dest_url.into_string()))),
            _ if deep => None,
            Tag::BlockQuote(_) => Some(Open::blocks(Frame::Quote)),
            Tag::List(start) => {
                Some(Open::blocks(Frame::List(start.and_then(|start| u32::try_from(start).ok()), Vec::new())))
            }
            Tag::Item => Some(Open::blocks(Frame::Item)),
            Tag::Strong => Some(Open::words(Frame::Strong)),
            Tag::Emphasis => Some(Open::words(Frame::Emphasis)),
            Tag::Strikethrough => Some(Open::words(Frame::Struck)),
            _ => None,
        };
        self.opened.push(opened.is_some());
        self.open.extend(opened);
    }

    fn close(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        match self.open.pop() {
            Some(Open::Words { tag, words }) => self.close_words(tag, words),
            Some(Open::Blocks { tag, blocks, loose }) => self.close_blocks(tag, with_loose(blocks, loose)),
            None => {}
        }
    }

    fn close_words(&mut self, tag: Frame, words: Vec<Inline>) {
        match tag {
            Frame::Heading => self.block(Block::Paragraph { words: vec![Inline::Strong { words }] }),
            Frame::Code(language) => {
                let text = plain(&words).trim_end_matches('\n').to_owned();
                self.block(Block::Code { language, text });
            }
            Frame::Strong => self.put(Inline::Strong { words }),
            Frame::Emphasis => self.put(Inline::Emphasis { words }),
            Frame::Struck => self.put(Inline::Struck { words }),
            Frame::Link(href) if SCHEMES.iter().any(|scheme| starts_with(&href, scheme)) => {
                // A link inside a link's words would be a second place to lead to.
                let words = vec![Inline::Text { text: plain(&words) }];
                self.put(Inline::Link { href, words });
            }
            Frame::Link(href) => {
                let said = plain(&words);
                let text = if said == href { said } else { format!("{said} ({href})") };
                self.put(Inline::Text { text });
            }
            Frame::Paragraph => self.block(Block::Paragraph { words }),
            Frame::Text | Frame::Quote | Frame::List(..) | Frame::Item => {
                words.into_iter().for_each(|word| self.put(word));
            }
        }
    }

    fn close_blocks(&mut self, tag: Frame, blocks: Vec<Block>) {
        match tag {
            Frame::Quote => self.block(Block::Quote { blocks }),
            Frame::List(start, items) => self.block(Block::List { start, items }),
            Frame::Item => {
                if let Some(Open::Blocks { tag: Frame::List(_, items), .. }) = self.open.last_mut() {
                    items.push(blocks);
                } else {
                    blocks.into_iter().for_each(|block| self.block(block));
                }
            }
            Frame::Text
            | Frame::Paragraph
            | Frame::Heading
            | Frame::Code(_)
            | Frame::Strong
            | Frame::Emphasis
            | Frame::Struck
            | Frame::Link(_) => blocks.into_iter().for_each(|block| self.block(block)),
        }
    }

    fn block(&mut self, block: Block) {
        match self.open.last_mut() {
            Some(Open::Blocks { blocks, loose, .. }) => {
                if !loose.is_empty() {
                    blocks.push(Block::Paragraph { words: std::mem::take(loose) });
                }
                blocks.push(block);
            }
            Some(Open::Words { words, .. }) => words.extend(words_of(block)),
            None => {}
        }
    }

    fn put(&mut self, word: Inline) {
        let Some(open) = self.open.last_mut() else { return };
        let words = match open {
            Open::Blocks { loose, .. } => loose,
            Open::Words { words, .. } => words,
        };
        match (words.last_mut(), word) {
            (Some(Inline::Text { text: before }), Inline::Text { text }) => before.push_str(&text),
            (_, word) => words.push(word),
        }
    }

    /// HTML as it was typed; a block of it comes line by line.
    fn html(&mut self, html: &str) {
        let (line, ends) = html.strip_suffix('\n').map_or((html, false), |line| (line, true));
        self.put(Inline::Text { text: line.into() });
        if ends {
            self.put(Inline::Text { text: "\n".into() });
        }
    }

    /// Letters, with the addresses in them as links; not so in code and in a link's own words.
    fn letters(&mut self, text: &str) {
        let verbatim =
            self.open.iter().any(|open| matches!(open, Open::Words { tag: Frame::Code(_) | Frame::Link(_), .. }));
        if verbatim {
            return self.put(Inline::Text { text: text.into() });
        }
        for span in LinkFinder::new().spans(text) {
            let said = span.as_str();
            let href = match span.kind() {
                Some(LinkKind::Url) if SCHEMES.iter().any(|scheme| starts_with(said, scheme)) => said.to_owned(),
                Some(LinkKind::Email) => format!("mailto:{said}"),
                Some(_) | None => {
                    self.put(Inline::Text { text: said.into() });
                    continue;
                }
            };
            self.put(Inline::Link { href, words: vec![Inline::Text { text: said.into() }] });
        }
    }
}

fn starts_with(href: &str, scheme: &str) -> bool {
    href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

fn with_loose(mut blocks: Vec<Block>, loose: Vec<Inline>) -> Vec<Block> {
    if !loose.is_empty() {
        blocks.push(Block::Paragraph { words: loose });
    }
    blocks
}

/// The letters alone.
fn plain(words: &[Inline]) -> String {
    words.iter().map(letters_of).collect()
}

fn letters_of(word: &Inline) -> String {
    match word {
        Inline::Text { text } | Inline::Code { text } => text.clone(),
        Inline::Break => "\n".into(),
        Inline::Strong { words } | Inline::Emphasis { words } | Inline::Struck { words } => plain(words),
        Inline::Link { words, .. } => plain(words),
    }
}

fn words_of(block: Block) -> Vec<Inline> {
    match block {
        Block::Paragraph { words } => words,
        Block::Code { text, .. } => vec![Inline::Code { text }],
        Block::Quote { blocks } => blocks.into_iter().flat_map(words_of).collect(),
        Block::List { items, .. } => items.into_iter().flatten().flat_map(words_of).collect(),
    }
}

/// The letters of a block, its parts apart.
pub(super) fn letters_of_block(block: &Block) -> String {
    match block {
        Block::Paragraph { words } => plain(words),
        Block::Code { text, .. } => text.clone(),
        Block::Quote { blocks } => letters_of_blocks(blocks),
        Block::List { items, .. } => items.iter().map(|item| letters_of_blocks(item)).collect::<Vec<_>>().join(" "),
    }
}

fn letters_of_blocks(blocks: &[Block]) -> String {
    blocks.iter().map(letters_of_block).collect::<Vec<_>>().join(" ")
}
