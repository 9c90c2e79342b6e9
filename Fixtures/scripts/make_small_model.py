#!/usr/bin/env python3
"""Make an untrained PIQ model in SpeechBrain's layout and record what SpeechBrain makes of sounds.

    python make_small_model.py OUT_DIR [--dim 8] [--keys 40] [--shared-keys 0] [--full-resolution]
                               [--extension ckpt] [--golden CLIP ...] [--seed N]

Weights are random, but fitted to the clips beside this script so that the model behaves like a
trained one: BatchNorm statistics are those of the clips, keys lie among the vectors that they
quantise, masks go from 0 to 1. All of them are rounded to F16, so that an F16 copy loses nothing.

For each CLIP (chirp, noise, bark) golden/ holds one safetensors file for each of SpeechBrain's four
ways of inference, such as chirp-vq-mask or bark-direct-threshold: wav [samples] at 16 kHz, logspec
[T, 513], hidden [dim, rows, columns], cosines [classes], codes [rows, columns] (with VQ only), mask
[T', 513] (softplus of the decoder's output for the threshold), interpretation [T', 513], audio.
"""
import argparse
import pathlib
import tempfile

import soundfile
import torch
import torchaudio
import yaml
from safetensors.torch import save_file
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.interpretability import PIQAudioInterpreter
from speechbrain.lobes.models.ECAPA_TDNN import Classifier
from speechbrain.lobes.models.PIQ import Conv2dEncoder_v2, VectorQuantizedPSI_Audio
from speechbrain.processing.features import STFT, spectral_magnitude
from torch import nn

CLIPS = pathlib.Path(__file__).resolve().parent.parent / "clips"
LABELS = ["dog_bark", "rain", "sea_waves", "baby_cry", "clock_tick", "person_sneeze", "helicopter",
          "chainsaw", "rooster", "fire_crackling"]
RATE = 16000
FRAMES = dict(sample_rate=RATE, hop_length=11.6099, win_length=23.2199)  # lengths in milliseconds

HYPERPARAMS = """\
# A PIQ interpreter for SpeechBrain's PIQAudioInterpreter, made by make_small_model.py.
pretrained_path: .

# Front end: lengths in milliseconds; |X| = (re^2 + im^2)^spec_mag_power.
sample_rate: 16000
n_fft: 1024
hop_length: 11.6099
win_length: 23.2199
spec_mag_power: 0.5

# Way of inference.
use_vq: True
use_mask_output: True
mask_th: 0.35

# Architecture.
out_n_neurons: {classes}
dim: {dim}
K: {keys}
shared_keys: {shared_keys}

compute_stft: !new:speechbrain.processing.features.STFT
    sample_rate: !ref <sample_rate>
    n_fft: !ref <n_fft>
    hop_length: !ref <hop_length>
    win_length: !ref <win_length>

compute_istft: !new:speechbrain.processing.features.ISTFT
    sample_rate: !ref <sample_rate>
    hop_length: !ref <hop_length>
    win_length: !ref <win_length>

embedding_model: !new:speechbrain.lobes.models.PIQ.Conv2dEncoder_v2
    dim: !ref <dim>

classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: !ref <dim>
    lin_blocks: 1
    out_neurons: !ref <out_n_neurons>

psi: !new:speechbrain.lobes.models.PIQ.VectorQuantizedPSI_Audio
    dim: !ref <dim>
    K: !ref <K>
    numclasses: !ref <out_n_neurons>
    activate_class_partitioning: True
    shared_keys: !ref <shared_keys>
    use_adapter: True
    adapter_reduce_dim: {reduce}

label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder

modules:
    compute_stft: !ref <compute_stft>
    compute_istft: !ref <compute_istft>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
    psi: !ref <psi>

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        psi_model: !ref <psi>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.{extension}
        classifier: !ref <pretrained_path>/classifier.{extension}
        psi_model: !ref <pretrained_path>/psi_model.{extension}
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""


def cut(name, samples, start=0):
    """Part of a clip at the model's rate; `start` and `samples` count at that rate."""
    wav, rate = soundfile.read(CLIPS / name, dtype="float32")
    wav = torchaudio.functional.resample(torch.from_numpy(wav), rate, RATE)
    return wav[start:start + samples]


def chirp(samples, low, high):
    seconds = torch.arange(samples) / RATE
    sweep = low * seconds + (high - low) / 2 * seconds**2 / seconds[-1]
    return 0.7 * torch.sin(2 * torch.pi * sweep)


def golden_clips():
    """Lengths whose frames T (49, 35, 76) are no multiple of 32: there SpeechBrain fails."""
    torch.manual_seed(5)
    return {
        "chirp": chirp(9000, 200, 6000),
        "noise": 0.1 * torch.randn(6400),
        "bark": cut("dog_bark.flac", 14000),
    }


def fitting_clips():
    """Twelve sounds of two seconds, to fit the model to."""
    n = 2 * RATE
    clips = [cut(name, n, start)
             for name in ("dog_bark.flac", "baby_cry.flac", "clock_tick.wav", "rooster.ogg")
             for start in (0, RATE)]
    clips += [0.1 * torch.randn(n), 0.02 * torch.randn(n), chirp(n, 100, 7000), chirp(n, 3000, 300)]
    return torch.stack(clips)


def prepare(module):
    """Random affine BatchNorm, and statistics that follow the next forward passes in training."""
    for layer in module.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.momentum = None  # the plain average
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.3)
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.bias.data.normal_(0, 0.1)
    return module.train()


@torch.no_grad()
def fitted_model(dim, keys, shared_keys, reduce, seed):
    torch.manual_seed(seed)
    encoder = prepare(Conv2dEncoder_v2(dim))
    classifier = prepare(Classifier(dim, lin_blocks=1, out_neurons=len(LABELS)))
    psi = prepare(VectorQuantizedPSI_Audio(
        dim, keys, len(LABELS), shared_keys=shared_keys, adapter_reduce_dim=reduce))

    stft = STFT(n_fft=1024, **FRAMES)(fitting_clips())
    hidden = encoder(torch.log1p(spectral_magnitude(stft, power=0.5)))
    labels = classifier(hidden.mean((-1, -2)))[:, 0].argmax(1)
    z = psi.adapter(hidden)
    z = psi.down(z) if reduce else z
    vectors = z.permute(0, 2, 3, 1).reshape(-1, dim)
    drawn = vectors[torch.randint(len(vectors), (keys,))]
    psi.codebook.embedding.weight.copy_(drawn + 0.3 * vectors.std() * torch.randn_like(drawn))
    last = psi.decoder[-1]
    last.bias.zero_()
    decoded = psi(hidden, labels)[0]
    last.weight.mul_(2.5 / decoded.std())
    last.bias.fill_(-float(decoded.median()) * 2.5 / float(decoded.std()) - 0.5)
    return {"embedding_model": encoder, "classifier": classifier, "psi_model": psi}


def write_model(out, parts, extension, **settings):
    out.mkdir(parents=True, exist_ok=True)
    for name, module in parts.items():
        state = {k: t.half().float() if t.is_floating_point() else t
                 for k, t in module.state_dict().items()}
        torch.save(state, out / f"{name}.{extension}")
    text = HYPERPARAMS.format(classes=len(LABELS), extension=extension, **settings)
    (out / "hyperparams.yaml").write_text(text)
    encoder = CategoricalEncoder()
    encoder.expect_len(len(LABELS))
    encoder.update_from_iterable(LABELS)
    encoder.save(out / "label_encoder.txt")


@torch.no_grad()
def interpret(model, wav):
    """All that SpeechBrain computes on a clip's way to interpret_batch's audio."""
    settings, psi = model.hparams, model.mods.psi
    logspec = model.preprocess(wav[None])[0]
    hidden, _, cosines, index = model.classifier_forward(logspec)
    tensors = {"wav": wav, "logspec": logspec[0], "hidden": hidden[0], "cosines": cosines[0]}
    if settings.use_vq:
        decoded, z, quantized = psi(hidden, index)
        same = (quantized[0, :, None] == psi.codebook.embedding.weight.T[:, :, None, None]).all(0)
        tensors["codes"] = same.long().argmax(0)
    else:
        decoded = psi.decoder(hidden)
    decoded = decoded[0, 0]
    covered = logspec[0, :decoded.shape[0]]
    if settings.use_mask_output:
        mask = torch.sigmoid(decoded)
        masked = mask * covered
    else:
        mask = nn.functional.softplus(decoded)
        masked = (mask > settings.mask_th * mask.max()) * covered
    audio, label = model.interpret_batch(wav[None])
    tensors |= {"mask": mask, "interpretation": torch.expm1(masked), "audio": audio[0]}
    metadata = {"index": index.item(), "label": LABELS[index], "mask_th": settings.mask_th}
    assert LABELS[index] in str(label)
    return tensors, {key: str(value) for key, value in metadata.items()}


def record(out, clips):
    folder = out / "golden"
    folder.mkdir(exist_ok=True)
    for vq in (True, False):
        for mask in (True, False):
            settings = {"pretrained_path": str(out), "use_vq": vq, "use_mask_output": mask}
            with tempfile.TemporaryDirectory() as cache:
                model = PIQAudioInterpreter.from_hparams(
                    source=str(out), savedir=cache, overrides=yaml.dump(settings))
            model.eval()
            for name, wav in clips.items():
                tensors, metadata = interpret(model, wav)
                metadata |= {"use_vq": str(vq), "use_mask_output": str(mask)}
                way = f"{name}-{'vq' if vq else 'direct'}-{'mask' if mask else 'threshold'}"
                tensors = {k: t.clone().contiguous() for k, t in tensors.items()}
                save_file(tensors, folder / f"{way}.safetensors", metadata=metadata)
                shown = tensors["mask"]
                codes = len(tensors["codes"].unique()) if vq else "no"
                print(f"{way}: {metadata['label']}, {codes} codes, mask {list(shown.shape)} "
                      f"{shown.min():.3f} to {shown.max():.3f}, deviation {shown.std():.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--dim", type=int, default=8)
    parser.add_argument("--keys", type=int, default=40, help="size of the codebook")
    parser.add_argument("--shared-keys", type=int, default=0)
    parser.add_argument("--full-resolution", action="store_true", help="adapter_reduce_dim False")
    parser.add_argument("--extension", default="ckpt", help="of the weight files")
    parser.add_argument("--golden", nargs="*", default=[], choices=list(golden_clips()))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    settings = dict(dim=arguments.dim, keys=arguments.keys, shared_keys=arguments.shared_keys,
                    reduce=not arguments.full_resolution)
    model = fitted_model(seed=arguments.seed, **settings)
    write_model(out, model, arguments.extension, **settings)
    if arguments.golden:
        clips = golden_clips()
        record(out, {name: clips[name] for name in arguments.golden})
