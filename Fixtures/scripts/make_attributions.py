#!/usr/bin/env python3
"""Record what captum computes for the gradient methods and occlusion, as golden tensors.

    pip install -r requirements.txt
    python make_attributions.py OUT_DIR [--seed N]

The classifier is SpeechBrain's Conv2dEncoder_v2 and ECAPA Classifier in evaluation mode, with
random weights and batch-norm statistics. The function explained is the logit of one class:
logit_scale times the cosine. Each case is one safetensors file. T frames, F bins, `rows` and
`columns` are T / 16 and F / 16 rounded down. Its tensors are called

    param.embedding_model.*, param.classifier.*    the state dicts
    input.x [1, T, F]                              log-power, not negative
    input.noise [N, T, F]                          SmoothGrad's noise in standard deviations
    output.logits [C]                              logits of x
    output.logit_of_silence [1]                    the class's logit where x is zero
    output.saliency [1, T, F]                      captum.attr.Saliency, abs=False
    output.integrated_gradients [1, T, F]          captum.attr.IntegratedGradients, riemann_middle,
                                                   from silence (zeros)
    output.convergence_delta [1]                   captum's: the attributions' sum less
                                                   logit(x) - logit(silence)
    output.smoothgrad [1, T, F]                    captum.attr.NoiseTunnel of Saliency, the mean of
                                                   the gradients at x + stdev * noise
    output.occlusion [1, T, F]                     captum.attr.Occlusion, patches of silence of 12
                                                   frames x 10 bins, every 6 frames and 5 bins
    output.grad_cam [rows, columns]                captum.attr.LayerGradCam at the encoder's output,
                                                   relu_attributions=False
    output.grad_cam_interpolated [T, F]            LayerAttribution.interpolate of it, bilinear:
                                                   the cells are stretched over all of T and F
    output.grad_cam_enlarged [16 rows, 16 columns] the same, with every cell 16 x 16

and its header holds `case` and `config` (JSON): dim, lin_blocks, lin_neurons, classes, class_index,
logit_scale, steps (of the integral), samples (N), noise_level (0.15), stdev (noise_level times
the range of x), patch and patch_strides (frames, bins).

Inputs, noise and weights are float32; everything else runs in float64 and is rounded when saved.
The script stops where captum disagrees with its own definitions, or where float32 alone moves an
attribution by more than 1e-5 of the largest (a ReLU that rounding switches).
"""
import argparse
import copy
import pathlib
from unittest import mock

import torch
from captum.attr import (
    IntegratedGradients, LayerAttribution, LayerGradCam, NoiseTunnel, Occlusion, Saliency)
from make_reference import Recorder, disturbed
from speechbrain.lobes.models.ECAPA_TDNN import Classifier
from speechbrain.lobes.models.PIQ import Conv2dEncoder_v2
from torch import nn

STRIDE, LOGIT_SCALE, STEPS, SAMPLES, NOISE_LEVEL = 16, 20.0, 25, 5, 0.15
PATCH, PATCH_STRIDES = (12, 10), (6, 5)


class Logits(nn.Module):
    """Spectrograms [B, T, F] to logits [B, C]."""

    def __init__(self, dim, classes, **head):
        super().__init__()
        self.embedding_model = Conv2dEncoder_v2(dim=dim)
        self.classifier = Classifier(dim, out_neurons=classes, **head)

    def forward(self, x):
        hidden = self.embedding_model(x)
        return LOGIT_SCALE * self.classifier(hidden.mean((-1, -2))).squeeze(1)


def log_power(frames, bins):
    """Noise and a few tones under a spectrum that falls and an envelope that rises and decays."""
    t, f = torch.arange(frames)[:, None], torch.arange(bins)[None]
    envelope = torch.minimum(t / 8, torch.exp((8 - t) / 25))
    tones = sum(torch.exp(-((f - k * bins / 5) ** 2) / 2) for k in (1, 2, 3))
    noise = torch.randn(frames, bins, 2).square().sum(-1).sqrt()
    return torch.log1p(envelope * (6 * tones + noise * torch.exp(-f / bins)))[None]


def fitted(model, spectrograms):
    """Batch-norm statistics near those of the spectrograms: logits then depend on the input."""
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(spectrograms)
    for norm in norms:
        deviation = norm.running_var.sqrt()
        norm.running_mean += 0.3 * deviation * torch.randn_like(deviation)
        norm.running_var *= torch.empty_like(deviation).uniform_(0.5, 2)
    return model.eval()


def attributions(model, x, noise, stdev, class_index):
    """What captum computes, as a dictionary of tensors."""
    draws = mock.Mock(side_effect=lambda mean, std: mean + std * noise)
    with mock.patch.object(torch, "normal", draws):
        smoothgrad = NoiseTunnel(Saliency(model)).attribute(
            x, nt_type="smoothgrad", nt_samples=SAMPLES, stdevs=stdev, target=class_index,
            abs=False)
    assert draws.call_count == 1, "captum no longer draws its noise with one torch.normal"
    integrated, delta = IntegratedGradients(model).attribute(
        x, baselines=torch.zeros_like(x), target=class_index, n_steps=STEPS,
        method="riemann_middle", return_convergence_delta=True)
    grad_cam = LayerGradCam(model, model.embedding_model).attribute(
        x, target=class_index, relu_attributions=False)
    interpolated = LayerAttribution.interpolate(grad_cam, x.shape[1:], "bilinear")
    cells = [STRIDE * n for n in grad_cam.shape[2:]]
    enlarged = LayerAttribution.interpolate(grad_cam, cells, "bilinear")
    return {
        "saliency": Saliency(model).attribute(x, target=class_index, abs=False),
        "integrated_gradients": integrated,
        "convergence_delta": delta,
        "smoothgrad": smoothgrad,
        "occlusion": Occlusion(model).attribute(
            x, PATCH, strides=PATCH_STRIDES, baselines=0, target=class_index,
            perturbations_per_eval=16),
        "grad_cam": grad_cam[0, 0],
        "grad_cam_interpolated": interpolated[0, 0],
        "grad_cam_enlarged": enlarged[0, 0],
    }


def by_definition(model, x, noise, stdev, class_index):
    """The same from the definitions, without captum."""

    def gradient(at):
        at = at.detach().requires_grad_()
        return torch.autograd.grad(model(at)[:, class_index].sum(), at)[0]

    points = [(step + 0.5) / STEPS * x for step in range(STEPS)]
    integrated = x * sum(map(gradient, points)) / STEPS
    logit = lambda x: model(x)[0, class_index]
    hidden = model.embedding_model(x).detach().requires_grad_()
    of_hidden = LOGIT_SCALE * model.classifier(hidden.mean((-1, -2)))[0, 0, class_index]
    weights = torch.autograd.grad(of_hidden, hidden)[0].mean((-1, -2), keepdim=True)
    return {
        "saliency": gradient(x),
        "integrated_gradients": integrated,
        "convergence_delta": (integrated.sum() - (logit(x) - logit(0 * x)))[None],
        "smoothgrad": sum(gradient(x + stdev * n) for n in noise) / SAMPLES,
        "occlusion": occlusion(logit, x),
        "grad_cam": (weights * hidden).sum(1)[0],
    }


@torch.no_grad()
def occlusion(logit, x):
    """For each cell the mean fall of the logit over the patches that cover it.

    Patches begin at multiples of the strides, as many as reach the end.
    """
    starts = [
        [stride * i for i in range(-(-(size - side) // stride) + 1)]
        for size, side, stride in zip(x.shape[1:], PATCH, PATCH_STRIDES)]
    falls, counts = torch.zeros_like(x), torch.zeros_like(x)
    for row in starts[0]:
        for column in starts[1]:
            place = (slice(None), slice(row, row + PATCH[0]), slice(column, column + PATCH[1]))
            without = x.clone()
            without[place] = 0
            falls[place] += logit(x) - logit(without)
            counts[place] += 1
    return falls / counts


def require_equal(expected, actual, tolerance, reason):
    for name, tensor in actual.items():
        error = (tensor - expected[name]).abs().max() / expected[name].abs().max()
        # The delta is a small difference of large numbers; by itself it says little.
        if name != "convergence_delta":
            assert error <= tolerance, f"{name}: {reason} moves it by {error:.1e} of the largest"


def record(recorder, case, frames, bins, classes, class_index, **head):
    recorder.begins(case)
    settings = dict(dim=8, classes=classes, lin_neurons=12) | head
    spectrograms = torch.cat([log_power(frames, bins) for _ in range(6)])
    model = fitted(disturbed(Logits(**settings)), spectrograms).float().double()
    x = spectrograms[:1].float().double()
    noise = torch.randn(SAMPLES, frames, bins).float().double()
    stdev = float(NOISE_LEVEL * (x.max() - x.min()))

    arguments = (x, noise, stdev, class_index)
    outputs = attributions(model, *arguments)
    # Captum rounds the step of its integral to float32.
    require_equal(outputs, by_definition(model, *arguments), 1e-7, "the definition")
    single = copy.deepcopy(model).float()
    rounded = by_definition(single, x.float(), noise.float(), stdev, class_index)
    require_equal(outputs, rounded, 1e-5, "float32")

    with torch.no_grad():
        logits, of_silence = model(x)[0], model(torch.zeros_like(x))[0, class_index]
    rise = logits[class_index] - of_silence
    delta = outputs["integrated_gradients"].sum() - rise
    torch.testing.assert_close(delta, outputs["convergence_delta"][0])
    assert delta.abs() < 0.05 * rise.abs(), f"integrated gradients are not complete: {delta:.2e}"
    print(f"{case}: logit {logits[class_index]:.4f}, of silence {of_silence:.4f}, delta {delta:.1e}")

    tensors = {f"param.{name}": t for name, t in model.state_dict().items()}
    tensors |= {"input.x": x, "input.noise": noise, "output.logits": logits}
    tensors["output.logit_of_silence"] = of_silence[None]
    tensors |= {f"output.{name}": t for name, t in outputs.items()}
    recorder.save(
        case, tensors, **settings, class_index=class_index, logit_scale=LOGIT_SCALE, steps=STEPS,
        samples=SAMPLES, noise_level=NOISE_LEVEL, stdev=stdev, patch=PATCH,
        patch_strides=PATCH_STRIDES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="folder to write the cases to")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)
    recorder = Recorder(arguments.out, arguments.seed, "")
    record(recorder, "block", frames=70, bins=49, classes=5, class_index=3, lin_blocks=1)
    record(recorder, "no_block", frames=37, bins=65, classes=4, class_index=0, lin_blocks=0)
