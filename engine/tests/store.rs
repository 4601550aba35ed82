//! What is saved is loaded again, and what becomes of each change.

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

use juice_engine::store::{At, StoreNews, StoredPage};
use juice_proto::{
    content::{Hlc, kind},
    id::MessageId,
    letter::{DeliveryToken, LetterId},
    messenger::{
        SaveId,
        record::{
            BuddyRecord, Change, DayKeyRecord, Fate, InviteRecord, Loaded, MessageRecord, Progress, RequestRecord,
            TokenRecord,
        },
    },
    seal::{KemSecret, Suite},
    view::{Availability, BuddyGroup, Privacy, Relation},
};
use samples::{Folder, NOW, Open, Pair, Person, clock};

/// What is loaded, compared as a whole.
fn shown(loaded: &Loaded) -> String {
    format!("{loaded:#?}")
}

#[tokio::test]
async fn a_new_store_is_empty_and_stays_so() {
    let folder = Folder::new();
    let open = Open::at(&folder).await;
    assert_eq!(shown(&open.loaded), shown(&Loaded::default()));
    let open = open.again(&folder).await;
    assert_eq!(shown(&open.loaded), shown(&Loaded::default()));
}

#[tokio::test]
async fn buddies_and_requests_are_loaded_as_they_were_saved() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let buddies: Vec<_> = [Relation::Buddy, Relation::Asked, Relation::Blocked, Relation::Former]
        .into_iter()
        .zip([None, Some(Suite::X25519), Some(Suite::XWing), None])
        .enumerate()
        .map(|(n, (relation, suite))| BuddyRecord {
            relation,
            suite,
            key_alarm: n == 1,
            my_token: (n < 2).then(|| TokenRecord { token: DeliveryToken::new([n as u8; 32]), made_ms: NOW + 1 }),
            their_token: (n > 0)
                .then(|| TokenRecord { token: DeliveryToken::new([n as u8 + 9; 32]), made_ms: NOW + 2 }),
            ..Person::new(n as u8 + 10).record(&format!("bob{n}"))
        })
        .chain([BuddyRecord {
            pin: None,
            list: None,
            alias: String::new(),
            verified: false,
            last_seen_ms: 0,
            ..Person::new(20).record("nobody yet")
        }])
        .collect();
    let carol = Person::new(30);
    let request = RequestRecord {
        account: carol.account,
        name: "carol".into(),
        note: "it's me".into(),
        arrived_ms: NOW,
        list: carol.list().sign(&carol.key).0,
        delivery: Some(TokenRecord { token: DeliveryToken::new([8; 32]), made_ms: NOW }),
    };
    let fates =
        open.save(buddies.iter().cloned().map(Change::Buddy).chain([Change::Request(request.clone())]).collect()).await;
    assert!(fates.iter().all(|fate| *fate == Fate::Done) && fates.len() == 6);

    let mut open = open.again(&folder).await;
    assert_eq!(open.loaded.buddies, buddies);
    assert_eq!(open.loaded.requests, [request]);

    let renamed = BuddyRecord { alias: "Bobby".into(), relation: Relation::Former, ..buddies[0].clone() };
    open.save(vec![Change::Buddy(renamed.clone()), Change::ForgetRequest(carol.account)]).await;
    let open = open.again(&folder).await;
    assert_eq!(open.loaded.buddies[0], renamed, "replaced");
    assert_eq!(open.loaded.buddies.len(), buddies.len());
    assert_eq!(open.loaded.requests, []);
}

#[tokio::test]
async fn keys_invites_status_and_settings_are_loaded_as_they_were_saved() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let key = |suite, seed: u8, made_ms| {
        let secret = KemSecret::from_seed(suite, [seed; 32]);
        DayKeyRecord { id: secret.public().id(), secret, made_ms }
    };
    let keys = [key(Suite::XWing, 1, NOW), key(Suite::X25519, 2, NOW + 1), key(Suite::XWing, 3, NOW + 2)];
    let invites =
        [InviteRecord { token: [1; 16], expires_ms: NOW }, InviteRecord { token: [2; 16], expires_ms: NOW + 1 }];
    let mut changes: Vec<_> = keys.iter().cloned().map(Change::DayKey).collect();
    changes.extend(invites.iter().cloned().map(Change::Invite));
    changes.push(Change::Status(Availability::Away, "lunch".into()));
    changes.push(Change::Since(NOW));
    let privacy = Privacy { read_receipts: false, typing: true };
    changes.push(Change::Privacy(privacy));
    let group = |id, name: &str| BuddyGroup { id, name: name.into() };
    let groups = vec![group(9, "Family"), group(2, "Work")];
    changes.push(Change::Groups(vec![group(2, "Old")]));
    changes.push(Change::Groups(groups.clone()));
    open.save(changes).await;
    open.store.set_setting("theme", "dark").await.unwrap();
    open.store.set_setting("theme", "light").await.unwrap();

    let mut open = open.again(&folder).await;
    assert_eq!(open.loaded.day_keys, keys);
    for (loaded, saved) in open.loaded.day_keys.iter().zip(&keys) {
        assert_eq!(loaded.secret.seed(), saved.secret.seed());
        assert_eq!(loaded.secret.suite(), saved.secret.suite());
    }
    assert_eq!(open.loaded.invites, invites);
    assert_eq!(open.loaded.status, Some((Availability::Away, "lunch".into())));
    assert_eq!(open.loaded.since_ms, NOW);
    assert_eq!(open.loaded.privacy, privacy);
    assert_eq!(open.loaded.groups, groups, "in their order, and those alone");
    assert_eq!(open.store.setting("theme").await.unwrap(), Some("light".into()));
    assert_eq!(open.store.setting("sound").await.unwrap(), None);

    open.save(vec![
        Change::DropDayKeys { made_before_ms: NOW + 2 },
        Change::ForgetInvite([1; 16]),
        Change::Status(Availability::Invisible, String::new()),
        Change::Since(NOW + 9),
    ])
    .await;
    let open = open.again(&folder).await;
    assert_eq!(open.loaded.day_keys, keys[2..]);
    assert_eq!(open.loaded.invites, invites[1..]);
    assert_eq!(open.loaded.status, Some((Availability::Invisible, String::new())));
    assert_eq!(open.loaded.since_ms, NOW + 9);
}

#[tokio::test]
async fn a_destroyed_day_key_is_not_left_in_the_log() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let secret = KemSecret::from_seed(Suite::X25519, [1; 32]);
    let key = DayKeyRecord { id: secret.public().id(), secret, made_ms: NOW };
    open.save_one(Change::DayKey(key)).await;
    let log = || std::fs::metadata(folder.path().join("database.sqlite-wal")).unwrap().len();
    assert!(log() > 0, "written to the log first");
    let made_before_ms = NOW + 1;
    open.save_one(Change::DropDayKeys { made_before_ms }).await;
    // The writer takes this up when it is done with the log.
    open.fetch(Person::new(2).account, 1).await;
    assert_eq!(log(), 0);
}

#[tokio::test]
async fn a_conversation_is_taken_up_where_it_was_left() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let bob = pair.bob.account;
    let mine: Vec<_> = (1..=5).map(|seq| pair.mine(seq, "from me")).collect();
    let theirs: Vec<_> = (1..=4).map(|seq| pair.theirs(seq, "from Bob")).collect();
    let phone = Person { device: juice_proto::sign::SecretKey::from_seed(&[77; 32]), ..Person::new(2) };
    let from_phone = pair.message(&phone, false, 9, clock(100), "from Bob's phone");

    open.save(mine.iter().cloned().map(Change::Message).collect()).await;
    open.save(
        theirs[..2]
            .iter()
            .cloned()
            .map(Change::Message)
            .chain([Change::Seen(bob)])
            .chain(theirs[2..].iter().cloned().map(Change::Message))
            .chain([Change::Message(from_phone.clone())])
            .collect(),
    )
    .await;
    open.save(vec![
        Change::Progress(vec![mine[0].id, mine[1].id, mine[2].id], Progress::Delivered(NOW)),
        Change::Progress(vec![mine[0].id], Progress::Read(NOW + 1)),
        Change::Draft(bob, "what I was going to".into()),
    ])
    .await;

    let mut open = open.again(&folder).await;
    let [conversation] = open.loaded.conversations.as_slice() else {
        panic!("one conversation: {:?}", open.loaded.conversations);
    };
    assert_eq!(conversation.buddy, bob);
    assert_eq!(conversation.conversation, pair.conversation);
    assert_eq!(conversation.mine, (5, mine[4].id));
    let mut tails = conversation.theirs.clone();
    tails.sort_by_key(|(_, seq)| *seq);
    assert_eq!(tails, [(pair.bob.device.device(), 4), (phone.device.device(), 9)]);
    assert_eq!(conversation.hlc, clock(100));
    assert_eq!(conversation.unread, 3);
    assert_eq!(conversation.last_message_ms, from_phone.sent_ms);
    assert_eq!(conversation.last_seen, Some(theirs[1].id));
    assert_eq!(conversation.waiting, mine[3..]);
    assert_eq!(conversation.unread_there, [(mine[1].id, 2), (mine[2].id, 3)]);

    let page = open.store.history(bob, At::End, 50).await.unwrap();
    assert_eq!(page.draft, "what I was going to");
    assert_eq!(page.first_unread, Some(theirs[2].id));
    let messages = open.newest(bob, 50).await;
    assert_eq!(messages.len(), 10);
    let read = MessageRecord { progress: Progress::Read(NOW + 1), ..mine[0].clone() };
    assert!(messages.contains(&read) && messages.contains(&from_phone), "messages are read back whole: {messages:?}");
    assert_eq!(open.fetch(bob, 4).await, mine[3..]);

    open.save(vec![Change::Seen(bob), Change::Draft(bob, String::new())]).await;
    let open = open.again(&folder).await;
    assert_eq!(open.loaded.conversations[0].unread, 0);
    assert_eq!(open.loaded.conversations[0].last_seen, Some(from_phone.id));
    let page = open.store.history(bob, At::End, 50).await.unwrap();
    assert_eq!((page.draft.as_str(), page.first_unread), ("", None));
}

#[tokio::test]
async fn a_buddy_with_a_new_key_begins_a_new_sequence_in_the_same_window() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let old = Pair::new();
    let mut new = Pair::new();
    new.bob.key = juice_proto::sign::SecretKey::from_seed(&[99; 32]);
    new.conversation =
        juice_proto::id::ConversationId::between(&new.alice.key.account_key(), &new.bob.key.account_key());
    let before = [old.mine(1, "one"), old.theirs(2, "two"), old.mine(7, "three")];
    let after = [
        new.message(&new.bob, false, 1, clock(20), "it's still me"),
        new.message(&new.alice, true, 1, clock(21), "is it?"),
    ];
    open.save(before.iter().chain(&after).cloned().map(Change::Message).collect()).await;
    let mut open = open.again(&folder).await;
    let [conversation] = open.loaded.conversations.as_slice() else {
        panic!("one buddy, one conversation: {:?}", open.loaded.conversations);
    };
    assert_eq!(conversation.conversation, new.conversation);
    assert_eq!(conversation.mine, (1, after[1].id));
    assert_eq!(conversation.theirs, [(new.bob.device.device(), 1)]);
    assert_eq!(conversation.unread, 2);
    assert_eq!(open.fetch(old.bob.account, 1).await, after[1..]);
    assert_eq!(open.newest(old.bob.account, 50).await.len(), 5, "the window shows all of it");
}

#[tokio::test]
async fn a_message_saved_twice_is_known_and_another_in_its_place_is_a_conflict() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let first = pair.theirs(1, "yes");
    let other = pair.theirs(1, "no");
    assert_eq!(open.save_one(Change::Message(first.clone())).await, Fate::Done);
    assert_eq!(open.save_one(Change::Message(first.clone())).await, Fate::Known);
    assert_eq!(open.save_one(Change::Message(other.clone())).await, Fate::Conflict);
    let second = pair.theirs(2, "maybe");
    let fates = open
        .save(vec![
            Change::Message(second.clone()),
            Change::Message(second.clone()),
            Change::Message(other),
            Change::Message(pair.theirs(3, "well")),
        ])
        .await;
    assert_eq!(fates, [Fate::Done, Fate::Known, Fate::Conflict, Fate::Done]);
    let mut open = open.again(&folder).await;
    assert_eq!(open.loaded.conversations[0].unread, 3);
    assert_eq!(open.save_one(Change::Message(first.clone())).await, Fate::Known);
    let messages = open.newest(pair.bob.account, 9).await;
    assert_eq!(messages[0], first, "the first stays");
    assert_eq!(messages.len(), 3);

    open.save(vec![Change::Seen(pair.bob.account)]).await;
    assert_eq!(open.save_one(Change::Message(second)).await, Fate::Known);
    let open = open.again(&folder).await;
    assert_eq!(open.loaded.conversations[0].unread, 0, "a message received twice is not unread again");
}

#[tokio::test]
async fn progress_never_goes_back() {
    use Progress::{Delivered, Read, Refused, Waiting};
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let steps = [Waiting, Delivered(NOW), Read(NOW + 5), Refused];
    let mut seq = 0;
    let mut expected = Vec::new();
    for first in steps {
        for second in steps {
            for third in steps {
                seq += 1;
                let message = pair.mine(seq, "word");
                let mut changes = vec![Change::Message(message.clone())];
                changes.extend([first, second, third].map(|step| Change::Progress(vec![message.id], step)));
                open.save(changes).await;
                let reached = [first, second, third].into_iter().fold(Waiting, |now, next| match (now, next) {
                    (Waiting, next) => next,
                    (Delivered(_), Read(at)) => Read(at),
                    (now, _) => now,
                });
                expected.push(MessageRecord { progress: reached, ..message });
            }
        }
    }
    let theirs = pair.theirs(1, "hands off");
    open.save(vec![
        Change::Message(theirs.clone()),
        Change::Progress(vec![theirs.id, MessageId::new([9; 32])], Refused),
        Change::Progress(Vec::new(), Refused),
    ])
    .await;

    let mut open = open.again(&folder).await;
    let mut found = open.fetch(pair.bob.account, 1).await;
    found.extend(open.fetch(pair.bob.account, 65).await);
    assert_eq!(found, expected);
    let messages = open.newest(pair.bob.account, 500).await;
    assert!(messages.contains(&theirs), "theirs make no progress of mine");
    assert_eq!(messages.len(), 1 + expected.len());
}

#[tokio::test]
async fn what_is_in_a_mailbox_and_what_is_owed_is_known_again() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let mine: Vec<_> = (1..=3).map(|seq| pair.mine(seq, "word")).collect();
    let (letter, carol) = (LetterId::new([5; 16]), Person::new(3).account);
    open.save(mine.iter().cloned().map(Change::Message).collect()).await;
    open.save(vec![
        Change::Posted(mine.iter().map(|message| message.id).collect(), letter, NOW),
        Change::NotPosted(vec![mine[1].id]),
        Change::Progress(vec![mine[2].id], Progress::Delivered(NOW + 1)),
        Change::Owe(pair.bob.account, vec![MessageId::new([1; 32]), MessageId::new([2; 32])]),
        Change::Owe(carol, vec![MessageId::new([0; 32])]),
        Change::Paid(vec![MessageId::new([1; 32]), MessageId::new([9; 32])]),
    ])
    .await;
    let mut open = open.again(&folder).await;
    let posted = MessageRecord { posted: Some((letter, NOW)), ..mine[0].clone() };
    assert_eq!(open.loaded.conversations[0].waiting, [posted, mine[1].clone()]);
    let owed = [(pair.bob.account, MessageId::new([2; 32])), (carol, MessageId::new([0; 32]))];
    assert_eq!(open.loaded.owed, owed, "in order");
    let arrived = &open.fetch(pair.bob.account, 3).await[0];
    assert_eq!(arrived.posted, None, "what has arrived waits in no mailbox");
}

#[tokio::test]
async fn a_message_taken_back_leaves_a_void_in_its_place() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let (one, two, three) = (pair.mine(1, "a"), pair.mine(2, "b"), pair.mine(3, "c"));
    open.save([&one, &two, &three].map(|message| Change::Message(message.clone())).to_vec()).await;
    let void = pair.void_of(&two);
    let take_back = |old: &MessageRecord| Change::Void { old: old.id, new: pair.void_of(old) };
    assert_eq!(open.save_one(take_back(&two)).await, Fate::Done);
    assert_eq!(open.save_one(take_back(&two)).await, Fate::Known);
    open.save(vec![Change::Progress(vec![three.id], Progress::Delivered(NOW))]).await;
    assert_eq!(open.save_one(take_back(&three)).await, Fate::Conflict, "what has arrived can't be taken back");

    let mut open = open.again(&folder).await;
    let three = MessageRecord { progress: Progress::Delivered(NOW), ..three };
    assert_eq!(open.fetch(pair.bob.account, 1).await, [one.clone(), void, three.clone()]);
    assert_eq!(open.loaded.conversations[0].waiting, [one.clone(), pair.void_of(&two)], "the void has still to go");
    assert_eq!(open.loaded.conversations[0].mine, (3, three.id));
    assert_eq!(open.newest(pair.bob.account, 9).await, [one, three]);
}

#[tokio::test]
async fn a_void_of_theirs_is_neither_shown_nor_unread() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let void = MessageRecord { kind: kind::VOID, text: String::new(), ..pair.theirs(2, "") };
    open.save(vec![Change::Message(pair.theirs(1, "one")), Change::Message(void.clone())]).await;
    let open = open.again(&folder).await;
    let conversation = &open.loaded.conversations[0];
    assert_eq!(conversation.theirs, [(pair.bob.device.device(), 2)]);
    assert_eq!(conversation.unread, 1);
    assert_eq!(conversation.hlc, void.hlc);
    assert_eq!(conversation.last_message_ms, NOW + 1);
    assert_eq!(open.newest(pair.bob.account, 9).await, [pair.theirs(1, "one")]);
}

#[tokio::test]
async fn one_save_that_cannot_be_done_spoils_no_other() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let impossible = MessageRecord { hlc: Hlc(u64::MAX), ..pair.mine(3, "beyond the database's numbers") };
    // More than a group, so that some groups are whole and some are not.
    let total = 600;
    for n in 1..=total {
        let mut changes = vec![Change::Message(pair.mine(n * 10, "word"))];
        if n % 97 == 0 {
            changes.push(Change::Message(impossible.clone()));
        }
        open.begin_save(changes);
    }
    for n in 1..=total {
        match open.news().await {
            StoreNews::Saved(id, fates) => {
                assert_eq!((id, fates), (SaveId(n), vec![Fate::Done]), "in order");
                assert_ne!(n % 97, 0, "the impossible was not done");
            }
            StoreNews::SaveFailed(id, why) => {
                assert_eq!((id, n % 97), (SaveId(n), 0), "{why}");
            }
            StoreNews::Fetched(..) => panic!("nothing was fetched"),
        }
    }
    let mut open = open.again(&folder).await;
    let kept = open.loaded.conversations[0].waiting.len();
    assert_eq!(kept, 600 - 6, "the failed saves left nothing, the others all");
    let fetched = open.fetch(pair.bob.account, 970).await;
    assert_eq!(fetched[0].kind, kind::VOID, "a failed save is undone as a whole: in its place is nothing");
    assert_eq!((fetched[10].seq, fetched[10].kind), (980, kind::TEXT));
}

#[tokio::test]
async fn a_conversation_is_paged_through_without_gap_or_repetition() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    let mut all = Vec::new();
    for seq in 1..=60 {
        // Three share each clock reading, so the id decides.
        let hlc = clock(seq / 3);
        all.push(pair.message(&pair.alice, true, seq, hlc, "mine"));
        all.push(pair.message(&pair.bob, false, seq, hlc, "theirs"));
    }
    let elsewhere = Pair::with(3).theirs(1, "to someone else");
    open.save(all.iter().chain([&elsewhere]).cloned().map(Change::Message).collect()).await;
    all.sort_by_key(|message| (message.hlc, message.id));

    let bob = pair.bob.account;
    let records = |page: StoredPage| page.messages.into_iter().map(|shown| shown.record).collect::<Vec<_>>();
    let place = |message: &MessageRecord| (message.hlc, message.id);
    let mut found: Vec<MessageRecord> = Vec::new();
    loop {
        let before = found.first().map(place);
        let at = before.map_or(At::End, |(hlc, id)| At::Before(hlc, id));
        let page = open.store.history(bob, at, 7).await.unwrap();
        assert_eq!(page.more, page.messages.len() + found.len() < all.len());
        assert_eq!(page.newer, before.is_some());
        let more = page.more;
        found.splice(0..0, records(page));
        if !more {
            break;
        }
    }
    assert_eq!(found, all);

    let mut forward = vec![all[0].clone()];
    loop {
        let (hlc, id) = place(forward.last().unwrap());
        let page = open.store.history(bob, At::After(hlc, id), 7).await.unwrap();
        assert!(page.more, "there is one before");
        assert_eq!(page.newer, page.messages.len() + forward.len() < all.len());
        let newer = page.newer;
        forward.extend(records(page));
        if !newer {
            break;
        }
    }
    assert_eq!(forward, all);

    for (at, first, len) in [(0, 0, 5), (2, 0, 7), (60, 55, 10), (119, 114, 6)] {
        let page = open.store.history(bob, At::Around(all[at].id), 10).await.unwrap();
        assert_eq!((page.more, page.newer), (first > 0, first + len < all.len()), "around {at}");
        assert_eq!(records(page), all[first..first + len], "around {at}");
    }
    let page = open.store.history(bob, At::Around(elsewhere.id), 10).await.unwrap();
    assert_eq!(records(page), all[110..], "the newest where it is not there");

    let empty = open.store.history(Person::new(9).account, At::End, 7).await.unwrap();
    assert_eq!(empty, StoredPage::default());
}

#[tokio::test]
async fn a_full_queue_says_so_and_closing_finishes_what_was_queued() {
    let folder = Folder::new();
    let (answers, _nobody_reads) = tokio::sync::mpsc::channel(1);
    let (store, _) =
        juice_engine::store::Store::open(&folder.database(), &samples::data_key(1), answers).await.unwrap();
    let pair = Pair::new();
    let mut taken = 0;
    while store.save(SaveId(taken), vec![Change::Message(pair.mine(taken + 1, "word"))]).is_ok() {
        taken += 1;
        assert!(taken < 10_000, "a queue that nobody empties must fill");
    }
    assert!(taken >= 1_024, "full after {taken}");
    let other = store.clone();
    store.close().await;
    assert!(other.save(SaveId(0), Vec::new()).is_err(), "closed");
    let open = Open::at(&folder).await;
    assert_eq!(open.loaded.conversations[0].mine.0, taken);
}
