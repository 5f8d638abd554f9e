"""Inputs that are exact in float32, and where the recorded values go."""

import json
import pathlib

import torch

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(20240607)


def normal(*shape, scale=1.0, mean=0.0):
    """Normal deviates that are exact in float32."""
    return exact(mean + scale * torch.randn(shape, generator=generator))


def uniform(*shape, low=0.0, high=1.0):
    return exact(low + (high - low) * torch.rand(shape, generator=generator))


def integers(*shape, low=0, high):
    return torch.randint(low, high, shape, generator=generator)


def exact(values):
    return torch.as_tensor(values, dtype=torch.float64).float().double()


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_cases(path, cases):
    """One case a line."""
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
