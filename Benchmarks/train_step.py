"""One training step of the interpreter: `piq-audio train` against SpeechBrain on PyTorch.

    train_step.py [--batch 16] [--precision f32|bf16] [--rounds 1] [--threads 2]
                  [--program .build/release/piq-audio]

Both train on 5 s clips at dim 256 with 1024 keys and the recipe's objective, in turns, PyTorch's
bf16 under autocast. Prints a table: the median seconds of a step (the first one of each process is not
counted, for it takes memory that the others find), the ratio, and the peak memory.
"""
import argparse
import array
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import wave

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = ("dog_bark", "rain")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--steps", type=int, default=2, help="counted steps of the peer (2)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--program", default=str(HERE.parent / ".build/release/piq-audio"))
    return parser.parse_args()


def write_clips(folder, count):
    """Noise: what a step costs does not depend on what it hears."""
    generator = random.Random(1)
    rows = ["filename,fold,category"]
    for i in range(count + 1):
        samples = array.array("h", (generator.randrange(-9000, 9000) for _ in range(80_000)))
        with wave.open(str(folder / f"{i}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
        rows.append(f"{i}.wav,{1 if i < count else 2},{CLASSES[i % len(CLASSES) if i < count else 0]}")
    (folder / "clips.csv").write_text("\n".join(rows))


def peak_of(command, environment):
    """Runs a command in a process of its own, so that its peak memory is known."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        os.write(write, json.dumps([result.returncode, result.stdout, result.stderr, peak]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        status, output, errors, peak = json.loads(pipe.read())
    os.waitpid(child, 0)
    if status != 0:
        sys.exit(errors)
    return output, peak


def main():
    args = arguments()
    environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    seconds, peaks = {"piq-audio": [], "SpeechBrain": []}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_clips(folder, 3 * args.batch)
        ours = [args.program, "train", "interpreter", str(folder / "clips.csv"), "-o",
                str(folder / "model"), "--force", "--objective", "upstream", "--crop-seconds", "0",
                "--batch-size", str(args.batch), "--epochs", "1",
                "--precision", args.precision, "--json"]
        theirs = [sys.executable, str(HERE / "train_peer.py"), "--batch", str(args.batch),
                  "--precision", args.precision, "--steps", str(args.steps), "--threads", str(args.threads), "--classes", "10"]
        for _ in range(args.rounds):
            output, peaks["piq-audio"] = peak_of(ours, environment)
            # The median of three steps: the first is the slowest.
            seconds["piq-audio"].append(json.loads(output)["seconds_per_step"])
            output, peaks["SpeechBrain"] = peak_of(theirs, environment)
            seconds["SpeechBrain"] += json.loads(output)["seconds"]
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"| batch {args.batch}, {args.precision} | seconds a step | ratio | peak memory |")
    print("| --- | --- | --- | --- |")
    for name, median in medians.items():
        ratio = median / medians["piq-audio"]
        print(f"| {name} | {median:.1f} | {ratio:.2f} | {peaks[name] / 2**30:.2f} GiB |")


if __name__ == "__main__":
    main()
