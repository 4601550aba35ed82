//! What a text looks like: a small part of Markdown, links, and `/me`, read into a tree that can be drawn as it is.
//!
//! Nothing in it is ever markup for anything else: the leaves are texts, and links are of the schemes in [`SCHEMES`].

mod reader;

use serde::Serialize;
use ts_rs::TS;

/// What a link may begin with; another one is shown as it was typed.
pub const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "juice:"];

/// How deep quotes, lists and emphasis may stand in each other; what is deeper is drawn on this level.
const MAX_DEPTH: usize = 8;

/// What a text looks like, and whether it says what its author does (`/me`).
pub fn read(text: &str) -> (bool, Vec<Block>) {
    match text.strip_prefix("/me ") {
        Some(deed) => (true, reader::read(deed)),
        None => (false, reader::read(text)),
    }
}

/// The letters of a text alone, in one line: what it says where there is no room for how.
pub fn plain(text: &str) -> String {
    let (_, blocks) = read(text);
    let lines: Vec<String> = blocks.iter().map(reader::letters_of_block).collect();
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A paragraph or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Block {
    /// Words.
    Paragraph {
        /// Piece by piece.
        words: Vec<Inline>,
    },
    /// What someone else said.
    Quote {
        /// Of these.
        blocks: Vec<Block>,
    },
    /// As it is, in a fixed width.
    Code {
        /// What is named after the fence; may be empty.
        language: String,
        /// The lines.
        text: String,
    },
    /// A list.
    List {
        /// The first number; none for bullets.
        start: Option<u32>,
        /// Each of these.
        items: Vec<Vec<Block>>,
    },
}

/// A piece of a paragraph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Inline {
    /// Letters.
    Text {
        /// These.
        text: String,
    },
    /// Bold.
    Strong {
        /// These.
        words: Vec<Inline>,
    },
    /// Italic.
    Emphasis {
        /// These.
        words: Vec<Inline>,
    },
    /// Struck out.
    Struck {
        /// These.
        words: Vec<Inline>,
    },
    /// In a fixed width.
    Code {
        /// These.
        text: String,
    },
    /// To be opened by a click, after a look at where it leads.
    Link {
        /// Where to.
        href: String,
        /// What it says.
        words: Vec<Inline>,
    },
    /// A new line.
    Break,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text { text: text.into() }
    }

    fn paragraph(words: Vec<Inline>) -> Block {
        Block::Paragraph { words }
    }

    #[test]
    fn the_small_subset_is_read() {
        let link = |href: &str, said: &str| Inline::Link { href: href.into(), words: vec![text(said)] };
        for (given, blocks) in [
            ("plain", vec![paragraph(vec![text("plain")])]),
            ("two\nlines", vec![paragraph(vec![text("two"), Inline::Break, text("lines")])]),
            (
                "**b** *i* ~~s~~ `c`",
                vec![paragraph(vec![
                    Inline::Strong { words: vec![text("b")] },
                    text(" "),
                    Inline::Emphasis { words: vec![text("i")] },
                    text(" "),
                    Inline::Struck { words: vec![text("s")] },
                    text(" "),
                    Inline::Code { text: "c".into() },
                ])],
            ),
            (
                "see https://example.org/a_b.",
                vec![paragraph(vec![
                    text("see "),
                    link("https://example.org/a_b", "https://example.org/a_b"),
                    text("."),
                ])],
            ),
            ("[here](https://example.org)", vec![paragraph(vec![link("https://example.org", "here")])]),
            ("> said", vec![Block::Quote { blocks: vec![paragraph(vec![text("said")])] }]),
            ("```rust\nlet x;\n```", vec![Block::Code { language: "rust".into(), text: "let x;".into() }]),
            (
                "3. a\n4. b",
                vec![Block::List {
                    start: Some(3),
                    items: vec![vec![paragraph(vec![text("a")])], vec![paragraph(vec![text("b")])]],
                }],
            ),
        ] {
            assert_eq!(read(given), (false, blocks), "{given}");
        }
        assert_eq!(read("/me waves"), (true, vec![paragraph(vec![text("waves")])]));
    }

    #[test]
    fn the_plain_words_are_in_one_line_without_marks() {
        let text = "My **list**:\n\n1. ~~lemons~~ limes\n2. `bergamots`\n\n> see [the plan](https://example.org)";
        assert_eq!(plain(text), "My list: lemons limes bergamots see the plan");
        assert_eq!(plain("/me waves"), "waves");
    }

    #[test]
    fn what_would_be_alive_elsewhere_is_letters_here() {
        for given in ["<img src=x onerror=alert(1)>", "<b>x</b>", "<script>\nalert(1)\n</script>", "a <i>b"] {
            let (_, blocks) = read(given);
            let shown: String = blocks.iter().map(flat).collect();
            assert_eq!(shown, given);
        }
        for given in ["[x](javascript:alert(1))", "[x](data:text/html,y)", "[x](file:///etc/passwd)", "<javascript:x>"]
        {
            let (_, blocks) = read(given);
            assert!(!format!("{blocks:?}").contains("Link"), "{blocks:?}");
            assert!(blocks.iter().map(flat).any(|shown| shown.contains(':')), "where it leads is shown: {blocks:?}");
        }
    }

    #[test]
    fn a_tower_of_quotes_does_not_fall() {
        let towers = ["> ", "*_", "- ", "*a **b ", "![a `b` ", "**`a` *`b` ", "> - ", "[x *y **"];
        for given in towers.map(|floor| floor.repeat(16_000 / floor.len()) + "x") {
            let (_, blocks) = read(&given);
            let (nodes, depth) = size_of_blocks(&blocks);
            assert!(depth <= MAX_DEPTH + 2, "{depth} levels of {:?}", &given[..8]);
            assert!(nodes <= given.len(), "{nodes} pieces of {:?}", &given[..8]);
        }
        let closed = "**`a` *`b` ".repeat(2_000) + &"* **".repeat(2_000);
        assert!(size_of_blocks(&read(&closed).1).1 <= MAX_DEPTH + 2);
    }

    /// How many pieces there are, and how deep they stand.
    fn size_of_blocks(blocks: &[Block]) -> (usize, usize) {
        sum(blocks.iter().map(|block| match block {
            Block::Paragraph { words } => size_of_words(words),
            Block::Quote { blocks } => size_of_blocks(blocks),
            Block::Code { .. } => (0, 0),
            Block::List { items, .. } => sum(items.iter().map(|item| size_of_blocks(item))),
        }))
    }

    fn size_of_words(words: &[Inline]) -> (usize, usize) {
        sum(words.iter().map(|word| match word {
            Inline::Text { .. } | Inline::Code { .. } | Inline::Break => (0, 0),
            Inline::Strong { words } | Inline::Emphasis { words } | Inline::Struck { words } => size_of_words(words),
            Inline::Link { words, .. } => size_of_words(words),
        }))
    }

    fn sum(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
        parts.fold((0, 0), |(all, deepest), (nodes, depth)| (all + nodes + 1, deepest.max(depth + 1)))
    }

    fn flat(block: &Block) -> String {
        match block {
            Block::Paragraph { words } => words.iter().map(flat_words).collect(),
            Block::Quote { blocks } => blocks.iter().map(flat).collect(),
            Block::Code { text, .. } => text.clone(),
            Block::List { items, .. } => items.iter().flatten().map(flat).collect(),
        }
    }

    fn flat_words(word: &Inline) -> String {
        match word {
            Inline::Text { text } | Inline::Code { text } => text.clone(),
            Inline::Break => "\n".into(),
            Inline::Strong { words } | Inline::Emphasis { words } | Inline::Struck { words } => {
                words.iter().map(flat_words).collect()
            }
            Inline::Link { words, .. } => words.iter().map(flat_words).collect(),
        }
    }
}
