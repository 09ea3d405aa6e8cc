#!/usr/bin/python3
"""unet.py train|predict THREADS: seconds of one training step (48^3 patch) or of a 96^3 prediction, median of three, in plain PyTorch, float32.

The network, loss and optimiser of bench/network_bench.cpp: DynUNet without residuals, filters 16 to 128, Dice plus cross-entropy, AdamW; windows of
48^3 that overlap by half, Gaussian weights.
"""
import itertools
import statistics
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)


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


net = UNet(4, 4, [16, 32, 64, 128])


def train():
    optimiser.zero_grad(set_to_none=True)
    loss_of(net(image), labels).backward()
    optimiser.step()


def predict():
    size, window = 96, 48
    starts = [0, 24, 48]
    line = torch.exp(-0.5 * ((torch.arange(window) - window // 2) / (window * 0.125)) ** 2)
    weight = line[:, None, None] * line[None, :, None] * line[None, None, :]
    total, weights = torch.zeros(4, size, size, size), torch.zeros(size, size, size)
    with torch.no_grad():
        for place in itertools.product(starts, repeat=3):
            where = tuple(slice(s, s + window) for s in place)
            total[(slice(None),) + where] += net(volume[(slice(None),) + where][None])[0] * weight
            weights[where] += weight
        return torch.softmax(total / weights, 0)


if sys.argv[1] == "train":
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    image, labels = torch.randn(1, 4, 48, 48, 48), torch.randint(0, 4, (1, 48, 48, 48))
    train()
    work, times = train, 5
else:
    net.eval()
    volume = torch.randn(4, 96, 96, 96)
    work, times = predict, 1
seconds = []
for _ in range(times):
    start = time.perf_counter()
    work()
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds))
