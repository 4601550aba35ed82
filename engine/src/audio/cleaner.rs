//! Takes out of my microphone what isn't my voice: rumble, what the speaker plays, noise; and evens out its level.
//!
//! Owned by the encode thread. It is shown a block of what the speaker played before each block of the microphone. How far
//! the two are apart it finds out by itself, which takes it a moment, so that mustn't change without need.

use sonora::{
    AudioProcessing, Config, StreamConfig,
    config::{
        AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression,
        NoiseSuppressionLevel, Pipeline,
    },
};

use super::frame::{BLOCK, RATE};

/// What is done to my voice before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processing {
    /// Takes out what the speaker plays.
    pub echo: bool,
    /// Takes out steady noise.
    pub noise: bool,
    /// Makes quiet voices louder and loud ones quieter.
    pub gain: bool,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo: true, noise: true, gain: true }
    }
}

/// A quiet microphone is raised by at most this; what is quieter still is no voice.
const MOST_GAIN_DB: f32 = 30.0;
const FIRST_GAIN_DB: f32 = 6.0;

/// See the module.
pub(super) struct Cleaner {
    chain: Option<AudioProcessing>,
    played: Vec<f32>,
    cleaned: Vec<f32>,
}

impl Cleaner {
    pub(super) fn new(processing: Processing) -> Self {
        let Processing { echo, noise, gain } = processing;
        let chain = (echo || noise || gain).then(|| {
            let stream = StreamConfig::new(RATE, 1);
            let pipeline =
                Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() };
            let suppression = NoiseSuppression { level: NoiseSuppressionLevel::High, ..NoiseSuppression::default() };
            let level = AdaptiveDigital {
                max_gain_db: MOST_GAIN_DB,
                initial_gain_db: FIRST_GAIN_DB,
                ..AdaptiveDigital::default()
            };
            let config = Config {
                pipeline,
                high_pass_filter: Some(HighPassFilter::default()),
                echo_canceller: echo.then(EchoCanceller::default),
                noise_suppression: noise.then_some(suppression),
                gain_controller2: gain
                    .then(|| GainController2 { adaptive_digital: Some(level), ..GainController2::default() }),
                ..Config::default()
            };
            AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build()
        });
        Self { chain, played: vec![0.0; BLOCK], cleaned: vec![0.0; BLOCK] }
    }

    /// Shows the 10 ms of the speaker that go with the microphone's next.
    pub(super) fn play(&mut self, block: &[f32]) {
        if let Some(chain) = &mut self.chain
            && let Err(error) = chain.process_render_f32(&[block], &mut [&mut self.played])
        {
            tracing::trace!(?error, "10 ms of the speaker were not taken as reference");
        }
    }

    /// Cleans 10 ms of the microphone in place.
    pub(super) fn clean(&mut self, block: &mut [f32]) {
        let Some(chain) = &mut self.chain else { return };
        match chain.process_capture_f32(&[block], &mut [&mut self.cleaned]) {
            Ok(()) => block.copy_from_slice(&self.cleaned),
            Err(error) => tracing::trace!(?error, "10 ms of the microphone were not cleaned"),
        }
    }
}
