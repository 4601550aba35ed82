//! Real words for measures that know speech, spoken by `espeak-ng`.

use std::{path::Path, process::Command};

use crate::sound::{self, RATE};

/// Half a minute, read slowly: sentences made to have every sound of English (Harvard sentences, IEEE 1969, list 1 and 2).
const TEXT: &str = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. \
    It's easy to tell the depth of a well. These days a chicken leg is a rare dish. Rice is often served in round bowls. \
    The juice of lemons makes fine punch. The box was thrown beside the parked truck. The hogs were fed chopped corn and \
    garbage. Four hours of steady work faced us. A large size in stockings is hard to sell. The boy was there when the \
    sun rose. A rod is used to catch pink salmon. The source of the huge river is the clear spring.";

/// Writes speech of 48 kHz to a WAV file, and gives it back.
pub fn write(path: &Path) -> Result<Vec<f64>, String> {
    let raw = path.with_extension("raw.wav");
    let spoken = Command::new("espeak-ng").args(["-v", "en-us", "-s", "150", "-w"]).arg(&raw).arg(TEXT).status();
    match spoken {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("espeak-ng ended with {status}")),
        Err(error) => return Err(format!("speech wants the program espeak-ng: {error}")),
    }
    let (rate, samples) = juice_tests::wav::read(&raw);
    let speech = stretch(&samples, f64::from(rate) / f64::from(RATE));
    sound::write(path, &speech);
    Ok(speech)
}

/// At another rate, by straight lines: what comes out is itself what is compared with, so it may sound a little dull.
fn stretch(samples: &[f64], step: f64) -> Vec<f64> {
    let count = (samples.len().saturating_sub(1) as f64 / step) as usize;
    let sample = |at: usize| {
        let place = at as f64 * step;
        let (before, part) = (place as usize, place.fract());
        samples[before] * (1.0 - part) + samples[before + 1] * part
    };
    (0..count).map(sample).collect()
}
