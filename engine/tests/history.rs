//! Conversations written out: all of it, in order, and nothing in it that does anything.

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

use std::path::Path;

use juice_engine::history::{Heading, export};
use juice_proto::{
    content::{Body, FileOffer, Picture},
    messenger::record::{Change, Progress},
    view::ExportFormat,
};
use samples::{Folder, NOW, Open, Pair};

const HOSTILE: &str =
    "<script>alert(1)</script><img src=x onerror=alert(1)> \" ' & [x](javascript:alert(1)) </article>";

async fn written(open: &Open, pair: &Pair, format: ExportFormat, path: &Path) -> String {
    let heading = Heading { me: "alice <b>".into(), buddy: "bob \"*\"".into(), now_ms: NOW };
    export(&open.store, pair.bob.account, &heading, format, path).await.unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// A conversation with some of everything.
async fn with_everything(folder: &Folder) -> (Open, Pair) {
    let mut open = Open::at(folder).await;
    let pair = Pair::new();
    let (first, second) = (pair.theirs(1, "the first txet"), pair.mine(2, HOSTILE));
    let picture = Picture { width: 4, height: 3, thumbnail: vec![1, 2, 3].into() };
    let offer = FileOffer {
        name: "<cat>.jpg".into(),
        size: 12_345,
        key: [1; 32].into(),
        root: [2; 32].into(),
        picture: Some(picture),
        caption: "my *cat*".into(),
        memo: None,
    };
    let gone = pair.theirs(5, "to be forgotten");
    let said = [
        first.clone(),
        second.clone(),
        pair.they_say(3, &Body::Edit { target: first.id, text: "the first text".into() }),
        pair.they_say(4, &Body::File(Box::new(offer))),
        gone.clone(),
        pair.they_say(6, &Body::Delete { target: gone.id }),
        pair.they_say(7, &Body::Text { text: "/me nods".into(), reply_to: Some(second.id) }),
        pair.i_say(8, &Body::Reaction { target: first.id, emoji: "\u{1f44d}".into(), on: true }),
    ];
    open.save(said.into_iter().map(Change::Message).collect()).await;
    open.save(vec![Change::Progress(vec![second.id], Progress::Delivered(NOW + 60_000))]).await;
    (open, pair)
}

#[tokio::test]
async fn a_page_shows_everything_and_runs_nothing() {
    let folder = Folder::new();
    let (open, pair) = with_everything(&folder).await;
    let page = written(&open, &pair, ExportFormat::Html, &folder.path().join("a.html")).await;
    for shown in [
        "the first text",
        "the first txet",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "alice &lt;b&gt;",
        "_cat_.jpg",
        "12.3 kB",
        "my <em>cat</em>",
        "data:image/jpeg;base64,AQID",
        "(deleted)",
        "\u{1f44d}",
        "delivered 2026-05-28 20:27 UTC",
        "class=\"action\"",
        "<blockquote dir=\"auto\"><a href=\"#m-",
        "prefers-color-scheme: dark",
        "default-src 'none'",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    for never in ["<script", "onerror=alert(1)>", "href=\"javascript", "to be forgotten", "http://", "https://"] {
        assert!(!page.contains(never), "{never} in {page}");
    }
    assert_eq!(page.matches("<article").count(), page.matches("</article>").count(), "no text ends an article");
    assert_eq!(page.matches("<article").count(), 5);
}

#[tokio::test]
async fn markdown_keeps_what_was_said_in_quotes() {
    let folder = Folder::new();
    let (open, pair) = with_everything(&folder).await;
    let text = written(&open, &pair, ExportFormat::Markdown, &folder.path().join("a.md")).await;
    assert!(text.starts_with("# alice &lt;b> and bob \"\\*\"\n"), "{text}");
    assert!(text.contains("\n> the first text  \n") && text.contains("\n> the first txet  \n"), "{text}");
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("to be forgotten"), "{text}");
    let theirs = pair.theirs(9, "# not a heading\n\n**bob** 12:00\n\n---");
    let mut open = open;
    open.save(vec![Change::Message(theirs)]).await;
    let text = written(&open, &pair, ExportFormat::Markdown, &folder.path().join("a.md")).await;
    assert!(text.contains("\n> # not a heading  \n>   \n> **bob** 12:00  \n>   \n> ---  \n"), "{text}");
}

#[tokio::test]
async fn json_has_every_message_of_a_long_conversation_in_order() {
    let folder = Folder::new();
    let (mut open, pair) = with_everything(&folder).await;
    open.save((10..=2_500).map(|seq| Change::Message(pair.theirs(seq, &format!("line {seq} \u{0}\n\"")))).collect())
        .await;
    let path = folder.path().join("a.json");
    let all: serde_json::Value = serde_json::from_str(&written(&open, &pair, ExportFormat::Json, &path).await).unwrap();
    let messages = all["messages"].as_array().unwrap();
    assert_eq!((messages.len(), all["me"].as_str()), (5 + 2_491, Some("alice <b>")));
    assert_eq!(messages[0]["text"], "the first text");
    assert_eq!(messages[0]["earlier"][0]["text"], "the first txet");
    assert_eq!(messages[0]["reactions"][0]["emoji"], "\u{1f44d}");
    assert_eq!(
        (messages[1]["text"].as_str(), messages[1]["delivery"]["state"].as_str()),
        (Some(HOSTILE), Some("delivered"))
    );
    assert_eq!(messages[2]["file"]["name"], "_cat_.jpg");
    assert_eq!((messages[3]["deleted"].as_bool(), messages[3]["text"].as_str()), (Some(true), Some("")));
    assert_eq!(messages[4]["answers"]["text"], HOSTILE);
    for (n, message) in messages[5..].iter().enumerate() {
        assert_eq!(message["text"], format!("line {} \u{0}\n\"", n + 10));
    }
    let empty = Pair::with(9);
    let all: serde_json::Value =
        serde_json::from_str(&written(&open, &empty, ExportFormat::Json, &path).await).unwrap();
    assert_eq!(all["messages"].as_array().unwrap().len(), 0);
    assert!(!folder.path().join("a.json.unfinished").exists());
}

#[tokio::test]
async fn what_could_not_be_written_leaves_what_was_there() {
    let folder = Folder::new();
    let (open, pair) = with_everything(&folder).await;
    let path = folder.path().join("a.json");
    std::fs::create_dir(&path).unwrap();
    let heading = Heading { me: "a".into(), buddy: "b".into(), now_ms: NOW };
    let done = export(&open.store, pair.bob.account, &heading, ExportFormat::Json, &path).await;
    assert!(done.is_err() && path.is_dir(), "a folder is in its place");
    assert!(!folder.path().join("a.json.unfinished").exists());
    let nowhere = folder.path().join("no such folder").join("a.json");
    assert!(export(&open.store, pair.bob.account, &heading, ExportFormat::Json, &nowhere).await.is_err());
}
