//! Golden bytes of what is said on a file's stream: a version that writes other bytes can't talk to the one before it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests' own helpers")]

use juice_proto::{
    content::FileOffer,
    error::ProtoError,
    file::{ChunkSeal, FileAnswer, FileAsk, FileRefusal, Root, Run, chunk_hash},
    frame,
    id::MessageId,
};

fn golden<T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + PartialEq + std::fmt::Debug>(
    value: &T,
    bytes: &str,
) {
    assert_eq!(hex::encode(frame::encode(value)), bytes);
    assert_eq!(frame::decode::<T>(&hex::decode(bytes).unwrap()).as_ref(), Ok(value));
}

#[test]
fn words_have_their_golden_bytes() {
    let message = MessageId::new([0xcd; 32]);
    let id = "cd".repeat(32);
    let runs = vec![Run { first: 3, count: 4 }, Run { first: 300, count: 1 }];
    golden(&FileAsk::Want { message, runs, have: 70_000 }, &format!("84005820{id}828203048219012c011a00011170"));
    golden(&FileAsk::Whole(message), &format!("82015820{id}"));
    golden(&FileAsk::GivenUp(message), &format!("82025820{id}"));
    golden(&FileAsk::Ready(message), &format!("82035820{id}"));
}

#[test]
fn answers_have_their_golden_bytes() {
    for (answer, bytes) in [
        (FileAnswer::Noted, "8102"),
        (FileAnswer::No(FileRefusal::Unknown), "820100"),
        (FileAnswer::No(FileRefusal::Gone), "820101"),
        (FileAnswer::No(FileRefusal::Held), "820102"),
        (FileAnswer::No(FileRefusal::GivenUp), "820103"),
        (FileAnswer::No(FileRefusal::Busy), "820104"),
    ] {
        assert_eq!(hex::encode(frame::encode(&answer)), bytes);
        assert_eq!(frame::decode::<FileAnswer<'_>>(&hex::decode(bytes).unwrap()), Ok(answer));
    }
}

#[test]
fn a_sealed_chunk_has_its_golden_bytes() {
    let mut root = Root::default();
    root.add(&chunk_hash(b"hello"));
    let root = root.finish();
    // SHA-256 over the SHA-256 of "hello".
    assert_eq!(hex::encode(root), "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
    let (name, caption) = ("hello.txt".into(), String::new());
    let offer = FileOffer { name, size: 5, key: [7; 32].into(), root: root.into(), picture: None, caption, memo: None };
    let mut out = Vec::new();
    let fill = |place: &mut [u8]| -> Result<(), ProtoError> {
        place.copy_from_slice(b"hello");
        Ok(())
    };
    ChunkSeal::new(&offer).append(&mut out, 0, 5, fill).unwrap();
    assert_eq!(hex::encode(out), "00000019830000555fe145600fe96b3a7866e1543d3cce5f0a4f81060c");
}
