"""Writes the names and shapes of the tensors of SpeechBrain's classifiers on the hub.

    make_hub_shapes.py OUT.json

OUT gets, for vit-base-esc50 and focalnet-base-esc50, what embedding_model.ckpt and classifier.ckpt
hold: the encoders of google/vit-base-patch16-224 and microsoft/focalnet-base under the names of
transformers 4, and heads of 50 classes. No weights are made.
"""
import json
import pathlib
import sys

import torch

from make_transformer_model import names_of_transformers_4, networks


def main() -> None:
    shapes = {}
    with torch.device("meta"):
        for family in ("focalnet", "vit"):
            parts, _, _ = networks(family)
            shapes[f"{family}-base-esc50"] = {
                name: {key: list(value.shape) for key, value in
                       names_of_transformers_4(parts[name].state_dict()).items()}
                for name in ("embedding_model", "classifier")}
    lines = json.dumps(shapes, separators=(",", ":")).replace('],"', '],\n"')
    pathlib.Path(sys.argv[1]).write_text(lines + "\n")


if __name__ == "__main__":
    main()
