//! A sound server for one window: two microphones that hear what is said to them, two loudspeakers that can be listened to.

use std::{
    f64::consts::TAU,
    fs,
    io::Read,
    process::{Child, Command, Stdio},
};

use super::stage::wait_for;
use crate::Folder;

/// Samples a second, of everything here.
const RATE: u32 = 48_000;
/// How long somebody speaks, in seconds: longer than a test looks on.
const SPEECH: u32 = 60;
/// How long a loudspeaker is listened to, in bytes: half a second.
const LISTENING: usize = RATE as usize;

pub struct Sound {
    folder: Folder,
    _daemon: Ended,
}

/// A process that ends with its owner.
pub struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sound {
    /// The first is what the system uses.
    pub const MICROPHONES: [&str; 2] = ["table", "headset"];
    pub const SPEAKERS: [&str; 2] = ["boxes", "earphones"];

    pub fn start() -> Self {
        let folder = Folder::new("sound");
        let path = folder.path();
        fs::create_dir_all(path.join("run")).expect("writable");
        let null = format!("load-module module-null-sink rate={RATE} format=float32le norewinds=1");
        let mut script = vec![format!(
            "load-module module-native-protocol-unix socket={} auth-anonymous=1",
            path.join("native").display()
        )];
        for name in Self::MICROPHONES {
            script.push(format!("{null} channels=1 sink_name=to_{name}"));
            // A monitor by its own name is taken for no microphone.
            script.push(format!(
                "load-module module-remap-source source_name={name} master=to_{name}.monitor channels=1 \
                 source_properties=device.description={name}"
            ));
        }
        for name in Self::SPEAKERS {
            script.push(format!("{null} channels=2 sink_name={name} sink_properties=device.description={name}"));
        }
        script.push(format!("set-default-sink {}", Self::SPEAKERS[0]));
        script.push(format!("set-default-source {}\n", Self::MICROPHONES[0]));
        let rules = path.join("default.pa");
        fs::write(&rules, script.join("\n")).expect("writable");
        let mut daemon = Self::surrounded("pulseaudio", &folder);
        daemon.arg("-n").arg("-F").arg(&rules);
        daemon.args(["--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit"]);
        daemon.env_remove("PULSE_SERVER").stdout(Stdio::null());
        let daemon = Ended(daemon.spawn().expect("pulseaudio is here"));
        wait_for("the sound server", || {
            let mut ask = Self::surrounded("pactl", &folder);
            ask.args(["get-source-mute", Self::MICROPHONES[1]]).stdout(Stdio::null());
            ask.status().expect("pactl is here").success()
        });
        let sound = Self { folder, _daemon: daemon };
        write_voice(&sound.voice());
        sound
    }

    /// What a window needs in its environment, to use this one.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        environment(&self.folder)
    }

    /// A WAV file of somebody who speaks.
    pub fn voice(&self) -> std::path::PathBuf {
        self.folder.path().join("voice.wav")
    }

    /// Speaks into a microphone, until what is returned is dropped.
    pub fn say(&self, microphone: &str) -> Ended {
        let mut command = Self::surrounded("paplay", &self.folder);
        command.arg(format!("--device=to_{microphone}")).arg(self.voice());
        Ended(command.spawn().expect("paplay comes with pactl"))
    }

    /// How loud it is at a loudspeaker (root of the mean square, from 0 to 1), over half a second from here on.
    pub fn loudness(&self, speaker: &str) -> f64 {
        let mut command = Self::surrounded("parec", &self.folder);
        command.args(["--raw", "--format=s16le", "--channels=1", "--latency-msec=20"]);
        command.arg(format!("--rate={RATE}")).arg(format!("--device={speaker}.monitor")).stdout(Stdio::piped());
        let mut listener = Ended(command.spawn().expect("parec comes with pactl"));
        let mut heard = vec![0; LISTENING];
        listener.0.stdout.take().expect("piped").read_exact(&mut heard).expect("silence is sound too");
        let samples = heard.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0);
        (samples.map(|sample| sample * sample).sum::<f64>() / (LISTENING / 2) as f64).sqrt()
    }

    fn surrounded(program: &str, folder: &Folder) -> Command {
        let mut command = Command::new(program);
        command.envs(environment(folder)).stdin(Stdio::null()).stderr(Stdio::null());
        for name in
            ["PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"]
        {
            command.env(name, folder.path().join("run"));
        }
        for name in ["PULSE_SINK", "PULSE_SOURCE", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        command
    }
}

fn environment(folder: &Folder) -> [(&'static str, String); 2] {
    let path = folder.path();
    let server = format!("unix:{}", path.join("native").display());
    [("PULSE_SERVER", server), ("PULSE_COOKIE", path.join("cookie").display().to_string())]
}

/// Harmonics that rise and fall in pitch, in four syllables a second: cleaning takes them for speech.
fn write_voice(file: &std::path::Path) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(file, spec).expect("writable");
    let mut phase = 0.0_f64;
    for at in 0..SPEECH * RATE {
        let seconds = f64::from(at) / f64::from(RATE);
        phase += (150.0 + 40.0 * (seconds * 1.3 * TAU).sin()) * TAU / f64::from(RATE);
        let harmonics: f64 = (1..12).map(|harmonic| (phase * f64::from(harmonic)).sin() / f64::from(harmonic)).sum();
        let syllable = (seconds * 4.0 * TAU).sin().max(0.0);
        wav.write_sample((harmonics * syllable * 0.2 * f64::from(i16::MAX)) as i16).expect("there is room");
    }
    wav.finalize().expect("there is room");
}
