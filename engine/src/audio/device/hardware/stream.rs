//! Running a device: its samples, of whatever type, to and from the corridor's callbacks.

use std::{sync::Arc, time::Duration};

use cpal::{
    Device, FromSample, I24, Sample, SampleFormat, SizedSample, StreamConfig,
    traits::{DeviceTrait, StreamTrait},
};

use super::said;
use crate::audio::{
    device::Running, error::AudioError, microphone::MicrophoneCallback, priority, shared::Life,
    speaker::SpeakerCallback,
};

/// A sound server that takes longer to answer is taken for dead.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(2));

/// Starts a microphone.
pub(super) fn input(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    callback: MicrophoneCallback,
) -> Result<Running, AudioError> {
    // Others' enum, which may grow.
    #[expect(clippy::wildcard_enum_match_arm)]
    match format {
        SampleFormat::F32 => hear::<f32>(device, config, callback),
        SampleFormat::I16 => hear::<i16>(device, config, callback),
        SampleFormat::U16 => hear::<u16>(device, config, callback),
        SampleFormat::I24 => hear::<I24>(device, config, callback),
        SampleFormat::I32 => hear::<i32>(device, config, callback),
        SampleFormat::F64 => hear::<f64>(device, config, callback),
        other => Err(AudioError::Device(format!("it gives samples as {other}"))),
    }
}

/// Starts a speaker.
pub(super) fn output(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    callback: SpeakerCallback,
) -> Result<Running, AudioError> {
    // Others' enum, which may grow.
    #[expect(clippy::wildcard_enum_match_arm)]
    match format {
        SampleFormat::F32 => play::<f32>(device, config, callback),
        SampleFormat::I16 => play::<i16>(device, config, callback),
        SampleFormat::U16 => play::<u16>(device, config, callback),
        SampleFormat::I24 => play::<I24>(device, config, callback),
        SampleFormat::I32 => play::<i32>(device, config, callback),
        SampleFormat::F64 => play::<f64>(device, config, callback),
        other => Err(AudioError::Device(format!("it takes samples as {other}"))),
    }
}

fn hear<T>(device: &Device, config: StreamConfig, mut callback: MicrophoneCallback) -> Result<Running, AudioError>
where
    T: SizedSample + 'static,
    f32: FromSample<T>,
{
    let (channels, life) = (usize::from(config.channels), callback.life());
    let mut first = true;
    let heard = move |data: &[T], _: &_| {
        if std::mem::take(&mut first) {
            priority::hurry();
        }
        callback.take(data, channels, f32::from_sample);
    };
    let stream = device
        .build_input_stream(config, heard, move |error| note(&life, &error), PATIENCE)
        .map_err(|error| said(&error))?;
    stream.play().map_err(|error| said(&error))?;
    Ok(Box::new(stream))
}

fn play<T>(device: &Device, config: StreamConfig, mut callback: SpeakerCallback) -> Result<Running, AudioError>
where
    T: SizedSample + FromSample<f32> + 'static,
{
    let (channels, life) = (usize::from(config.channels), callback.life());
    let mut first = true;
    let played = move |data: &mut [T], _: &_| {
        if std::mem::take(&mut first) {
            priority::hurry();
        }
        callback.fill(data, channels, T::from_sample);
    };
    let stream = device
        .build_output_stream(config, played, move |error| note(&life, &error), PATIENCE)
        .map_err(|error| said(&error))?;
    stream.play().map_err(|error| said(&error))?;
    Ok(Box::new(stream))
}

/// Some errors end a device; whether it lives after others, its callbacks tell.
fn note(life: &Arc<Life>, error: &cpal::Error) {
    use cpal::ErrorKind::{DeviceNotAvailable, HostUnavailable, StreamInvalidated};
    let is_end = matches!(error.kind(), DeviceNotAvailable | HostUnavailable | StreamInvalidated);
    if is_end {
        tracing::debug!(%error, "a sound device is gone");
        life.failed.set(true);
    } else {
        tracing::trace!(%error, "a sound device complains");
    }
}
