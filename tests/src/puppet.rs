//! A buddy in a process of its own, which can be killed: the program `buddy` on strings of JSON.
//!
//! A line in is `{"command": …}`, `{"history": [buddy, at, limit]}` or `"snapshot"`; lines out are `{"event": …}` and, one for each
//! line in and in their order, `{"done": …}` or `{"error": …}`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{PASSWORD, PATIENCE, server::program};

pub struct Puppet {
    child: Child,
    stdin: ChildStdin,
    events: Receiver<Value>,
    answers: Receiver<Value>,
    told: Vec<Value>,
}

impl Puppet {
    pub fn start(profile: &Path) -> Self {
        Self::start_with(profile, &[])
    }

    pub fn start_with(profile: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program("buddy"));
        command.envs(environment.iter().copied());
        Self::run(command, profile)
    }

    /// Runs `command`, which is the program or ends in it.
    pub fn run(mut command: Command, profile: &Path) -> Self {
        let log = File::options().create(true).append(true).open(profile.join("log"));
        let log = log.expect("the folder is writable");
        let mut child = command
            .arg("--profile")
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("buddy is built beside the tests");
        let (stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (event, events) = sync_channel(100_000);
        let (answer, answers) = sync_channel(100_000);
        thread::spawn(move || sort(BufReader::new(stdout), &event, &answer));
        Self { child, stdin, events, answers, told: Vec::new() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Says a line; false where the process is gone.
    pub fn tell(&mut self, line: &Value) -> bool {
        writeln!(self.stdin, "{line}").is_ok()
    }

    pub fn command(&mut self, command: &Value) -> bool {
        self.tell(&json!({ "command": command }))
    }

    /// The next answer, if it comes in time.
    pub fn answer(&mut self, patience: Duration) -> Option<Value> {
        self.answers.recv_timeout(patience).ok()
    }

    pub fn ask(&mut self, line: &Value) -> Value {
        assert!(self.tell(line), "the puppet runs");
        self.answer(PATIENCE).expect("an answer")
    }

    pub fn done(&mut self, command: &Value) {
        let answer = self.ask(&json!({ "command": command }));
        assert!(answer.get("done").is_some(), "{command} was answered with {answer}");
    }

    pub fn register(&mut self, name: &str, server: &str) {
        self.done(&json!({"type": "register", "name": name, "password": PASSWORD, "server": server, "invite": null}));
    }

    pub fn sign_in(&mut self) {
        self.done(&json!({"type": "signIn", "password": PASSWORD, "account": null}));
    }

    pub fn buddies(&mut self) -> Vec<Value> {
        let snapshot = self.ask(&json!("snapshot"));
        snapshot["done"]["buddies"].as_array().cloned().unwrap_or_default()
    }

    /// Waits for an event, passing over others, which stay for later waits.
    pub fn until(&mut self, what: &str, mut fits: impl FnMut(&Value) -> bool) -> Value {
        if let Some(at) = self.told.iter().position(&mut fits) {
            return self.told.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) if fits(&event) => return event,
                Ok(event) => self.told.push(event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} did not happen; told since: {:?}", self.told)
                }
            }
        }
    }

    pub fn until_linked(&mut self) {
        if self.buddies().iter().any(|buddy| !buddy["route"].is_null()) {
            return;
        }
        self.until("a link", |event| event["type"] == "buddyChanged" && !event["buddy"]["route"].is_null());
    }

    /// Waits until its buddy can be called.
    pub fn until_can_voice(&mut self) {
        if self.buddies().iter().any(|buddy| buddy["canVoice"] == true) {
            return;
        }
        self.until("a microphone", |event| event["type"] == "buddyChanged" && event["buddy"]["canVoice"] == true);
    }

    /// Everything told and not waited for, so far.
    pub fn drain(&mut self) -> Vec<Value> {
        self.told.extend(self.events.try_iter());
        std::mem::take(&mut self.told)
    }

    /// Kills it without warning; what it had written before is still heard.
    pub fn kill(&mut self) -> Vec<Value> {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
        self.told.extend(self.events.iter());
        std::mem::take(&mut self.told)
    }
}

fn sort(lines: impl BufRead, event: &SyncSender<Value>, answer: &SyncSender<Value>) {
    for line in lines.lines().map_while(Result::ok) {
        let Ok(mut value) = serde_json::from_str::<Value>(&line) else { continue };
        let heard = match value.get_mut("event") {
            Some(inner) => event.send(inner.take()).is_ok(),
            None => answer.send(value).is_ok(),
        };
        if !heard {
            break;
        }
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes buddies of two puppets, and waits until they are linked. The ids of the second and the first.
pub fn befriend(a: &mut Puppet, b: &mut Puppet, b_name: &str) -> (String, String) {
    a.done(&json!({"type": "addBuddy", "name": b_name, "note": ""}));
    let request = b.until("a request", |event| event["type"] == "requestArrived");
    let a_id = request["request"]["id"].as_str().expect("an id").to_owned();
    b.done(&json!({"type": "acceptBuddy", "buddy": a_id}));
    a.until_linked();
    b.until_linked();
    let b_id = a.buddies()[0]["id"].as_str().expect("an id").to_owned();
    (b_id, a_id)
}

/// A call from one to the other, with cameras or without, until both hear something. Its id.
pub fn talk(alice: &mut Puppet, bob: &mut Puppet, bob_id: &str, video: bool) -> String {
    let at = |event: &Value, stage: &str| event["type"] == "callChanged" && event["call"]["stage"] == stage;
    alice.until_can_voice();
    alice.done(&json!({ "type": "placeCall", "buddy": bob_id, "video": video }));
    let ring = bob.until("a ring", |event| at(event, "incoming"));
    let call = ring["call"]["id"].as_str().expect("an id").to_owned();
    bob.done(&json!({ "type": "answerCall", "call": call, "video": video }));
    alice.until("sound", |event| at(event, "talking"));
    bob.until("sound", |event| at(event, "talking"));
    call
}

/// Ends it, and waits until devices are closed, and files whole.
pub fn hang_up(alice: &mut Puppet, bob: &mut Puppet, call: &str) {
    alice.done(&json!({ "type": "hangUp", "call": call }));
    for puppet in [alice, bob] {
        puppet.until("the end", |event| event["type"] == "callEnded");
        puppet.drain();
    }
    thread::sleep(Duration::from_secs(1));
}
