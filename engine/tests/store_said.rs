//! What is said about messages: other texts, emoji, answers, files, and that they be forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

#[path = "store_support/pages.rs"]
mod pages;
#[path = "store_support/samples.rs"]
mod samples;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use juice_engine::store::At;
use juice_proto::{
    content::{Body, FileOffer, kind},
    messenger::record::{Change, Fate, FileStage, MessageRecord, Progress, ShownMessage},
};
use samples::{Folder, NOW, Open, PATIENCE, Pair, clock};

fn shown(fate: Fate) -> ShownMessage {
    match fate {
        Fate::Shown(shown) => *shown,
        other => panic!("shown: {other:?}"),
    }
}

async fn say(open: &mut Open, message: &MessageRecord) -> Fate {
    open.save_one(Change::Message(message.clone())).await
}

fn edit(target: &MessageRecord, text: &str) -> Body {
    Body::Edit { target: target.id, text: text.into() }
}

fn reaction(target: &MessageRecord, emoji: &str, on: bool) -> Body {
    Body::Reaction { target: target.id, emoji: emoji.into(), on }
}

fn offer(name: &str, caption: &str) -> FileOffer {
    FileOffer {
        name: name.into(),
        size: 12,
        key: [1; 32].into(),
        root: [2; 32].into(),
        picture: None,
        caption: caption.into(),
        memo: None,
    }
}

async fn the_only_one(open: &Open, pair: &Pair) -> ShownMessage {
    let page = open.store.history(pair.bob.account, At::End, 50).await.unwrap();
    assert_eq!(page.messages.len(), 1, "{:#?}", page.messages);
    page.messages[0].clone()
}

#[tokio::test]
async fn the_newest_of_several_texts_stays_in_whatever_order_they_come() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let message = pair.theirs(1, "frist");
    say(&mut open, &message).await;
    let third = pair.says(&pair.bob, false, 2, clock(30), &edit(&message, "third"));
    let second = pair.says(&pair.bob, false, 3, clock(20), &edit(&message, "second"));
    let now = shown(say(&mut open, &third).await);
    assert_eq!((now.record.text.as_str(), now.edited), ("third", true));
    assert_eq!(now.record.id, message.id);
    let now = shown(say(&mut open, &second).await);
    assert_eq!(now.record.text, "third", "what was meant earlier came later");
    assert_eq!(say(&mut open, &second).await, Fate::Known);
    let texts = open.store.edits(pair.bob.account, message.id).await.unwrap();
    assert_eq!(texts, [("frist".into(), NOW + 1), ("second".into(), NOW + 3), ("third".into(), NOW + 2)]);

    let open = open.again(&folder).await;
    let kept = the_only_one(&open, &pair).await;
    assert_eq!(kept.record, MessageRecord { text: "third".into(), ..message });
    assert_eq!(open.loaded.conversations[0].unread, 1, "another text is no other message");
    assert_eq!(open.loaded.conversations[0].theirs[0].1, 3);
}

#[tokio::test]
async fn eve_cannot_change_or_delete_what_she_did_not_write() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let (pair, carol) = (Pair::new(), Pair::with(3));
    let mine = pair.mine(1, "mine");
    say(&mut open, &mine).await;
    let bobs = pair.theirs(1, "Bob's");
    say(&mut open, &bobs).await;
    for (n, body) in [edit(&mine, "not mine"), Body::Delete { target: mine.id }].iter().enumerate() {
        assert_eq!(say(&mut open, &pair.they_say(2 + n as u64, body)).await, Fate::Done, "saved, and nothing else");
    }
    for (n, body) in [edit(&bobs, "Carol's"), Body::Delete { target: bobs.id }, reaction(&bobs, "\u{1f44e}", true)]
        .iter()
        .enumerate()
    {
        assert_eq!(say(&mut open, &carol.they_say(1 + n as u64, body)).await, Fate::Done);
    }
    let page = open.store.history(pair.bob.account, At::End, 50).await.unwrap();
    let mut expected = [ShownMessage::from(mine), ShownMessage::from(bobs)];
    expected.sort_by_key(|shown| (shown.record.hlc, shown.record.id));
    assert_eq!(page.messages, expected);
}

#[tokio::test]
async fn emoji_of_both_sides_are_put_on_and_taken_off() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let message = pair.theirs(1, "cake?");
    say(&mut open, &message).await;
    let (yes, cake) = ("\u{1f44d}", "\u{1f370}");
    say(&mut open, &pair.says(&pair.alice, true, 1, clock(11), &reaction(&message, yes, true))).await;
    say(&mut open, &pair.says(&pair.bob, false, 2, clock(12), &reaction(&message, yes, true))).await;
    let on = pair.says(&pair.alice, true, 2, clock(13), &reaction(&message, cake, true));
    let now = shown(say(&mut open, &on).await);
    assert_eq!(now.reactions, [(yes.into(), true), (yes.into(), false), (cake.into(), true)]);
    say(&mut open, &pair.says(&pair.alice, true, 3, clock(15), &reaction(&message, yes, false))).await;
    let late = pair.says(&pair.alice, true, 4, clock(14), &reaction(&message, yes, true));
    let now = shown(say(&mut open, &late).await);
    assert_eq!(now.reactions, [(yes.into(), false), (cake.into(), true)], "the newest word counts");
    let open = open.again(&folder).await;
    assert_eq!(the_only_one(&open, &pair).await, now);
    assert_eq!(open.loaded.conversations[0].unread, 1);
    assert_eq!(open.loaded.conversations[0].mine.0, 4);
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_as_that_is_now() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let long = pair.theirs(1, &"\u{e4}".repeat(500));
    say(&mut open, &long).await;
    let answer = |seq, target| pair.i_say(seq, &Body::Text { text: "indeed".into(), reply_to: Some(target) });
    let now = shown(say(&mut open, &answer(1, long.id)).await);
    let quote = now.quote.unwrap();
    assert_eq!((quote.id, quote.mine, quote.text), (long.id, false, "\u{e4}".repeat(200)));
    say(&mut open, &pair.they_say(2, &edit(&long, "short"))).await;
    let quoted = |page: juice_engine::store::StoredPage| page.messages.last().unwrap().quote.clone().unwrap().text;
    assert_eq!(quoted(open.store.history(pair.bob.account, At::End, 9).await.unwrap()), "short");
    say(&mut open, &pair.they_say(3, &Body::Delete { target: long.id })).await;
    assert_eq!(quoted(open.store.history(pair.bob.account, At::End, 9).await.unwrap()), "");
    let file = pair.they_say(4, &Body::File(Box::new(offer("cat.jpg", ""))));
    say(&mut open, &file).await;
    assert_eq!(shown(say(&mut open, &answer(2, file.id)).await).quote.unwrap().text, "cat.jpg");
    let elsewhere = Pair::with(3).theirs(1, "to somebody else");
    say(&mut open, &elsewhere).await;
    assert_eq!(shown(say(&mut open, &answer(3, elsewhere.id)).await).quote, None, "of another conversation");
}

#[tokio::test]
async fn a_file_is_shown_with_its_message() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let message = pair.i_say(1, &Body::File(Box::new(offer("cat.jpg", "my cat"))));
    let place = PathBuf::from("/home/alice/cat.jpg");
    let mut fates = open.save(vec![Change::Message(message.clone()), Change::FileAt(message.id, place.clone())]).await;
    let now = shown(fates.remove(1));
    assert_eq!(shown(fates.remove(0)).file.unwrap().path, None);
    let file = now.file.clone().unwrap();
    assert_eq!((file.stage, file.done, file.path), (FileStage::Offered, 0, Some(place)));
    assert_eq!(file.offer, offer("cat.jpg", "my cat"));
    assert_eq!(now.record.text, "my cat");
    let mut open = open.again(&folder).await;
    assert_eq!(the_only_one(&open, &pair).await, now);
    let gone = shown(say(&mut open, &pair.i_say(2, &Body::Delete { target: message.id })).await);
    assert!(gone.deleted && gone.file.is_none() && gone.record.text.is_empty(), "{gone:?}");
}

#[tokio::test]
async fn what_is_deleted_stays_so_and_leaves_no_text() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let (theirs, mine) = (pair.theirs(1, "theirs"), pair.mine(1, "mine"));
    say(&mut open, &theirs).await;
    say(&mut open, &mine).await;
    say(&mut open, &pair.they_say(2, &edit(&theirs, "theirs, better"))).await;
    let mine_better = pair.i_say(2, &edit(&mine, "mine, better"));
    say(&mut open, &mine_better).await;
    let gone = shown(say(&mut open, &pair.they_say(3, &Body::Delete { target: theirs.id })).await);
    assert!(gone.deleted && gone.edited && gone.record.text.is_empty());
    assert!(gone.record.signed.bytes().is_empty(), "theirs goes at once");
    let gone = shown(say(&mut open, &pair.i_say(3, &Body::Delete { target: mine.id })).await);
    assert!(gone.deleted && gone.record.text.is_empty());
    assert_eq!(gone.record.signed, mine.signed, "mine goes when they have it");
    assert_eq!(say(&mut open, &pair.they_say(4, &edit(&theirs, "again"))).await, Fate::Done);
    assert_eq!(say(&mut open, &pair.i_say(4, &reaction(&theirs, "\u{1f44d}", true))).await, Fate::Done);
    assert_eq!(open.store.edits(pair.bob.account, theirs.id).await.unwrap(), []);

    let mut open = open.again(&folder).await;
    let page = open.store.history(pair.bob.account, At::End, 50).await.unwrap();
    assert!(page.messages.iter().all(|shown| shown.deleted && shown.reactions.is_empty()), "{page:#?}");
    let waiting = &open.loaded.conversations[0].waiting;
    assert_eq!(waiting[0].signed, mine.signed);
    assert_eq!(waiting[1].signed, mine_better.signed);
    let all: Vec<_> = waiting.iter().map(|message| message.id).collect();
    open.save(vec![Change::Progress(all, Progress::Delivered(NOW))]).await;
    let mine = open.fetch(pair.bob.account, 1).await;
    let left: Vec<_> = mine.iter().map(|message| !message.signed.bytes().is_empty()).collect();
    assert_eq!(left, [false, false, true, true], "the text, and the other text, are gone; that they are to go stays");
}

#[tokio::test]
async fn a_forgotten_conversation_goes_on_where_it_was() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let (bob, carol) = (pair.bob.account, Pair::with(3));
    let mine: Vec<_> = (1..=4).map(|seq| pair.mine(seq, "mine")).collect();
    let theirs: Vec<_> = (1..=300).map(|seq| pair.theirs(seq, "theirs")).collect();
    open.save(mine.iter().chain(&theirs).cloned().map(Change::Message).collect()).await;
    say(&mut open, &carol.theirs(1, "stays")).await;
    let arrived = vec![mine[0].id, mine[2].id, mine[3].id];
    open.save(vec![
        Change::Progress(arrived, Progress::Delivered(NOW)),
        Change::Seen(bob),
        Change::Draft(bob, "unsaid".into()),
        Change::ForgetConversation(bob),
    ])
    .await;
    let left = |open: &Open| open.loaded.conversations.iter().find(|it| it.buddy == bob).cloned().unwrap();
    assert_eq!(open.newest(bob, 50).await, [mine[1].clone()], "but for what still waits");
    assert_eq!(say(&mut open, &theirs[5]).await, Fate::Known, "what comes again is not new");

    // The rows are deleted while nothing else is to be done, and by the next run where that is not enough.
    for _ in 0..2 {
        open = open.again(&folder).await;
        let conversation = left(&open);
        assert_eq!((conversation.mine.0, conversation.theirs[0].1), (4, 300), "sequences go on");
        assert_eq!((conversation.hlc, conversation.unread), (clock(300), 0));
        assert_eq!(conversation.waiting, [mine[1].clone()]);
        assert_eq!(conversation.last_seen, Some(theirs[299].id));
        let fetched = open.fetch(bob, 1).await;
        let kinds: Vec<_> = fetched.iter().map(|message| (message.seq, message.kind)).collect();
        assert_eq!(kinds, [(1, kind::VOID), (2, kind::TEXT), (3, kind::VOID), (4, kind::VOID)]);
        assert_eq!(open.newest(bob, 50).await, [mine[1].clone()]);
        assert_eq!(say(&mut open, &theirs[5]).await, Fate::Known);
        assert_eq!(say(&mut open, &theirs[299]).await, Fate::Known);
        assert_eq!(open.newest(carol.bob.account, 9).await.len(), 1);
        open.until_swept().await;
    }
    assert_eq!(say(&mut open, &pair.theirs(301, "hello again")).await, Fate::Done);
    let page = open.store.history(bob, At::End, 50).await.unwrap();
    assert_eq!(page.messages.len(), 2);
    assert_eq!(page.draft, "unsaid", "what was not said was not forgotten");
    assert_eq!(open.rows("messages").await, 1 + 1 + 2 + 1, "Carol's, one that waits, two ends, a new one");
}

/// Every page of every file of the profile, opened with its key: no word of it is left.
#[tokio::test]
async fn what_is_deleted_or_forgotten_is_on_no_page_of_any_file() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let (pair, carol) = (Pair::new(), Pair::with(3));
    let canaries = ["zebrafinch", "quokkaparade", "wombatsonata", "axolotlwaltz", "pangolinwedding"];
    let deleted = pair.theirs(1, &format!("{} said", canaries[0]));
    let mine = pair.mine(1, canaries[1]);
    let mut all = vec![deleted.clone(), pair.they_say(2, &edit(&deleted, canaries[2])), mine.clone()];
    all.extend((3..200).map(|seq| pair.theirs(seq, &format!("so much to say, {seq} times over"))));
    all.push(carol.they_say(1, &Body::File(Box::new(offer(canaries[3], canaries[4])))));
    all.extend((2..200).map(|seq| carol.theirs(seq, &format!("{} {seq}", canaries[3]))));
    open.save(all.into_iter().map(Change::Message).collect()).await;
    let found = open.store.search(canaries[0], None, None, 9).await.unwrap();
    assert!(found.hits.is_empty(), "it has another text");
    assert_eq!(open.store.search(canaries[2], None, None, 9).await.unwrap().hits.len(), 1, "all is in the index");
    let before = pages::holding(&folder, &canaries);
    assert_eq!(before, canaries, "before, all of them are there, or this test could not fail");

    open.save(vec![
        Change::Message(pair.they_say(200, &Body::Delete { target: deleted.id })),
        Change::Message(pair.i_say(2, &Body::Delete { target: mine.id })),
        Change::ForgetConversation(carol.bob.account),
    ])
    .await;
    open.save(vec![Change::Progress(vec![mine.id], Progress::Delivered(NOW))]).await;
    let begun = Instant::now();
    while pages::holding(&folder, &canaries) != [""; 0] {
        assert!(begun.elapsed() < PATIENCE, "still there: {:?}", pages::holding(&folder, &canaries));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for canary in canaries {
        assert_eq!(open.store.search(canary, None, None, 9).await.unwrap().hits, [], "{canary}");
    }
    open.store.close().await;
    assert_eq!(pages::holding(&folder, &canaries), [""; 0]);
}
