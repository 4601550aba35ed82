//! What a client says to the server.

use juice_proto::{
    letter::LetterId,
    server::{Call, ClientFrame, check_server, prove_server},
};

use crate::{
    book::Book,
    values::{
        account, capsule, device, envelope, first_list, other, second_list, server, signed_prekey, signed_presence,
        token,
    },
};

fn letter_id() -> LetterId {
    LetterId::new([17; 16])
}

fn calls() -> Vec<(&'static str, Call)> {
    let (list, _) = first_list();
    let (next, _) = second_list().sign(&crate::values::account_key());
    let presence = || Some(signed_presence());
    let bytes = || vec![0xab; 32].into();
    vec![
        ("register-start", Call::RegisterStart { account: account(), request: bytes(), code: Some("code".into()) }),
        ("register-start-open", Call::RegisterStart { account: account(), request: bytes(), code: None }),
        (
            "register-finish",
            Call::RegisterFinish {
                upload: bytes(),
                list,
                capsule: capsule(),
                prekey: signed_prekey(),
                presence: presence(),
            },
        ),
        (
            "hello",
            Call::Hello { account: account(), since_ms: 77, presence: presence(), prekey: Some(signed_prekey()) },
        ),
        ("hello-invisible", Call::Hello { account: account(), since_ms: 0, presence: None, prekey: None }),
        ("login-start", Call::LoginStart { account: account(), request: bytes() }),
        ("login-finish", Call::LoginFinish { proof: bytes() }),
        ("move-here", Call::MoveHere { list: next, prekey: signed_prekey(), presence: presence() }),
        ("password-start", Call::PasswordStart { request: bytes() }),
        ("password-finish", Call::PasswordFinish { upload: bytes(), capsule: capsule() }),
        ("set-presence", Call::SetPresence { presence: presence() }),
        ("set-presence-none", Call::SetPresence { presence: None }),
        ("set-prekey", Call::SetPrekey { prekey: signed_prekey() }),
        ("look-up", Call::LookUp { account: other(), since_version: 3 }),
        ("ask", Call::Ask { to: other(), envelope: envelope() }),
        ("accept", Call::Accept { from: other() }),
        ("decline", Call::Decline { from: other() }),
        ("remove", Call::Remove { other: other() }),
        ("block", Call::Block { other: other() }),
        ("unblock", Call::Unblock { other: other() }),
        ("nudge", Call::Nudge { buddy: other() }),
        ("goodbye", Call::Goodbye),
        ("set-tokens", Call::SetTokens { add: vec![token().hash()], remove: vec![[16; 32].into()] }),
        ("collected", Call::Collected { letters: vec![7, 1 << 40] }),
        ("look-up-to-post", Call::LookUpToPost { token: token(), since_version: 3 }),
        ("post", Call::Post { token: token(), letter: letter_id(), envelope: envelope() }),
        ("withdraw", Call::Withdraw { token: token(), letter: letter_id() }),
    ]
}

/// A new variant makes this fail to compile: it needs its golden bytes above.
fn has_golden_bytes(call: &Call) -> usize {
    match call {
        Call::RegisterStart { .. } => 0,
        Call::RegisterFinish { .. } => 1,
        Call::Hello { .. } => 2,
        Call::LoginStart { .. } => 3,
        Call::LoginFinish { .. } => 4,
        Call::MoveHere { .. } => 5,
        Call::PasswordStart { .. } => 6,
        Call::PasswordFinish { .. } => 7,
        Call::SetPresence { .. } => 8,
        Call::SetPrekey { .. } => 9,
        Call::LookUp { .. } => 10,
        Call::Ask { .. } => 11,
        Call::Accept { .. } => 12,
        Call::Decline { .. } => 13,
        Call::Remove { .. } => 14,
        Call::Block { .. } => 15,
        Call::Unblock { .. } => 16,
        Call::Nudge { .. } => 17,
        Call::Goodbye => 18,
        Call::SetTokens { .. } => 19,
        Call::Collected { .. } => 20,
        Call::LookUpToPost { .. } => 21,
        Call::Post { .. } => 22,
        Call::Withdraw { .. } => 23,
    }
}

#[test]
fn every_call_has_its_golden_bytes() {
    let mut book = Book::open("calls.hex", include_str!("calls.hex"));
    let calls = calls();
    for (name, call) in &calls {
        book.value(name, call);
    }
    let kinds: std::collections::BTreeSet<_> = calls.iter().map(|(_, call)| has_golden_bytes(call)).collect();
    assert_eq!(kinds.len(), 24, "one of each");
    book.value("frame-plain", &ClientFrame::plain(7, &Call::Goodbye));
    let nonce = [11; 32];
    let proven = ClientFrame::proven(1, &calls[3].1, &device(), &server().server_key(), &nonce);
    book.value("frame-proven", &proven);
    if let Some(golden) = book.golden("frame-proven") {
        let frame: ClientFrame = juice_proto::frame::decode(&golden).expect("reads");
        assert_eq!(frame.check(&device().device(), &server().server_key(), &nonce), Ok(()));
        assert_eq!(frame.open().as_ref(), Ok(&calls[3].1));
    }
    let proof = prove_server(&server(), &[12; 32], &nonce);
    book.bytes("server-proof", &proof);
    assert_eq!(check_server(&server().server_key(), &[12; 32], &nonce, &proof), Ok(()));
    book.close();
}
