use juice_engine::view::{
    CallRecord, CallStage, CallView, FileStageView, FileView, MemoView, MessageView, RequestView,
};

use super::*;
use crate::mirror::tests::{buddy, me, open_with};

fn toasts() -> (Toasts, Mirror, Instant) {
    let people = ["bob", "eve", "ida", "max", "tom", "zoe"];
    (Toasts::new(english()), open_with(people.iter().map(|id| buddy(id, id, 0)).collect()), Instant::now())
}

fn english() -> &'static Words {
    Words::of("en")
}

fn arrived(from: &str, text: &str) -> Event {
    let message = MessageView {
        id: "1".into(),
        buddy: from.into(),
        mine: false,
        text: text.into(),
        sent_ms: 0.0,
        order: "1".into(),
        delivery: None,
        body: Vec::new(),
        action: false,
        quote: None,
        edited: false,
        deleted: false,
        reactions: Vec::new(),
        file: None,
        call: None,
        unsupported: false,
    };
    Event::MessageArrived { message }
}

fn after(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

fn elsewhere() -> Eyes {
    Eyes::default()
}

#[test]
fn a_message_becomes_a_toast_that_opens_its_conversation() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&arrived("bob", "hi"), &mirror, &elsewhere(), start);
    assert!(toasts.due(start).is_empty(), "it waits a moment for more");
    let shown = toasts.due(after(start, 200));
    let click = Some(WindowNews::OpenConversation { buddy: "bob".into() });
    let slot = Slot::Conversation("bob".into());
    assert_eq!(shown, [Toast { slot, title: "bob".into(), body: "hi".into(), click }]);
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn a_file_is_announced_by_its_name_and_by_the_words_with_it() {
    let (mut toasts, mirror, start) = toasts();
    let file = FileView {
        name: "harvest.mp4".into(),
        size: 1.0,
        picture: None,
        memo: None,
        stage: FileStageView::Offered,
        done: 0.0,
        speed: None,
    };
    let mut told = |from: &str, words: &str| {
        let Event::MessageArrived { mut message } = arrived(from, words) else { return String::new() };
        message.file = Some(file.clone());
        toasts.hear(&Event::MessageArrived { message }, &mirror, &elsewhere(), start);
        toasts.due(after(start, 200)).pop().map(|toast| toast.body).unwrap_or_default()
    };
    assert_eq!(told("bob", ""), "File: harvest.mp4");
    assert_eq!(told("eve", "the whole evening"), "the whole evening");
}

#[test]
fn a_message_that_is_spoken_is_announced_as_one() {
    for (video, said) in [(false, "Voice message"), (true, "Video message")] {
        let (mut toasts, mirror, start) = toasts();
        let Event::MessageArrived { mut message } = arrived("bob", "") else { unreachable!("it is one") };
        message.file = Some(FileView {
            name: "JUICE 2026.ogg".into(),
            size: 1.0,
            picture: None,
            memo: Some(MemoView { video, duration_ms: 4_000, waveform: Vec::new() }),
            stage: FileStageView::Offered,
            done: 0.0,
            speed: None,
        });
        toasts.hear(&Event::MessageArrived { message }, &mirror, &elsewhere(), start);
        assert_eq!(toasts.due(after(start, 200)).pop().map(|toast| toast.body), Some(said.to_owned()));
    }
}

#[test]
fn a_conversation_before_the_eyes_makes_no_toast_but_another_one_does() {
    let (mut toasts, mirror, start) = toasts();
    let eyes = Eyes { looking: Some("bob".into()), focused: true };
    toasts.hear(&arrived("bob", "hi"), &mirror, &eyes, start);
    assert_eq!(toasts.next_due(), None);
    toasts.hear(&arrived("eve", "hi"), &mirror, &eyes, start);
    assert_eq!(toasts.due(after(start, 200)).len(), 1);
}

#[test]
fn a_burst_becomes_one_toast_with_the_newest_text_and_a_count() {
    let (mut toasts, mirror, start) = toasts();
    for n in 1..=500 {
        toasts.hear(&arrived("bob", &n.to_string()), &mirror, &elsewhere(), start);
    }
    let shown = toasts.due(after(start, 200));
    assert_eq!(shown.len(), 1);
    assert_eq!(shown.first().map(|toast| (toast.title.as_str(), toast.body.as_str())), Some(("bob (500)", "500")));
}

#[test]
fn a_toast_that_is_up_changes_no_faster_than_it_can_be_read() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&arrived("bob", "one"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.due(after(start, 150)).len(), 1);
    toasts.hear(&arrived("bob", "two"), &mirror, &elsewhere(), after(start, 300));
    assert!(toasts.due(after(start, 600)).is_empty());
    let shown = toasts.due(after(start, 1_700));
    assert_eq!(shown.first().map(|toast| toast.title.as_str()), Some("bob (2)"));
}

#[test]
fn a_fifth_and_sixth_buddy_share_one_toast() {
    let (mut toasts, mirror, start) = toasts();
    for (n, id) in (0..).zip(["bob", "eve", "ida", "max", "tom", "zoe"]) {
        toasts.hear(&arrived(id, "hi"), &mirror, &elsewhere(), after(start, n * 1_000));
        let shown = toasts.due(after(start, n * 1_000 + 200));
        let slot = shown.first().map(|toast| toast.slot.clone());
        let own = Slot::Conversation(id.into());
        assert_eq!(slot, Some(if n < 4 { own } else { Slot::More }), "toast {n}");
        if n == 5 {
            assert_eq!(shown.first().map(|toast| toast.body.as_str()), Some("2 more pieces of news"));
        }
    }
    assert_eq!(toasts.up.len(), 5, "five at once are the most");
    toasts.gone(&Slot::Conversation("bob".into()));
    toasts.hear(&arrived("zoe", "hi"), &mirror, &elsewhere(), after(start, 9_000));
    let shown = toasts.due(after(start, 9_200));
    assert_eq!(shown.first().map(|toast| toast.slot.clone()), Some(Slot::Conversation("zoe".into())));
}

#[test]
fn a_conversation_that_was_seen_takes_its_toast_back_and_counts_anew() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&arrived("bob", "one"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.seen("bob"), None, "nothing is up yet");
    assert_eq!(toasts.next_due(), None, "and nothing waits any more");
    toasts.hear(&arrived("bob", "two"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.due(after(start, 200)).len(), 1);
    assert_eq!(toasts.seen("bob"), Some(Slot::Conversation("bob".into())));
    toasts.hear(&arrived("bob", "three"), &mirror, &elsewhere(), after(start, 5_000));
    assert_eq!(toasts.due(after(start, 5_200)).first().map(|toast| toast.title.clone()), Some("bob".into()));
}

/// A message of Bob's under an id; deleted where there is no text.
fn message(id: &str, text: Option<&str>) -> MessageView {
    let Event::MessageArrived { message } = arrived("bob", text.unwrap_or_default()) else { unreachable!() };
    MessageView { id: id.into(), deleted: text.is_none(), ..message }
}

fn shown(toasts: &mut Toasts, at: Instant) -> Vec<(String, String)> {
    toasts.due(at).into_iter().map(|toast| (toast.title, toast.body)).collect()
}

#[test]
fn a_deleted_message_leaves_its_toast_and_the_last_one_takes_the_toast_along() {
    let (mut toasts, mirror, start) = toasts();
    for (id, text) in [("1", "one"), ("2", "two")] {
        let message = message(id, Some(text));
        toasts.hear(&Event::MessageArrived { message }, &mirror, &elsewhere(), start);
    }
    assert_eq!(shown(&mut toasts, after(start, 200)), [("bob (2)".to_owned(), "two".to_owned())]);
    assert_eq!(toasts.mended(&message("2", None), after(start, 300)), None);
    assert_eq!(shown(&mut toasts, after(start, 2_000)), [("bob".to_owned(), "one".to_owned())]);
    let slot = Slot::Conversation("bob".into());
    assert_eq!(toasts.mended(&message("1", None), after(start, 2_100)), Some(slot));
    assert_eq!(toasts.next_due(), None, "nothing is left to be shown");
}

#[test]
fn what_is_deleted_before_it_was_shown_is_never_shown() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&Event::MessageArrived { message: message("1", Some("oh")) }, &mirror, &elsewhere(), start);
    assert_eq!(toasts.mended(&message("1", None), start), None);
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn a_mended_message_is_shown_as_it_stands_and_a_reaction_changes_nothing() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&Event::MessageArrived { message: message("1", Some("at for")) }, &mirror, &elsewhere(), start);
    assert_eq!(toasts.due(after(start, 200)).len(), 1);
    assert_eq!(toasts.mended(&message("1", Some("at for")), after(start, 300)), None);
    assert_eq!(toasts.next_due(), None, "its words are the same");
    assert_eq!(toasts.mended(&message("1", Some("at four")), after(start, 300)), None);
    assert_eq!(shown(&mut toasts, after(start, 2_000)), [("bob".to_owned(), "at four".to_owned())]);
}

#[test]
fn a_toast_that_was_put_away_does_not_come_back_mended() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&Event::MessageArrived { message: message("1", Some("at for")) }, &mirror, &elsewhere(), start);
    assert_eq!(toasts.due(after(start, 200)).len(), 1);
    assert_eq!(toasts.mended(&message("1", Some("at four")), after(start, 300)), None);
    toasts.gone(&Slot::Conversation("bob".into()));
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn who_is_busy_or_signed_out_is_left_in_peace() {
    let (mut toasts, mut mirror, start) = toasts();
    mirror.apply(&Event::MeChanged { me: me(Availability::Busy) });
    toasts.hear(&arrived("bob", "hi"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.next_due(), None);
    mirror.apply(&Event::MeChanged { me: me(Availability::Away) });
    mirror.apply(&Event::PhaseChanged { phase: Phase::Locked });
    toasts.hear(&arrived("bob", "hi"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn nobody_is_announced_in_the_first_ten_seconds() {
    let (mut toasts, mirror, start) = toasts();
    let appeared = Event::BuddyAppeared { id: "bob".into() };
    toasts.hear(&Event::PhaseChanged { phase: Phase::Open }, &mirror, &elsewhere(), start);
    toasts.hear(&appeared, &mirror, &elsewhere(), after(start, 9_900));
    assert_eq!(toasts.next_due(), None);
    toasts.hear(&appeared, &mirror, &elsewhere(), after(start, 10_100));
    let shown = toasts.due(after(start, 11_000));
    assert_eq!(shown.first().map(|toast| (toast.title.as_str(), toast.body.as_str())), Some(("bob", "is here")));
}

#[test]
fn a_server_that_comes_back_announces_nobody_either() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&Event::ServerChanged { server: ServerState::Connected }, &mirror, &elsewhere(), start);
    toasts.hear(&Event::BuddyAppeared { id: "bob".into() }, &mirror, &elsewhere(), after(start, 5_000));
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn a_request_opens_the_requests_and_is_not_told_to_who_sits_before_the_window() {
    let (mut toasts, mirror, start) = toasts();
    let request = RequestView { id: "9".into(), name: "nora".into(), note: "hi".into(), arrived_ms: 0.0 };
    let event = Event::RequestArrived { request };
    toasts.hear(&event, &mirror, &Eyes { looking: None, focused: true }, start);
    assert_eq!(toasts.next_due(), None);
    toasts.hear(&event, &mirror, &elsewhere(), start);
    let shown = toasts.due(after(start, 200));
    assert_eq!(shown.first().and_then(|toast| toast.click.clone()), Some(WindowNews::OpenRequests));
    assert_eq!(toasts.answered(), Some(Slot::Requests), "an answer takes it back");
}

#[test]
fn signing_out_takes_every_toast_back() {
    let (mut toasts, mirror, start) = toasts();
    toasts.hear(&arrived("bob", "hi"), &mirror, &elsewhere(), start);
    assert_eq!(toasts.due(after(start, 200)).len(), 1);
    toasts.hear(&arrived("eve", "hi"), &mirror, &elsewhere(), after(start, 300));
    assert_eq!(toasts.clear(), [Slot::Conversation("bob".into())]);
    assert_eq!(toasts.next_due(), None);
}

#[test]
fn eve_cannot_format_hide_or_turn_the_words_of_a_toast() {
    assert_eq!(escaped("<b>1 & 2</b>"), "&lt;b&gt;1 &amp; 2&lt;/b&gt;");
    assert_eq!(plain("a\u{202e}b\u{7}c\nd\u{2066}"), "abc\nd");
    let long = plain(&"ü".repeat(10_000));
    assert_eq!(long.chars().count(), 201);
    assert!(long.ends_with('…'));
}

fn call(stage: CallStage) -> CallView {
    CallView::with_one("c1", "bob", stage)
}

#[test]
fn a_call_rings_in_a_toast_of_its_own_but_not_for_the_busy() {
    let (toasts, mut mirror, _) = toasts();
    let toast = toasts.ringing(&call(CallStage::Incoming), &mirror).unwrap();
    assert_eq!((toast.slot, toast.body.as_str()), (Slot::Call("c1".into()), "is calling"));
    assert!(toasts.ringing(&call(CallStage::Talking), &mirror).is_none(), "nothing rings any more");
    mirror.apply(&Event::MeChanged { me: me(Availability::Busy) });
    assert!(toasts.ringing(&call(CallStage::Incoming), &mirror).is_none());
}

#[test]
fn a_missed_call_is_told_and_one_that_was_talked_is_not() {
    let (mut toasts, mirror, start) = toasts();
    let trace = |record: CallRecord| {
        let Event::MessageArrived { mut message } = arrived("bob", "") else { unreachable!("it is one") };
        message.call = Some(record);
        Event::MessageArrived { message }
    };
    toasts.hear(&trace(CallRecord::Talked { seconds: 3, video: false }), &mirror, &elsewhere(), start);
    assert_eq!(toasts.next_due(), None);
    toasts.hear(&trace(CallRecord::NotAnswered { video: false }), &mirror, &elsewhere(), start);
    let due = toasts.due(after(start, 200));
    assert_eq!(due.iter().map(|toast| toast.body.as_str()).collect::<Vec<_>>(), ["Missed call"]);
}
