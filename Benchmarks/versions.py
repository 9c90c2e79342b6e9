#!/usr/bin/env python3
"""Compare two builds of piq-audio, pair by pair, on one machine.

    Benchmarks/versions.py OLD NEW [--pairs 10] [--only warm,cold,batch,train]

OLD and NEW are programs. They run in turns, the order changing from pair to pair, with the bundled
model: a warm clip (the median of `benchmark`), a cold clip (a process for one clip), a batch of 30
clips, and a training of the interpreter at dim 256 (an epoch of two steps, and its validation). Prints the median of
the ratios NEW / OLD of wall time and of CPU time, with their range, and the largest peak of memory
of each program. Seconds of one run say little on a shared machine; ratios of pairs do.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
MODEL = PROJECT / "Fixtures/models/esc10"
CLIPS = sorted(p for p in (PROJECT / "Fixtures/clips").iterdir()
               if p.suffix in (".flac", ".ogg", ".wav"))


def measure(command):
    """Wall seconds, CPU seconds, peak MiB and standard output of a command."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        if status != 0:
            raise SystemExit(f"{' '.join(map(str, command))}: failed")
        output.seek(0)
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read()


def warm(program, folder):
    wall, cpu, peak, output = measure(
        [program, "benchmark", "--json", "--rounds", "7", "--model", MODEL, CLIPS[0]])
    return json.loads(output)["total"], cpu, peak


def cold(program, folder):
    return measure([program, "interpret", "-q", "--model", MODEL, "-o", folder, CLIPS[0]])[:3]


def batch(program, folder):
    inputs = folder / "inputs"
    if not inputs.exists():
        inputs.mkdir()
        for copy in range(6):
            for clip in CLIPS:
                shutil.copy(clip, inputs / f"{clip.stem}-{copy}{clip.suffix}")
    return measure([program, "interpret", "-q", "--model", MODEL, "-o", folder / "out", inputs])[:3]


def train(program, folder):
    data = folder / "data"
    if not data.exists():
        for clip in CLIPS:
            (data / clip.stem).mkdir(parents=True)
            for copy in range(4):
                shutil.copy(clip, data / clip.stem / f"{copy}{clip.suffix}")
    return measure(
        [program, "train", "interpreter", data, "--model", MODEL, "-o", folder / "model", "--force",
         "--epochs", "1", "--batch-size", "8", "--crop-seconds", "2.5", "--precision", "f32",
         "--valid-fraction", "0.25"])[:3]


def compare(name, run, old, new, pairs):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        ratios, peaks = {"wall": [], "cpu": []}, {"old": 0.0, "new": 0.0}
        for pair in range(-1, pairs):
            found = {}
            for which in ("old", "new") if pair % 2 else ("new", "old"):
                found[which] = run(old if which == "old" else new, folder)
            if pair < 0:
                continue  # Files and caches are made.
            for which in peaks:
                peaks[which] = max(peaks[which], found[which][2])
            for i, kind in enumerate(ratios):
                ratios[kind].append(found["new"][i] / found["old"][i])
    text = ", ".join(
        f"{kind} {statistics.median(values):.3f} ({min(values):.2f} to {max(values):.2f})"
        for kind, values in ratios.items())
    print(f"{name:6} {text}, peak {peaks['old']:.0f} -> {peaks['new']:.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--only", default="warm,cold,batch,train")
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        compare(name, globals()[name], arguments.old.resolve(), arguments.new.resolve(),
                arguments.pairs)


if __name__ == "__main__":
    main()
