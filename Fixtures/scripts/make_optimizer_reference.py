#!/usr/bin/env python3
"""Record what PyTorch's optimisers and learning-rate schedules, and SpeechBrain's, compute.

    pip install -r requirements.txt
    python make_optimizer_reference.py OUT_DIR

Each case is one safetensors file; its header holds `config` (JSON): the arguments of the class.

adam, adamw   param.*             the parameters before the first step
              grad<n>.*           their gradients in step n; the parameter `late` has none in step 0
              after<n>.*          the parameters after step n
              state.*             the optimiser's state in the end
clipping      grad.*              gradients
              small.*, large.*    `limit`, the `norm` that is returned, and the gradients after it
schedules     plateau.loss        a loss an epoch; plateau.rate is the next epoch's rate
              <schedule>.rate     the rate in each step (SpeechBrain's cyclic ones: after each)

Everything runs in float64 and is rounded to float32 when saved.
"""
import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file
from speechbrain.nnet.schedulers import CyclicLRScheduler, ReduceLROnPlateau

STEPS = 5
SHAPES = {"weight": [3, 7], "bias": [5], "late": [2, 2]}
GRADIENTS = {"weight": 1.0, "bias": 1e-3, "late": 10.0}


def draw(shape, generator, scale=1.0):
    """Numbers that float32 holds, in float64."""
    return (torch.randn(shape, generator=generator) * scale).double()


def save(folder, name, tensors, config):
    tensors = {key: value.detach().float().clone() for key, value in tensors.items()}
    save_file(tensors, folder / f"{name}.safetensors", {"config": json.dumps(config)})


def optimizer(folder, name, kind, config):
    generator = torch.Generator().manual_seed(1)
    tensors = {f"param.{key}": draw(shape, generator) for key, shape in SHAPES.items()}
    parameters = {
        key: tensors[f"param.{key}"].clone().requires_grad_() for key in SHAPES
    }
    stepper = kind(parameters.values(), **config)
    for step in range(STEPS):
        for key, parameter in parameters.items():
            if key == "late" and step == 0:
                continue
            parameter.grad = draw(SHAPES[key], generator, GRADIENTS[key])
            tensors[f"grad{step}.{key}"] = parameter.grad
        stepper.step()
        for key, parameter in parameters.items():
            tensors[f"after{step}.{key}"] = parameter.clone()
    for key, parameter in parameters.items():
        for part, value in stepper.state[parameter].items():
            tensors[f"state.{key}.{part}"] = value
    save(folder, name, tensors, config)


def clipping(folder):
    generator = torch.Generator().manual_seed(2)
    tensors = {f"grad.{key}": draw(shape, generator) for key, shape in SHAPES.items()}
    for name, limit in [("small", 0.5), ("large", 100.0)]:
        parameters = {key: torch.zeros(shape).double() for key, shape in SHAPES.items()}
        for key, parameter in parameters.items():
            parameter.grad = tensors[f"grad.{key}"].clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), limit)
        tensors |= {f"{name}.{key}": value.grad for key, value in parameters.items()}
        tensors |= {f"{name}.norm": norm, f"{name}.limit": torch.tensor(limit)}
    save(folder, "clipping", tensors, {})


def one_parameter(rate):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)


def schedules(folder):
    tensors, config = {}, {}

    # Falls, stalls for long, falls again, stalls: with waiting, reductions and the lower bound.
    losses = [3, 5, 4, 3.5, 3.5, 3.6, 3.7, 3.4, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.45, 3.3]
    losses += [3.31] * 12
    config["plateau"] = {"lr_min": 0.1, "factor": 0.5, "patience": 2, "dont_halve_until_epoch": 3}
    schedule = ReduceLROnPlateau(**config["plateau"])
    stepper, rates = one_parameter(1.0), []
    for epoch, loss in enumerate(losses, start=1):
        _, rate = schedule([stepper], epoch, loss)
        stepper.param_groups[0]["lr"] = rate
        rates.append(rate)
    tensors |= {"plateau.loss": torch.tensor(losses), "plateau.rate": torch.tensor(rates)}

    for mode in ["triangular", "triangular2", "exp_range"]:
        config[mode] = {
            "base_lr": 2e-6, "max_lr": 2e-5, "step_size": 7, "mode": mode, "gamma": 0.97,
        }
        schedule = CyclicLRScheduler(**config[mode])
        stepper, rates = one_parameter(1.0), []
        for _ in range(50):
            schedule.on_batch_end(stepper)
            rates.append(stepper.param_groups[0]["lr"])
        tensors[f"{mode}.rate"] = torch.tensor(rates, dtype=torch.float64)

    config["one_cycle"] = {
        "max_lr": 0.01, "total_steps": 40, "pct_start": 0.25, "div_factor": 20.0,
        "final_div_factor": 50.0,
    }
    stepper = one_parameter(1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        stepper, cycle_momentum=False, **config["one_cycle"])
    rates = []
    for _ in range(config["one_cycle"]["total_steps"]):
        rates.append(schedule.get_last_lr()[0])
        stepper.step()
        if len(rates) < config["one_cycle"]["total_steps"]:
            schedule.step()
    tensors["one_cycle.rate"] = torch.tensor(rates, dtype=torch.float64)

    save(folder, "schedules", tensors, config)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", type=pathlib.Path)
    folder = parser.parse_args().out_dir
    folder.mkdir(parents=True, exist_ok=True)
    common = {"lr": 0.01, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1}
    optimizer(folder, "adam", torch.optim.Adam, common)
    optimizer(folder, "adamw", torch.optim.AdamW, common)
    clipping(folder)
    schedules(folder)
