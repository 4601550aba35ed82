//! Words: what of a text goes into the search index, what a person's query asks of it, and where the hits are.
//!
//! The index cuts words where SQLite's tokenizer does: at whatever is no letter, digit or symbol. Scripts that write
//! without spaces, and emoji, are cut into single characters here, so that a part of such a text is found as a phrase.
//! Nothing of a query is syntax: each of its pieces becomes a quoted phrase, and the last one may go on. Pure: no disk.

use juice_proto::prose;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest query that is looked at, in characters, and the most pieces of it.
const MAX_QUERY: usize = 200;
const MAX_PIECES: usize = 16;
/// How much of a text is shown before its first hit, and in all, in characters.
const BEFORE: usize = 40;
const SNIPPET: usize = 160;
/// Of the private use area, before the number of a conversation, which so is no number that anyone wrote.
const MARK: char = '\u{e000}';

/// What goes into the index for a text of a conversation.
pub(super) fn indexed(text: &str, conversation: i64) -> String {
    format!("{} {MARK}{conversation}", spaced(text))
}

/// The text with spaces around what is a word by itself.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 24);
    for c in text.chars() {
        if stands_alone(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    out
}

/// Characters of scripts without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer), and emoji.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x312f | 0x3190..=0x9fff | 0xf900..=0xfaff
        | 0xff66..=0xff9f | 0x2_0000..=0x3_ffff | 0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff
        | 0x1_f000..=0x1_faff)
}

/// Part of a word, as the index sees it.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || stands_alone(c) || matches!(c, '\u{e000}'..='\u{f8ff}')
}

/// A word of a text: where it is, in bytes, and how it is compared.
#[derive(Debug)]
struct Word {
    start: usize,
    end: usize,
    folded: String,
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open: Option<Word> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if stands_alone(c) {
            words.extend(open.take());
            words.push(Word { start: at, end, folded: folded(c).collect() });
        } else if is_part(c) || (open.is_some() && is_combining_mark(c)) {
            let word = open.get_or_insert_with(|| Word { start: at, end, folded: String::new() });
            word.end = end;
            word.folded.extend(folded(c));
        } else {
            words.extend(open.take());
        }
    }
    words.extend(open);
    words
}

/// Without case and diacritics.
fn folded(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)
}

/// What a person looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Phrases of words, all of which must be there; the last word of the last one may go on.
    phrases: Vec<Vec<String>>,
    /// The same, as they were typed.
    typed: Vec<String>,
    /// Where there is no word in it: what must be there as it is.
    literal: Vec<String>,
}

impl Query {
    /// Reads what a person typed; none where there is nothing to look for.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed: String = typed.chars().take(MAX_QUERY).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let pieces: Vec<&str> = typed.split_whitespace().take(MAX_PIECES).collect();
        let mut query = Self { phrases: Vec::new(), typed: Vec::new(), literal: Vec::new() };
        for piece in &pieces {
            let phrase: Vec<_> = words(piece).into_iter().map(|word| word.folded).collect();
            if !phrase.is_empty() {
                query.phrases.push(phrase);
                query.typed.push((*piece).to_owned());
            }
        }
        if query.phrases.is_empty() {
            query.literal = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        }
        (!pieces.is_empty()).then_some(query)
    }

    /// The same for the index, in its own language, where it has words; within one conversation where that is given.
    pub fn expression(&self, conversation: Option<i64>) -> Option<String> {
        let mut phrases: Vec<_> = self.typed.iter().map(|piece| quoted(&spaced(piece))).collect();
        let last = phrases.last_mut()?;
        last.push_str(" *");
        phrases.extend(conversation.map(|number| quoted(&format!("{MARK}{number}"))));
        Some(phrases.join(" AND "))
    }

    /// Whether what has no words in it is in a text.
    pub fn literal_in(&self, text: &str) -> bool {
        self.literal.iter().all(|piece| text.contains(piece.as_str()))
    }

    /// The part of a text around the first hit, piece by piece; with whether each is a hit. What is found in its words
    /// is shown in them; what is found in its marks alone, or behind a link, is shown as it was typed.
    pub fn snippet(&self, text: &str) -> Vec<(String, bool)> {
        let plain = prose::plain(text);
        let hits = self.hits(&plain);
        if hits.is_empty() { cut(text, self.hits(text)) } else { cut(&plain, hits) }
    }

    /// Where hits are, in bytes, from the first to the last, none over another.
    fn hits(&self, text: &str) -> Vec<(usize, usize)> {
        let words = words(text);
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for at in 0..words.len() {
            let rest = words.get(at..).unwrap_or_default();
            for (number, phrase) in self.phrases.iter().enumerate() {
                let may_go_on = number + 1 == self.phrases.len();
                if begins(rest, phrase, may_go_on) {
                    let end = rest.get(phrase.len() - 1).map_or(0, |word| word.end);
                    let start = rest.first().map_or(end, |word| word.start);
                    hits.push((start, end));
                }
            }
        }
        for piece in &self.literal {
            hits.extend(text.match_indices(piece.as_str()).map(|(at, piece)| (at, at + piece.len())));
        }
        hits.sort_unstable();
        let mut last = 0;
        hits.retain(|(start, end)| {
            let apart = *start >= last;
            last = if apart { *end } else { last };
            apart
        });
        hits
    }
}

/// Whether a phrase stands at the beginning of these words.
fn begins(words: &[Word], phrase: &[String], may_go_on: bool) -> bool {
    phrase.len() <= words.len()
        && phrase.iter().zip(words).enumerate().all(|(n, (wanted, word))| {
            if may_go_on && n + 1 == phrase.len() {
                word.folded.starts_with(wanted.as_str())
            } else {
                word.folded == *wanted
            }
        })
}

/// The part of a text around the first of these hits.
fn cut(text: &str, hits: Vec<(usize, usize)>) -> Vec<(String, bool)> {
    let first = hits.first().map_or(0, |(start, _)| *start);
    let start = beginning(text, first);
    let end =
        text.get(start..).and_then(|rest| rest.char_indices().nth(SNIPPET)).map_or(text.len(), |(n, _)| start + n);
    let mut pieces = Vec::new();
    let mut put = |from: usize, to: usize, hit: bool| {
        let piece = text.get(from..to).unwrap_or_default();
        if !piece.is_empty() {
            pieces.push((piece.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>(), hit));
        }
    };
    let mut at = start;
    for (from, to) in hits {
        if from >= at && to <= end {
            put(at, from, false);
            put(from, to, true);
            at = to;
        }
    }
    put(at, end, false);
    if start > 0 {
        pieces.insert(0, ("\u{2026}".into(), false));
    }
    if end < text.len() {
        pieces.push(("\u{2026}".into(), false));
    }
    joined(pieces)
}

/// Where a snippet begins whose first hit is at `hit`: some words before it.
fn beginning(text: &str, hit: usize) -> usize {
    let before = text.get(..hit).unwrap_or_default();
    let Some((far, _)) = before.char_indices().rev().nth(BEFORE) else { return 0 };
    let space = before.get(far..).and_then(|near| near.find(char::is_whitespace));
    space.map_or(far, |space| far + space + 1)
}

/// Neighbours of one kind made one.
fn joined(pieces: Vec<(String, bool)>) -> Vec<(String, bool)> {
    let mut out: Vec<(String, bool)> = Vec::new();
    for (text, hit) in pieces {
        match out.last_mut() {
            Some((last, false)) if !hit => last.push_str(&text),
            Some(_) | None => out.push((text, hit)),
        }
    }
    out
}

fn quoted(phrase: &str) -> String {
    format!("\"{}\"", phrase.replace('"', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(query: &str, text: &str) -> Vec<String> {
        let pieces = Query::parse(query).unwrap().snippet(text);
        pieces.into_iter().filter(|(_, hit)| *hit).map(|(text, _)| text).collect()
    }

    #[test]
    fn nothing_that_is_typed_is_syntax() {
        let expression = |typed| Query::parse(typed).and_then(|query| query.expression(None));
        assert_eq!(expression("two words"), Some("\"two\" AND \"words\" *".into()));
        assert_eq!(
            expression("NOT \"a OR b* NEAR("),
            Some("\"NOT\" AND \" a\" AND \"OR\" AND \"b*\" AND \"NEAR(\" *".into())
        );
        assert_eq!(expression(" \0 "), None);
        assert_eq!(expression("?!"), None, "no words in it");
        assert_eq!(Query::parse(" \n\t"), None);
        assert!(Query::parse("?!").unwrap().literal_in("what?!"));
        let long = Query::parse(&"word ".repeat(1_000)).unwrap();
        assert_eq!(long.phrases.len(), MAX_PIECES);
    }

    #[test]
    fn hits_are_found_whatever_their_case_and_accents() {
        assert_eq!(hits("uber", "Hier \u{fc}ber und u\u{308}ber"), ["\u{fc}ber", "u\u{308}ber"]);
        assert_eq!(hits("CAF", "in the caf\u{e9}"), ["caf\u{e9}"], "the last word may go on");
        assert_eq!(hits("in caf", "Inside in caf\u{e9}s"), ["in", "caf\u{e9}s"], "the others may not");
        assert_eq!(hits("e-mail", "an e-mail, no mail e"), ["e-mail"]);
        assert_eq!(hits("\u{4eac}\u{90fd}", "\u{6771}\u{4eac}\u{90fd}\u{306b}"), ["\u{4eac}\u{90fd}"]);
        assert_eq!(hits("\u{1f34a}", "juice\u{1f34a}!"), ["\u{1f34a}"]);
        assert_eq!(hits("?!", "what?!"), ["?!"]);
    }

    #[test]
    fn a_snippet_shows_the_hit_and_not_all_of_a_long_text() {
        let text = format!("{}needle {}", "hay ".repeat(500), "straw ".repeat(500));
        let pieces = Query::parse("needle").unwrap().snippet(&text);
        let all: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        assert!(all.chars().count() <= SNIPPET + 2, "{all}");
        assert!(all.starts_with("\u{2026}hay ") && all.ends_with('\u{2026}'), "{all}");
        assert!(pieces.contains(&("needle".into(), true)));
        let lines = Query::parse("two").unwrap().snippet("one\ntwo");
        assert_eq!(lines, [("one ".into(), false), ("two".into(), true)]);
    }

    #[test]
    fn a_snippet_shows_words_and_not_how_they_were_marked() {
        let snippet = |query: &str, text: &str| Query::parse(query).unwrap().snippet(text);
        let piece = |text: &str, hit: bool| (text.to_owned(), hit);
        assert_eq!(
            snippet("fresh", "**Very fresh** `limes`, ~~not~~ _old_"),
            [piece("Very ", false), piece("fresh", true), piece(" limes, not old", false)]
        );
        assert_eq!(snippet("limes", "1. `limes`\n2. figs"), [piece("limes", true), piece(" figs", false)]);
        assert_eq!(
            snippet("plan", "see [the plan](https://example.org/market)"),
            [piece("see the ", false), piece("plan", true)]
        );
        assert_eq!(
            snippet("market", "[plan](https://example.org/market)"),
            [piece("[plan](https://example.org/", false), piece("market", true), piece(")", false)],
            "what is found nowhere else is shown where it is"
        );
        assert_eq!(hits("**", "**bold**"), ["**", "**"], "marks are found too");
    }

    #[test]
    fn no_text_and_no_query_breaks_it() {
        let hard = [
            "",
            "\u{0}",
            "\u{301}\u{301}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{202e}abc",
            "a\u{0}b",
            "\"",
            "*",
            "\u{e000}1",
            "\u{ff76}",
            "\u{fe0f}\u{20e3}",
        ];
        for text in hard {
            for typed in hard {
                indexed(text, 1);
                if let Some(query) = Query::parse(typed) {
                    query.expression(Some(7));
                    query.snippet(text);
                    query.snippet(&text.repeat(200));
                }
            }
        }
    }
}
