#!/usr/bin/env python3
"""Record what PyTorch and SpeechBrain compute for every part of PIQ, as golden tensors.

    pip install -r requirements.txt
    python make_reference.py OUT_DIR [--seed N] [--only PREFIX]

Each case is one safetensors file. Its tensors are called

    input.*      what goes in                  param.*      the state dict before the step
    output.*     what comes out                after.*      BatchNorm statistics after the step
    cotangent.*  c of the loss sum(output * c) grad.*       gradients of that loss

and its header holds `case` and `config` (JSON): the arguments of the class or function, and

    unstable     tensors that single precision cannot reproduce, to be bounded but not compared:
                 the bias of a convolution before a training BatchNorm has gradient zero, and Adam
                 divides rounding noise by rounding noise
    loose        relative tolerances of tensors that need a wider one

Everything but the resampler runs in float64 and is rounded to float32 when saved, so the goldens
add no rounding noise of their own. Every case draws from a generator seeded by its own name: a new
case leaves the others as they are.
"""
import argparse
import json
import pathlib
import zlib

import torch
import torch.nn.functional as F
import torchaudio
from safetensors.torch import save_file
from speechbrain.lobes.models import PIQ
from speechbrain.lobes.models.ECAPA_TDNN import Classifier
from speechbrain.processing.features import ISTFT, STFT, spectral_magnitude
from torch import nn


class Recorder:
    """Writes cases into a folder."""

    def __init__(self, folder, seed, prefix):
        self.folder, self.seed, self.prefix = folder, seed, prefix
        folder.mkdir(parents=True, exist_ok=True)

    def begins(self, case):
        """Seeds the generator for a case; False where the case was not asked for."""
        torch.manual_seed(zlib.crc32(case.encode()) + self.seed)
        return case.startswith(self.prefix)

    def save(self, case, tensors, **config):
        saved_as = {torch.float64: torch.float32, torch.bool: torch.uint8}
        tensors = {
            name: t.detach().to(saved_as.get(t.dtype, t.dtype)).clone().contiguous()
            for name, t in tensors.items()
        }
        metadata = {"case": case, "config": json.dumps(config)}
        save_file(tensors, self.folder / f"{case}.safetensors", metadata=metadata)
        print(f"{case}: {len(tensors)} tensors")

    def save_module(self, case, module, inputs, forward, training, **config):
        """One forward and backward step of a module; forward(**inputs) gives named outputs."""
        module.train(training).zero_grad()
        tensors = {f"param.{name}": t.clone() for name, t in module.state_dict().items()}
        inputs = {name: t.clone().requires_grad_() for name, t in inputs.items()}
        outputs = forward(**inputs)
        cotangents = {name: torch.randn_like(t) for name, t in outputs.items()}
        sum((outputs[name] * c).sum() for name, c in cotangents.items()).backward()

        tensors |= {f"input.{name}": t for name, t in inputs.items()}
        tensors |= {f"output.{name}": t for name, t in outputs.items()}
        tensors |= {f"cotangent.{name}": t for name, t in cotangents.items()}
        state = module.state_dict().items()
        tensors |= {f"after.{name}": t for name, t in state if "running" in name}
        tensors |= {f"grad.input.{n}": t.grad for n, t in inputs.items() if t.grad is not None}
        gradients = {n: p.grad for n, p in module.named_parameters() if p.grad is not None}
        tensors |= {f"grad.param.{name}": g for name, g in gradients.items()}
        config = {"train": training, "unstable": vanishing_biases(gradients)} | config
        self.save(case, tensors, **config)


def vanishing_biases(gradients):
    """Biases whose gradient is zero but for rounding, next to that of the weight beside them."""
    return [
        f"grad.param.{name}"
        for name, g in gradients.items()
        if name.endswith(".bias")
        and g.abs().max() < 1e-9 * gradients[name.removesuffix("bias") + "weight"].abs().max()
    ]


def integer(low, high):
    return int(torch.randint(low, high + 1, ()))


def labels(count, classes):
    """SpeechBrain compares labels with floating-point class numbers."""
    return torch.randint(classes, (count,)).double()


def disturbed(module):
    """Moves every parameter and statistic away from the values at which a layer does nothing."""
    module.double()  # SpeechBrain's Classifier makes its class vectors in float32
    for layer in module.modules():
        match layer:
            case nn.BatchNorm1d() | nn.BatchNorm2d():
                layer.running_mean.normal_(0, 0.3)
                layer.running_var.uniform_(0.5, 2)
                layer.weight.data.uniform_(0.5, 1.5)
                layer.bias.data.normal_(0, 0.3)
            case nn.Conv2d() | nn.ConvTranspose2d():
                layer.bias.data.normal_(0, 0.1)
            case nn.Embedding():
                layer.weight.data.normal_(0, 0.5)
    return module


def record_irrelevant_regions(recorder):
    # The partition rounds half to even: sizes of all kinds, also fewer keys than classes.
    sizes = [(20, 3, 5), (1024, 50, 0), (512, 50, 12), (64, 10, 4)]
    sizes += [(13, 10, 0), (7, 10, 2), (1, 2, 0), (30, 4, 26)]
    for i, (keys, classes, shared) in enumerate(sizes):
        if not recorder.begins(case := f"irrelevant_regions_{i}"):
            continue
        of = labels(integer(3, 6), classes)
        regions = lambda stage: PIQ.get_irrelevant_regions(of, keys, classes, shared, stage)
        tensors = {"input.labels": of}
        tensors |= {"output.train": regions("TRAIN"), "output.valid": regions("VALID")}
        recorder.save(case, tensors, K=keys, num_classes=classes, N_shared=shared)


def record_quantisation(recorder):
    keys, dim, classes = 46, 16, 5
    for partitioned in (True, False):
        for shared in (0, 6):
            for training in (True, False):
                case = f"vq_part{partitioned:d}_shared{shared}_train{training:d}"
                if not recorder.begins(case):
                    continue
                shape = (integer(2, 4), integer(3, 7), integer(3, 7), dim)
                x = torch.randn(shape, requires_grad=True)
                codebook = torch.randn(keys, dim, requires_grad=True)
                of = labels(shape[0], classes)
                arguments = (x, codebook, of, classes, partitioned, shared, training)
                indices = PIQ.VectorQuantization.apply(*arguments)
                codes, flat = PIQ.VectorQuantizationStraightThrough.apply(*arguments)
                cotangent = torch.randn_like(codes)
                (codes * cotangent).sum().backward()
                tensors = {
                    "input.inputs": x,
                    "input.codebook": codebook,
                    "input.labels": of,
                    "output.indices": indices,
                    "output.codes": codes,
                    "output.indices_flat": flat,
                    "cotangent.codes": cotangent,
                    "grad.inputs": x.grad,
                    "grad.codebook": codebook.grad,
                }
                recorder.save(
                    case, tensors, num_classes=classes, activate_class_partitioning=partitioned,
                    shared_keys=shared, training=training)


def record_embedding(recorder):
    settings = dict(K=74, D=16, numclasses=6, shared_keys=4)

    def draw():
        module = PIQ.VQEmbedding(**settings)
        module.embedding.weight.data.normal_()
        return module, torch.randn(3, 16, integer(4, 8), integer(4, 8)), torch.tensor([1.0, 0, 5])

    for training in (True, False):
        if recorder.begins(case := f"vq_embedding_straight_through_train{training:d}"):
            module, z, of = draw()

            def forward(z, labels):
                straight_through, quantized = module.straight_through(z, labels)
                return {"straight_through": straight_through, "quantized": quantized}

            recorder.save_module(case, module, {"z": z, "labels": of}, forward, training, **settings)
    # forward() ignores the settings of its object: 10 classes, 10 shared keys, training.
    if recorder.begins(case := "vq_embedding_forward"):
        module, z, of = draw()
        tensors = {"input.z": z, "input.labels": of, "output.indices": module(z, of)}
        tensors |= {"param.embedding.weight": module.embedding.weight}
        recorder.save(case, tensors, **settings)


def record_layers(recorder):
    head = dict(input_size=12, lin_blocks=1, lin_neurons=16, out_neurons=7)
    block_input = lambda: torch.randn(2, 12, integer(5, 12), integer(5, 12))
    log_power = lambda: torch.rand(2, integer(64, 96), integer(65, 81))
    rows = [
        ("resblock", PIQ.ResBlockAudio, dict(dim=12), block_input),
        ("encoder", PIQ.Conv2dEncoder_v2, dict(dim=8), log_power),
        ("classifier", Classifier, head, lambda: torch.randn(5, 12)),
    ]
    for name, kind, settings, draw in rows:
        for training in (True, False):
            if recorder.begins(case := f"{name}_train{training:d}"):
                module = disturbed(kind(**settings))
                # SpeechBrain's Classifier answers [batch, 1, classes].
                forward = lambda x: {"y": module(x).squeeze(1)}
                recorder.save_module(case, module, {"x": draw()}, forward, training, **settings)


def record_interpreters(recorder):
    audio = (PIQ.VectorQuantizedPSI_Audio, dict(dim=8, K=40, numclasses=4))
    small = dict(dim=6, K=40, numclasses=4)
    even = lambda low, high: 2 * integer(low, high)
    rows = [
        ("psi_audio", *audio, dict(shared_keys=0)),
        ("psi_audio_shared", *audio, dict(shared_keys=8)),
        ("psi_audio_noadapter", *audio, dict(use_adapter=False, adapter_reduce_dim=False)),
        ("psi_audio_fullres", *audio, dict(adapter_reduce_dim=False)),
        ("psi_audio_unpartitioned", *audio, dict(activate_class_partitioning=False)),
        ("psi_focalnet", PIQ.VectorQuantizedPSIFocalNet_Audio, small, {}),
        ("psi_vit", PIQ.VectorQuantizedPSIViT_Audio, small, {}),
    ]
    grids = {"psi_focalnet": (1, 6, 16, 16), "psi_vit": (1, 6, 14, 14)}
    for name, kind, settings, more in rows:
        for training in (True, False):
            if recorder.begins(case := f"{name}_train{training:d}"):
                settings = settings | more
                module = disturbed(kind(**settings))
                hidden = torch.randn(grids.get(name) or (2, 8, even(2, 4), even(2, 5)))
                inputs = {"hs": hidden, "labels": labels(hidden.shape[0], 4)}

                def forward(hs, labels):
                    return dict(zip(("x_tilde", "hcat", "z_q_x"), module(hs, labels)))

                recorder.save_module(case, module, inputs, forward, training, **settings)


def record_spectra(recorder):
    frames = dict(sample_rate=16000, hop_length=11.6099, win_length=23.2199)
    stft, istft = STFT(n_fft=1024, **frames), ISTFT(**frames)
    for samples in (80000, 16000, 12345, 800):
        if not recorder.begins(case := f"stft_{samples}"):
            continue
        wav = 0.3 * torch.randn(1, samples) * torch.hann_window(samples)
        spectrum = stft(wav)
        log_power = torch.log1p(spectral_magnitude(spectrum, power=0.5))
        kept = 40 if samples > 16000 else None  # the first frames of a long clip say enough
        tensors = {
            "input.wav": wav,
            "output.stft": spectrum[:, :kept],
            "output.log1p": log_power[:, :kept],
            "output.frames": torch.tensor([spectrum.shape[1]]),
            "output.istft": istft(spectrum),
        }
        recorder.save(
            case, tensors, sample_rate=16000, n_fft=1024, hop=186, win=372,
            window="periodic Hamming, 372 samples centred in 1024")


def record_resampling(recorder):
    for rate in (44100, 48000, 22050, 8000, 11025, 32000):
        if not recorder.begins(case := f"resample_{rate}"):
            continue
        seconds = torch.arange(rate // 4 + 13, dtype=torch.float32) / rate
        chirp = torch.sin(2 * torch.pi * (200 + 6000 * seconds) * seconds)
        wav = (0.4 * chirp + 0.05 * torch.randn_like(chirp))[None]
        resampled = torchaudio.transforms.Resample(rate, 16000)(wav)
        recorder.save(
            case, {"input.wav": wav, "output.wav": resampled}, orig=rate, new=16000,
            method="sinc_interp_hann, lowpass_filter_width 6, rolloff 0.99")


def record_training(recorder):
    """Three steps of the PIQ recipe: mask, codebook and commitment losses, Adam."""
    if not recorder.begins(case := "train_interpreter_3_steps"):
        return
    settings = dict(dim=8, K=40, numclasses=4)
    adam = dict(lr=2e-4, weight_decay=2e-6, betas=(0.9, 0.999), eps=1e-8)
    threshold = 0.35
    psi = PIQ.VectorQuantizedPSI_Audio(shared_keys=0, **settings).train()
    psi.codebook.embedding.weight.data.normal_(0, 0.3)
    optimizer = torch.optim.Adam(psi.parameters(), **adam)
    hidden, of = torch.randn(2, 8, 4, 6), torch.tensor([1.0, 3])
    log_power = 2 * torch.rand(2, 79, 101)
    tensors = {"input.hs": hidden, "input.labels": of, "input.logspec": log_power}
    tensors |= {f"param.{name}": t.clone() for name, t in psi.state_dict().items()}
    for step in range(3):
        decoded, z, quantized = psi(hidden, of)
        # Spectrogram and mask are both cut to what they share.
        rows, columns = (min(a, b) for a, b in zip(decoded.shape[2:], log_power.shape[1:]))
        mask = torch.sigmoid(decoded[:, 0, :rows, :columns])
        loud = log_power[:, :rows, :columns]
        loud = (loud > threshold * loud.amax((1, 2), keepdim=True)).double()
        likelihood = loud * (mask + 1e-10).log() + (1 - loud) * (1 - mask + 1e-10).log()
        losses = {
            "rec": -likelihood.mean(),
            "vq": F.mse_loss(quantized, z.detach()),
            "commit": F.mse_loss(z, quantized.detach()),
        }
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        tensors |= {f"output.step{step}.{name}": loss for name, loss in losses.items()}
        state = {n: t.clone() for n, t in psi.state_dict().items() if "num_batches" not in n}
        tensors |= {f"after{step}.{name}": t for name, t in state.items()}
    after = [name for name in tensors if name.startswith("after")]
    recorder.save(
        case, tensors, **adam, mask_th=threshold, **settings,
        unstable=[n for n in after if n.endswith(("adapter.block.0.bias", "adapter.block.3.bias"))],
        loose={n: 2e-3 for n in after if "adapter.block" in n and "running_mean" in n})


def record_metrics(recorder):
    """The recipe's faithfulness metrics, and Quantus' sparseness and complexity."""
    if not recorder.begins("metrics"):
        return
    clips, classes, epsilon = 64, 10, 1e-10
    whole = torch.softmax(2 * torch.randn(clips, classes), 1)
    mask_in = torch.softmax(2 * torch.randn(clips, classes) + whole.log(), 1)
    mask_out = torch.softmax(torch.randn(clips, classes), 1)
    predicted = whole.argmax(1)
    of_predicted = lambda p: p[torch.arange(clips), predicted]
    drop = lambda p, o: 100 * F.relu(p - o) / (p + epsilon)
    p, o = of_predicted(whole), of_predicted(mask_in)
    twice = [of_predicted(torch.softmax(t, 1)) for t in (whole, mask_in)]

    saliency = torch.rand(4, 37, 53)
    ascending = saliency.flatten(1).sort(1).values
    n = ascending.shape[1]
    ranks = 2 * torch.arange(1, n + 1) - n - 1
    share = ascending / ascending.sum(1, keepdim=True)
    recorder.save("metrics", {
        "input.predictions": whole,
        "input.mask_in": mask_in,
        "input.mask_out": mask_out,
        "input.saliency": saliency,
        "output.AD": drop(p, o),
        "output.AD_twice": drop(*twice),  # upstream applies softmax to probabilities once more
        "output.AI": 100 * (p < o).double(),
        "output.AG": 100 * F.relu(o - p) / (1 - p + epsilon),
        "output.faithfulness": p - of_predicted(mask_out),
        "output.input_fidelity": (mask_in.argmax(1) == predicted).double(),
        "output.sparseness_gini": (ranks * share).sum(1) / n,
        "output.complexity_entropy": -(share * share.log()).sum(1),
    })


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="folder to write the cases to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="PREFIX", help="only cases of this prefix")
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)
    recorder = Recorder(arguments.out, arguments.seed, arguments.only)
    for record in (
        record_irrelevant_regions, record_quantisation, record_embedding, record_layers,
        record_interpreters, record_spectra, record_resampling, record_training, record_metrics,
    ):
        record(recorder)
