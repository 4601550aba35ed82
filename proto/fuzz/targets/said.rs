//! What people say: bodies of contents, letters, offers of files, and texts as they are drawn.

use juice_proto::{
    content::{self, Body, Content, FileOffer},
    file_name, frame,
    id::ConversationId,
    letter::{self, Letter},
    link::LinkBody,
    prose::{self, Block, Inline, SCHEMES},
    seal::Envelope,
    sign::{Context, Signed},
};

use super::{
    A, B,
    common::{
        letters::{letter as honest, seal, sealed},
        raw::said,
        stage::{ALICE, BOB, Stage},
    },
    reads,
};

/// A kind in two bytes, and what stands for its body.
pub fn body(input: &[u8]) {
    let (alice, bob) = (&A.identity, &B.identity);
    let conversation = ConversationId::between(&alice.account_key, &bob.account_key);
    let Some(([high, low], rest)) = input.split_first_chunk::<2>() else { return };
    // Known kinds as often as unknown ones.
    let kind = if *high < 0x80 { u16::from(low % 8) } else { u16::from_be_bytes([*high, *low]) };
    let nothing = said(bob, alice, 1, &Body::Void);
    let given = Content { kind, body: rest.to_vec().into(), ..nothing };
    let signed = Signed::make(&given, &bob.device);
    let Ok(content) = content::check(&signed, &conversation, &bob.account, &bob.device.device()) else { return };
    let body = content.read().expect("it was checked");
    assert!(body.words().chars().count() <= content::MAX_TEXT);
    let again = Content { body: said(bob, alice, 1, &body).body, ..content };
    assert!(matches!(body, Body::Unknown(_) | Body::Void) || again.read() == Ok(body), "it says again what it says");
}

/// What is offered as a file, and its name.
pub fn file_offer(input: &[u8]) {
    let name = match reads::<FileOffer>(input) {
        Some(offer) => offer.name,
        None => String::from_utf8_lossy(input).into_owned(),
    };
    let safe = file_name::safe(&name);
    assert!(!safe.is_empty() && safe.len() <= content::MAX_FILE_NAME, "{name:?}");
    assert!(!safe.starts_with('.') && !safe.ends_with(['.', ' ']), "{name:?} as {safe:?}");
    assert!(!safe.contains(['/', '\\', ':', '\0', '\n', '\u{202e}']), "{name:?} as {safe:?}");
    assert_eq!(file_name::safe(&safe), safe, "a safe name is its own: {name:?}");
}

/// A text as it is drawn.
pub fn prose(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (_, blocks) = prose::read(&text);
    let mut pieces = 0;
    blocks.iter().for_each(|block| look_at(block, 1, &mut pieces));
    assert!(pieces <= 2 * text.len() + 1, "{pieces} pieces of {} bytes", text.len());
}

fn look_at(block: &Block, depth: usize, pieces: &mut usize) {
    assert!(depth <= 10);
    *pieces += 1;
    match block {
        Block::Paragraph { words } => words.iter().for_each(|word| look_at_word(word, depth + 1, pieces)),
        Block::Quote { blocks } => blocks.iter().for_each(|block| look_at(block, depth + 1, pieces)),
        Block::Code { .. } => {}
        Block::List { items, .. } => items.iter().flatten().for_each(|block| look_at(block, depth + 1, pieces)),
    }
}

fn look_at_word(word: &Inline, depth: usize, pieces: &mut usize) {
    assert!(depth <= 12);
    *pieces += 1;
    match word {
        Inline::Text { .. } | Inline::Code { .. } | Inline::Break => {}
        Inline::Strong { words } | Inline::Emphasis { words } | Inline::Struck { words } => {
            words.iter().for_each(|word| look_at_word(word, depth + 1, pieces));
        }
        Inline::Link { href, words } => {
            let href = href.to_ascii_lowercase();
            assert!(SCHEMES.iter().any(|scheme| href.starts_with(scheme)), "{href:?} leads elsewhere");
            assert!(words.iter().all(|word| !matches!(word, Inline::Link { .. })));
        }
    }
}

/// A letter to someone who is there: the bytes as a letter, as what is sealed, as an envelope, and as bodies, each a
/// byte for how long and that many bytes.
pub fn letter(input: &[u8]) {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    stage.open_server();
    stage.connect(ALICE);
    let (us, bob) = (stage.device(ALICE), &*B);
    let signature = bob.identity.device.sign(Context::Letter, &[input]);
    let own = Signed::<Letter>::from_parts(input.to_vec(), signature);
    if let Ok(letter) = letter::check(&own, &us) {
        assert!(letter.to == us && letter.device == bob.identity.device.device());
    }
    if let Some(stolen) = reads::<Signed<Letter>>(input) {
        let other = |letter: &Letter| letter.device != bob.identity.device.device();
        assert!(letter::check(&stolen, &us).as_ref().is_ok_and(other) || letter::check(&stolen, &us).is_err());
    }
    if let Some(envelope) = reads::<Envelope>(input) {
        stage.bring(ALICE, 1, envelope);
    }
    if input.len() < 60_000 {
        let envelope = seal(&stage, ALICE, &frame::encode(&own));
        stage.bring(ALICE, 2, envelope);
    }
    let mut strange = honest(&stage, bob, ALICE, &[LinkBody::Content(words(1))]);
    let mut rest = input;
    while let [length, tail @ ..] = rest {
        let (body, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        strange.bodies.push(body.to_vec().into());
        rest = tail;
        if strange.bodies.len() > 100 {
            break;
        }
    }
    strange.bodies.push(frame::encode(&LinkBody::Content(words(2))).into());
    if frame::encode(&strange).len() < 60_000 {
        for number in 3..6 {
            let envelope = sealed(&stage, ALICE, &strange, &bob.identity.device);
            stage.bring(ALICE, number, envelope);
            stage.pass(3_000);
        }
    }
    let shown = stage.arrived(ALICE);
    let once: std::collections::BTreeSet<_> = shown.iter().map(|message| message.id.clone()).collect();
    assert_eq!(shown.len(), once.len(), "nothing is shown twice");
}

fn words(seq: u64) -> Signed<Content> {
    Signed::make(&said(&B.identity, &A.identity, seq, &Body::text("words")), &B.identity.device)
}
