//! Which devices calls use and how, as the person chose; kept beside the profile, since devices are this computer's.

use std::{path::PathBuf, str::FromStr};

use juice_proto::view::{SoundDevice, SoundDevices, SoundSettings};

use super::kept;
use crate::audio::{self, DeviceChoice, DeviceId, MicrophoneChoice, Processing, Setup, Sink, Source, SpeakerChoice};

/// See the module.
#[derive(Clone, Debug)]
pub struct Sound {
    /// Where the settings are kept.
    pub file: PathBuf,
    /// What the person chose.
    pub settings: SoundSettings,
    /// Something else than a microphone to speak into.
    pub source: Option<Source>,
    /// Something else than a loudspeaker to hear with.
    pub sink: Option<Sink>,
}

impl Sound {
    /// With the settings that are in `file`, or the usual ones.
    pub(crate) fn load(file: PathBuf, source: Option<Source>, sink: Option<Sink>) -> Self {
        Self { settings: kept::load(&file), file, source, sink }
    }

    /// As it is kept now, which an open profile may have changed.
    pub(crate) fn anew(&self) -> Self {
        Self::load(self.file.clone(), self.source.clone(), self.sink.clone())
    }

    /// Takes other settings and keeps them.
    pub(crate) fn set(&mut self, settings: SoundSettings) -> std::io::Result<()> {
        self.settings = settings;
        kept::keep(&self.file, &self.settings)
    }

    /// What a call begins with.
    pub(crate) fn setup(&self, muted: bool, deafened: bool) -> Setup {
        let (microphone, speaker, processing) = (self.microphone(), self.speaker(), self.processing());
        Setup { microphone, speaker, muted, deafened, processing, ..Setup::default() }
    }

    pub(crate) fn microphone(&self) -> MicrophoneChoice {
        match (&self.source, &self.settings.microphone) {
            (Some(source), _) => DeviceChoice::Synthetic(source.clone()),
            (None, Some(id)) => DeviceChoice::Named(DeviceId(id.clone())),
            (None, None) => DeviceChoice::Default,
        }
    }

    pub(crate) fn speaker(&self) -> SpeakerChoice {
        match (&self.sink, &self.settings.speaker) {
            (Some(sink), _) => DeviceChoice::Synthetic(sink.clone()),
            (None, Some(id)) => DeviceChoice::Named(DeviceId(id.clone())),
            (None, None) => DeviceChoice::Default,
        }
    }

    /// Where it rings: a device of its own where a file is made, of which a call would make another.
    pub(crate) fn bell(&self) -> SpeakerChoice {
        self.beside("ring.wav")
    }

    /// Where memos are played, in the same way.
    pub(crate) fn memos(&self) -> SpeakerChoice {
        self.beside("memo.wav")
    }

    fn beside(&self, ending: &str) -> SpeakerChoice {
        match &self.sink {
            Some(Sink::File(path)) => DeviceChoice::Synthetic(Sink::File(path.with_extension(ending))),
            Some(Sink::Nothing) | None => self.speaker(),
        }
    }

    pub(crate) fn processing(&self) -> Processing {
        let SoundSettings { echo_cancellation, noise_suppression, gain_control, .. } = self.settings;
        Processing { echo: echo_cancellation, noise: noise_suppression, gain: gain_control }
    }

    /// Whether there is anything to speak into. Asks the system, which takes a moment.
    pub(crate) fn can_speak(&self) -> bool {
        self.source.is_some() || audio::probe()
    }

    /// What there is. Asks the system, which takes a moment.
    pub(crate) fn devices(&self) -> SoundDevices {
        let list = audio::devices();
        let shown = |devices: Vec<audio::Device>| {
            let shown = |device: audio::Device| SoundDevice {
                id: device.id.0,
                name: device.name,
                is_default: device.is_default,
            };
            devices.into_iter().map(shown).collect()
        };
        let made = |name: Option<String>, real: Vec<SoundDevice>| match name {
            Some(name) => vec![SoundDevice { id: "made".into(), name, is_default: true }],
            None => real,
        };
        let microphones = made(self.source.as_ref().map(source_name), shown(list.microphones));
        let speakers = made(self.sink.as_ref().map(sink_name), shown(list.speakers));
        SoundDevices { microphones, speakers, settings: self.settings.clone() }
    }
}

/// What stands for a microphone, to a developer.
fn source_name(source: &Source) -> String {
    match source {
        Source::Tone { hertz } => format!("Tone of {hertz} Hz"),
        Source::File(path) => path.display().to_string(),
        Source::Silence => "Silence".into(),
    }
}

/// What stands for a loudspeaker.
fn sink_name(sink: &Sink) -> String {
    match sink {
        Sink::File(path) => path.display().to_string(),
        Sink::Nothing => "Nothing".into(),
    }
}

impl FromStr for Source {
    type Err = std::num::ParseIntError;

    /// `silence`, `tone:HERTZ`, or the path of a WAV file.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(match (word, word.strip_prefix("tone:")) {
            (_, Some(hertz)) => Self::Tone { hertz: hertz.parse()? },
            ("silence", None) => Self::Silence,
            (path, None) => Self::File(path.into()),
        })
    }
}

impl FromStr for Sink {
    type Err = std::convert::Infallible;

    /// `nothing`, or the path of a WAV file to be made.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(if word == "nothing" { Self::Nothing } else { Self::File(word.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_an_older_juice_kept_still_load() {
        let file = std::env::temp_dir().join(format!("juice-sound-{}.json", std::process::id()));
        let kept = r#"{"microphone":"pulse:x","speaker":null,"echoCancellation":true,"noiseSuppression":false,
            "gainControl":true,"pushToTalk":true}"#;
        std::fs::write(&file, kept).unwrap();
        let settings = Sound::load(file.clone(), None, None).settings;
        std::fs::remove_file(file).unwrap();
        let usual = SoundSettings::default();
        let microphone = Some("pulse:x".into());
        assert_eq!(settings, SoundSettings { microphone, noise_suppression: false, push_to_talk: true, ..usual });
        assert!(settings.sounds && settings.push_to_talk_key.is_none());
    }

    #[test]
    fn it_never_rings_into_the_file_of_a_call() {
        let file = |name: &str| DeviceChoice::Synthetic(Sink::File(name.into()));
        let sound = Sound::load("/nowhere".into(), None, Some(Sink::File("/tmp/heard.wav".into())));
        assert_eq!((sound.speaker(), sound.bell()), (file("/tmp/heard.wav"), file("/tmp/heard.ring.wav")));
    }
}
