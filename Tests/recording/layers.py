"""The parts of a transformer, written out in plain PyTorch."""

import math

import torch
import torch.nn.functional as F

LLAMA3_SCALING = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}


def gelu(x):
    return F.gelu(x, approximate="tanh")


def rms_norm(x, weight, epsilon):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * weight


def rotary(x, positions, frequencies):
    """x [B, T, H, D]: element i of a head is rotated with element i + D/2."""
    angles = (positions[..., None].double() * frequencies)[:, :, None, :]
    cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


def rotary_frequencies(dimension, theta, scaling=None):
    frequencies = theta ** -(torch.arange(0, dimension, 2).double() / dimension)
    if scaling is None:
        return frequencies
    original = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = original * frequencies / (2 * math.pi)
    blend = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (blend + (1 - blend) / scaling["factor"])


def attention(q, k, v, starts):
    """Causal, inside documents: q [B, T, H, D], k and v [B, T, G, D], starts [B, T]."""
    length, repeats = q.shape[1], q.shape[2] // k.shape[2]
    q, k, v = (x.transpose(1, 2) for x in (q, k.repeat_interleave(repeats, 2), v.repeat_interleave(repeats, 2)))
    columns = torch.arange(length)
    visible = (columns[None, None, :] <= columns[None, :, None]) & (columns[None, None, :] >= starts[:, :, None])
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~visible[:, None], -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2)


def starts_of(lengths):
    """The column at which each token's document begins, for rows of documents of these lengths."""
    return torch.tensor([
        [sum(row[:i]) for i, length in enumerate(row) for _ in range(length)] for row in lengths
    ])
