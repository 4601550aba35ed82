//! Memos between the rooms: what the person asks of them, and their way to the files' room and to the player.

use tokio::task::spawn_blocking;

use super::*;
use crate::memo;

impl Open {
    /// Does what is asked of memos; gives back what is none of that.
    pub(super) fn speak(
        &mut self,
        command: Command,
        answer: Answer<Result<Reply, CommandError>>,
    ) -> Option<(Command, Answer<Result<Reply, CommandError>>)> {
        let in_call = self.talks.echo_view().is_some();
        match self.memos.ask(command, self.talks.equipment(), in_call) {
            Ok(done) => drop(answer.send(done)),
            Err(Command::PlayMemo { buddy, message, from_ms }) => self.play(buddy, message, from_ms, answer),
            Err(Command::SendMemo { buddy }) => {
                self.last_number += 1;
                match self.memos.lend(self.last_number, buddy) {
                    Ok(()) => drop(self.answers.insert(self.last_number, answer)),
                    Err(error) => drop(answer.send(Err(error))),
                }
            }
            Err(command) => return Some((command, answer)),
        }
        None
    }

    /// Opens a memo beside the loop, to be played.
    fn play(
        &mut self,
        buddy: String,
        message: Option<String>,
        from_ms: u32,
        answer: Answer<Result<Reply, CommandError>>,
    ) {
        let (store, player, draft) =
            (self.store.clone(), self.memos.player(self.equipment()), self.memos.draft(&buddy));
        let ids = (AccountId::parse(&buddy), message.as_deref().map(MessageId::parse).transpose());
        self.reads.spawn(async move {
            let opened = async {
                let path = match ids {
                    (Ok(buddy), Ok(Some(message))) => files::place(&store, buddy, message).await?,
                    (Ok(_), Ok(None)) => draft.ok_or_else(files::unknown)?,
                    (Err(_), _) | (_, Err(_)) => return Err(files::unknown()),
                };
                let interrupted = |_| CommandError { code: ErrorCode::Internal, message: "interrupted".into() };
                spawn_blocking(move || memo::open(&path)).await.map_err(interrupted)?
            };
            match opened.await {
                Ok(clip) => player.play(clip, (buddy, message), from_ms, answer),
                Err(error) => drop(answer.send(Err(error))),
            }
        });
    }

    /// What the memos' room says.
    pub(super) fn memo_told(&mut self, news: MemoNews, events: &broadcast::Sender<Event>) {
        match news {
            MemoNews::Lent { number, buddy, outcome: Ok(path) } => {
                let offered = self.memos.lent(number, path.clone());
                self.files.prepare(number, buddy, path, String::new(), offered);
            }
            MemoNews::Lent { number, outcome: Err(error), .. } => {
                self.memos.answered(number, false);
                if let Some(answer) = self.answers.remove(&number) {
                    let _ = answer.send(Err(error));
                }
            }
            news @ (MemoNews::Tell(_) | MemoNews::Stands(_) | MemoNews::Ended { .. } | MemoNews::Found(_)) => {
                if let Some(event) = self.memos.told(news) {
                    let _ = events.send(event);
                }
            }
        }
    }
}
