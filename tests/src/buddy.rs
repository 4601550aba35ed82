//! A whole buddy in this process: an engine on loopback, and everything it told.

use std::path::{Path, PathBuf};

use juice_engine::{
    Config, Engine, Events, Handle,
    audio::{Sink, Source},
    video::Synthetic,
    view::{BuddyView, Command, CommandError, Event, HistoryPage, MessageView, PageAt, Reply, Snapshot},
};
use tokio::time::timeout;

use crate::{Folder, PASSWORD, PATIENCE};

pub struct Buddy {
    pub name: String,
    pub handle: Handle,
    pub folder: Folder,
    events: Events,
    /// What was told and not waited for yet.
    told: Vec<Event>,
    source: Source,
    camera: Option<Synthetic>,
}

impl Buddy {
    /// An engine with an empty profile.
    pub async fn new(name: &str) -> Self {
        Self::speaking(name, Source::Silence).await
    }

    /// The same with a camera that sees a test picture.
    pub async fn seen(name: &str) -> Self {
        Self::with(name, Source::Silence, Some(Synthetic::TestPicture(None))).await
    }

    /// The same, and heard too.
    pub async fn seen_speaking(name: &str, source: Source) -> Self {
        Self::with(name, source, Some(Synthetic::TestPicture(None))).await
    }

    /// An engine with an empty profile that has this in place of a microphone; what it hears of calls is in the file
    /// [`Self::heard`] when the call is over.
    pub async fn speaking(name: &str, source: Source) -> Self {
        Self::with(name, source, None).await
    }

    async fn with(name: &str, source: Source, camera: Option<Synthetic>) -> Self {
        let folder = Folder::new(name);
        let (handle, events) = start(folder.path(), source.clone(), camera.clone()).await;
        Self { name: name.into(), handle, folder, events, told: Vec::new(), source, camera }
    }

    /// Where the loudspeaker plays to.
    pub fn heard(&self) -> PathBuf {
        heard(self.folder.path())
    }

    /// Where it rings.
    pub fn rung(&self) -> PathBuf {
        self.heard().with_extension("ring.wav")
    }

    /// An engine with a fresh account at `server`.
    pub async fn register(name: &str, server: &str) -> Self {
        let buddy = Self::new(name).await;
        buddy.sign_up(server).await.expect("registers");
        buddy
    }

    pub async fn sign_up(&self, server: &str) -> Result<Reply, CommandError> {
        let (name, password) = (self.name.clone(), PASSWORD.into());
        self.command(Command::Register { name, password, server: server.into(), invite: None }).await
    }

    pub async fn command(&self, command: Command) -> Result<Reply, CommandError> {
        timeout(PATIENCE, self.handle.command(command)).await.expect("a command is answered")
    }

    pub async fn sign_in(&self) {
        let done = self.command(Command::SignIn { password: PASSWORD.into(), account: None }).await;
        done.expect("the password opens the profile");
    }

    pub async fn sign_out(&self) {
        self.command(Command::SignOut).await.expect("signs out");
    }

    /// Signs out, and waits until `other` has seen it.
    pub async fn leave(&self, other: &mut Self) {
        self.sign_out().await;
        other.until("their going", |event| matches!(event, Event::BuddyWentAway { .. })).await;
    }

    /// Ends the engine and starts another on the same profile.
    pub async fn restart(&mut self) {
        self.handle.stop().await;
        let (handle, events) = start(self.folder.path(), self.source.clone(), self.camera.clone()).await;
        (self.handle, self.events) = (handle, events);
        self.told.clear();
        self.sign_in().await;
    }

    pub async fn snapshot(&self) -> Snapshot {
        self.handle.snapshot().await
    }

    /// The row of a buddy, by name.
    pub async fn row(&self, name: &str) -> BuddyView {
        let snapshot = self.snapshot().await;
        snapshot.buddies.into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} is on the list"))
    }

    pub async fn id_of(&self, name: &str) -> String {
        self.row(name).await.id
    }

    pub async fn say(&self, name: &str, text: &str) {
        let buddy = self.id_of(name).await;
        self.command(Command::SendMessage { buddy, text: text.into(), reply_to: None }).await.expect("is saved");
    }

    /// Waits for an event, passing over others, which stay for later waits.
    pub async fn until(&mut self, what: &str, mut fits: impl FnMut(&Event) -> bool) -> Event {
        if let Some(at) = self.told.iter().position(&mut fits) {
            return self.told.remove(at);
        }
        let waiting = async {
            loop {
                let event = self.events.next().await.expect("the engine runs");
                if fits(&event) {
                    return event;
                }
                self.told.push(event);
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(event) => event,
            Err(_) => panic!("{}: {what} did not happen; told since: {:#?}", self.name, self.told),
        }
    }

    /// Everything told and not waited for, so far.
    pub async fn drain(&mut self) -> Vec<Event> {
        while let Ok(Some(event)) = timeout(std::time::Duration::ZERO, self.events.next()).await {
            self.told.push(event);
        }
        std::mem::take(&mut self.told)
    }

    pub async fn until_here(&mut self, name: &str) {
        let rows = self.snapshot().await.buddies;
        if rows.iter().any(|row| row.name == name && row.route.is_some()) {
            return;
        }
        let name = name.to_owned();
        self.until(
            "a link",
            |event| matches!(event, Event::BuddyChanged { buddy } if buddy.name == name && buddy.route.is_some()),
        )
        .await;
    }

    pub async fn hear(&mut self, text: &str) -> MessageView {
        let text = text.to_owned();
        let event = self
            .until(
                &format!("'{text}'"),
                |event| matches!(event, Event::MessageArrived { message } if message.text == text),
            )
            .await;
        match event {
            Event::MessageArrived { message } => message,
            _ => unreachable!("just matched"),
        }
    }

    pub async fn history(&self, name: &str) -> HistoryPage {
        let buddy = self.id_of(name).await;
        self.handle.history(buddy, PageAt::End, 1_000).await.expect("the disk gives it")
    }

    pub fn profile(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

fn heard(profile: &Path) -> PathBuf {
    profile.join("heard.wav")
}

async fn start(profile: &Path, source: Source, camera: Option<Synthetic>) -> (Handle, Events) {
    let config = Config {
        profile: profile.to_owned(),
        server: None,
        loopback_only: true,
        downloads: Some(profile.join("downloads")),
        source: Some(source),
        sink: Some(Sink::File(heard(profile))),
        camera,
    };
    Engine::start(config).await.expect("the engine starts")
}

/// Makes buddies of two people the usual way, and waits until they are linked.
pub async fn befriend(a: &mut Buddy, b: &mut Buddy) {
    let add = Command::AddBuddy { name: b.name.clone(), note: "it's me".into() };
    a.command(add).await.expect("the request goes out");
    let event = b.until("a request", |event| matches!(event, Event::RequestArrived { .. })).await;
    let Event::RequestArrived { request } = event else { unreachable!("just matched") };
    assert_eq!(request.name, a.name, "the request says who asks");
    b.command(Command::AcceptBuddy { buddy: request.id }).await.expect("accepts");
    a.until_here(&b.name).await;
    b.until_here(&a.name).await;
}

/// Alice and Bob with fresh accounts at `server`, buddies and linked.
pub async fn alice_and_bob(server: &str) -> (Buddy, Buddy) {
    let mut alice = Buddy::register("alice", server).await;
    let mut bob = Buddy::register("bob", server).await;
    befriend(&mut alice, &mut bob).await;
    (alice, bob)
}
