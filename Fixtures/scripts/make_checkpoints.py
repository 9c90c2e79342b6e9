"""Makes Fixtures/checkpoints: small PyTorch checkpoints, valid and hostile.

Run with a Python that has PyTorch (2.0 or later) and NumPy:
    python Fixtures/scripts/make_checkpoints.py
"""

import collections
import io
import pathlib
import pickle
import struct
import zipfile

import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent.parent / "checkpoints"


def save(value, name, **options):
    """torch.save with the same bytes every time: its zip has no dates, but a name and an id."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    source = zipfile.ZipFile(buffer)
    write(name, [(i.filename, source.read(i), zipfile.ZIP_STORED) for i in source.infolist()
                 if not i.filename.endswith("serialization_id")])


def write(name, entries):
    with zipfile.ZipFile(HERE / name, "w") as archive:
        for entry, data, method in entries:
            info = zipfile.ZipInfo(entry, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)


def around(pickled):
    """The entries of a checkpoint whose pickle is given."""
    stored = zipfile.ZIP_STORED
    return [("archive/data.pkl", pickled, stored), ("archive/byteorder", b"little", stored),
            ("archive/data/0", bytes(16), stored)]


def calls_os_system():
    """What pickle.dumps gives for an object whose __reduce__ names os.system, but that it would
    write `posix`, where the function really is."""
    command = b"echo this must never run"
    return (b"\x80\x02}X\x06\0\0\0weightcos\nsystem\nX" + struct.pack("<I", len(command)) + command
            + b"\x85Rs.")


def state_dict():
    """Every way in which tensors lie in their storages; values that tell positions apart."""
    grid = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = collections.OrderedDict()
    state["plain"] = grid / 8
    state["transposed"] = grid.t()
    state["strided"] = grid[1::2, 1:5:3]
    state["expanded"] = torch.tensor([1.5, -2.5]).reshape(2, 1).expand(2, 3)
    state["parameter"] = torch.nn.Parameter(torch.tensor([0.1, 0.2]))
    state["half"] = torch.tensor([1 / 3, -65504, 6e-8, float("inf")]).half()
    state["bfloat16"] = torch.tensor([1 / 3, 3e38, -1e-40]).bfloat16()
    state["double"] = torch.tensor([1 / 3, -2.0], dtype=torch.float64)
    state["empty"] = torch.zeros(0, 5)
    state["scalar"] = torch.tensor(7.25)
    state["num_batches_tracked"] = torch.tensor(123456789012)
    state["int32"] = torch.tensor([[-1, 2]], dtype=torch.int32)
    state["uint8"] = torch.tensor([0, 255], dtype=torch.uint8)
    state["bool"] = torch.tensor([True, False])
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    return state


HERE.mkdir(exist_ok=True)
save(state_dict(), "tensors.ckpt")
save(state_dict(), "tensors-protocol4.ckpt", pickle_protocol=4)
save({"weight": torch.tensor([1.0, 2.0]), "steps": torch.tensor([3])}, "tiny.ckpt")
save({"model": {"weight": torch.ones(2)}}, "nested.ckpt")
# How a file from before PyTorch 1.6 begins; what follows differs each time one is saved.
(HERE / "legacy.ckpt").write_bytes(
    pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2))
write("os-system.ckpt", around(calls_os_system()))
write("zip-bomb.ckpt", [("archive/data.pkl", bytes(4 << 20), zipfile.ZIP_DEFLATED)])
numpy.savez(HERE / "arrays.npz", grid=numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
            half=numpy.array([0.5, -2], dtype=numpy.float16), codes=numpy.array([[3], [-4]]),
            flags=numpy.array([True, False]), scalar=numpy.float64(1.25))
