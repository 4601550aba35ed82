//! What is to be seen now, for the window to ask for: a screen for each person who shows something, and one for me.
//!
//! The window asks for the next picture when it has painted the last, so at most one is on its way to it, always the
//! newest, and a window that is hidden asks for none. Each says what it has seen, so two that ask for the same person take
//! nothing away from each other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    lock::lock,
    video::{Picture, Pictures},
};

/// The name of the screen on which I see myself.
pub const MINE: &str = "me";
/// How long whoever asks for a picture waits for one.
const PATIENCE: Duration = Duration::from_secs(1);

type Screen = watch::Receiver<Option<Arc<Picture>>>;

/// See the module. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Screens(Arc<Mutex<HashMap<String, Screen>>>);

impl Screens {
    /// The next picture of a person (by [`juice_proto::view::CallPerson::id`], or [`MINE`]) that was not taken at `after`,
    /// in microseconds as [`Picture::captured`]; the newest there is. None where none comes within a second.
    pub async fn next(&self, person: &str, after: Option<u64>) -> Option<Arc<Picture>> {
        let mut screen = lock(&self.0).get(person)?.clone();
        let is_new =
            |picture: &Option<Arc<Picture>>| picture.as_ref().is_some_and(|picture| Some(picture.captured()) != after);
        timeout(PATIENCE, screen.wait_for(is_new)).await.ok()?.ok()?.clone()
    }

    /// Shows these pictures under this name, in place of others, as long as the result lives.
    pub(crate) fn show(&self, person: String, mut pictures: Pictures) -> Shown {
        let (give, screen) = watch::channel(None);
        lock(&self.0).insert(person.clone(), screen.clone());
        let task = tokio::spawn(async move {
            while let Some(picture) = pictures.next().await {
                give.send_replace(Some(picture));
            }
        });
        Shown { screens: self.clone(), person, screen, task }
    }
}

/// Pictures under a name.
#[derive(Debug)]
pub(crate) struct Shown {
    screens: Screens,
    person: String,
    screen: Screen,
    task: JoinHandle<()>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        let mut screens = lock(&self.screens.0);
        if screens.get(&self.person).is_some_and(|screen| screen.same_channel(&self.screen)) {
            screens.remove(&self.person);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::Size;

    #[tokio::test]
    async fn two_who_ask_take_nothing_away_from_each_other() {
        let screens = Screens::default();
        let (give, screen) = watch::channel(None);
        lock(&screens.0).insert("bob".into(), screen);
        let size = Size::new(16, 16).unwrap();
        for captured in 1..=3 {
            give.send_replace(Some(Arc::new(Picture::filled(size, captured, [0; 3]))));
            for _ in 0..2 {
                let picture = screens.next("bob", Some(captured - 1)).await;
                assert_eq!(picture.map(|picture| picture.captured()), Some(captured), "each sees each");
            }
        }
    }
}
