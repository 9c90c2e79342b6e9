"""Time piq-audio beside SpeechBrain's FocalNet and ViT interpreters: same weights, clip and cores.

    Benchmarks/focalnet_vit.py [--family focalnet|vit] [--rounds N] [--clip FILE]

PyTorch runs the modules that SpeechBrain's recipes build, step by step as their interpret_batch. Both
take turns in every round. The models are untrained and of full size; make_transformer_model.py in
Fixtures/scripts makes them, once.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from compare import CACHE, PROJECT, PiqAudio, measure, prepared, processor, table
from peers import Stopwatch, read, write

COMMAND = [sys.executable, str(pathlib.Path(__file__).resolve())]


class SpeechBrain:
    """The networks of a recipe, in evaluation mode."""

    def __init__(self, folder, family):
        sys.path.insert(0, str(PROJECT / "Fixtures/scripts"))
        import torch
        from make_transformer_model import networks
        from safetensors.torch import load_file
        from speechbrain.processing.features import ISTFT, STFT, spectral_magnitude
        from speechbrain.processing.NMF import spectral_phase
        from torchvision.transforms.functional import resize

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.torch, self.family, self.resize = torch, family, resize
        self.magnitude, self.phase = spectral_magnitude, spectral_phase
        window = {"sample_rate": 16000, "hop_length": 11.6099, "win_length": 23.2199}
        self.stft, self.istft = STFT(n_fft=1024, **window), ISTFT(**window)
        self.parts, self.config, _ = networks(family)
        for name, part in self.parts.items():
            file = f"{folder}/{'psi_model' if name == 'psi' else name}.ckpt"
            part.load_state_dict(self.of_transformers_5(torch.load(file)), strict=False)
            part.eval()

    def of_transformers_5(self, state):
        from make_transformer_model import RENAMED

        renamed = {}
        for name, value in state.items():
            if name.startswith("encoder.layer."):
                for new, old in RENAMED.items():
                    name = name.replace(old, new, 1)
            renamed[name] = value
        return renamed

    def encode(self, logspec):
        image = self.resize(logspec, (224, 224))[:, None].expand(-1, 3, -1, -1)
        body = self.parts["embedding_model"]
        if self.family == "focalnet":
            hidden = body(image).feature_maps[-1]
            return self.resize(hidden, (14, 14)), hidden.mean((-1, -2))
        tokens = body(image).last_hidden_state.movedim(-1, -2)
        return tokens[..., 1:].reshape(1, -1, 14, 14), tokens.mean(-1)

    def interpret(self, wav):
        torch, watch = self.torch, Stopwatch()
        with torch.no_grad():
            stft = self.stft(torch.from_numpy(wav)[None])
            logspec = torch.log1p(self.magnitude(stft, power=0.5))
            phase = self.phase(stft)
            watch.lap("spectrogram")
            hidden, embedding = self.encode(logspec)
            cosines = self.parts["classifier"](embedding).squeeze(1)
            watch.lap("classify")
            decoded, _, quantized = self.parts["psi"](hidden, cosines.argmax(1))
            mask = torch.sigmoid(decoded[:, 0])
            watch.lap("decode")
            frames = mask.shape[1]
            magnitude = torch.expm1(mask * logspec[:, :frames])
            phase = phase[:, :frames]
            audio = self.istft(magnitude[..., None] * torch.stack((phase.cos(), phase.sin()), -1))
            watch.lap("resynthesize")
        keys = self.parts["psi"].codebook.embedding.weight.detach()
        codes = torch.cdist(quantized[0].flatten(1).T, keys).argmin(1)
        arrays = {"mask": mask[0], "cosines": cosines[0], "audio": audio[0], "codes": codes}
        return {k: v.detach().numpy() for k, v in arrays.items()}, watch.seconds


class Peer:
    """SpeechBrain's networks in a process that stays."""

    def __init__(self, model, family, clip):
        self.arguments = [model, family, clip]
        self.server = subprocess.Popen(
            [*COMMAND, "serve", *self.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)

    def warm(self):
        self.server.stdin.write("again\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def cold(self, out):
        return [*COMMAND, "once", *self.arguments, out], f"{out}/interpretation.npz"

    def close(self):
        self.server.stdin.close()
        self.server.wait()


def encoders(results):
    """Medians from the sound to its class, which is the encoder mostly; a row of the table."""
    medians = {
        name: statistics.median(
            sum(stages.get(s, 0) for s in ("spectrogram", "classify")) for stages in r["stages"])
        for name, r in results.items()}
    last = list(medians.values())[-1]
    cells = (f"{seconds:.3f} s ({seconds / last:.2f})" for seconds in medians.values())
    return "| sound to class, warm | " + " | ".join(cells) + " |"


def serve(folder, family, clip):
    peer, wav = SpeechBrain(folder, family), read(clip)
    for _ in sys.stdin:
        print(json.dumps(peer.interpret(wav)[1]), flush=True)


def once(folder, family, clip, out):
    write(*SpeechBrain(folder, family).interpret(read(clip)), clip, out)


def arguments():
    clip = PROJECT / "Fixtures/speechbrain-esc10/clips/dog_bark-4-183992-A.flac"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=("focalnet", "vit"), action="append")
    parser.add_argument("--clip", type=pathlib.Path, default=clip, help="one channel at 16 kHz")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (5)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--binary", default=PROJECT / ".build/release/piq-audio")
    return parser.parse_args()


def main():
    asked = arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:asked.threads])
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    CACHE.mkdir(exist_ok=True)
    script, clip = PROJECT / "Fixtures/scripts/make_transformer_model.py", str(asked.clip.resolve())
    print(f"{processor()}, {asked.threads} threads, {asked.rounds} rounds, "
          f"{asked.clip.name}; load before: {os.getloadavg()[0]:.1f}\n")
    for family in asked.family or ["focalnet", "vit"]:
        folder = prepared(CACHE / f"untrained-{family}", f"an untrained {family}",
                          lambda out: [sys.executable, str(script), out, family])
        with tempfile.TemporaryDirectory() as scratch:
            contenders = {
                "SpeechBrain": Peer(folder, family, clip),
                "piq-audio": PiqAudio(asked.binary, f"{folder}/piq-audio", clip, scratch, "f32")}
            results = measure(contenders, asked.rounds, scratch, [])
        print(f"{family}\n")
        lines = list(table(results))
        lines.insert(3, encoders(results))
        print("\n".join(lines) + "\n")


if __name__ == "__main__":
    {"serve": serve, "once": once}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:2] in (
        ["serve"], ["once"]) else main()
