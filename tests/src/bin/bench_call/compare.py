"""How much of what was said is in what was heard: STOI and wide-band PESQ, as a line of JSON.

    compare.py SAID.wav HEARD.wav

SAID is spoken over and over from a little before HEARD begins. Parts of four seconds of it are found in HEARD by
correlation, which takes the delay out, and are compared at 16 kHz. A package that isn't there makes its value null.
"""

import json
import sys

RATE = 48_000
PART = 4 * RATE
# While the coding learns what the way is like.
FIRST = 6 * RATE
# How far HEARD may be from SAID, both ways.
APART = 2 * RATE


def package(name, function):
    try:
        return getattr(__import__(name), function)
    except ImportError as error:
        print(f"without {name}: {error}", file=sys.stderr)
        return None


def main(said_path, heard_path):
    try:
        import numpy as np
        from scipy import signal
        from scipy.io import wavfile
    except ImportError as error:
        print(f"without stoi and pesq: {error}", file=sys.stderr)
        return {"stoi": None, "pesq": None}
    stoi, pesq = package("pystoi", "stoi"), package("pesq", "pesq")

    def load(path):
        rate, samples = wavfile.read(path)
        assert rate == RATE and samples.ndim == 1, path
        return samples / 32_768

    said, heard = load(said_path), load(heard_path)
    said = np.tile(said, 1 + len(heard) // len(said))
    values = {"stoi": [], "pesq": []}
    for start in range(FIRST, len(heard) - PART - APART, PART):
        part = said[start : start + PART]
        around = heard[start - APART : start + PART + APART]
        at = int(np.argmax(signal.correlate(around, part, "valid", method="fft")))
        there = around[at : at + PART]
        part, there = (signal.resample_poly(sound, 1, 3) for sound in (part, there))
        if stoi:
            values["stoi"].append(float(stoi(part, there, RATE // 3)))
        if pesq:
            values["pesq"].append(float(pesq(RATE // 3, part, there, "wb")))
    print(f"{len(values['stoi'] or values['pesq'])} parts", file=sys.stderr)
    return {key: round(sum(found) / len(found), 3) if found else None for key, found in values.items()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
