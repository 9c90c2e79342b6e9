#!/usr/bin/env python3
"""Make small classifiers in ONNX and TFLite files, labels for them, and what they and the mel
spectrograms of four libraries give, as golden tensors.

    pip install -r requirements-networks.txt
    python make_networks.py OUT_DIR [--seed N]

Each network is a chain of layers in PyTorch. Its convolutions are random filters, scaled so that
every channel has a mean near 0 and a deviation near 1 on sounds of the kinds below; the last layer
is fitted to the kinds by least squares. Weights are rounded to half precision. Every node of an
ONNX file is named after its output; `map` is the last map and `embedding` its mean.

    waveform-softmax.onnx   8 kHz, [1, 4000], 5 classes: `scores` with softmax
    waveform-sigmoid.onnx   16 kHz, [batch, samples], 6 classes, several of them at a time:
                            `logits` before the sigmoid, `embedding`
    logmel-softmax.onnx     16 kHz, [1, 1, 96, 64] log-mel by logmel-softmax.json, 5 classes:
                            `logits`
    logpower.onnx           [1, T, 513] log1p of magnitudes as SpeechBrain's PIQ recipe makes them
                            (16 kHz, n_fft 1024, hop 186, Hamming of 372), 4 classes: `logits`
    external.onnx           waveform-softmax with its weights in external.bin
    waveform-float.tflite, waveform-quantised.tflite, waveform-int8.tflite
                            waveform-softmax: embedding and scores in single precision; scores
                            with 8-bit arithmetic, input and output float; the same with those in
                            8 bits too
    hostile-absolute.onnx, hostile-parent.onnx, subgraph-external.onnx
                            weights in /etc/passwd, in ../../secret, and in /etc/passwd for a
                            branch of an If
    cut.onnx                waveform-softmax without its last third
    nan.onnx, unknown-operator.onnx, scalar-input.onnx
                            scores that are NaN; an operator nobody has; an input [3, 7, 11, 13]
    labels.txt, class_map.csv, config.json, label_encoder.txt
                            the 5 labels, one a line, as AudioSet's class map, with id2label, and
                            as SpeechBrain writes them; labels-4.txt and labels-6.txt for logpower
                            and waveform-sigmoid
    preprocessor_config-ast.json, preprocessor_config-wav2vec2.json
                            as transformers writes them

goldens.npz holds two clips, a and b, at two rates, `clip.RATE.CLIP`, and for each network
`FILE.CLIP.windows` [N, C], the probabilities of the N windows, `FILE.CLIP.mean` [C], and in places
`FILE.CLIP.max` [C] and `FILE.CLIP.embedding` [D], the mean over windows.
`waveform-softmax.short.mean` is of the first 1500 samples of a. FILE has an extension for TFLite
only. Windows start at 0, hop, 2 hop and so on until the clip's end is covered; zeros follow the
end. A window has 0.5 s, for logmel 0.95 s, and hop is half of it. The windows of logpower are cut
from the spectrogram of the whole clip: 44 frames every 21; `logpower.CLIP.whole` [C] is of all
frames at once.

logpower-occlusion.npz holds `input` [1, T, 513] (half precision, of one second of clip b), its
`logits` [4], and `attribution` [1, T, 513], captum's Occlusion of the logit of class `target` [1]
with patches of 8 frames x 32 bins, 4 and 16 apart, and the baseline 0.

mel-goldens.npz holds `signal` (16 kHz) and a spectrogram [frames, bands] for each case of
mel-goldens.json, which has the parameters under the names of model.json and the call that made
it. Those under `frames_of_n_fft` take each frame from n_fft samples and have the window in their
middle, without centring.
"""
import argparse
import copy
import json
import math
import os
import pathlib
from collections import OrderedDict

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

import librosa
import numpy as np
import onnxruntime
import tensorflow as tf
import torch
import torchaudio
from captum.attr import Occlusion
from onnx import TensorProto, checker, helper, numpy_helper
from torch import nn
from transformers import ASTFeatureExtractor, Wav2Vec2FeatureExtractor

SINGLE_LABELS = ["tone", "noise", "chirp", "clicks, ticks", "hum"]
KINDS = ["tone", "noise", "chirp", "clicks", "hum", "siren"]
LOG_MEL = dict(
    n_fft=512, hop_length=160, win_length=400, window="hann", padding="reflect", n_mels=64,
    f_min=60, f_max=7800, scale="htk", normalize_area=False, power=2, logarithm="ln",
    log_offset=1e-5, log_floor=1e-10, mean=-4.5, deviation=4)


# Sounds


def sound(kind, rate, seconds, random):
    """A sound [samples] of one kind with random parameters, between -0.7 and 0.7."""
    count = round(rate * seconds)
    t = np.arange(count) / rate
    pitch = 200 * (rate / 500) ** random.random()  # up to 0.4 of the rate
    if kind == "tone":
        x = np.sin(2 * np.pi * pitch * t)
    elif kind == "noise":
        x = random.standard_normal(count)
    elif kind == "chirp":
        end = 0.45 * rate * random.uniform(0.5, 1)
        x = np.sin(2 * np.pi * (150 * t + (end - 150) * t * t / (2 * seconds)))
    elif kind == "clicks":
        since = (t + random.random()) % random.uniform(0.04, 0.12)
        x = np.exp(-since * 400) * random.standard_normal(count)
    elif kind == "hum":
        base = random.uniform(60, 140)
        x = sum(np.sin(2 * np.pi * base * k * t + random.random()) / k for k in range(1, 8))
    else:  # siren
        x = np.sin(2 * np.pi * 600 * t - 60 * np.cos(2 * np.pi * random.uniform(2, 5) * t))
    x = random.uniform(0.1, 0.7) * x / np.abs(x).max()
    return x + 0.003 * random.standard_normal(count)


def sounds(kinds, rate, seconds, random, count, most=1):
    """`count` sounds [count, samples] of one to `most` kinds, and which kinds each has, 0 or 1."""
    samples, targets = [], np.zeros((count, len(kinds)))
    for i in range(count):
        chosen = {i % len(kinds)} | set(random.integers(len(kinds), size=random.integers(most)))
        targets[i, list(chosen)] = 1
        samples.append(sum(sound(kinds[k], rate, seconds, random) for k in sorted(chosen)))
    return torch.tensor(np.array(samples), dtype=torch.float32), targets


def mixture(kinds, rate, seconds, random):
    """Two sounds one over the other, in 12 bits so that they take little space."""
    x = sum(sound(kind, rate, seconds, random) for kind in kinds)
    return (np.round(2047 * 0.8 * x / np.abs(x).max()) / 2048).astype(np.float32)


# Networks


class Unsqueeze(nn.Module):
    """[B, …] to [B, 1, …]."""

    def forward(self, x):
        return x[:, None]


class Mean(nn.Module):
    """[B, C, …] to [B, C]."""

    def forward(self, x):
        return x.flatten(2).mean(2)


def convolutions(layer, *sizes):
    """Convolutions by (channels in and out, kernel, stride, padding), and ReLUs, the last `map`."""
    layers = OrderedDict()
    for i, arguments in enumerate(sizes, 1):
        layers[f"convolution{i}"] = layer(*arguments)
        layers["map" if i == len(sizes) else f"rectified{i}"] = nn.ReLU()
    return layers


def network(layers, classes, unsqueeze=True, softmax=False):
    first = {"channel": Unsqueeze()} if unsqueeze else {}
    width = layers[f"convolution{len(layers) // 2}"].out_channels
    last = {"embedding": Mean(), "logits": nn.Linear(width, classes)}
    if softmax:
        last["scores"] = nn.Softmax(-1)
    return nn.Sequential(OrderedDict(**first, **layers, **last)).eval().requires_grad_(False)


def halved(tensor):
    return torch.as_tensor(tensor, dtype=torch.float32).half().float()


def band_passes(shape, random):
    """Filters [C, 1, K]: cosines under Hann's window, of frequencies evenly spaced in octaves."""
    channels, _, length = shape
    frequencies = 0.02 * (0.45 / 0.02) ** (np.arange(channels) / (channels - 1))
    phases = 2 * np.pi * (frequencies[:, None] * np.arange(length) + random.random((channels, 1)))
    return torch.tensor((np.hanning(length) * np.cos(phases))[:, None], dtype=torch.float32)


def fit(model, inputs, targets, span, random):
    """Scales random convolutions to the inputs; fits the last layer to targets of ±span / 2."""
    x = inputs
    for layer in model:
        if isinstance(layer, (nn.Conv1d, nn.Conv2d)):
            shape = layer.weight.shape
            of_waveform = isinstance(layer, nn.Conv1d) and shape[1] == 1
            weight = (
                band_passes(shape, random) if of_waveform
                else torch.tensor(random.standard_normal(shape), dtype=torch.float32))
            layer.weight.copy_(weight)
            layer.bias.zero_()
            channels = layer(x).transpose(0, 1).flatten(1)
            mean, deviation = channels.mean(1), channels.std(1)
            layer.weight.copy_(halved((weight.T / deviation).T))
            shift = torch.tensor(0.3 * random.standard_normal(shape[0]), dtype=torch.float32)
            layer.bias.copy_(halved(shift - mean / deviation))
        elif isinstance(layer, nn.Linear):
            rows = np.hstack([x.double().numpy(), np.ones((len(x), 1))])
            ridge = 1e-3 * len(x) * np.eye(rows.shape[1])
            solution = np.linalg.solve(rows.T @ rows + ridge, rows.T @ (span * (targets - 0.5)))
            layer.weight.copy_(halved(solution[:-1].T))
            layer.bias.copy_(halved(solution[-1]))
        x = layer(x)
    return model


# ONNX files


def nodes(name, layer, source):
    """The nodes of a layer whose output is `name`, and their initializers."""
    if isinstance(layer, Unsqueeze):
        axes = numpy_helper.from_array(np.array([1]), f"{name}.axes")
        return [helper.make_node("Unsqueeze", [source, axes.name], [name], name)], [axes]
    if isinstance(layer, Mean):
        return [
            helper.make_node("GlobalAveragePool", [source], [f"{name}.pool"], f"{name}.pool"),
            helper.make_node("Flatten", [f"{name}.pool"], [name], name),
        ], []
    if isinstance(layer, nn.ReLU):
        return [helper.make_node("Relu", [source], [name], name)], []
    if isinstance(layer, nn.Softmax):
        return [helper.make_node("Softmax", [source], [name], name, axis=-1)], []
    weights = [
        numpy_helper.from_array(p.numpy(), f"{name}.{key}") for key, p in layer.named_parameters()]
    inputs = [source] + [w.name for w in weights]
    if isinstance(layer, nn.Linear):
        return [helper.make_node("Gemm", inputs, [name], name, transB=1)], weights
    return [helper.make_node(
        "Conv", inputs, [name], name, kernel_shape=layer.kernel_size, strides=layer.stride,
        pads=layer.padding * 2)], weights


def values(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def onnx_model(graph_nodes, initializers, inputs, outputs, domains=()):
    graph = helper.make_graph(graph_nodes, "classifier", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", 17)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="piq-audio")


def exported(model, source, shape, **outputs):
    """A model in ONNX: an input `source` of this shape, and outputs by name with their shapes."""
    all_nodes, weights, last = [], [], source
    for name, layer in model.named_children():
        more, own = nodes(name, layer, last)
        all_nodes, weights, last = all_nodes + more, weights + own, name
    result = onnx_model(
        all_nodes, weights, [values(source, shape)], [values(*o) for o in outputs.items()])
    checker.check_model(result, full_check=True)
    return result


def set_external(tensor, location, offset, length):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))


def externalized(model, location):
    """The model and the file of its weights, each of which begins at a multiple of 64 bytes."""
    model, data = copy.deepcopy(model), bytearray()
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            raw = tensor.raw_data
            set_external(tensor, location, len(data), len(raw))
            data += raw + bytes(-len(raw) % 64)
    return model, bytes(data)


def tiny(*between, shape=(1, 4000), features=40, domains=()):
    """A classifier of 5 classes: the nodes `between`, which take `x`, then means and one layer."""
    random = np.random.default_rng(0)
    weight = random.standard_normal((features, 5)).astype(np.float32)
    rows = math.prod(shape) // features
    tensors = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.array([1, features, rows]), "shape")]
    last = between[-1].output[0] if between else "x"
    chain = list(between) + [
        helper.make_node("Reshape", [last, "shape"], ["frames"]),
        helper.make_node("ReduceMean", ["frames"], ["embedding"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["embedding", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=-1)]
    return onnx_model(
        chain, tensors, [values("x", list(shape))], [values("scores", [1, 5])], domains)


def hostile(location):
    model = tiny()
    set_external(model.graph.initializer[0], location, 0, 800)
    return model


def subgraph_external():
    """One branch of an If adds a tensor in a file elsewhere."""
    more = numpy_helper.from_array(np.zeros((1, 4000), np.float32), "more")
    set_external(more, "/etc/passwd", 0, 16000)
    branch = lambda name, node, tensors: helper.make_graph(
        [node], name, [], [values(node.output[0], [1, 4000])], tensors)
    added = helper.make_node("Add", ["x", "more"], ["added"])
    same = helper.make_node("Identity", ["x"], ["same"])
    condition = helper.make_node(
        "Constant", [], ["condition"], value=numpy_helper.from_array(np.array(True)))
    choice = helper.make_node(
        "If", ["condition"], ["chosen"], then_branch=branch("then", added, [more]),
        else_branch=branch("else", same, []))
    return tiny(condition, choice)


def nan_scores():
    return tiny(
        helper.make_node("Abs", ["x"], ["size"]), helper.make_node("Exp", ["size"], ["above"]),
        helper.make_node("Neg", ["above"], ["below"]), helper.make_node("Log", ["below"], ["nan"]))


def unknown_operator():
    domain = "org.example.sound"
    return tiny(
        helper.make_node("Whiten", ["x"], ["white"], domain=domain), domains=[domain])


# TFLite files


def tflite(model, samples, quantised=False, integer=False):
    """waveform-softmax for TFLite; with `quantised` its range is that of `samples`."""

    def forward(waveform):
        x, outputs = tf.reshape(waveform, [1, 1, -1, 1]), {}
        for name, layer in model.named_children():
            if isinstance(layer, nn.Conv1d):
                kernel = layer.weight.permute(2, 1, 0)[None].numpy()
                x = tf.nn.conv2d(x, kernel, [1, layer.stride[0]], "VALID") + layer.bias.numpy()
            elif isinstance(layer, nn.ReLU):
                x = tf.nn.relu(x)
            elif isinstance(layer, Mean):
                x = outputs["embedding"] = tf.reduce_mean(x, [1, 2])
            elif isinstance(layer, nn.Linear):
                x = tf.matmul(x, layer.weight.T.numpy()) + layer.bias.numpy()
            elif isinstance(layer, nn.Softmax):
                x = outputs["scores"] = tf.nn.softmax(x)
        return {"scores": x} if quantised else outputs

    module = tf.Module()
    module.forward = tf.function(forward, input_signature=[tf.TensorSpec(samples[:1].shape)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.forward.get_concrete_function()], module)
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[None].numpy()] for row in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if integer:
            converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


# Goldens


def windows(clip, length, hop):
    """The windows [N, length] of a clip [samples] or a spectrogram [frames, bins]."""
    count = max(0, math.ceil((len(clip) - length) / hop)) + 1
    padding = [(0, (count - 1) * hop + length - len(clip))] + [(0, 0)] * (clip.ndim - 1)
    padded = np.pad(clip, padding)
    return np.stack([padded[i * hop : i * hop + length] for i in range(count)])


def onnx_runner(model, *names):
    """A function from inputs [N, …] to the tensors of these names, inner ones too, for each."""
    model = copy.deepcopy(model)
    known = {output.name for output in model.graph.output}
    model.graph.output.extend(helper.ValueInfoProto(name=n) for n in names if n not in known)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name

    def run(inputs):
        results = [session.run(names, {source: row[None]}) for row in inputs]
        return [np.concatenate(r) for r in zip(*results)]

    return run


def tflite_runner(content):
    """The same for a TFLite file: scores, then embedding; of integers what they stand for."""
    interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    [source] = interpreter.get_input_details()
    # Their names are lost; the scores have fewer columns.
    outputs = sorted(interpreter.get_output_details(), key=lambda output: output["shape"][-1])

    def run(inputs):
        results = []
        for row in inputs:
            values, (scale, zero) = row[None], source["quantization"]
            if source["dtype"] == np.int8:
                values = np.clip(np.round(values / scale) + zero, -128, 127).astype(np.int8)
            interpreter.set_tensor(source["index"], values)
            interpreter.invoke()
            found = []
            for output in outputs:
                values = interpreter.get_tensor(output["index"])
                scale, zero = output["quantization"]
                if output["dtype"] == np.int8:
                    values = (values.astype(np.float32) - zero) * scale
                found.append(values)
            results.append(found)
        return [np.concatenate(r).astype(np.float32) for r in zip(*results)]

    return run


def softmax(x):
    return torch.tensor(x).softmax(-1).numpy()


def sigmoid(x):
    return torch.tensor(x).sigmoid().numpy()


def record(goldens, name, clip, probabilities, embedding=None, maximum=False):
    goldens[f"{name}.{clip}.windows"] = probabilities
    goldens[f"{name}.{clip}.mean"] = probabilities.mean(0)
    if maximum:
        goldens[f"{name}.{clip}.max"] = probabilities.max(0)
    if embedding is not None:
        goldens[f"{name}.{clip}.embedding"] = embedding.mean(0)


def log_mel(samples):
    """[..., samples] to [..., frames, bands] by LOG_MEL."""
    c = LOG_MEL
    bands = torchaudio.transforms.MelSpectrogram(
        16000, c["n_fft"], c["win_length"], c["hop_length"], c["f_min"], c["f_max"],
        n_mels=c["n_mels"], power=c["power"])(torch.as_tensor(samples))
    return ((bands.mT + c["log_offset"]).log() - c["mean"]) / c["deviation"]


def log_power(samples):
    """[..., samples] to [..., frames, 513] as SpeechBrain's PIQ recipe does."""
    spectrum = torch.stft(
        torch.as_tensor(samples), 1024, 186, 372, torch.hamming_window(372), pad_mode="constant",
        return_complex=True)
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-14).sqrt().log1p().mT


def occlusion_by_definition(logit, x, patch, strides):
    """For each cell the mean, over the patches that cover it, of the logit's fall without them.

    Patches begin at multiples of the strides, as many as reach the end; the last may jut out.
    """
    falls, counts = torch.zeros_like(x), torch.zeros_like(x)
    starts = [
        [i * stride for i in range(math.ceil((size - side) / stride) + 1)]
        for size, side, stride in zip(x.shape[1:], patch, strides)]
    for row in starts[0]:
        for column in starts[1]:
            place = (slice(None), slice(row, row + patch[0]), slice(column, column + patch[1]))
            without = x.clone()
            without[place] = 0
            falls[place] += logit(x) - logit(without)
            counts[place] += 1
    return falls / counts


def occlusion(model, samples):
    x = log_power(samples)[None].half().float()
    logits = model(x)[0]
    target = int(logits.argmax())
    patch, strides = (8, 32), (4, 16)
    attribution = Occlusion(model).attribute(
        x, patch, strides=strides, baselines=0, target=target, perturbations_per_eval=16)
    own = occlusion_by_definition(lambda x: model(x)[0, target], x, patch, strides)
    torch.testing.assert_close(attribution, own, rtol=0, atol=1e-5)
    return dict(
        input=x.half().numpy(), logits=logits.numpy(), target=np.array([target]),
        attribution=attribution.numpy())


# Mel spectrograms


def mel_goldens(random):
    """The signal and spectrograms, and their parameters and origins."""
    rate = 16000
    x = mixture(["noise", "chirp"], rate, 0.4, random)
    x[5000:] = 0  # floors and offsets show in silence
    wave = torch.tensor(x)
    names = ("n_fft", "win_length", "hop_length", "n_mels", "f_min", "f_max")

    def torch_mel(parameters, **options):
        sizes = dict(zip(names, (parameters[n] for n in names)))
        return torchaudio.transforms.MelSpectrogram(rate, **sizes, **options)(wave).mT

    def case(origin, **parameters):
        return {"origin": origin, "configuration": parameters}

    cases = {
        "torchaudio": case(
            "torchaudio.transforms.MelSpectrogram, htk, norm None, power 2; ln(x + 1e-6)",
            n_fft=1024, hop_length=160, win_length=400, window="hann", padding="reflect", n_mels=48,
            f_min=0, f_max=8000, scale="htk", normalize_area=False, power=2, logarithm="ln",
            log_offset=1e-6, log_floor=0, mean=0, deviation=1),
        "librosa": case(
            "librosa.feature.melspectrogram, defaults; power_to_db(amin=1e-10, top_db=None)",
            n_fft=1024, hop_length=320, win_length=800, window="hann", padding="constant",
            n_mels=40, f_min=50, f_max=7000, scale="slaney", normalize_area=True, power=2,
            logarithm="db", log_offset=0, log_floor=1e-10, mean=0, deviation=1),
        "kaldi": case(
            "torchaudio.compliance.kaldi.fbank as ASTFeatureExtractor calls it, normalized by it",
            n_fft=512, hop_length=160, win_length=400, window="symmetric-hann", padding="none",
            n_mels=40, f_min=20, f_max=8000, scale="kaldi", normalize_area=False, power=2,
            preemphasis=0.97, remove_mean=True, logarithm="ln", log_offset=0,
            log_floor=float(torch.finfo(torch.float32).eps), mean=-4.2677393,
            deviation=2 * 4.5689974),
        "hamming": case(
            "torchaudio.transforms.MelSpectrogram, htk, norm slaney, power 1, center False",
            n_fft=512, hop_length=256, win_length=512, window="hamming", padding="none", n_mels=32,
            f_min=100, f_max=7600, scale="htk", normalize_area=True, power=1, logarithm="none",
            log_offset=0, log_floor=0, mean=0, deviation=1),
        "tensorflow": case(
            "tf.signal.stft and linear_to_mel_weight_matrix as YAMNet calls them; ln(x + 0.001)",
            n_fft=512, hop_length=160, win_length=400, window="hann", padding="none", n_mels=64,
            f_min=125, f_max=7500, scale="kaldi", normalize_area=False, power=1, logarithm="ln",
            log_offset=0.001, log_floor=0, mean=0, deviation=1),
    }
    uncentred = case(
        "torchaudio.transforms.MelSpectrogram, htk, norm None, power 2, center False; ln(x + 1e-6)",
        **cases["torchaudio"]["configuration"] | {"padding": "none"})

    c = {name: case["configuration"] for name, case in cases.items()}
    librosa_names = dict(zip(("n_fft", "win_length", "hop_length", "n_mels", "fmin", "fmax"),
                             (c["librosa"][n] for n in names)))
    ast = ASTFeatureExtractor(num_mel_bins=40, max_length=38)
    magnitudes = tf.abs(tf.signal.stft(x, 400, 160, 512))
    matrix = tf.signal.linear_to_mel_weight_matrix(64, 257, rate, 125.0, 7500.0)
    arrays = {
        "signal": x,
        "torchaudio": (torch_mel(c["torchaudio"], norm=None, power=2) + 1e-6).log(),
        "librosa": librosa.power_to_db(
            librosa.feature.melspectrogram(y=x, sr=rate, **librosa_names), top_db=None).T,
        "kaldi": ast(x, sampling_rate=rate, return_tensors="np")["input_values"][0],
        "hamming": torch_mel(
            c["hamming"], norm="slaney", power=1, center=False, window_fn=torch.hamming_window),
        "tensorflow": tf.math.log(magnitudes @ matrix + 0.001),
        "uncentred": (
            torch_mel(uncentred["configuration"], norm=None, power=2, center=False) + 1e-6).log(),
    }
    description = {
        "sample_rate": rate, "cases": cases, "frames_of_n_fft": {"uncentred": uncentred}}
    return {name: np.asarray(a, np.float32) for name, a in arrays.items()}, description


# Files


def save(path, arrays):
    """Write arrays in C order, the only one that the tests read."""
    np.savez_compressed(path, **{name: np.ascontiguousarray(x) for name, x in arrays.items()})


def write_labels(out):
    lines = lambda labels: "".join(f"{label}\n" for label in labels)
    (out / "labels.txt").write_text(lines(SINGLE_LABELS))
    (out / "labels-4.txt").write_text(lines(SINGLE_LABELS[:4]))
    (out / "labels-6.txt").write_text(lines(SINGLE_LABELS + ["siren"]))
    rows = [f'{i},/m/piq{i},"{label}"' if "," in label else f"{i},/m/piq{i},{label}"
            for i, label in enumerate(SINGLE_LABELS)]
    (out / "class_map.csv").write_text(lines(["index,mid,display_name"] + rows))
    pairs = [f"{label!r} => {i}" for i, label in enumerate(SINGLE_LABELS)]
    (out / "label_encoder.txt").write_text(lines(pairs + ["=" * 16, "'starting_index' => 0"]))
    write_json(out / "config.json", {
        "architectures": ["WaveformClassifier"],
        "id2label": {str(i): label for i, label in enumerate(SINGLE_LABELS)},
        "label2id": {label: i for i, label in enumerate(SINGLE_LABELS)}})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_networks(out, random):
    """Writes the networks' files.

    Returns by name: modules of PyTorch, ONNX models, and the contents of files.
    """
    modules, models = {}, {}

    x, targets = sounds(KINDS[:5], 8000, 0.5, random, 300)
    modules["waveform-softmax"] = fit(network(
        convolutions(nn.Conv1d, (1, 16, 32, 8), (16, 24, 9, 4), (24, 32, 5, 3)), 5, softmax=True),
        x, targets, 5, random)
    models["waveform-softmax"] = exported(
        modules["waveform-softmax"], "waveform", [1, 4000], scores=[1, 5])
    module = modules["waveform-softmax"]
    files = {
        "waveform-float.tflite": tflite(module, x),
        "waveform-quantised.tflite": tflite(module, x, quantised=True),
        "waveform-int8.tflite": tflite(module, x, quantised=True, integer=True),
    }

    x, targets = sounds(KINDS, 16000, 0.5, random, 360, most=3)
    modules["waveform-sigmoid"] = fit(network(
        convolutions(nn.Conv1d, (1, 24, 64, 16, 32), (24, 32, 5, 3, 2)), 6), x, targets, 5, random)
    models["waveform-sigmoid"] = exported(
        modules["waveform-sigmoid"], "waveform", ["batch", "samples"], logits=["batch", 6],
        embedding=["batch", 32])

    x, targets = sounds(KINDS[:5], 16000, 0.95, random, 300)
    modules["logmel-softmax"] = fit(network(
        convolutions(nn.Conv2d, (1, 8, 5, 2), (8, 16, 3, 2), (16, 24, 3, 2)), 5, unsqueeze=False),
        log_mel(x)[:, None], targets, 5, random)
    models["logmel-softmax"] = exported(
        modules["logmel-softmax"], "log_mel", [1, 1, 96, 64], logits=[1, 5])

    x, targets = sounds(KINDS[:4], 16000, 0.5, random, 160)
    sizes = (1, 8, (5, 9), (2, 4), (2, 4)), (8, 16, (3, 5), (2, 3), (1, 2))
    modules["logpower"] = fit(
        network(convolutions(nn.Conv2d, *sizes), 4), log_power(x), targets, 5, random)
    models["logpower"] = exported(
        modules["logpower"], "spectrogram", [1, "frames", 513], logits=[1, 4])

    external, files["external.bin"] = externalized(models["waveform-softmax"], "external.bin")
    whole = models["waveform-softmax"].SerializeToString(deterministic=True)
    files["cut.onnx"] = whole[: 2 * len(whole) // 3]
    more = {
        "external": external, "hostile-absolute": hostile("/etc/passwd"),
        "hostile-parent": hostile("../../secret"), "subgraph-external": subgraph_external(),
        "nan": nan_scores(), "unknown-operator": unknown_operator(),
        "scalar-input": tiny(shape=(3, 7, 11, 13), features=39),
    }
    for name, model in (models | more).items():
        files[f"{name}.onnx"] = model.SerializeToString(deterministic=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    return modules, models, files


def goldens(models, files, random):
    found = {}
    for rate in (8000, 16000):
        found[f"clip.{rate}.a"] = mixture(["noise", "tone"], rate, 1.23, random)
        found[f"clip.{rate}.b"] = mixture(["chirp", "clicks"], rate, 1.23, random)
    run = {
        "waveform-softmax": onnx_runner(models["waveform-softmax"], "scores", "embedding"),
        "waveform-sigmoid": onnx_runner(models["waveform-sigmoid"], "logits", "embedding"),
        "logmel-softmax": onnx_runner(models["logmel-softmax"], "logits"),
        "logpower": onnx_runner(models["logpower"], "logits"),
    }
    for name in ("waveform-float.tflite", "waveform-quantised.tflite", "waveform-int8.tflite"):
        run[name] = tflite_runner(files[name])
    for clip in ("a", "b"):
        x = found[f"clip.8000.{clip}"]
        for name in run:
            if name.startswith("waveform") and name != "waveform-sigmoid":
                record(found, name, clip, *run[name](windows(x, 4000, 2000)))
        x = found[f"clip.16000.{clip}"]
        logits, embedding = run["waveform-sigmoid"](windows(x, 8000, 4000))
        record(found, "waveform-sigmoid", clip, sigmoid(logits), embedding, maximum=True)
        [logits] = run["logmel-softmax"](log_mel(windows(x, 15200, 7600))[:, None].numpy())
        record(found, "logmel-softmax", clip, softmax(logits))
        spectrogram = log_power(x).numpy()
        [logits] = run["logpower"](windows(spectrogram, 44, 21))
        record(found, "logpower", clip, softmax(logits))
        found[f"logpower.{clip}.whole"] = softmax(run["logpower"](spectrogram[None])[0])[0]
    short = windows(found["clip.8000.a"][:1500], 4000, 2000)
    found["waveform-softmax.short.mean"] = run["waveform-softmax"](short)[0].mean(0)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="folder to write the files to")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)

    write_labels(out)
    write_json(out / "logmel-softmax.json", LOG_MEL)
    extractors = {
        "ast": ASTFeatureExtractor(), "wav2vec2": Wav2Vec2FeatureExtractor(do_normalize=True)}
    for name, extractor in extractors.items():
        (out / f"preprocessor_config-{name}.json").write_text(extractor.to_json_string())

    modules, models, files = write_networks(out, np.random.default_rng(arguments.seed))
    found = goldens(models, files, np.random.default_rng([arguments.seed, 1]))
    save(out / "goldens.npz", found)
    second = found["clip.16000.b"][:16000]
    save(out / "logpower-occlusion.npz", occlusion(modules["logpower"], second))
    arrays, description = mel_goldens(np.random.default_rng([arguments.seed, 2]))
    save(out / "mel-goldens.npz", arrays)
    write_json(out / "mel-goldens.json", description)
    for name, array in found.items():
        if name.endswith((".mean", ".whole")):
            print(f"{name}: {np.round(array, 3)}")
