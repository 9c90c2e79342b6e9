"""Training steps of SpeechBrain's interpreter in PyTorch, for comparison with `piq-audio train`.

    train_peer.py [--batch 16] [--precision f32|bf16] [--steps 3]

A step is the recipe's (train_piq.py): the frozen classifier's encoder, the interpreter, the three
terms of the objective, the way back and Adam. Prints JSON: the seconds of each step after a first
one that is not counted, and the largest memory of the process. Weights and spectrograms are random:
they cost what trained ones do.
"""
import argparse
import json
import os
import resource
import time

import torch
import torch.nn.functional as F
from speechbrain.lobes.models.PIQ import Conv2dEncoder_v2, VectorQuantizedPSI_Audio

FRAMES, BINS, MASK_THRESHOLD = 431, 513, 0.35


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16, help="clips of 5 s (16)")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32",
                        help="bf16: under torch.autocast")
    parser.add_argument("--steps", type=int, default=3, help="counted steps (3)")
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--keys", type=int, default=1024)
    parser.add_argument("--classes", type=int, default=50)
    parser.add_argument("--threads", type=int,
                        default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    return parser.parse_args()


def objective(psi, hidden, labels, log_power):
    decoded, hcat, quantized = psi(hidden, labels)
    mask = torch.sigmoid(decoded.squeeze(1).float())
    target = log_power[:, :mask.shape[1], :mask.shape[2]]
    mask = mask[:, :target.shape[1], :target.shape[2]]
    loud = (target > target.amax((-1, -2), keepdim=True) * MASK_THRESHOLD).float()
    reconstruction = -loud * torch.log(mask + 1e-10) - (1 - loud) * torch.log(1 - mask + 1e-10)
    return (reconstruction.mean() + F.mse_loss(quantized, hcat.detach())
            + F.mse_loss(hcat, quantized.detach()))


def main():
    args = arguments()
    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    encoder = Conv2dEncoder_v2(args.dim).eval().requires_grad_(False)
    psi = VectorQuantizedPSI_Audio(args.dim, args.keys, numclasses=args.classes).train()
    optimizer = torch.optim.Adam(psi.parameters(), lr=2e-4, weight_decay=2e-6)
    log_power = torch.rand(args.batch, FRAMES, BINS)
    labels = torch.arange(args.batch).double() % args.classes
    seconds = []
    for _ in range(args.steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            with torch.no_grad():
                hidden = encoder(log_power)
            loss = objective(psi, hidden, labels, log_power)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({
        "torch": torch.__version__, "precision": args.precision, "batch": args.batch,
        "threads": args.threads, "loss": float(loss.detach()), "seconds": seconds[1:],
        "peak_bytes": peak}))


if __name__ == "__main__":
    main()
