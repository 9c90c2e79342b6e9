"""Makes the seeds of the fuzzer: a few small valid files for each of its targets.

    make_fuzz_seeds.py FUZZ_DIR

writes FUZZ_DIR/TARGET/seed-NAME for the targets of Tests/FuzzTargets. Files of other names there,
such as those that fuzzing found, stay as they are.
"""

import io
import json
import pathlib
import pickle
import struct
import sys
import tempfile
import zipfile

import numpy as np
import safetensors.torch
import soundfile
import torch

FIXTURES = pathlib.Path(__file__).resolve().parent.parent


def write(folder: pathlib.Path, target: str, name: str, content: bytes) -> None:
    path = folder / target / f"seed-{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def sounds(folder: pathlib.Path) -> None:
    """25 ms in every container and encoding that libsndfile has."""
    rng = np.random.default_rng(1)
    for container in sorted(soundfile.available_formats().keys() - {"RAW", "SD2"}):
        usual = soundfile.default_subtype(container)
        for encoding in soundfile.available_subtypes(container):
            for channels in (1, 2) if encoding == usual else (1,):
                buffer = io.BytesIO()
                samples = 0.1 * rng.standard_normal((200, channels))
                try:
                    soundfile.write(
                        buffer, samples, 8000, format=container, subtype=encoding, endian="FILE"
                    )
                except (soundfile.LibsndfileError, ValueError):
                    continue  # Not every pair can be written.
                name = f"{container}-{encoding}-{channels}".lower()
                write(folder, "sound", name, buffer.getvalue())


def joined_sounds(folder: pathlib.Path) -> None:
    """Those of `sounds` as they are found: joined, tagged, with a hole, never finished."""

    def seed(name: str) -> bytes:
        return (folder / "sound" / f"seed-{name}").read_bytes()

    vorbis, stereo, opus = seed("ogg-vorbis-1"), seed("ogg-vorbis-2"), seed("ogg-opus-1")
    mp3, flac, wav = seed("mp3-mpeg_layer_iii-1"), seed("flac-pcm_16-1"), seed("wav-pcm_16-1")
    tag = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)
    last_page = vorbis.rindex(b"OggS")
    sequence = struct.pack("<I", struct.unpack_from("<I", vorbis, last_page + 18)[0] + 3)
    for name, content in {
        "chained-ogg": vorbis + stereo,
        "chained-ogg-opus": opus + vorbis,
        "ogg-hole": vorbis[: last_page + 18] + sequence + vorbis[last_page + 22 :],
        "ogg-cut": vorbis[:-20],
        "joined-mp3": tag + mp3 + tag + seed("mp3-mpeg_layer_iii-2") + b"TAG" + bytes(125),
        "mp3-cut": mp3[: len(mp3) * 2 // 3],
        "tagged-flac": tag + flac + b"TAG" + bytes(125),
        "joined-flac": flac[: len(flac) // 2] + flac,
        "tagged-wav": tag + wav,
    }.items():
        write(folder, "sound", name, content)


def checkpoints(folder: pathlib.Path) -> None:
    state = {
        "weight": torch.arange(12.0).reshape(3, 4).half(),
        "transposed": torch.arange(6.0).reshape(2, 3).t(),
        "count": torch.tensor(3),
        "flags": torch.tensor([True, False]),
        "empty": torch.zeros(0, 2),
        "bfloat": torch.ones(2, dtype=torch.bfloat16),
    }
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "state.ckpt"
        for protocol in (2, 4):
            torch.save(state, path, pickle_protocol=protocol)
            write(folder, "zip", f"state-{protocol}", path.read_bytes())
            with zipfile.ZipFile(path) as archive:
                write(folder, "pickle", f"state-{protocol}", archive.read("state/data.pkl"))
        torch.save(torch.nn.Linear(2, 2).state_dict(), path)
        with zipfile.ZipFile(path) as archive:
            write(folder, "pickle", "module", archive.read("state/data.pkl"))
        safetensors.torch.save_file(
            {name: tensor.contiguous() for name, tensor in state.items()},
            path, metadata={"format": "pt"},
        )
        write(folder, "safetensors", "state", path.read_bytes())
        safetensors.torch.save_file({"a": torch.zeros(1, dtype=torch.float64)}, path)
        write(folder, "safetensors", "one", path.read_bytes())
    for protocol in range(2, 6):
        value = {"a": [1, 2.5, None, True, ("x", -70000, 2**40)], "b": {}}
        write(folder, "pickle", f"plain-{protocol}", pickle.dumps(value, protocol))
    for name in ("tiny.ckpt", "nested.ckpt", "os-system.ckpt", "tensors.ckpt", "arrays.npz"):
        write(folder, "zip", name, (FIXTURES / "checkpoints" / name).read_bytes())
    packed = io.BytesIO()
    np.savez_compressed(packed, a=np.arange(6.0).reshape(2, 3), b=np.arange(4))
    write(folder, "zip", "compressed.npz", packed.getvalue())


def arrays(folder: pathlib.Path) -> None:
    for dtype in ("<f2", "<f4", "<f8", "<i4", "<i8", "|u1", "|b1", ">f4", "<c8"):
        for shape in ((), (3,), (2, 3)):
            buffer = io.BytesIO()
            np.save(buffer, np.ones(shape, dtype))
            name = f"{dtype[1:]}{'-big' if dtype[0] == '>' else ''}-{len(shape)}"
            write(folder, "npy", name, buffer.getvalue())
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ones(2, "<f4"), version=(2, 0))
    write(folder, "npy", "version-2", buffer.getvalue())


def texts(folder: pathlib.Path) -> None:
    for model in ("small-speechbrain", "small-speechbrain-shared"):
        for target, name in (("hyperparams", "hyperparams.yaml"), ("labels", "label_encoder.txt")):
            write(folder, target, model, (FIXTURES / model / name).read_bytes())
    write(folder, "labels", "escapes", b"'it\\'s' => 0\r\n\"\\x41\\u00e9\\n\" => 1\n3 => 2\n====\n")
    write(
        folder, "hyperparams", "references",
        b"a: &x [1, 2.5, ~, 'b', !ref <c>]\nc: !ref <a>[0]/x\nd: *x\n"
        b"e: !new:a.B [!ref <d.f>, !name:g.H]\nf: !PLACEHOLDER\ng: !copy <c>\nh: !apply:i {j: 1}\n",
    )
    write(folder, "csv", "clips", (FIXTURES / "clips" / "clips.csv").read_bytes())
    write(
        folder, "csv", "quotes",
        b'\xef\xbb\xbffilename,fold,category\r\n"dog_bark.flac",1,"a ""dog"", or\ntwo"\r\n\r\n',
    )
    write(folder, "recipe", "optimizer", b"epochs: 3\nbatch_size: 4\nseed: 1\n")
    for recipe in sorted((FIXTURES / "models/esc10/training").rglob("*.yaml")):
        write(folder, "recipe", recipe.stem, recipe.read_bytes())
    write(
        folder, "settings", "esc10", (FIXTURES / "models" / "esc10" / "model.json").read_bytes()
    )
    report = (FIXTURES / "expected" / "clock_tick.interpretation.json").read_bytes()
    write(folder, "report", "clip", report)
    entry = {
        "input": "clips/rooster.ogg", "modified": 1, "outputs": {"out/rooster.wav": 3},
        "plan": ["out/rooster.wav"], "report": json.loads(report), "settings": "model", "size": 2,
    }
    line = json.dumps(entry, sort_keys=True)
    write(folder, "journal", "lines", f"{line}\n{line[:-1]},\n{line}\n{line[:40]}".encode())


def networks(folder: pathlib.Path) -> None:
    """Those of make_networks.py, and files of labels and settings beside them."""
    seeds = [
        ("names", "class-map", "networks/class_map.csv"),
        ("names", "config", "networks/config.json"),
        ("names", "label-encoder", "networks/label_encoder.txt"),
        ("names", "lines", "networks/labels.txt"),
        ("configuration", "vit", "transformers/vit/config.json"),
        ("configuration", "focalnet", "transformers/focalnet/config.json"),
        ("frontend", "mel", "networks/logmel-softmax.json"),
        ("frontend", "ast", "networks/preprocessor_config-ast.json"),
        ("frontend", "wav2vec2", "networks/preprocessor_config-wav2vec2.json"),
    ] + [("onnx", name, f"networks/{name}.onnx") for name in (
        "nan", "external", "subgraph-external", "logpower")]
    for target, name, source in seeds:
        write(folder, target, name, (FIXTURES / source).read_bytes())
    settings = {
        "name": "n", "labels": ["a", "b"],
        "stft": {"sample_rate": 16000, "n_fft": 1024, "hop_length": 186, "win_length": 372},
        "network": {
            "file": "a.onnx", "sha256": "", "input": "log-mel", "layout": "time-frequency",
            "mel": json.loads((FIXTURES / "networks/logmel-softmax.json").read_text()),
            "window": 1, "hop": 0.5, "gain": "none", "activation": "softmax",
            "aggregate": "mean", "execution": "accuracy", "scores": "scores",
        },
    }
    write(folder, "settings", "network", json.dumps(settings).encode())


def transformers(folder: pathlib.Path) -> None:
    for family in ("focalnet", "vit"):
        model = FIXTURES / "transformers" / family
        settings = json.loads((model / "config.json").read_text())
        settings["id2label"] = {str(i): f"class {i}" for i in range(6)}
        write(folder, "configuration", f"labels-{family}", json.dumps(settings).encode())
        state = torch.load(model / "embedding_model.ckpt")
        lines = (" ".join(map(str, [name, *value.shape])) for name, value in state.items())
        write(folder, "tensors", family, "\n".join(lines).encode() + b"\n")


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for make in (sounds, joined_sounds, checkpoints, arrays, texts, networks, transformers):
        make(folder)
    # A WAV file whose writer never came back, and one with a chunk of 2^32 - 1 bytes.
    head = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    write(folder, "sound", "wav-unfinished", head + b"data\0\0\0\0" + b"\1\2" * 50)
    write(folder, "sound", "wav-odd-chunk", head + b"LIST\xff\xff\xff\xffdata\4\0\0\0\1\2\3\4")


if __name__ == "__main__":
    main()
