//! What the server says to a client.

use juice_proto::{
    frame,
    server::{Answer, Push, Refusal, ServerFrame, SignedWelcome, Welcome},
};

use crate::{
    book::Book,
    values::{
        TIME, account, capsule, contact, envelope, first_list, pending, server, signed_prekey, signed_presence, welcome,
    },
};

const REFUSALS: [Refusal; 18] = [
    Refusal::BadRequest,
    Refusal::NoSession,
    Refusal::BadSignature,
    Refusal::SlowDown(60),
    Refusal::NameTaken,
    Refusal::CodeNeeded,
    Refusal::RegistrationClosed,
    Refusal::UnknownDevice,
    Refusal::RevokedDevice,
    Refusal::WrongList,
    Refusal::Stale,
    Refusal::Unknown,
    Refusal::AlreadyAsked,
    Refusal::AlreadyBuddies,
    Refusal::TooManyBuddies,
    Refusal::WrongPassword,
    Refusal::Failed,
    Refusal::MailboxFull,
];

fn answers() -> Vec<(&'static str, Answer)> {
    let signed = SignedWelcome::make(&welcome(), &server(), &[11; 32], b"the call");
    let lists = vec![first_list().0];
    vec![
        ("done", Answer::Done),
        ("opaque", Answer::Opaque(vec![0xab; 32].into())),
        ("welcome", Answer::Welcome(signed)),
        ("capsule", Answer::Capsule { capsule: capsule(), list: first_list().0 }),
        ("account", Answer::Account { lists, prekey: Some(signed_prekey()) }),
        ("account-none", Answer::Account { lists: Vec::new(), prekey: None }),
    ]
}

/// A new variant makes this fail to compile: it needs its golden bytes.
fn kind(answer: &Answer) -> usize {
    match answer {
        Answer::Done => 0,
        Answer::Opaque(_) => 1,
        Answer::Welcome(_) => 2,
        Answer::Capsule { .. } => 3,
        Answer::Account { .. } => 4,
        Answer::Refused(_) => 5,
    }
}

#[test]
fn every_answer_has_its_golden_bytes() {
    let mut book = Book::open("answers.hex", include_str!("answers.hex"));
    let answers = answers();
    for (name, answer) in &answers {
        book.value(name, answer);
    }
    for refusal in REFUSALS {
        book.value(&format!("refused-{refusal:?}"), &Answer::Refused(refusal));
    }
    let kinds: std::collections::BTreeSet<_> = answers.iter().map(|(_, answer)| kind(answer)).collect();
    assert_eq!(kinds.len() + 1, 6, "one of each, and the refusals");
    book.value("frame-answer", &ServerFrame::Answer(7, Box::new(Answer::Done)));
    if let Some(golden) = book.golden("welcome") {
        let Ok(Answer::Welcome(signed)) = frame::decode(&golden) else { panic!("a welcome") };
        assert_eq!(signed.open(&server().server_key(), &[11; 32], b"the call"), Ok(welcome()));
    }
    book.close();
}

fn pushes() -> Vec<(&'static str, Push)> {
    vec![
        ("contacts", Push::Contacts(vec![contact(), contact()])),
        ("contact", Push::Contact(contact())),
        ("presence", Push::Presence(account(), Some(signed_presence()))),
        ("presence-none", Push::Presence(account(), None)),
        ("gone", Push::Gone(account())),
        ("pending", Push::Pending(pending())),
        ("nudged", Push::Nudged(account())),
        ("superseded", Push::Superseded),
        ("stopping", Push::Stopping(30)),
        ("letter", Push::Letter { number: 7, posted_ms: TIME, envelope: envelope() }),
    ]
}

/// A new variant makes this fail to compile: it needs its golden bytes.
fn sort(push: &Push) -> usize {
    match push {
        Push::Contacts(_) => 0,
        Push::Contact(_) => 1,
        Push::Presence(..) => 2,
        Push::Gone(_) => 3,
        Push::Pending(_) => 4,
        Push::Nudged(_) => 5,
        Push::Superseded => 6,
        Push::Stopping(_) => 7,
        Push::Letter { .. } => 8,
    }
}

#[test]
fn every_push_has_its_golden_bytes() {
    let mut book = Book::open("pushes.hex", include_str!("pushes.hex"));
    let pushes = pushes();
    for (name, push) in &pushes {
        book.value(name, push);
    }
    let sorts: std::collections::BTreeSet<_> = pushes.iter().map(|(_, push)| sort(push)).collect();
    assert_eq!(sorts.len(), 9, "one of each");
    book.value("frame-push", &ServerFrame::Push(Box::new(Push::Superseded)));
    book.value("welcome", &welcome());
    book.value("welcome-tokens", &Welcome { tokens: Some(2), ..welcome() });
    book.value("welcome-empty", &Welcome::default());
    book.close();
}
