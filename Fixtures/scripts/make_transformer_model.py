"""Write an untrained FocalNet or ViT interpreter of full size, for benchmarks.

    make_transformer_model.py OUT {focalnet,vit} [--seed N]

OUT gets the folder of a recipe's checkpoints (embedding_model.ckpt, classifier.ckpt, psi_model.ckpt,
config.json) and piq-audio/, the same as a model of piq-audio. Sizes are those of
microsoft/focalnet-base and google/vit-base-patch16-224, with 50 classes and 1024 keys. Values are
random: speed does not depend on them, and comparisons need masks that vary.
"""
import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file
from speechbrain.lobes.models.ECAPA_TDNN import Classifier
from speechbrain.lobes.models.PIQ import VectorQuantizedPSIFocalNet_Audio, VectorQuantizedPSIViT_Audio
from transformers import FocalNetBackbone, FocalNetConfig, ViTConfig, ViTModel

CLASSES, KEYS = 50, 1024
# Names of transformers 5 for those of 4, which checkpoints have.
RENAMED = {
    "layers.": "encoder.layer.", "attention.q_proj": "attention.attention.query",
    "attention.k_proj": "attention.attention.key", "attention.v_proj": "attention.attention.value",
    "attention.o_proj": "attention.output.dense", "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense"}


def encoder(family):
    """Encoder, config.json, D, and the class of the interpreter."""
    if family == "vit":
        config = ViTConfig()
        return ViTModel(config), config, config.hidden_size, VectorQuantizedPSIViT_Audio
    sizes = [128, 256, 512, 1024]
    config = FocalNetConfig(
        embed_dim=sizes[0], hidden_sizes=sizes, depths=[2, 2, 18, 2], focal_levels=[2] * 4,
        focal_windows=[3] * 4, out_features=["stage4"])
    config.hidden_sizes = sizes
    return FocalNetBackbone(config), config, sizes[-1], VectorQuantizedPSIFocalNet_Audio


def networks(family):
    """The networks by their names in a model, and config.json."""
    body, config, dim, interpreter = encoder(family)
    psi = interpreter(dim=dim, K=KEYS, numclasses=CLASSES, shared_keys=0)
    return {"embedding_model": body, "classifier": Classifier(dim, lin_blocks=1, out_neurons=CLASSES),
            "psi": psi}, config, dim


def randomize(psi, dim):
    """Biases and statistics that are not the initial zeros and ones."""
    for module in psi.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            torch.nn.init.kaiming_normal_(module.weight)
            module.bias.normal_(0, 0.05)
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.6, 1.4)
            module.bias.normal_(0, 0.3)
            module.running_mean.normal_(0.4, 0.1)
            module.running_var.uniform_(0.3, 0.7)
    psi.codebook.embedding.weight.normal_()
    last = psi.decoder[-1].weight
    last.normal_(0, 1 / (dim * last[0, 0].numel()) ** 0.5)


def names_of_transformers_4(state):
    renamed = {}
    for name, value in state.items():
        if name.startswith("layers."):
            for new, old in RENAMED.items():
                name = name.replace(new, old, 1)
        renamed[name] = value
    return renamed


def settings(family, config, dim, psi):
    """model.json."""
    sizes = {k: v for k, v in config.to_dict().items() if k in (
        "image_size", "patch_size", "embed_dim", "depths", "focal_levels", "focal_windows",
        "mlp_ratio", "layer_norm_eps", "hidden_size", "num_hidden_layers", "num_attention_heads",
        "intermediate_size", "use_layerscale")}
    body = {"vit": "ViTModel", "focalnet": "FocalNetBackbone"}[family]
    return {
        "name": f"untrained {family}", "normalize": "none",
        "stft": {"hop_length": 186, "n_fft": 1024, "sample_rate": 16000, "win_length": 372},
        "embedding_model": {"class": body, **sizes},
        "classifier": {"class": "Classifier", "input_size": dim, "lin_blocks": 1,
                       "lin_neurons": 192, "out_neurons": CLASSES},
        "psi": {"class": type(psi).__name__, "dim": dim, "K": KEYS, "numclasses": CLASSES,
                "shared_keys": 0, "activate_class_partitioning": True, "use_adapter": True,
                "adapter_reduce_dim": True},
        "labels": [f"class {i}" for i in range(CLASSES)], "logit_scale": 1, "mask_th": 0.35,
        "use_mask_output": True, "use_vq": True}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("family", choices=("focalnet", "vit"))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    parts, config, dim = networks(asked.family)
    with torch.no_grad():
        randomize(parts["psi"], dim)
    states = {name: part.state_dict() for name, part in parts.items()}
    states["embedding_model"] = names_of_transformers_4(states["embedding_model"])
    model = asked.out / "piq-audio"
    model.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        torch.save(state, asked.out / f"{'psi_model' if name == 'psi' else name}.ckpt")
    (asked.out / "config.json").write_text(config.to_json_string())
    weights = {f"{part}.{name}": value.contiguous() for part, state in states.items()
               for name, value in state.items() if value.is_floating_point()}
    save_file(weights, model / "model.safetensors")
    described = settings(asked.family, config, dim, parts["psi"])
    (model / "model.json").write_text(json.dumps(described, indent=2) + "\n")


if __name__ == "__main__":
    main()
