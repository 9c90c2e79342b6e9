"""Time piq-audio beside SpeechBrain and ONNX Runtime: same model, clip and cores, turn by turn.

Only the standard library is imported here: until it executes its program, a child counts the memory
of its parent as its own.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
CACHE = HERE / ".cache"
PEERS = [sys.executable, str(HERE / "peers.py")]
# Stages of piq-audio that the peers do outside their timing.
UNTIMED = ("read", "load", "write", "draw", "total")


def arguments():
    clip = PROJECT / "Fixtures/speechbrain-esc10/clips/dog_bark-4-183992-A.flac"
    binary = os.environ.get("PIQ_AUDIO", PROJECT / ".build/release/piq-audio")
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", type=pathlib.Path,
                        help="folder in SpeechBrain's layout; default: an untrained one, dim 256")
    parser.add_argument("--clip", type=pathlib.Path, default=clip, help="one channel at 16 kHz")
    parser.add_argument("--rounds", type=int, default=7, help="of each measurement (7)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)),
                        help="and cores (all)")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32",
                        help="of piq-audio; SpeechBrain under autocast (f32)")
    parser.add_argument("--isa", choices=("AVX2", "AVX512_CORE"),
                        help="hold all to these instructions")
    parser.add_argument("--batch", type=pathlib.Path,
                        help="also interpret the sound files of this folder in one process each")
    parser.add_argument("--clips", type=int, default=20, help="at most so many of them (20)")
    parser.add_argument("--binary", type=pathlib.Path, default=binary,
                        help="piq-audio; default: PIQ_AUDIO, or the release build")
    parser.add_argument("--json", type=pathlib.Path, help="write every measurement to this file")
    return parser.parse_args()


def log(message):
    print(message, file=sys.stderr)


def run(command, what):
    """Runs a command of the preparation; what it says is shown only when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{what}: failed with status {done.returncode}")
    return done.stdout


def prepared(folder, what, command):
    """Makes a folder once: command(temporary folder) makes it, a rename ends it."""
    if not folder.exists():
        log(f"Preparing {what}")
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            run(command(f"{scratch}/made"), what)
            os.rename(f"{scratch}/made", folder)
    return str(folder)


class Peer:
    """SpeechBrain or ONNX Runtime: a process that stays for the warm clips, new ones for cold."""

    def __init__(self, peer, model, clip):
        self.peer, self.model, self.clip = peer, model, clip
        self.server = subprocess.Popen(
            [*PEERS, "serve", peer, model, clip], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)

    def warm(self):
        self.server.stdin.write("again\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def cold(self, out):
        """The command of a whole run, and the arrays that it writes."""
        command = [*PEERS, "once", self.peer, self.model, self.clip, out]
        return command, f"{out}/interpretation.npz"

    def batch(self, clips, out):
        return [*PEERS, "batch", self.peer, self.model, out, *clips]

    def close(self):
        self.server.stdin.close()
        self.server.wait()


class PiqAudio:
    """The program: two copies of the clip in one run, of which the second is warm."""

    def __init__(self, binary, model, clip, scratch, precision):
        self.out, suffix = f"{scratch}/warm", pathlib.Path(clip).suffix
        self.first, self.second = (f"{scratch}/{n}{suffix}" for n in ("first", "second"))
        for copy in (self.first, self.second):
            shutil.copyfile(clip, copy)
        self.plain = [str(binary), "interpret", "-q", "--json", "--model", model,
                      "--precision", precision]
        self.base = [*self.plain, "--tail", "crop", "--outputs", "audio,arrays,json",
                     "--output-dir"]

    def warm(self):
        lines = run([*self.base, self.out, self.first, self.second, "--jobs", "1"], "piq-audio")
        clips = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        return next(clip["seconds"] for clip in clips if clip["input"].endswith(self.second))

    def cold(self, out):
        return [*self.base, out, self.first], f"{out}/first.interpretation.npz"

    def batch(self, clips, out):
        # As users run it: with pictures, and with the ends of the clips.
        return [*self.plain, "--output-dir", out, *clips]

    def close(self):
        """Nothing of it stays between its runs."""


def timed(command):
    """Seconds and peak bytes of a process, from its start to its end."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed with status {process.returncode}: {' '.join(command)}")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024


def measure(contenders, rounds, scratch, clips):
    """Every measurement of every contender; they take turns in each round."""
    results = {name: {"stages": [], "cold": [], "peak": []} for name in contenders}
    arrays = {}
    for contender in contenders.values():
        contender.warm()
    for turn in range(rounds):
        log(f"Round {turn + 1} of {rounds}")
        for name, contender in contenders.items():
            results[name]["stages"].append(contender.warm())
    for contender in contenders.values():
        contender.close()
    for turn in range(rounds):
        log(f"Cold round {turn + 1} of {rounds}")
        for name, contender in contenders.items():
            command, arrays[name] = contender.cold(f"{scratch}/{name}")
            seconds, peak = timed(command)
            results[name]["cold"].append(seconds)
            results[name]["peak"].append(peak)
    for name, contender in contenders.items() if clips else ():
        if name != "ONNX Runtime":
            log(f"{len(clips)} clips: {name}")
            seconds, peak = timed(contender.batch(clips, f"{scratch}/batch-{name}"))
            results[name]["batch"] = {"seconds": seconds / len(clips), "peak": peak}
    reference = arrays["SpeechBrain"]
    for name, path in arrays.items():
        results[name]["difference"] = json.loads(
            run([*PEERS, "differences", path, reference], "comparison"))
    return results


def of_clip(stages):
    return sum(s for name, s in stages.items() if not name.lower().startswith(UNTIMED))


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((l.split(":")[1].strip() for l in lines if l.startswith("model name")), "unknown")


def table(results):
    """Medians as a Markdown table; ratios to the last contender, which is piq-audio once built."""
    last = list(results)[-1]
    median = statistics.median
    rows = {
        "one clip, warm": ("s", {n: median(map(of_clip, r["stages"])) for n, r in results.items()}),
        "whole process, cold": ("s", {n: median(r["cold"]) for n, r in results.items()}),
        "peak memory": ("MiB", {n: median(r["peak"]) / 2**20 for n, r in results.items()}),
    }
    if any("batch" in r for r in results.values()):
        nothing = {"seconds": float("nan"), "peak": float("nan")}
        batch = {n: r.get("batch", nothing) for n, r in results.items()}
        rows["a clip of many"] = ("s", {n: b["seconds"] for n, b in batch.items()})
        rows["peak memory, many clips"] = ("MiB", {n: b["peak"] / 2**20 for n, b in batch.items()})
    yield f"| median (ratio to {last}) | " + " | ".join(results) + " |"
    yield "| --- " * (len(results) + 1) + "|"
    for title, (unit, values) in rows.items():
        digits = 3 if unit == "s" else 0
        cells = (f"{v:.{digits}f} {unit} ({v / values[last]:.2f})" for v in values.values())
        yield f"| {title} | " + " | ".join(cells) + " |"
    differences = [r["difference"] for r in results.values()]
    yield "| largest difference of a mask | " + " | ".join(
        f"{d['mask']:.1e}" for d in differences) + " |"
    yield "| codes that differ | " + " | ".join(str(d["codes"]) for d in differences) + " |"
    yield ""
    for name, result in results.items():
        stages = result["stages"][0]
        medians = (f"{s} {median(r[s] for r in result['stages']):.4f}" for s in stages)
        yield f"{name}, seconds by stage: " + ", ".join(medians)


def main():
    asked = arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:asked.threads])
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    os.environ["PRECISION"] = asked.precision
    if asked.isa:
        os.environ["DNNL_MAX_CPU_ISA"] = os.environ["ONEDNN_MAX_CPU_ISA"] = asked.isa
        os.environ["ATEN_CPU_CAPABILITY"] = asked.isa.split("_")[0].lower()
    clips = [str(p.resolve()) for p in sorted(asked.batch.iterdir())][:asked.clips] \
        if asked.batch else []
    load = os.getloadavg()[0]
    CACHE.mkdir(exist_ok=True)
    script = str(PROJECT / "Fixtures/scripts/make_small_model.py")
    model = str(asked.model.resolve()) if asked.model else prepared(
        CACHE / "model", "an untrained model of dim 256",
        lambda out: [sys.executable, script, out, "--dim", "256", "--keys", "1024"])
    weights = [p for p in sorted(pathlib.Path(model).iterdir()) if p.is_file()]
    key = hashlib.sha256(b"".join(p.read_bytes() for p in weights)).hexdigest()[:12]
    clip = str(asked.clip.resolve())
    onnx = prepared(CACHE / f"onnx-{key}", "the networks for ONNX Runtime",
                    lambda out: [*PEERS, "export", model, out])
    with tempfile.TemporaryDirectory() as scratch:
        contenders = {
            "SpeechBrain": Peer("speechbrain", model, clip),
            "ONNX Runtime": Peer("onnx", onnx, clip),
        }
        if os.access(asked.binary, os.X_OK):
            imported = prepared(
                CACHE / f"piq-{key}", "the model for piq-audio",
                lambda out: [str(asked.binary), "model", "import", model, "-o", out])
            contenders["piq-audio"] = PiqAudio(
                asked.binary, imported, clip, scratch, asked.precision)
        else:
            log(f"{asked.binary}: not there; make build makes it. Comparing the others.")
        results = measure(contenders, asked.rounds, scratch, clips)
    print(f"{processor()}, {asked.threads} threads, {asked.rounds} rounds, "
          f"{pathlib.Path(clip).name}; load before: {load:.1f} (other programs cost time)\n")
    print("\n".join(table(results)))
    if asked.json:
        report = {"processor": processor(), "threads": asked.threads, "load": load,
                  "clip": clip, "model": model, "results": results}
        asked.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
