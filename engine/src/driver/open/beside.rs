//! What is read and written beside the loop: pages, searches, files and copies, each in a task that answers for itself.

use super::*;

impl Open {
    /// Reads a page beside the loop; [`Self::take_news`] answers when it is there.
    pub fn history(&mut self, buddy: &str, at: &PageAt, limit: u32, answer: Answer<Result<HistoryPage, CommandError>>) {
        let (Ok(buddy), Ok(at)) = (AccountId::parse(buddy), part(at)) else {
            return drop(answer.send(Err(unknown())));
        };
        let store = self.store.clone();
        self.pages.spawn(async move { (store.history(buddy, at, limit).await, answer) });
    }

    /// Searches beside the loop.
    pub fn search(
        &mut self,
        query: String,
        buddy: Option<&str>,
        before: Option<&str>,
        limit: u32,
        answer: Answer<Result<SearchPage, CommandError>>,
    ) {
        let buddy = buddy.map(AccountId::parse).transpose();
        let (Ok(buddy), Ok(before)) = (buddy, before.map(place).transpose()) else {
            return drop(answer.send(Err(unknown())));
        };
        let store = self.store.clone();
        self.reads.spawn(async move {
            let hits = store.search(&query, buddy, before, limit).await;
            let _ = answer.send(hits.map(shown::search_page).map_err(not_read));
        });
    }

    /// Reads the texts of a message beside the loop.
    pub fn edits(&mut self, buddy: &str, message: &str, answer: Answer<Result<Vec<EditView>, CommandError>>) {
        let (Ok(buddy), Ok(message)) = (AccountId::parse(buddy), MessageId::parse(message)) else {
            return drop(answer.send(Err(unknown())));
        };
        let store = self.store.clone();
        self.reads.spawn(async move {
            let texts = store.edits(buddy, message).await;
            let _ = answer.send(texts.map(shown::edit_views).map_err(not_read));
        });
    }

    /// Writes a conversation out beside the loop.
    pub fn export(
        &mut self,
        now: Now,
        buddy: &str,
        format: ExportFormat,
        path: PathBuf,
        answer: Answer<Result<(), CommandError>>,
    ) {
        let views = self.messenger.views();
        let (Ok(account), Some(view)) =
            (AccountId::parse(buddy), views.buddies.into_iter().find(|view| view.id == buddy))
        else {
            return drop(answer.send(Err(unknown())));
        };
        let called = if view.alias.is_empty() { view.name } else { view.alias };
        let heading = Heading { me: views.me.name, buddy: called, now_ms: now.wall };
        let store = self.store.clone();
        self.reads.spawn(async move {
            let done = history::export(&store, account, &heading, format, &path).await;
            let error = |error: ExportError| CommandError { code: ErrorCode::NotSaved, message: error.to_string() };
            let _ = answer.send(done.map_err(error));
        });
    }

    /// Backs the profile up beside the loop, one time after the other.
    pub fn back_up(
        &mut self,
        profile: Arc<Profile>,
        path: PathBuf,
        password: String,
        answer: Answer<Result<(), CommandError>>,
    ) {
        let (store, turn) = (self.store.clone(), Arc::clone(&self.backup));
        self.reads.spawn(async move {
            let _turn = turn.lock().await;
            let _ = answer.send(backup::back_up(profile, store, path, password).await.map_err(Into::into));
        });
    }

    /// Looks up beside the loop where a file is.
    pub fn file_path(&self, buddy: &str, message: &str, answer: Answer<Result<PathBuf, CommandError>>) {
        let (Ok(buddy), Ok(message)) = (AccountId::parse(buddy), MessageId::parse(message)) else {
            return drop(answer.send(Err(files::unknown())));
        };
        let store = self.store.clone();
        tokio::spawn(async move {
            let _ = answer.send(files::place(&store, buddy, message).await);
        });
    }
}

fn unknown() -> CommandError {
    CommandError { code: ErrorCode::Unknown, message: "no such conversation, message or place".into() }
}

/// The part of a conversation that is asked for.
fn part(at: &PageAt) -> Result<At, ()> {
    Ok(match at {
        PageAt::End => At::End,
        PageAt::Before { place: text } => place(text).map(|(hlc, id)| At::Before(hlc, id))?,
        PageAt::After { place: text } => place(text).map(|(hlc, id)| At::After(hlc, id))?,
        PageAt::Around { message } => At::Around(MessageId::parse(message).map_err(drop)?),
    })
}

/// A place in a conversation: `order:id`, as message views name it.
fn place(text: &str) -> Result<(Hlc, MessageId), ()> {
    let (order, id) = text.split_once(':').ok_or(())?;
    Ok((Hlc(u64::from_str_radix(order, 16).map_err(drop)?), MessageId::parse(id).map_err(drop)?))
}
