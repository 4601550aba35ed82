//! What is said, once it is said: letters, answers, edits, reactions, deletions, search, and files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use juice_tests::windows::{id, wait_for};
use serde_json::{Value, json};

use crate::{Scene, picture};

#[test]
fn a_letter_reaches_bob_when_alice_has_gone_and_says_where_it_is() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    bob.sign_out();
    alice.wait_state("bob", "offline");
    alice.say("Read this when you are back");
    alice.wait_delivery("Read this when you are back", "posted");
    alice.click(&id("delivery"));
    alice.wait(&id("delivery-why"));
    picture(&alice, "in-the-mailbox");
    alice.press("\u{e00c}");
    alice.sign_out();

    bob.unlock();
    bob.open_chat("alice");
    bob.wait_message("Read this when you are back", false);
    // The receipt goes out by letter before Bob goes too.
    std::thread::sleep(std::time::Duration::from_secs(4));
    bob.sign_out();
    alice.unlock();
    alice.open_chat("bob");
    alice.wait_delivery("Read this when you are back", "read");
}

#[test]
fn what_was_said_can_be_answered_mended_marked_deleted_and_found() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    alice.say("Shall we meet at the harbour?");
    alice.say("I mean the old one");
    bob.wait_message("I mean the old one", false);

    // An answer, with what it answers.
    bob.on_message("Shall we meet at the harbour?", &id("reply"));
    bob.wait(&id("reply-bar"));
    bob.say("Yes, at seven");
    alice.wait_message("Yes, at seven", false);
    wait_for("the quote", || alice.find(&id("quote")).is_some());

    // An edit by the arrow key, in place of the last.
    alice.type_into(&id("composer"), "\u{e013}");
    alice.wait(&id("reply-bar"));
    alice.clear(&id("composer"));
    alice.say("I mean the new one");
    bob.wait_message("I mean the new one", false);
    wait_for("its mark", || bob.find(&id("edited")).is_some());

    // A reaction.
    bob.on_message("I mean the new one", &id("react"));
    bob.click(&id("quick-emoji"));
    wait_for("the reaction", || alice.find(&id("reaction")).is_some());
    picture(&alice, "answers-and-reactions");
    picture(&bob, "answers-and-reactions-other-side");

    // A deletion for both, asked once.
    bob.on_message("Yes, at seven", &id("message-menu"));
    bob.click(&id("menu-delete"));
    bob.click(&id("delete-submit"));
    wait_for("its going", || {
        let gone = "return ![...document.querySelectorAll('[data-testid=\"message\"]')].some(m => \
                    m.innerText.includes('Yes, at seven'))";
        alice.run(gone, &json!([])) == json!(true)
    });

    // Finding, as one types.
    alice.type_into(&id("composer"), "\u{e009}f\u{e000}");
    alice.type_into(&id("find"), "harb");
    alice.wait(&id("hit"));
    picture(&alice, "find");
    alice.click(&id("hit"));
    alice.wait_message("Shall we meet at the harbour?", true);
}

#[test]
fn a_conversation_is_written_out_as_what_was_said_and_no_more() {
    let mut scene = Scene::set(&["alice", "bob"]);
    let mut desktop = scene.desktop();
    let (alice, bob) = scene.buddies();
    alice.say("Is <script>alert(1)</script> **harmless**?");
    bob.wait_message("harmless", false);
    bob.on_message("harmless", &id("reply"));
    bob.wait(&id("reply-bar"));
    bob.say("As letters it is");
    bob.say("My password is swordfish");
    alice.wait_message("swordfish", false);
    bob.on_message("swordfish", &id("message-menu"));
    bob.click(&id("menu-delete"));
    bob.click(&id("delete-submit"));
    alice.say("/me shrugs");
    alice.say("See you at for");
    // The arrow takes the last that is there.
    alice.wait_message("See you at for", true);
    alice.type_into(&id("composer"), "\u{e013}");
    alice.wait(&id("reply-bar"));
    alice.clear(&id("composer"));
    alice.say("See you at four");
    alice.wait_delivery("See you at four", "read");
    wait_for("the deletion", || !alice.text(&id("messages")).contains("swordfish"));
    let folder = scene.home(0).to_path_buf();
    let mut written = |format: &str, ending: &str| {
        alice.click(&id("conversation-menu"));
        alice.click(&id("export"));
        alice.click(&id(&format!("export-{format}")));
        alice.click(&id("export-submit"));
        // Who types a name leaves the ending away.
        let proposed = desktop.save_to(&folder.join("talk"));
        assert_eq!(proposed, format!("JUICE bob.{ending}"), "a name is proposed");
        alice.wait_gone(&id("export-submit"));
        fs::read_to_string(folder.join(format!("talk.{ending}"))).expect("it is where it was to be")
    };

    let html = written("html", "html");
    assert!(html.contains("<title>alice and bob</title>"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; <strong>harmless</strong>?"), "{html}");
    assert!(!html.contains("<script"), "nothing in it is alive");
    assert!(html.contains("Content-Security-Policy\" content=\"default-src 'none'"), "nor could be");

    let markdown = written("markdown", "md");
    assert!(markdown.starts_with("# alice and bob\n"), "{markdown}");
    assert!(markdown.contains("\n> See you at four  \n\nBefore, since "), "the earlier text is there too: {markdown}");

    let json = written("json", "json");
    let all: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&all["format"], &all["me"], &all["buddy"]),
        (&json!("juice-conversation"), &json!("alice"), &json!("bob"))
    );
    let said: Vec<_> = all["messages"].as_array().expect("a list").iter().map(|m| (&m["by"], &m["text"])).collect();
    let wanted = [
        ("alice", "Is <script>alert(1)</script> **harmless**?"),
        ("bob", "As letters it is"),
        ("bob", ""),
        ("alice", "/me shrugs"),
        ("alice", "See you at four"),
    ]
    .map(|(by, text)| (json!(by), json!(text)));
    assert_eq!(said, wanted.iter().map(|(by, text)| (by, text)).collect::<Vec<_>>(), "in order, each once");
    let messages = &all["messages"];
    assert_eq!(messages[1]["answers"]["id"], messages[0]["id"], "what answers says what it answers");
    assert_eq!(messages[2]["deleted"], json!(true));
    assert_eq!(messages[4]["earlier"][0]["text"], json!("See you at for"));
    assert_eq!(messages[4]["delivery"]["state"], json!("read"));
    for file in [&html, &markdown, &json] {
        assert!(!file.contains("swordfish"), "what was deleted is in no file");
    }
    let left: Vec<_> = walk(&folder).into_iter().filter(|path| path.to_string_lossy().contains("unfinished")).collect();
    assert!(left.is_empty(), "nothing half written lies about: {left:?}");
}

#[test]
fn a_file_of_fifty_megabytes_survives_the_death_of_its_receiver() {
    const SIZE: usize = 50 * 1024 * 1024;
    let mut scene = Scene::set(&["alice", "bob"]);
    let mut desktop = scene.desktop();
    let (alice, bob) = scene.buddies();
    let paste = "const bytes = new Uint8Array(arguments[0]); \
                 for (let n = 0; n < bytes.length; n++) bytes[n] = (n * 31 + (n >> 9)) & 255; \
                 const data = new DataTransfer(); data.items.add(new File([bytes], 'holiday film.bin')); \
                 const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true }); \
                 Object.defineProperty(event, 'clipboardData', { value: data }); \
                 document.querySelector(arguments[1]).dispatchEvent(event);";
    alice.run(paste, &json!([SIZE, id("composer")]));
    alice.wait(&id("chosen-files"));
    picture(&alice, "send-sheet");
    alice.type_into(&id("caption"), "From the island");
    alice.click(&id("send-files"));
    bob.wait_message("From the island", false);
    picture(&bob, "file-offered");
    bob.click(&id("file-fetch"));
    // In the middle, as soon as anything has come.
    wait_for("the first of it", || part_of(scene.home(1)).is_some());
    bob.kill(scene.home(1));
    picture(&alice, "file-waiting");

    let bob = scene.window(1);
    bob.unlock();
    bob.open_chat("alice");
    bob.wait(&format!("{}[data-stage=\"done\"]", id("file")));
    picture(&bob, "file-done");
    let whole = find(scene.home(1), "holiday film.bin").expect("it is in the downloads");
    bob.on_message("From the island", &id("message-menu"));
    bob.click(&id("menu-show"));
    let address = format!("file://{}", whole.display()).replace(' ', "%20");
    assert_eq!(desktop.shown(), json!([address]), "the file manager chooses the file itself");
    let bytes = fs::read(whole).expect("it can be read");
    assert_eq!(bytes.len(), SIZE);
    let right = bytes.iter().enumerate().all(|(n, byte)| usize::from(*byte) == (n * 31 + (n >> 9)) & 255);
    assert!(right, "every byte is the one that was sent");
    assert!(part_of(scene.home(1)).is_none(), "nothing is left lying about");
}

fn part_of(folder: &Path) -> Option<PathBuf> {
    walk(folder).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "juice-part"))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    walk(folder).into_iter().find(|path| path.file_name().is_some_and(|known| known == name))
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let deeper: Vec<_> = entries.iter().filter(|path| path.is_dir()).flat_map(|path| walk(path)).collect();
    entries.into_iter().chain(deeper).collect()
}
