#!/usr/bin/env python3
"""Make the demo's clips, and clips.csv with their authors, from a copy of ESC-10.

    python make_clips.py ESC10_DIR [OUT_DIR]

ESC10_DIR holds clips.csv (filename, category, licence, author, title, source) and audio/*.ogg.
Only clips in the public domain (CC0) are taken.
"""
import argparse
import csv
import pathlib
import shutil

import soundfile
import torch
import torchaudio

# name, ESC-10 clip, seconds kept, rate; an Ogg file is copied as it is
CLIPS = [
    ("dog_bark.flac", "4-207124-A.ogg", 5.0, 44100),
    ("baby_cry.flac", "4-167077-B.ogg", 3.3, 16000),
    ("clock_tick.wav", "4-198965-A.ogg", 3.0, 44100),
    ("rooster.ogg", "4-208021-A.ogg", None, None),
    ("helicopter.ogg", "4-161579-B.ogg", None, None),
]
COLUMNS = ["filename", "category", "licence", "author", "title", "source", "esc10"]


def make(source, target, seconds, rate):
    if seconds is None:
        shutil.copyfile(source, target)
        return
    samples, original = soundfile.read(source, dtype="float32")
    samples = torch.from_numpy(samples[: round(seconds * original)])
    samples = torchaudio.functional.resample(samples, original, rate).clamp(-1, 1)
    soundfile.write(target, samples.numpy(), rate, subtype="PCM_16")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("esc10", type=pathlib.Path)
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("out", type=pathlib.Path, nargs="?", default=here.parent / "clips")
    arguments = parser.parse_args()
    with open(arguments.esc10 / "clips.csv", newline="", encoding="utf-8") as file:
        known = {row["filename"]: row for row in csv.DictReader(file)}
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "clips.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        for name, original, seconds, rate in CLIPS:
            row = known[original]
            if row["licence"] != "CC0":
                raise SystemExit(f"{original}: licence is {row['licence']}; choose a CC0 clip")
            make(arguments.esc10 / "audio" / original, arguments.out / name, seconds, rate)
            rows.writerow(row | {"filename": name, "esc10": original})
