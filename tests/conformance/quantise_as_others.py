#!/usr/bin/python3
"""What numpy and PyTorch make of float32 values: argument 1 holds them raw; writes raw float32 beside it, FILE.bf16 (torch.bfloat16) and FILE.int8 (as our int8: rint(x / s) s with
s = max|x| / 127 over blocks of argument 2 values, by numpy) and FILE.int8_torch (torch.quantize_per_tensor of each block, whose scale is float64)."""
import sys

import numpy
import torch

path, block = sys.argv[1], int(sys.argv[2])
values = numpy.fromfile(path, dtype="<f4")
torch.from_numpy(values).to(torch.bfloat16).to(torch.float32).numpy().tofile(path + ".bf16")
ours, theirs = numpy.empty_like(values), numpy.empty_like(values)
for begin in range(0, values.size, block):
    piece = values[begin:begin + block]
    scale = numpy.float32(numpy.abs(piece).max() / numpy.float32(127))
    ours[begin:begin + block] = numpy.rint(piece / scale).astype(numpy.int8).astype(numpy.float32) * scale
    theirs[begin:begin + block] = torch.quantize_per_tensor(torch.from_numpy(piece), float(scale), 0, torch.qint8).dequantize().numpy()
ours.tofile(path + ".int8")
theirs.tofile(path + ".int8_torch")
