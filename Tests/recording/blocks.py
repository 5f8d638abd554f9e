"""Blocks of ggml's quantised types and the weights that ggml's own package makes of them."""

import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants

# The bytes of a block, and where in it its 16-bit scales stand.
TYPES = {
    "Q8_0": (34, [0]), "Q4_0": (18, [0]), "Q4_1": (20, [0, 2]), "Q5_0": (22, [0]), "Q5_1": (24, [0, 2]),
    "Q4_K": (144, [0, 2]), "Q5_K": (176, [0, 2]), "Q6_K": (210, [208]),
}


def record_blocks():
    random = np.random.default_rng(7)
    recorded = {}
    for name, (size, scales) in TYPES.items():
        count = 2 if size < 100 else 1
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        for place in scales:
            halves = random.normal(size=count).astype(np.float16) * np.float16(0.1)
            blocks[:, place:place + 2] = halves.view(np.uint8).reshape(count, 2)
        weights = quants.dequantize(blocks.reshape(-1), GGMLQuantizationType[name])
        recorded[name] = {"bytes": blocks.reshape(-1).tolist(), "weights": weights.reshape(-1).astype(float).tolist()}
    weights = random.normal(size=64).astype(np.float32)
    weights[:32] *= 0.01
    blocks = quants.quantize(weights, GGMLQuantizationType.Q8_0)
    recorded["quantized"] = {"weights": weights.astype(float).tolist(), "bytes": blocks.reshape(-1).tolist()}
    path = Path(__file__).parent.parent / "Fixtures" / "interchange" / "ggml-blocks.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(recorded, separators=(",", ":")) + "\n")
