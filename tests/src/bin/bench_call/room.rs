//! Calls with real devices: each person has a PulseAudio of their own, whose microphone hears what is played to a sink
//! and whose loudspeaker can be listened to; the engines use them as they would use a sound card.
//!
//! `mouth_to_ear_ms`: from a sound in Alice's room to the same sound out of Bob's loudspeaker, devices and all, with
//! nobody else using the wire. `erle_db`: Bob's microphone hears his loudspeaker, which is right beside it; by how much what
//! comes back to Alice is quieter with the cleaning than without (echo return loss enhancement, ITU-T G.168), at the worst
//! time.
//!
//! The loudspeaker plays to the very sink that the microphone hears. PulseAudio's loopback module would make the way
//! longer, but resamples without end to keep it so long, which no air does. And where the system allows it, the sound
//! servers go before everything else, as the electronics of a sound card would: on a busy machine it is JUICE that is
//! measured.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    puppet::{befriend, hang_up, talk},
    server::program,
};
use serde_json::{Map, json};

use crate::{
    Measured,
    loss::set_cleaning,
    percentiles, round,
    sound::{self, RATE},
};

/// What a recording and the cleaning take to settle.
const SETTLING: Duration = Duration::from_secs(4);
const LISTENING: Duration = Duration::from_secs(12);
/// Longer than anything is on its way here.
const LATEST_MS: f64 = 600.0;
/// Of the threads by which the server meets its clients; those of its devices have 5 anyway.
const SERVER_PRIORITY: &str = "5";
/// Between the bytes that a recorder hands over, at most; the same for both ends, so it takes no part in the result.
const RECORDER_MS: &str = "--latency-msec=5";

pub fn measure(echoes: usize) -> Measured {
    let voices = Folder::new("voices");
    let said = voices.path().join("said.wav");
    sound::write(&said, &sound::voice(3, 30));
    let rooms = [Room::start("alice")?, Room::start("bob")?];
    let folder = Folder::new("server");
    let server = ServerProcess::start(folder.path(), "127.0.0.1:0");
    let profiles = [Folder::new("alice"), Folder::new("bob")];
    let [mut alice, mut bob] = [0, 1].map(|who: usize| {
        let mut command = rooms[who].command(program("buddy"));
        command.arg("--devices");
        Puppet::run(command, profiles[who].path())
    });
    for (name, puppet) in [("alice", &mut alice), ("bob", &mut bob)] {
        puppet.register(name, server.address());
    }
    let (bob_id, _) = befriend(&mut alice, &mut bob, "bob");
    alice.until_can_voice();

    let call = talk(&mut alice, &mut bob, &bob_id, false);
    let mut lags = {
        let _voice = rooms[0].play(&said);
        sleep(SETTLING);
        let (mouth, ear) = (rooms[0].listen("mic_feed.monitor"), rooms[1].listen("speaker.monitor"));
        sleep(LISTENING);
        let ((from, mouth), (to, ear)) = (mouth.stop()?, ear.stop()?);
        let later = millis(to.saturating_duration_since(from)) - millis(from.saturating_duration_since(to));
        let found = sound::lags(&mouth, &ear, -later, LATEST_MS - later);
        found.into_iter().map(|lag| lag + later).collect::<Vec<_>>()
    };
    eprintln!("{} times two seconds crossed the rooms", lags.len());

    // His loudspeaker is by his microphone from here on, which the engine notices within a second.
    rooms[1].control(&["set-default-sink", "mic_feed"])?;
    let mut echo = Vec::new();
    for time in 0..=echoes {
        // Each time the canceller learns the room anew.
        set_cleaning(&mut bob, time > 0);
        let _voice = rooms[0].play(&said);
        sleep(SETTLING);
        let ear = rooms[0].listen("speaker.monitor");
        sleep(LISTENING);
        let (_, heard) = ear.stop()?;
        echo.push(decibels(&heard));
    }
    let (plain, cleaned) = (echo[0], &echo[1..]);
    eprintln!("the echo is at {plain:.1} dBFS, and with the cleaning at {cleaned:.1?}");
    hang_up(&mut alice, &mut bob, &call);
    let mut result = Map::new();
    if !lags.is_empty() {
        result.insert("mouth_to_ear_ms".into(), percentiles(&mut lags, &[50, 95]));
    }
    let worst = cleaned.iter().copied().reduce(f64::max);
    result.insert("erle_db".into(), json!(worst.map(|worst| round(plain - worst))));
    Ok(result)
}

/// Of the whole, with a floor where 16 bits have theirs.
fn decibels(sound: &[f64]) -> f64 {
    let power = sound.iter().map(|sample| sample * sample).sum::<f64>() / sound.len().max(1) as f64;
    (10.0 * power.log10()).max(-96.0)
}

/// One person's sound server.
struct Room {
    folder: Folder,
    _daemon: Ended,
}

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Room {
    fn start(name: &str) -> Result<Self, String> {
        let folder = Folder::new(name);
        let path = folder.path();
        fs::create_dir_all(path.join("run")).map_err(|error| error.to_string())?;
        let null = "load-module module-null-sink rate=48000 format=float32le norewinds=1";
        let script = [
            format!("load-module module-native-protocol-unix socket={}/native auth-anonymous=1", path.display()),
            format!("{null} channels=1 sink_name=mic_feed"),
            // A monitor by its own name is taken for no microphone.
            "load-module module-remap-source source_name=mic master=mic_feed.monitor channels=1".into(),
            format!("{null} channels=2 sink_name=speaker"),
            "set-default-sink speaker".into(),
            "set-default-source mic\n".into(),
        ];
        let (rules, settings) = (path.join("default.pa"), path.join("daemon.conf"));
        fs::write(&rules, script.join("\n")).map_err(|error| error.to_string())?;
        let written = "default-sample-format = float32le\ndefault-sample-rate = 48000\nalternate-sample-rate = 48000\n\
            flat-volumes = no\nrealtime-scheduling = yes\nnice-level = -11\n";
        fs::write(&settings, written).map_err(|error| error.to_string())?;
        let chrt = ["chrt", "--rr", SERVER_PRIORITY];
        let allowed = Command::new(chrt[0]).args(&chrt[1..]).arg("true").stderr(Stdio::null()).status();
        let mut command = if allowed.is_ok_and(|status| status.success()) {
            let mut command = Command::new(chrt[0]);
            command.args(&chrt[1..]).arg("pulseaudio");
            command
        } else {
            Command::new("pulseaudio")
        };
        command.arg("-n").arg("-F").arg(&rules);
        command.args(["--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit"]);
        surround(&mut command, path);
        command.env_remove("PULSE_SERVER").env("PULSE_CONFIG", settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = command.spawn().map_err(|error| format!("rooms want the program pulseaudio: {error}"))?;
        let room = Self { folder, _daemon: Ended(daemon) };
        let end = Instant::now() + Duration::from_secs(5);
        while room.control(&["get-source-mute", "mic"]).is_err() {
            if Instant::now() > end {
                return Err("pulseaudio does not answer".into());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(room)
    }

    /// A command whose sound is this room's.
    fn command(&self, program: impl Into<PathBuf>) -> Command {
        let mut command = Command::new(program.into());
        surround(&mut command, self.folder.path());
        command
    }

    fn control(&self, words: &[&str]) -> Result<(), String> {
        let output = self.command("pactl").args(words).output().map_err(|error| format!("pactl: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// Says something in the room, until what is returned is dropped.
    fn play(&self, file: &Path) -> Ended {
        let mut command = self.command("paplay");
        command.args(["--device=mic_feed", "--latency-msec=50"]).arg(file).stderr(Stdio::null());
        Ended(command.spawn().expect("paplay comes with pactl"))
    }

    fn listen(&self, source: &str) -> Listener {
        let mut command = self.command("parec");
        command.args(["--raw", "--format=s16le", "--rate=48000", "--channels=1", RECORDER_MS]);
        command.arg(format!("--device={source}")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("parec comes with pactl");
        let mut output = child.stdout.take().expect("piped");
        let thread = thread::spawn(move || {
            let (mut heard, mut part, mut began) = (Vec::new(), [0; 4_096], None::<Instant>);
            while let Ok(count @ 1..) = output.read(&mut part) {
                let now = Instant::now();
                heard.extend_from_slice(&part[..count]);
                // The part that was quickest tells best when the first sample was.
                let first = now.checked_sub(Duration::from_secs_f64(heard.len() as f64 / 2.0 / f64::from(RATE)));
                began = [began, first].into_iter().flatten().min();
            }
            let samples =
                heard.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0);
            began.map(|began| (began, samples.collect()))
        });
        Listener { child: Ended(child), thread }
    }
}

/// Everything by which a client of the sound server finds it, or would find another.
fn surround(command: &mut Command, room: &Path) {
    command.env("PULSE_SERVER", format!("unix:{}/native", room.display()));
    command.env("PULSE_COOKIE", room.join("cookie"));
    for name in ["PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        command.env(name, room.join("run"));
    }
    for name in ["PULSE_LATENCY_MSEC", "PULSE_SINK", "PULSE_SOURCE", "DBUS_SESSION_BUS_ADDRESS"] {
        command.env_remove(name);
    }
}

/// Somebody who listens.
struct Listener {
    child: Ended,
    thread: JoinHandle<Option<(Instant, Vec<f64>)>>,
}

impl Listener {
    /// When the first sample was, and all of them.
    fn stop(self) -> Result<(Instant, Vec<f64>), String> {
        drop(self.child);
        self.thread.join().ok().flatten().ok_or_else(|| "nothing could be recorded".to_owned())
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
