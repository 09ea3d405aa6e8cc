#!/usr/bin/python3
"""unet.py train|predict THREADS [cuda float32|bfloat16]: seconds of one training step or of a prediction, median of several, in plain PyTorch.

The network, loss and optimiser of bench/network_bench.cpp: DynUNet without residuals, filters 16 to 128, Dice plus cross-entropy, AdamW; steps of one
48^3 patch, 96^3 predicted in windows of 48^3 that overlap by half, Gaussian weights. On a CUDA device those of bench/cuda_bench.cpp: filters 32 to 320,
steps of two 128^3 patches, 240 x 240 x 155 in windows of 128^3, two at a time.
"""
import itertools
import statistics
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
large = device != "cpu"
torch.backends.cudnn.allow_tf32 = False  # float32 is float32
autocast = torch.autocast(device, dtype=torch.bfloat16, enabled=len(sys.argv) > 4 and sys.argv[4] == "bfloat16")


class Block(nn.Module):
    def __init__(self, inner, out, stride):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv3d(inner, out, 3, stride, 1, bias=False), nn.Conv3d(out, out, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.InstanceNorm3d(out, affine=True), nn.InstanceNorm3d(out, affine=True)
        self.act = nn.LeakyReLU(0.01, inplace=True)

    def forward(self, x):
        x = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(x)))


class UNet(nn.Module):
    def __init__(self, inner, out, filters):
        super().__init__()
        self.down = nn.ModuleList(Block(i, o, 1 if n == 0 else 2) for n, (i, o) in enumerate(zip([inner] + filters[:-1], filters)))
        self.up = nn.ModuleList(nn.ConvTranspose3d(i, o, 2, 2, bias=False) for i, o in zip(filters[::-1], filters[-2::-1]))
        self.merge = nn.ModuleList(Block(2 * o, o, 1) for o in filters[-2::-1])
        self.head = nn.Conv3d(filters[0], out, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, skips[-2::-1]):
            x = merge(torch.cat((up(x), skip), 1))
        return self.head(x)


def loss_of(logits, labels):
    p = torch.softmax(logits, 1)
    t = nn.functional.one_hot(labels, logits.shape[1]).movedim(-1, 1).float()
    axes = (2, 3, 4)
    dice = (2 * (p * t).sum(axes) + 1e-5) / (p.sum(axes) + t.sum(axes) + 1e-5)
    return 1 - dice.mean() + nn.functional.cross_entropy(logits, labels)


net = UNet(4, 4, [32, 64, 128, 256, 320] if large else [16, 32, 64, 128]).to(device)


def train():
    optimiser.zero_grad(set_to_none=True)
    with autocast:
        logits = net(image)
    loss_of(logits.float(), labels).backward()
    optimiser.step()


def starts_of(size, window):
    steps = -(-(size - window) // (window // 2)) if size > window else 0
    return [round(n * (size - window) / max(1, steps)) for n in range(steps + 1)]


def predict():
    window, together = (128, 2) if large else (48, 1)
    line = torch.exp(-0.5 * ((torch.arange(window) - window // 2) / (window * 0.125)) ** 2)
    weight = (line[:, None, None] * line[None, :, None] * line[None, None, :]).to(device)
    image = volume.to(device)
    total, weights = torch.zeros(image.shape, device=device), torch.zeros(image.shape[1:], device=device)
    places = [tuple(slice(s, s + window) for s in place) for place in itertools.product(*(starts_of(size, window) for size in image.shape[1:]))]
    with torch.no_grad(), autocast:
        for n in range(0, len(places), together):
            group = places[n:n + together]
            logits = net(torch.stack([image[(slice(None),) + where] for where in group])).float()
            for where, own in zip(group, logits):
                total[(slice(None),) + where] += own * weight
                weights[where] += weight
        return torch.softmax(total / weights, 0).cpu()


if sys.argv[1] == "train":
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    batch, size = (2, 128) if large else (1, 48)
    image, labels = torch.randn(batch, 4, size, size, size, device=device), torch.randint(0, 4, (batch, size, size, size), device=device)
    work, times = train, 20 if large else 5
else:
    net.eval()
    volume = torch.randn(4, 155, 240, 240) if large else torch.randn(4, 96, 96, 96)
    work, times = predict, 3 if large else 1
for _ in range(5 if large else 1 if work is train else 0):
    work()
seconds = []
for _ in range(times):
    start = time.perf_counter()
    work()
    if large:
        torch.cuda.synchronize()
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds))
