//! The memos' room: messages that are spoken. Recording them, keeping them until they are sent, and playing them.
//!
//! [`Memos`] belongs to the driver, which hands it what the person asks and what is told of calls, and takes
//! [`MemoNews`]. A [`take`] is a thread with a corridor of its own; the [`player`] is another, with a loudspeaker of its
//! own. What was recorded lies in the profile's folder, one file for each buddy, from its first second until it is sent
//! or discarded, so neither a lock nor a crash loses it. Sending is the files' business, as is everything about its bytes.

mod drafts;
mod pace;
mod player;
mod take;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::mpsc::{SyncSender, TrySendError},
};

use juice_proto::{
    content::{Memo, Picture},
    id::AccountId,
    view::{CallStage, CallView, Command, CommandError, ErrorCode, Event, MemoDraft, MemoStage, MemoTrouble, Reply},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinSet, spawn_blocking},
};

use self::{
    drafts::{Draft, Drafts},
    player::{Player, Wish},
    take::{Material, Take},
};
use crate::{
    audio::SpeakerChoice,
    call::{Equipment, Screens},
    clip::{Clip, ClipError},
};

/// The name of the screen on which a memo's pictures are seen.
pub const MEMO: &str = "memo";

/// What the room has to say to the driver.
#[derive(Debug)]
pub(crate) enum MemoNews {
    /// Something to show, of no consequence.
    Tell(Box<Event>),
    /// What is being recorded stands otherwise.
    Stands(MemoDraft),
    /// A take is over, with what was kept of it.
    Ended { buddy: String, kept: Option<Draft>, trouble: Option<MemoTrouble> },
    /// These have waited since an earlier day.
    Found(Vec<Draft>),
    /// A draft lies where files are sent from, for the command of that number; or why not.
    Lent { number: u64, buddy: String, outcome: Result<PathBuf, CommandError> },
}

/// A memo that is to be offered: what the offer says of it.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub memo: Memo,
    pub picture: Option<Picture>,
}

/// See the module.
pub(crate) struct Memos {
    drafts: Drafts,
    kept: HashMap<String, Draft>,
    /// Those that are being sent: by the number of the command, for whom, and where they lie for that.
    sending: HashMap<u64, (String, PathBuf)>,
    take: Option<Take>,
    /// How the take stands.
    stands: Option<MemoDraft>,
    /// Calls that are more than a ring.
    calls: HashSet<String>,
    player: Player,
    news: mpsc::Sender<MemoNews>,
    tasks: JoinSet<()>,
}

impl Memos {
    /// Looks for what waits in `folder`; what is sent goes to `sent`.
    pub fn start(folder: PathBuf, sent: PathBuf, screens: Screens, news: mpsc::Sender<MemoNews>) -> Self {
        let (drafts, mut tasks) = (Drafts { folder, sent }, JoinSet::new());
        let (looking, told) = (drafts.clone(), news.clone());
        tasks.spawn(async move {
            if let Ok(found) = spawn_blocking(move || looking.find()).await {
                let _ = told.send(MemoNews::Found(found)).await;
            }
        });
        let player = Player::new(screens, news.clone());
        let (kept, sending, calls) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { drafts, kept, sending, take: None, stands: None, calls, player, news, tasks }
    }

    /// Everything that is being recorded or waits.
    pub fn views(&self) -> Vec<MemoDraft> {
        let recorded = self.stands.iter().cloned();
        let waits = self.kept.values().filter(|draft| self.stands.as_ref().is_none_or(|one| one.buddy != draft.buddy));
        recorded.chain(waits.map(|draft| self.view(draft))).collect()
    }

    /// Does what the person asks of memos where it needs no answer from elsewhere. Gives back what is none of that.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few commands are about memos")]
    pub fn ask(
        &mut self,
        command: Command,
        equipment: &Equipment,
        in_call: bool,
    ) -> Result<Result<Reply, CommandError>, Command> {
        let done = match command {
            Command::RecordMemo { buddy, video } => self.record(&buddy, video, equipment, in_call),
            Command::StopMemo => {
                self.take.iter().for_each(Take::stop);
                Ok(())
            }
            Command::DiscardMemo { buddy } => {
                self.discard(&buddy);
                Ok(())
            }
            Command::PauseMemo => {
                self.player.wish(Wish::Pause);
                Ok(())
            }
            Command::SetMemoPace { percent } => {
                self.player.wish(Wish::Pace(percent));
                Ok(())
            }
            other => return Err(other),
        };
        Ok(done.map(|()| Reply::Done))
    }

    fn record(&mut self, buddy: &str, video: bool, with: &Equipment, in_call: bool) -> Result<(), CommandError> {
        let refused = |code, message: &str| Err(CommandError { code, message: message.into() });
        let Ok(account) = AccountId::parse(buddy) else { return refused(ErrorCode::Unknown, "no such buddy") };
        if in_call || !self.calls.is_empty() || self.take.is_some() {
            return refused(ErrorCode::InCall, "there is a call, or a memo is being recorded");
        }
        self.player.wish(Wish::Pause);
        let material = Material::new(account.to_string(), video, with, &self.drafts, self.news.clone());
        let stands = material.stands(MemoStage::Starting, 0);
        let take = Take::start(material);
        self.take = Some(take.map_err(|error| CommandError { code: ErrorCode::NoSound, message: error.to_string() })?);
        self.stand(stands);
        Ok(())
    }

    fn discard(&mut self, buddy: &str) {
        if let Some(take) = self.take.as_ref().filter(|_| self.stands.as_ref().is_some_and(|one| one.buddy == buddy)) {
            return take.discard();
        }
        let is_being_sent = self.sending.values().any(|(whose, _)| whose == buddy);
        if let Some(draft) = self.kept.remove(buddy).filter(|_| !is_being_sent) {
            self.player.wish(Wish::Pause);
            spawn_blocking(move || drafts::remove(&draft.path));
            self.tell(Event::MemoGone { buddy: buddy.into() });
        }
    }

    /// Lays a draft where it is sent from; [`MemoNews::Lent`] says that it is there.
    pub fn lend(&mut self, number: u64, buddy: String) -> Result<(), CommandError> {
        let draft = self.kept.get(&buddy).filter(|_| !self.sending.values().any(|(whose, _)| *whose == buddy));
        let unknown = || CommandError { code: ErrorCode::Unknown, message: "no memo waits for them".into() };
        let (path, drafts, news) = (draft.ok_or_else(unknown)?.path.clone(), self.drafts.clone(), self.news.clone());
        self.player.wish(Wish::Pause);
        self.sending.insert(number, (buddy.clone(), PathBuf::new()));
        self.show(&buddy);
        self.tasks.spawn(async move {
            let lent = spawn_blocking(move || drafts.lend(&path)).await;
            let not_saved = |why: String| CommandError { code: ErrorCode::NotSaved, message: why };
            let outcome = lent.map_err(|_| not_saved("interrupted".into()));
            let outcome = outcome.and_then(|lent| lent.map_err(|error| not_saved(error.to_string())));
            let _ = news.send(MemoNews::Lent { number, buddy, outcome }).await;
        });
        Ok(())
    }

    /// A draft lies there now; what is to be offered of it.
    pub fn lent(&mut self, number: u64, path: PathBuf) -> Option<Offered> {
        let (buddy, place) = self.sending.get_mut(&number)?;
        *place = path;
        let Draft { memo, picture, .. } = self.kept.get(buddy)?.clone();
        Some(Offered { memo, picture })
    }

    /// A command was answered: if it was to send a memo, that is gone now, or waits again.
    pub fn answered(&mut self, number: u64, well: bool) {
        let Some((buddy, place)) = self.sending.remove(&number) else { return };
        if let Some(draft) = self.kept.remove(&buddy).filter(|_| well) {
            spawn_blocking(move || drafts::remove(&draft.path));
            return self.tell(Event::MemoGone { buddy });
        }
        spawn_blocking(move || drafts::remove(&place));
        self.show(&buddy);
    }

    /// The way to the player, which is silent while something is recorded.
    pub fn player(&self, on: &Equipment) -> Playing {
        Playing { wishes: self.player.wishes().filter(|_| self.take.is_none()), speaker: on.sound.memos() }
    }

    /// Where the draft for a buddy is.
    pub fn draft(&self, buddy: &str) -> Option<PathBuf> {
        self.kept.get(buddy).map(|draft| draft.path.clone())
    }

    /// What is told of calls is heard here too: one that rings is not talked over, and in one nothing is recorded.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about calls")]
    pub fn overhear(&mut self, event: &Event) {
        match event {
            Event::CallChanged { call: CallView { id, stage, .. } } => {
                let is_new = *stage == CallStage::Incoming || self.calls.insert(id.clone());
                if is_new {
                    self.player.wish(Wish::Pause);
                }
                if *stage != CallStage::Incoming {
                    self.take.iter().for_each(Take::stop);
                }
            }
            Event::CallEnded { call, .. } => drop(self.calls.remove(call)),
            _ => {}
        }
    }

    /// Takes in what its own threads say; gives what is to be told.
    pub fn told(&mut self, news: MemoNews) -> Option<Event> {
        match news {
            MemoNews::Tell(event) => return Some(*event),
            MemoNews::Stands(draft) => {
                if self.take.is_some() {
                    self.stand(draft);
                }
            }
            MemoNews::Ended { buddy, kept, trouble } => {
                (self.take, self.stands) = (None, None);
                if let Some(draft) = kept {
                    self.kept.insert(buddy.clone(), draft);
                }
                if let Some(why) = trouble {
                    self.tell(Event::MemoFailed { buddy: buddy.clone(), why });
                }
                match self.kept.contains_key(&buddy) {
                    true => self.show(&buddy),
                    false => self.tell(Event::MemoGone { buddy }),
                }
            }
            MemoNews::Found(found) => {
                for draft in found {
                    let buddy = draft.buddy.clone();
                    self.kept.entry(buddy.clone()).or_insert(draft);
                    self.show(&buddy);
                }
            }
            // The driver's own.
            MemoNews::Lent { .. } => {}
        }
        None
    }

    /// Stops what is recorded, and waits until it is kept.
    pub async fn close(mut self) {
        let take = self.take.take();
        let _ = spawn_blocking(move || drop(take)).await;
        self.tasks.shutdown().await;
    }

    fn stand(&mut self, draft: MemoDraft) {
        self.stands = Some(draft.clone());
        self.tell(Event::MemoChanged { draft });
    }

    fn show(&self, buddy: &str) {
        if let Some(draft) = self.kept.get(buddy) {
            self.tell(Event::MemoChanged { draft: self.view(draft) });
        }
    }

    fn view(&self, draft: &Draft) -> MemoDraft {
        let is_sent = self.sending.values().any(|(whose, _)| *whose == draft.buddy);
        draft.view(if is_sent { MemoStage::Sending } else { MemoStage::Kept })
    }

    fn tell(&self, event: Event) {
        tell(&self.news, event);
    }
}

/// The way to the player, for whoever has opened a clip.
pub(crate) struct Playing {
    wishes: Option<SyncSender<Wish>>,
    speaker: SpeakerChoice,
}

impl Playing {
    /// Plays a clip: that of a message, or of the draft for a buddy.
    pub fn play(self, clip: Clip, what: (String, Option<String>), from_ms: u32, answer: Answer) {
        let refused = |answer: Answer, code, message: &str| {
            let _ = answer.send(Err(CommandError { code, message: message.into() }));
        };
        let Some(wishes) = self.wishes else {
            return refused(answer, ErrorCode::InCall, "a memo is being recorded");
        };
        let wish = Wish::Play { clip: Box::new(clip), what, from_ms, speaker: self.speaker, answer };
        if let Err(TrySendError::Full(wish) | TrySendError::Disconnected(wish)) = wishes.try_send(wish)
            && let Wish::Play { answer, .. } = wish
        {
            refused(answer, ErrorCode::Internal, "the player does not keep up");
        }
    }
}

/// Who waits for an answer.
pub(crate) type Answer = oneshot::Sender<Result<Reply, CommandError>>;

/// Shows something, where there is room for it: a window that is behind asks for everything anew.
fn tell(news: &mpsc::Sender<MemoNews>, event: Event) {
    let _ = news.try_send(MemoNews::Tell(Box::new(event)));
}

/// Opens a clip to be played. Blocks.
///
/// # Errors
/// `NoSuchFile`, `Unplayable`.
pub(crate) fn open(path: &std::path::Path) -> Result<Clip, CommandError> {
    Clip::open(path).map_err(|error| {
        let code = match &error {
            ClipError::Io(_) => ErrorCode::NoSuchFile,
            ClipError::Malformed(_) | ClipError::Library(_) => ErrorCode::Unplayable,
        };
        CommandError { code, message: error.to_string() }
    })
}
