#!/usr/bin/env python3
"""Shows that the memory of `piq-audio interpret` does not grow with a recording's length.

Interprets noise of several lengths at 48 kHz in two channels, and prints peak memory and time of
each. Ends with status 1 if the peaks differ by more than 15 %.

    Benchmarks/long_recordings.py --model /tmp/small
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import wave

RATE, CHANNELS = 48_000, 2


def write_noise(path, minutes):
    """Noise whose level changes every second, the same in every run."""
    generator = random.Random(1)
    block = generator.randbytes(2 * CHANNELS * RATE)
    quiet = bytes(block[i] if i % 2 == 0 else 0 for i in range(len(block)))
    with wave.open(path, "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(int(60 * minutes)):
            file.writeframes(generator.choice([block, quiet]))


def peak_of(command):
    """Peak resident memory in bytes and seconds of a command."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return usage.ru_maxrss * 1024, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/piq-audio")
    parser.add_argument("--model", help="a model folder; otherwise the bundled model")
    parser.add_argument("--minutes", type=float, nargs="+", default=[2, 8])
    arguments = parser.parse_args()
    peaks = []
    for minutes in arguments.minutes:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "noise.wav")
            write_noise(path, minutes)
            command = [arguments.program, "interpret", "-q", "--window", "5", "-o", folder, path]
            if arguments.model:
                command += ["--model", arguments.model]
            peak, seconds = peak_of(command)
        peaks.append(peak)
        print(f"{minutes:g} min: {peak / 1e6:.0f} MB at most, {seconds:.1f} s", flush=True)
    if max(peaks) > 1.15 * min(peaks):
        sys.exit("memory grows with the length")


if __name__ == "__main__":
    main()
