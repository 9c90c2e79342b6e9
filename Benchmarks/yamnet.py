#!/usr/bin/env python3
"""Time YAMNet in piq-audio and in OpenVINO's own Python, in turns, on the same cores.

    pip install openvino==2026.4.1 numpy
    make build openvino
    python Benchmarks/yamnet.py YAMNET_DIR [--rounds N] [--windows N]

YAMNET_DIR has yamnet.onnx and yamnet_class_map.csv. Each round runs, one after the other: piq-audio
on one recording, OpenVINO with as many requests at a time as there are cores, and OpenVINO with one
request on all cores. The time of a window is that of a long recording less that of a single window,
so that no start counts. piq-audio's includes reading the file and what it does with the scores.
Prints the medians, and each other one's ratio to piq-audio.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import wave

import numpy as np

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / ".build/release/piq-audio"
LENGTH, HOP = 15600, 7800


def peer(kind, model, path, count):
    """Run windows in OpenVINO, in a process of its own."""
    import openvino

    cores = len(__import__("os").sched_getaffinity(0))
    with wave.open(path) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype("f4") / 32768
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": cores}
    settings["NUM_STREAMS"] = cores if kind == "requests" else 1
    network = core.compile_model(core.read_model(model), "CPU", settings)
    windows = [sound[i * HOP:i * HOP + LENGTH][None] for i in range(count)]
    scores = [None] * count
    if kind == "requests":
        queue = openvino.AsyncInferQueue(network, cores)

        def keep(request, index):
            scores[index] = request.get_output_tensor(0).data.copy()

        queue.set_callback(keep)
        for index, window in enumerate(windows):
            queue.start_async([window], index)
        queue.wait_all()
    else:
        request = network.create_infer_request()
        for index, window in enumerate(windows):
            scores[index] = request.infer([window])[0].copy()
    print(np.mean(scores, 0).max())


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=2000)
    arguments = parser.parse_args()
    model = str(arguments.folder / "yamnet.onnx")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [PROGRAM, "model", "import", model, "-q", "-o", f"{folder}/model", "--sample-rate",
             "16000", "--labels", arguments.folder / "yamnet_class_map.csv"], check=True)
        random = np.random.default_rng(1)
        for name, count in (("long", arguments.windows), ("short", 1)):
            with wave.open(f"{folder}/{name}.wav", "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16000)
                noise = 3000 * random.standard_normal(HOP * (count - 1) + LENGTH)
                file.writeframes(noise.astype("<i2").tobytes())
        commands = {"piq-audio": lambda name, count: [
            PROGRAM, "classify", "-q", "-m", f"{folder}/model", "--window", "0",
            f"{folder}/{name}.wav"]}
        for kind in ("requests", "threads"):
            commands[f"OpenVINO, {kind}"] = lambda name, count, kind=kind: [
                sys.executable, __file__, "--peer", kind, model, f"{folder}/{name}.wav", str(count)]
        times = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                whole = seconds(command("long", arguments.windows))
                start = seconds(command("short", 1))
                times[name].append(1e3 * (whole - start) / (arguments.windows - 1))
    own = statistics.median(times["piq-audio"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20} {median:6.2f} ms a window  {median / own:5.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        main()
