"""Whole models of the younger decoders, from transformers' modeling files: logits, gradients, a greedy continuation.

Plain NumPy in float64, one function an architecture's feature, so that nothing of PyTorch is needed. Gradients come from complex
steps (Squire and Trapp 1998): the imaginary part of f(x + ih) / h is the derivative to the last digit. Run it in Tests as
`python3 -m recording.decoders [NAME...]`.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np
from scipy.special import erf

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures" / "models"
STEP = 1e-200


def base(model_type, class_name, **changes):
    return {
        "architectures": [class_name], "model_type": model_type, "vocab_size": 31, "hidden_size": 16,
        "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 32, "rms_norm_eps": 1e-6, "rope_theta": 1000.0, "tie_word_embeddings": True, **changes,
    }


LONG = {
    "rope_type": "longrope", "short_factor": [1.0, 1.5, 2.0, 2.5], "long_factor": [1.25, 3.0, 5.0, 8.0],
    "original_max_position_embeddings": 8, "factor": 4.0,
}
PHI = {
    "hidden_size": 32, "partial_rotary_factor": 0.5, "rope_scaling": {
        "type": "longrope", "short_factor": [1.0, 1.25], "long_factor": [1.5, 4.0]},
    "original_max_position_embeddings": 8, "rms_norm_eps": 1e-5,
}
NEOX = {
    "architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "vocab_size": 29, "hidden_size": 32,
    "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 32,
    "layer_norm_eps": 1e-5, "rotary_pct": 0.25, "rotary_emb_base": 10000, "hidden_act": "gelu",
    "use_parallel_residual": True, "tie_word_embeddings": False,
}
CONFIGS = {
    "qwen3": base("qwen3", "Qwen3ForCausalLM", head_dim=8, rope_theta=1e6, attention_bias=False, use_sliding_window=False,
                  sliding_window=None, max_window_layers=2),
    "qwen3-window": base("qwen3", "Qwen3ForCausalLM", head_dim=6, attention_bias=True, use_sliding_window=True,
                         sliding_window=3, max_window_layers=1, tie_word_embeddings=False),
    "mistral": base("mistral", "MistralForCausalLM", head_dim=6, sliding_window=4, tie_word_embeddings=False),
    "llama-biases-yarn": base(
        "llama", "LlamaForCausalLM", attention_bias=True, mlp_bias=True, head_dim=8, rope_theta=10.0, rope_scaling={
            "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 4.0, "beta_slow": 0.5}),
    "llama-linear": base("llama", "LlamaForCausalLM", rope_scaling={"type": "linear", "factor": 2.5}),
    "llama-dynamic": base(
        "llama", "LlamaForCausalLM", max_position_embeddings=8, rope_scaling={"rope_type": "dynamic", "factor": 2.0}),
    "llama-longrope": base("llama", "LlamaForCausalLM", head_dim=8, rope_scaling=LONG),
    "smollm3": base("smollm3", "SmolLM3ForCausalLM", num_hidden_layers=3, no_rope_layers=[1, 0, 1], pad_token_id=9),
    "smollm3-window": base(
        "smollm3", "SmolLM3ForCausalLM", num_hidden_layers=2, no_rope_layer_interval=2, use_sliding_window=True,
        sliding_window=3, attention_bias=True, tie_word_embeddings=False),
    "olmo2": base("olmo2", "Olmo2ForCausalLM", rms_norm_eps=1e-5, tie_word_embeddings=False),
    "gemma3": base(
        "gemma3_text", "Gemma3ForCausalLM", num_hidden_layers=3, num_key_value_heads=1, head_dim=6,
        hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=9, sliding_window=4, rope_local_base_freq=100.0,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
    "phi3": base("phi3", "Phi3ForCausalLM", **PHI, tie_word_embeddings=False) | {"tie_word_embeddings": False},
    "phi3-window": base("phi3", "Phi3ForCausalLM", sliding_window=5, original_max_position_embeddings=32),
    "granite": base(
        "granite", "GraniteForCausalLM", embedding_multiplier=3.0, attention_multiplier=0.3, residual_multiplier=0.4,
        logits_scaling=2.5, attention_bias=True, mlp_bias=True),
    "gpt-neox": NEOX,
    "gpt-neox-sequential": NEOX | {"use_parallel_residual": False, "attention_bias": False, "rotary_pct": 0.5},
}
# The padding tokens of configuration classes whose default lies in these vocabularies.
PADDING = {"gemma3_text": 0, "olmo2": 1}
# Rows of documents; the others have one a row.
DOCUMENTS = {"mistral": [[5, 1, 7], [13]], "gemma3": [[9, 4], [2, 11]], "qwen3-window": [[6, 7], [13]]}
LENGTH = 13


def head_size(c):
    default = {"qwen3": 128, "gemma3_text": 256}.get(c["model_type"], c["hidden_size"] // c["num_attention_heads"])
    return c.get("head_dim") or default


def has(c, key):
    return bool(c.get(key, key == "attention_bias" and c["model_type"] == "gpt_neox"))


def shapes(c):
    """The state dict of the class."""
    width, inner, heads = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"]
    size, kind = head_size(c), c["model_type"]
    queries, keys = heads * size, c.get("num_key_value_heads", heads) * size
    if kind == "gpt_neox":
        result = {"gpt_neox.embed_in.weight": [c["vocab_size"], width]}
        for layer in range(c["num_hidden_layers"]):
            p = f"gpt_neox.layers.{layer}."
            for norm in ["input_layernorm", "post_attention_layernorm"]:
                result |= {p + norm + ".weight": [width], p + norm + ".bias": [width]}
            result[p + "attention.query_key_value.weight"] = [3 * width, width]
            result[p + "attention.dense.weight"] = [width, width]
            if has(c, "attention_bias"):
                result |= {p + "attention.query_key_value.bias": [3 * width], p + "attention.dense.bias": [width]}
            result |= {p + "mlp.dense_h_to_4h.weight": [inner, width], p + "mlp.dense_h_to_4h.bias": [inner],
                       p + "mlp.dense_4h_to_h.weight": [width, inner], p + "mlp.dense_4h_to_h.bias": [width]}
        return result | {"gpt_neox.final_layer_norm.weight": [width], "gpt_neox.final_layer_norm.bias": [width],
                         "embed_out.weight": [c["vocab_size"], width]}
    result = {"model.embed_tokens.weight": [c["vocab_size"], width]}
    for layer in range(c["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        if kind == "phi3":
            result |= {p + "self_attn.qkv_proj.weight": [queries + 2 * keys, width],
                       p + "mlp.gate_up_proj.weight": [2 * inner, width]}
        else:
            for name, rows in [("q", queries), ("k", keys), ("v", keys)]:
                result[p + f"self_attn.{name}_proj.weight"] = [rows, width]
                if has(c, "attention_bias"):
                    result[p + f"self_attn.{name}_proj.bias"] = [rows]
            for name in ["gate", "up"]:
                result[p + f"mlp.{name}_proj.weight"] = [inner, width]
                if has(c, "mlp_bias"):
                    result[p + f"mlp.{name}_proj.bias"] = [inner]
        result |= {p + "self_attn.o_proj.weight": [width, queries], p + "mlp.down_proj.weight": [width, inner]}
        if has(c, "attention_bias"):
            result[p + "self_attn.o_proj.bias"] = [width]
        if has(c, "mlp_bias"):
            result[p + "mlp.down_proj.bias"] = [width]
        if kind in ("qwen3", "gemma3_text"):
            result |= {p + "self_attn.q_norm.weight": [size], p + "self_attn.k_norm.weight": [size]}
        if kind == "olmo2":
            result |= {p + "self_attn.q_norm.weight": [queries], p + "self_attn.k_norm.weight": [keys]}
        norms = {"olmo2": ["post_attention_layernorm", "post_feedforward_layernorm"],
                 "gemma3_text": ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
                                 "post_feedforward_layernorm"]}
        for norm in norms.get(kind, ["input_layernorm", "post_attention_layernorm"]):
            result[p + norm + ".weight"] = [width]
    result["model.norm.weight"] = [width]
    if not c["tie_word_embeddings"]:
        result["lm_head.weight"] = [c["vocab_size"], width]
    return result


def inverse_frequencies(c, theta, share, length, scaling):
    """`modeling_rope_utils.py`: the frequencies and the factor of cosines and sines for a text of `length` positions."""
    dim = int(head_size(c) * share)
    exponents = np.arange(0, dim, 2) / dim
    kind = scaling and (scaling.get("rope_type") or scaling.get("type"))
    if kind == "linear":
        return theta ** -exponents / scaling["factor"], 1.0
    if kind == "dynamic":
        limit, factor = c["max_position_embeddings"], scaling["factor"]
        length = max(length, limit)
        theta = theta * (factor * length / limit - (factor - 1)) ** (dim / (dim - 2))
        return theta ** -exponents, 1.0
    if kind == "yarn":
        factor, original = scaling["factor"], scaling["original_max_position_embeddings"]
        correction = lambda turns: dim * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))
        low = max(math.floor(correction(scaling["beta_fast"])), 0)
        high = min(math.ceil(correction(scaling["beta_slow"])), dim - 1)
        ramp = np.clip((np.arange(dim // 2) - low) / (high - low if high != low else 0.001), 0, 1)
        plain = theta ** -exponents
        return plain / factor * ramp + plain * (1 - ramp), 0.1 * math.log(factor) + 1
    if kind == "longrope":
        original = c.get("original_max_position_embeddings") or scaling["original_max_position_embeddings"]
        factor = c["max_position_embeddings"] / original
        factors = np.array(scaling["long_factor" if length > original else "short_factor"])
        amplitude = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
        return 1 / (factors * theta ** exponents), amplitude
    return theta ** -exponents, 1.0


def rotate(x, positions, frequencies, amplitude):
    """`apply_rotary_pos_emb` on x [B, T, H, D] with as many channels as there are frequencies, the others pass."""
    angles = np.concatenate([positions[..., None] * frequencies] * 2, -1)[:, :, None, :]
    cos, sin, count = np.cos(angles) * amplitude, np.sin(angles) * amplitude, 2 * len(frequencies)
    turned, rest = x[..., :count], x[..., count:]
    half = np.concatenate([-turned[..., count // 2:], turned[..., :count // 2]], -1)
    return np.concatenate([turned * cos + half * sin, rest], -1)


def attend(q, k, v, positions, starts, scale, window):
    groups = q.shape[2] // k.shape[2]
    k, v = np.repeat(k, groups, 2), np.repeat(v, groups, 2)
    scores = np.einsum("bihd,bjhd->bhij", q, k) * scale
    columns = np.arange(q.shape[1])
    seen = (columns[None, None, :] <= columns[None, :, None]) & (columns[None, None, :] >= starts[:, :, None])
    if window:
        seen &= columns[None, None, :] > columns[None, :, None] - window
    # Complex steps differentiate through this maximum as through a constant, which softmax does not see.
    scores = np.where(seen[:, None], scores - scores.real.max(-1, keepdims=True), -np.inf)
    weights = np.where(seen[:, None], np.exp(np.where(seen[:, None], scores, 0)), 0)
    return np.einsum("bhij,bjhd->bihd", weights / weights.sum(-1, keepdims=True), v)


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def layer_norm(x, weight, bias, epsilon):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight + bias


def silu(x):
    return x / (1 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def gelu(x):
    # erf of a complex step: erf(a + ib) = erf(a) + i b erf'(a) for tiny b.
    a, b = (np.real(x) / math.sqrt(2), np.imag(x) / math.sqrt(2))
    value = erf(a) + 1j * b * (2 / math.sqrt(math.pi)) * np.exp(-a * a) if np.iscomplexobj(x) else erf(a)
    return 0.5 * x * (1 + value)


def linear(w, name, x):
    y = x @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def windows(c):
    """The window of each layer, or None."""
    layers, window = range(c["num_hidden_layers"]), c.get("sliding_window")
    kind = c["model_type"]
    if "layer_types" in c:
        return [window if t == "sliding_attention" else None for t in c["layer_types"]]
    if kind in ("mistral", "phi3"):
        return [window] * len(layers)
    if not c.get("use_sliding_window"):
        return [None] * len(layers)
    if kind == "smollm3":
        return [None if use else window for use in rotating(c)]
    return [window if i >= c["max_window_layers"] else None for i in layers]


def rotating(c):
    if c["model_type"] != "smollm3":
        return [True] * c["num_hidden_layers"]
    interval = c.get("no_rope_layer_interval", 4)
    return c.get("no_rope_layers") or [(i + 1) % interval != 0 for i in range(c["num_hidden_layers"])]


def looked_up(c, table, tokens):
    """`nn.Embedding`, whose padding_idx has no gradient; of a complex step only the real part is looked up."""
    padding = c.get("pad_token_id", PADDING.get(c["model_type"]))
    return np.where((tokens == padding)[..., None], table.real[tokens], table[tokens])


def neox(c, w, tokens, positions, starts):
    heads, size, epsilon = c["num_attention_heads"], head_size(c), c["layer_norm_eps"]
    rotation = inverse_frequencies(c, c["rotary_emb_base"], c["rotary_pct"], positions.max() + 1, None)
    x = w["gpt_neox.embed_in.weight"][tokens]
    hidden = [x]
    for layer in range(c["num_hidden_layers"]):
        p = f"gpt_neox.layers.{layer}."
        norm = lambda name, x: layer_norm(x, w[p + name + ".weight"], w[p + name + ".bias"], epsilon)
        qkv = linear(w, p + "attention.query_key_value", norm("input_layernorm", x))
        q, k, v = np.split(qkv.reshape(*tokens.shape, heads, 3 * size), 3, -1)
        y = attend(rotate(q, positions, *rotation), rotate(k, positions, *rotation), v, positions, starts,
                   size ** -0.5, None)
        attended = linear(w, p + "attention.dense", y.reshape(*tokens.shape, -1))
        mlp = lambda x: linear(w, p + "mlp.dense_4h_to_h", gelu(linear(
            w, p + "mlp.dense_h_to_4h", norm("post_attention_layernorm", x))))
        if c["use_parallel_residual"]:
            x = mlp(x) + attended + x
        else:
            x = x + attended
            x = x + mlp(x)
        hidden.append(x)
    x = layer_norm(x, w["gpt_neox.final_layer_norm.weight"], w["gpt_neox.final_layer_norm.bias"], epsilon)
    return x @ w["embed_out.weight"].T, hidden


def decoder(c, w, tokens, positions, starts):
    """Logits, and the residual stream after the embedding and after each block."""
    if c["model_type"] == "gpt_neox":
        return neox(c, w, tokens, positions, starts)
    kind, size, epsilon = c["model_type"], head_size(c), c["rms_norm_eps"]
    heads, groups = c["num_attention_heads"], c["num_key_value_heads"]
    length, offset = positions.max() + 1, 1.0 if kind == "gemma3_text" else 0.0
    share = c.get("partial_rotary_factor", 1.0)
    rotation = inverse_frequencies(c, c["rope_theta"], share, length, c.get("rope_scaling"))
    local = inverse_frequencies(c, c.get("rope_local_base_freq", 1.0), share, length, None)
    scale = {"gemma3_text": c.get("query_pre_attn_scalar", 1) ** -0.5, "granite": c.get("attention_multiplier")}
    residual = c.get("residual_multiplier", 1.0)
    norm = lambda name, x: rms_norm(x, offset + w[name + ".weight"], epsilon)

    x = looked_up(c, w["model.embed_tokens.weight"], tokens)
    x = x * (math.sqrt(c["hidden_size"]) if kind == "gemma3_text" else c.get("embedding_multiplier", 1.0))
    hidden = [x]
    for layer, (window, rotates) in enumerate(zip(windows(c), rotating(c))):
        p = f"model.layers.{layer}."
        h = x if kind == "olmo2" else norm(p + "input_layernorm", x)
        if kind == "phi3":
            qkv = linear(w, p + "self_attn.qkv_proj", h)
            q, k, v = np.split(qkv, [heads * size, (heads + groups) * size], -1)
        else:
            q, k, v = (linear(w, p + f"self_attn.{name}_proj", h) for name in "qkv")
        if kind == "olmo2":
            q, k = norm(p + "self_attn.q_norm", q), norm(p + "self_attn.k_norm", k)
        q, k, v = (y.reshape(*tokens.shape, -1, size) for y in (q, k, v))
        if kind in ("qwen3", "gemma3_text"):
            q, k = norm(p + "self_attn.q_norm", q), norm(p + "self_attn.k_norm", k)
        if rotates:
            own = local if kind == "gemma3_text" and window else rotation
            q, k = rotate(q, positions, *own), rotate(k, positions, *own)
        y = attend(q, k, v, positions, starts, scale.get(kind, size ** -0.5), window)
        y = linear(w, p + "self_attn.o_proj", y.reshape(*tokens.shape, -1))
        if kind in ("olmo2", "gemma3_text"):
            y = norm(p + "post_attention_layernorm", y)
        x = x + y * residual

        before = {"gemma3_text": "pre_feedforward_layernorm"}.get(kind, "post_attention_layernorm")
        h = x if kind == "olmo2" else norm(p + before, x)
        if kind == "phi3":
            gate, up = np.split(linear(w, p + "mlp.gate_up_proj", h), 2, -1)
        else:
            gate, up = linear(w, p + "mlp.gate_proj", h), linear(w, p + "mlp.up_proj", h)
        y = linear(w, p + "mlp.down_proj", (gelu_tanh if kind == "gemma3_text" else silu)(gate) * up)
        if kind in ("olmo2", "gemma3_text"):
            y = norm(p + "post_feedforward_layernorm", y)
        x = x + y * residual
        hidden.append(x)
    head = w["model.embed_tokens.weight" if c["tie_word_embeddings"] else "lm_head.weight"]
    return norm("model.norm", x) @ head.T / c.get("logits_scaling", 1.0), hidden


def mean_loss(c, w, batch, targets):
    logits = decoder(c, w, *batch)[0]
    logits = logits - logits.real.max(-1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    rows, columns = np.nonzero(targets >= 0)
    return -logp[rows, columns, targets[rows, columns]].mean()


def gradients(c, weights, batch, targets):
    result = {}
    for name, weight in weights.items():
        gradient = np.zeros(weight.size)
        for index in range(weight.size):
            stepped = weight.astype(complex)
            stepped.reshape(-1)[index] += 1j * STEP
            gradient[index] = mean_loss(c, weights | {name: stepped}, batch, targets).imag / STEP
        result[name] = gradient.reshape(weight.shape)
    return result


def greedy(c, weights, prompt, count):
    tokens, margin = list(prompt), math.inf
    for _ in range(count):
        positions = np.arange(len(tokens))[None]
        last = decoder(c, weights, np.array([tokens]), positions, np.zeros_like(positions))[0][0, -1]
        order = np.argsort(-last)
        margin = min(margin, float(last[order[0]] - last[order[1]]))
        tokens.append(int(order[0]))
    return {"prompt": list(map(int, prompt)), "tokens": tokens[len(prompt):], "smallest_margin": margin}


def save(path, tensors):
    """The safetensors format (github.com/huggingface/safetensors): a header of JSON, then the numbers."""
    kinds = {"float32": "F32", "float64": "F64", "int64": "I64"}
    header, offset, data = {"__metadata__": {"format": "pt"}}, 0, []
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        header[name] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        data.append(array.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def record(name, c, seed):
    generator = np.random.default_rng(seed)
    exact = lambda x: x.astype(np.float32).astype(np.float64)
    weights = {}
    for key, shape in shapes(c).items():
        mean = 1.0 if len(shape) == 1 and key.endswith("weight") and c["model_type"] != "gemma3_text" else 0.0
        weights[key] = exact(mean + generator.normal(size=shape) * (0.25 if len(shape) == 2 else 0.2))
    lengths = DOCUMENTS.get(name, [[LENGTH]] * 2)
    starts = np.array([[sum(row[:i]) for i, n in enumerate(row) for _ in range(n)] for row in lengths])
    positions = np.arange(LENGTH) - starts
    tokens = generator.integers(c["vocab_size"], size=starts.shape)
    targets = generator.integers(c["vocab_size"], size=starts.shape)
    targets[generator.integers(5, size=starts.shape) == 0] = -1
    batch = (tokens, positions, starts)
    logits, hidden = decoder(c, weights, *batch)
    loss = float(mean_loss(c, weights, batch, targets))
    count = 4 if name == "llama-dynamic" else 12
    while True:
        generation = greedy(c, weights, generator.integers(c["vocab_size"], size=4), count)
        if generation["smallest_margin"] > 0.01 and len(set(generation["tokens"])) >= 3:
            break
    slopes = gradients(c, weights, batch, targets)

    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(c, indent=1) + "\n")
    single = lambda arrays: {key: array.astype(np.float32) for key, array in arrays.items()}
    save(folder / "model.safetensors", single(weights))
    save(folder / "reference.safetensors",
         {"tokens": tokens, "targets": targets, "positions": positions, "document_starts": starts, "logits": logits}
         | single({f"hidden.{i}": x for i, x in enumerate(hidden)})
         | single({f"gradient.{key}": slope for key, slope in slopes.items()}))
    (folder / "reference.json").write_text(
        json.dumps({"numpy": np.__version__, "loss": loss, "generation": generation}, indent=1) + "\n")
    print(name, f"{sum(w.size for w in weights.values())} weights, loss {loss:.6f}", flush=True)


if __name__ == "__main__":
    for index, (name, config) in enumerate(CONFIGS.items()):
        # A seed of its own, so that a change of one model leaves the others as they are.
        if not sys.argv[1:] or name in sys.argv[1:]:
            record(name, config, 100 + index)
