"""The two programs that piq-audio is compared with; compare.py runs them as processes.

    peers.py export MODEL_DIR ONNX_DIR       write a SpeechBrain model's networks for ONNX Runtime
    peers.py once PEER MODEL CLIP OUT_DIR    interpret a clip; write its audio, arrays and JSON
    peers.py serve PEER MODEL CLIP           interpret a clip for each line read; answer seconds
    peers.py batch PEER MODEL OUT CLIP...    interpret clips one after the other, as `once` does
    peers.py differences A.npz B.npz         compare two interpretations

PEER is speechbrain or onnx; MODEL is the folder of the model, or of what `export` wrote; CLIP is
at 16 kHz, one channel (`batch` converts). With PRECISION=bf16 in the environment SpeechBrain runs
under autocast. Imports stand in the functions that need them, so that a cold start pays
for its own only.
"""
import json
import os
import pathlib
import sys
import time

import numpy as np

RATE, N_FFT, HOP, WINDOW = 16000, 1024, 186, 372
THREADS = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))


class Stopwatch:
    """Seconds by stage."""

    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def lap(self, stage):
        now = time.perf_counter()
        self.seconds[stage], self.last = now - self.last, now


class SpeechBrain:
    """SpeechBrain's own interpreter, step by step as its interpret_batch."""

    def __init__(self, folder):
        import tempfile

        import torch
        from speechbrain.inference.interpretability import PIQAudioInterpreter
        from speechbrain.processing.NMF import spectral_phase

        torch.set_num_threads(THREADS)
        self.torch, self.spectral_phase = torch, spectral_phase
        with tempfile.TemporaryDirectory() as cache:
            self.model = PIQAudioInterpreter.from_hparams(
                source=folder, savedir=cache, overrides={"pretrained_path": folder})
        self.model.eval()

    def interpret(self, wav):
        torch, model, watch = self.torch, self.model, Stopwatch()
        autocast = torch.autocast(
            "cpu", torch.bfloat16, enabled=os.environ.get("PRECISION") == "bf16")
        with torch.inference_mode(), autocast:
            logspec, stft, _ = model.preprocess(torch.from_numpy(wav)[None])
            phase = self.spectral_phase(stft)
            watch.lap("spectrogram")
            hidden, _, cosines, index = model.classifier_forward(logspec)
            watch.lap("classify")
            decoded, _, quantized = model.mods.psi(hidden, index)
            mask = torch.sigmoid(decoded[:, 0].float())
            watch.lap("decode")
            magnitude = torch.expm1(mask * logspec[:, :mask.shape[1]])
            audio = model.invert_stft_with_phase(magnitude, phase)
            watch.lap("resynthesize")
        # Not timed: upstream does not tell which key it chose.
        keys = model.mods.psi.codebook.embedding.weight
        codes = torch.cdist(quantized[0].flatten(1).T.float(), keys).argmin(1)
        outputs = {"logspec": logspec[0], "mask": mask[0], "interpretation": magnitude[0],
                   "cosines": cosines[0], "audio": audio[0], "codes": codes}
        arrays = {k: v.detach() for k, v in outputs.items()}
        return {k: (v.float() if v.is_floating_point() else v).numpy()
                for k, v in arrays.items()}, watch.seconds


class OnnxRuntime:
    """The same networks in ONNX Runtime; spectrograms and quantisation in NumPy."""

    def __init__(self, folder):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        self.encoder, self.adapter, self.decoder = (
            onnxruntime.InferenceSession(
                f"{folder}/{name}.onnx", options, providers=["CPUExecutionProvider"])
            for name in ("encoder", "adapter", "decoder"))
        codebook = np.load(f"{folder}/codebook.npz")
        self.keys, self.relevant = codebook["keys"], codebook["relevant"]
        hamming = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
        self.window = np.pad(hamming, (N_FFT - WINDOW) // 2).astype(np.float32)

    def interpret(self, wav):
        watch = Stopwatch()
        padded = np.pad(wav, N_FFT // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
        stft = np.fft.rfft(frames * self.window)
        logspec = np.log1p(np.abs(stft))
        watch.lap("spectrogram")
        hidden, cosines = self.encoder.run(None, {"logspec": logspec[None]})
        watch.lap("classify")
        (z,) = self.adapter.run(None, {"hidden": hidden})
        codes = self.quantize(z[0], int(cosines.argmax()))
        quantized = np.moveaxis(self.keys[codes], -1, 0)
        (mask,) = self.decoder.run(None, {"quantized": quantized[None]})
        watch.lap("decode")
        magnitude = np.expm1(mask[0, 0] * logspec[:mask.shape[2]])
        audio = self.invert(magnitude, stft)
        watch.lap("resynthesize")
        return {"logspec": logspec, "mask": mask[0, 0], "interpretation": magnitude,
                "cosines": cosines[0], "audio": audio, "codes": codes}, watch.seconds

    def quantize(self, z, index):
        owned = np.flatnonzero(self.relevant[index])
        keys = self.keys[owned]
        distances = (keys**2).sum(1) - 2 * np.einsum("dij,kd->ijk", z, keys, optimize=True)
        return owned[distances.argmin(-1)]

    def invert(self, magnitude, stft):
        """Overlap-add of the magnitude with the input's phase."""
        phase = stft[:len(magnitude)]
        phase = phase / np.maximum(np.abs(phase), 1e-30)
        frames = np.fft.irfft(magnitude * phase, N_FFT) * self.window
        length = (len(frames) - 1) * HOP
        audio, weight = np.zeros((2, length + N_FFT), np.float32)
        for i, frame in enumerate(frames):
            audio[i * HOP:i * HOP + N_FFT] += frame
            weight[i * HOP:i * HOP + N_FFT] += self.window**2
        kept = slice(N_FFT // 2, N_FFT // 2 + length)
        return audio[kept] / np.maximum(weight[kept], 1e-11)


PEERS = {"speechbrain": SpeechBrain, "onnx": OnnxRuntime}


def export(folder, out):
    import torch
    from speechbrain.lobes.models.PIQ import get_irrelevant_regions

    model = SpeechBrain(folder).model
    encoder, classifier, psi = (model.mods[n] for n in ("embedding_model", "classifier", "psi"))

    class Encoder(torch.nn.Module):
        def forward(self, logspec):
            hidden = encoder(logspec)
            return hidden, classifier(hidden.mean((-1, -2)))[:, 0]

    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    logspec = torch.rand(1, 431, 513)
    hidden = encoder(logspec)
    adapter = torch.nn.Sequential(psi.adapter, psi.down)
    decoder = torch.nn.Sequential(psi.up, psi.decoder, torch.nn.Sigmoid())
    graphs = [
        ("encoder", Encoder(), logspec, "logspec", 1, ["hidden", "cosines"]),
        ("adapter", adapter, hidden, "hidden", 2, ["z"]),
        ("decoder", decoder, adapter(hidden), "quantized", 2, ["mask"]),
    ]
    for name, module, example, source, time_axis, outputs in graphs:
        torch.onnx.export(
            module.eval(), (example,), f"{out}/{name}.onnx", dynamo=False, opset_version=17,
            input_names=[source], output_names=outputs, dynamic_axes={source: {time_axis: "time"}})
    book = psi.codebook
    irrelevant = get_irrelevant_regions(
        torch.arange(book.numclasses).double(), len(book.embedding.weight), book.numclasses,
        book.shared_keys, stage="VALID")
    np.savez(f"{out}/codebook.npz", keys=book.embedding.weight.detach(), relevant=~irrelevant)


def read(clip):
    import soundfile

    wav, rate = soundfile.read(clip, dtype="float32")
    if rate != RATE or wav.ndim != 1:
        sys.exit(f"{clip}: {rate} Hz, {wav.ndim} dimensions; give a clip of one channel at 16 kHz")
    return wav


def read_any(clip):
    """A clip of any rate and any number of channels."""
    import soundfile
    import torch
    import torchaudio

    wav, rate = soundfile.read(clip, dtype="float32", always_2d=True)
    return torchaudio.functional.resample(torch.from_numpy(wav.mean(1)), rate, RATE).numpy()


def write(outputs, seconds, clip, out, stem="interpretation"):
    import soundfile

    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    soundfile.write(out / f"{stem}.wav", outputs["audio"], RATE, subtype="FLOAT")
    np.savez(out / f"{stem}.npz", **outputs)
    summary = {"input": clip, "index": int(outputs["cosines"].argmax()), "seconds": seconds}
    (out / f"{stem}.json").write_text(json.dumps(summary))


def once(peer, model, clip, out):
    write(*PEERS[peer](model).interpret(read(clip)), clip, out)


def batch(peer, model, out, *clips):
    peer = PEERS[peer](model)
    for clip in clips:
        write(*peer.interpret(read_any(clip)), clip, out, pathlib.Path(clip).stem)


def serve(peer, model, clip):
    peer, wav = PEERS[peer](model), read(clip)
    for _ in sys.stdin:
        print(json.dumps(peer.interpret(wav)[1]), flush=True)


def differences(a, b):
    a, b = np.load(a), np.load(b)
    print(json.dumps({
        "mask": float(np.abs(a["mask"] - b["mask"]).max()),
        "codes": int((a["codes"].ravel() != b["codes"].ravel()).sum()),
        "audio": float(np.abs(a["audio"] - b["audio"]).max() / np.abs(b["audio"]).max()),
    }))


if __name__ == "__main__":
    commands = {"export": export, "once": once, "serve": serve, "batch": batch,
                "differences": differences}
    commands[sys.argv[1]](*sys.argv[2:])
