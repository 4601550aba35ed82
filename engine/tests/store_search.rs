//! Searching: what is found, in which order, and that nothing that is typed can break it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

#[path = "store_support/samples.rs"]
mod samples;

use juice_proto::{
    content::{Body, Hlc},
    id::{AccountId, MessageId},
    messenger::record::{Change, MessageRecord},
};
use samples::{Folder, Open, Pair, clock};

async fn with(texts: &[&str]) -> (Folder, Open, Pair) {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let messages = texts.iter().zip(1..).map(|(text, seq)| Change::Message(pair.theirs(seq, text)));
    open.save(messages.collect()).await;
    (folder, open, pair)
}

/// The texts of the snippets, newest first.
async fn found(open: &Open, query: &str, buddy: Option<AccountId>) -> Vec<String> {
    let page = open.store.search(query, buddy, None, 50).await.unwrap();
    let text = |parts: &[(String, bool)]| parts.iter().map(|(text, _)| text.as_str()).collect();
    page.hits.iter().map(|hit| text(&hit.snippet)).collect()
}

#[tokio::test]
async fn words_are_found_as_they_are_typed() {
    let (_folder, open, pair) = with(&[
        "Die \u{dc}berraschung war gro\u{df}",
        "an e-mail for you",
        "cafe\u{301} au lait",
        "hello world",
        "world, hello",
    ])
    .await;
    for (query, expected) in [
        ("w", vec!["world, hello", "hello world", "Die \u{dc}berraschung war gro\u{df}"]),
        ("wor", vec!["world, hello", "hello world"]),
        ("world hell", vec!["world, hello", "hello world"]),
        ("worl hello", vec![]),
        ("uberr", vec!["Die \u{dc}berraschung war gro\u{df}"]),
        ("CAF\u{c9}", vec!["cafe\u{301} au lait"]),
        ("e-mail", vec!["an e-mail for you"]),
        ("mail-e", vec![]),
        ("  hello\tworld  ", vec!["world, hello", "hello world"]),
        ("", vec![]),
        ("nothing", vec![]),
    ] {
        assert_eq!(found(&open, query, None).await, expected, "{query:?}");
        assert_eq!(found(&open, query, Some(pair.bob.account)).await, expected, "{query:?} in the conversation");
    }
    assert_eq!(found(&open, "hello", Some(pair.alice.account)).await, [""; 0], "no such conversation");
}

#[tokio::test]
async fn scripts_without_spaces_and_emoji_are_found_inside_a_text() {
    let (_folder, open, _) = with(&[
        "\u{79c1}\u{306f}\u{6771}\u{4eac}\u{306b}\u{4f4f}\u{3093}\u{3067}\u{3044}\u{308b}",
        "\u{0e2a}\u{0e27}\u{0e31}\u{0e2a}\u{0e14}\u{0e35}\u{0e0a}\u{0e32}\u{0e27}\u{0e42}\u{0e25}\u{0e01}",
        "juice\u{1f34a}time",
        "what?! 5\u{20ac}",
    ])
    .await;
    for (query, hit) in [
        ("\u{6771}\u{4eac}", 0),
        ("\u{4f4f}\u{3093}", 0),
        ("\u{0e0a}\u{0e32}\u{0e27}", 1),
        ("\u{1f34a}", 2),
        ("juice", 2),
        ("time", 2),
        ("?!", 3),
        ("\u{20ac}", 3),
    ] {
        let page = open.store.search(query, None, None, 9).await.unwrap();
        assert_eq!(page.hits.len(), 1, "{query}");
        assert_eq!(page.hits[0].hlc, clock(hit + 1), "{query}");
        assert!(page.hits[0].snippet.iter().any(|(_, hit)| *hit), "{query}: {:?}", page.hits[0].snippet);
    }
    assert_eq!(found(&open, "\u{4eac}\u{6771}", None).await.len(), 0, "in the other order");
}

#[tokio::test]
async fn nothing_that_is_typed_is_an_error() {
    let (_folder, open, pair) =
        with(&["a plain text", "\"quoted\" AND 'this'", "100% sure_thing*", "a\u{0}b", "x NEAR y"]).await;
    let hostile = [
        "\"",
        "\"\"",
        "'",
        "*",
        "a*",
        "-",
        "-a",
        "a OR",
        "AND",
        "NOT a",
        "NEAR(a b, 2)",
        "text:a",
        "{text}: a",
        "^a",
        "a + b",
        "(",
        ")",
        "a)",
        "\\",
        "%",
        "_",
        ";",
        "--",
        "/*",
        "a\u{0}b",
        "\u{0}",
        "\u{301}",
        "\u{200d}",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{e000}",
        "\u{e000}1",
        "\u{202e}",
        "\u{fffd}",
        "\u{10ffff}",
        "'; DROP TABLE messages; --",
        "\"a\" \"b",
        "\u{a8}",
        "$",
        "^",
        "`",
        "\u{2126}",
        "\u{0e31}",
    ];
    for query in hostile {
        for buddy in [None, Some(pair.bob.account)] {
            let page = open.store.search(query, buddy, None, 9).await;
            assert!(page.is_ok(), "{query:?}: {page:?}");
        }
    }
    for a in hostile {
        let both = hostile.iter().map(|b| format!("{a} {b}"));
        for query in both.chain([a.repeat(500)]) {
            assert!(open.store.search(&query, None, None, 9).await.is_ok(), "{query:?}");
        }
    }
    assert_eq!(found(&open, "AND", None).await.len(), 1, "a word like another");
    assert_eq!(found(&open, "%", None).await.len(), 1);
    assert_eq!(found(&open, "sure_", None).await.len(), 1);
    assert_eq!(open.rows("messages").await, 5);
}

#[tokio::test]
async fn hits_come_newest_first_page_by_page_also_where_messages_came_late() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let (pair, carol) = (Pair::new(), Pair::with(3));
    // Bob's clock readings go up with his numbers; Carol's mail arrives much later than it was written.
    let mut all: Vec<MessageRecord> =
        (1..=300).map(|seq| pair.says(&pair.bob, false, seq, clock(seq * 10), &Body::text("common word"))).collect();
    open.save(all.iter().cloned().map(Change::Message).collect()).await;
    let late: Vec<_> =
        (1..=60).map(|seq| carol.says(&carol.bob, false, seq, clock(seq * 37), &Body::text("Common, too"))).collect();
    open.save(late.iter().cloned().map(Change::Message).collect()).await;
    all.extend(late);
    all.sort_by_key(|message| std::cmp::Reverse((message.hlc, message.id)));
    for limit in [7, 50, 200] {
        let mut pages: Vec<(Hlc, MessageId)> = Vec::new();
        loop {
            let page = open.store.search("comm", None, pages.last().copied(), limit).await.unwrap();
            pages.extend(page.hits.iter().map(|hit| (hit.hlc, hit.message)));
            assert_eq!(page.more, pages.len() < all.len());
            if !page.more {
                break;
            }
        }
        let expected: Vec<_> = all.iter().map(|message| (message.hlc, message.id)).collect();
        assert_eq!(pages, expected, "by {limit}");
    }
    let page = open.store.search("comm", Some(carol.bob.account), None, 200).await.unwrap();
    assert_eq!(page.hits.len(), 60);
    assert!(page.hits.iter().all(|hit| hit.buddy == carol.bob.account && !hit.mine));
}

#[tokio::test]
async fn the_index_follows_what_becomes_of_a_message() {
    let (folder, mut open, pair) = with(&["the first words"]).await;
    let message = pair.theirs(1, "the first words");
    // Said and searched for at once, and again when all of it is in the index.
    assert_eq!(found(&open, "first", None).await.len(), 1);
    let edit = Body::Edit { target: message.id, text: "other words".into() };
    open.save_one(Change::Message(pair.they_say(2, &edit))).await;
    assert_eq!(found(&open, "first", None).await, [""; 0]);
    assert_eq!(found(&open, "other", None).await, ["other words"]);
    let mut open = open.again(&folder).await;
    assert_eq!(found(&open, "words", None).await, ["other words"], "once, although two say it");
    open.save_one(Change::Message(pair.they_say(3, &Body::Delete { target: message.id }))).await;
    assert_eq!(found(&open, "words", None).await, [""; 0]);

    let mine = pair.mine(1, "taken back");
    open.save_one(Change::Message(mine.clone())).await;
    assert_eq!(found(&open, "taken", None).await.len(), 1);
    open.save_one(Change::Void { old: mine.id, new: pair.void_of(&mine) }).await;
    assert_eq!(found(&open, "taken", None).await, [""; 0]);

    let waits = pair.mine(2, "still waits");
    open.save_one(Change::Message(waits.clone())).await;
    assert_eq!(found(&open, "waits", Some(pair.bob.account)).await.len(), 1);
    open.save_one(Change::ForgetConversation(pair.bob.account)).await;
    assert_eq!(found(&open, "waits", Some(pair.bob.account)).await, ["still waits"], "also in the new conversation");
    open.until_swept().await;
    // The numbers of what was deleted are given out again.
    open.save_one(Change::Message(pair.theirs(4, "a new beginning"))).await;
    assert_eq!(found(&open, "beginning", None).await.len(), 1);
    assert_eq!(found(&open, "waits", None).await.len(), 1);
}
