"""Whole models: logits, gradients, ten training steps, a greedy continuation."""

import math

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from .inputs import FIXTURES, generator, integers, normal, write_json
from .layers import LLAMA3_SCALING, attention, gelu, rms_norm, rotary, rotary_frequencies, starts_of


def llama_config(**changes):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 61, "hidden_size": 32,
        "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
        "hidden_act": "silu", "max_position_embeddings": 32, "initializer_range": 0.02, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "rope_scaling": None, "attention_bias": False, "mlp_bias": False,
        "tie_word_embeddings": True, "torch_dtype": "float32", "bos_token_id": None, "eos_token_id": None, **changes,
    }


CONFIGS = {
    "llama-tied": llama_config(),
    "llama-untied-grouped": llama_config(
        vocab_size=67, num_key_value_heads=2, tie_word_embeddings=False, rms_norm_eps=1e-6),
    "qwen2": llama_config(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", num_key_value_heads=1, rope_theta=1000000.0,
        vocab_size=59),
    "llama3-scaling": llama_config(
        num_attention_heads=2, num_key_value_heads=1, rope_theta=100.0, rope_scaling=LLAMA3_SCALING, vocab_size=71,
        max_position_embeddings=64),
    "llama-packed": llama_config(num_key_value_heads=2, intermediate_size=40, vocab_size=53),
    "gpt2": {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 73, "n_positions": 25, "n_embd": 32,
        "n_layer": 2, "n_head": 4, "n_inner": None, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
        "initializer_range": 0.02, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0,
        "tie_word_embeddings": True, "torch_dtype": "float32", "bos_token_id": None, "eos_token_id": None,
    },
}
KEPT_AFTER_TRAINING = ["wte", "embed_tokens", "layers.1.self_attn.k", "h.1.attn.c_proj"]
DOCUMENTS = {"llama-packed": [[6, 1, 10], [17], [3, 14]]}


def llama_shapes(c):
    width, inner, head = c["hidden_size"], c["intermediate_size"], c["hidden_size"] // c["num_attention_heads"]
    keys = head * c["num_key_value_heads"]
    shapes = {"model.embed_tokens.weight": [c["vocab_size"], width]}
    for layer in range(c["num_hidden_layers"]):
        block = {
            "input_layernorm.weight": [width], "self_attn.q_proj.weight": [width, width],
            "self_attn.k_proj.weight": [keys, width], "self_attn.v_proj.weight": [keys, width],
            "self_attn.o_proj.weight": [width, width], "post_attention_layernorm.weight": [width],
            "mlp.gate_proj.weight": [inner, width], "mlp.up_proj.weight": [inner, width],
            "mlp.down_proj.weight": [width, inner],
        }
        if c["model_type"] == "qwen2":
            block |= {f"self_attn.{name}_proj.bias": [width if name == "q" else keys] for name in "qkv"}
        shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in block.items()}
    shapes["model.norm.weight"] = [width]
    if not c["tie_word_embeddings"]:
        shapes["lm_head.weight"] = [c["vocab_size"], width]
    return shapes


def gpt2_shapes(c):
    width = c["n_embd"]
    shapes = {"transformer.wte.weight": [c["vocab_size"], width], "transformer.wpe.weight": [c["n_positions"], width]}
    for layer in range(c["n_layer"]):
        block = {
            "ln_1.weight": [width], "ln_1.bias": [width], "attn.c_attn.weight": [width, 3 * width],
            "attn.c_attn.bias": [3 * width], "attn.c_proj.weight": [width, width], "attn.c_proj.bias": [width],
            "ln_2.weight": [width], "ln_2.bias": [width], "mlp.c_fc.weight": [width, 4 * width],
            "mlp.c_fc.bias": [4 * width], "mlp.c_proj.weight": [4 * width, width], "mlp.c_proj.bias": [width],
        }
        shapes |= {f"transformer.h.{layer}.{name}": shape for name, shape in block.items()}
    return shapes | {"transformer.ln_f.weight": [width], "transformer.ln_f.bias": [width]}


def random_weights(shapes):
    """Weights away from their initial values, so that every one of them matters."""
    weights = {}
    for name, shape in shapes.items():
        if len(shape) == 2:
            weights[name] = normal(*shape, scale=0.2)
        elif name.endswith("bias"):
            weights[name] = normal(*shape, scale=0.1)
        else:
            weights[name] = normal(*shape, mean=1, scale=0.2)
    return weights


def llama(c, w, tokens, positions, starts):
    """Logits, and the residual stream after the embedding and after each block."""
    heads, groups, layers = c["num_attention_heads"], c["num_key_value_heads"], c["num_hidden_layers"]
    head, epsilon = c["hidden_size"] // heads, c["rms_norm_eps"]
    frequencies = rotary_frequencies(head, c["rope_theta"], c["rope_scaling"])
    x = F.embedding(tokens, w["model.embed_tokens.weight"])
    hidden = [x]
    for layer in range(layers):
        p = lambda name: w.get(f"model.layers.{layer}.{name}")
        h = rms_norm(x, p("input_layernorm.weight"), epsilon)
        q, k, v = (
            F.linear(h, p(f"self_attn.{n}_proj.weight"), p(f"self_attn.{n}_proj.bias")).unflatten(-1, (count, head))
            for n, count in [("q", heads), ("k", groups), ("v", groups)])
        y = attention(rotary(q, positions, frequencies), rotary(k, positions, frequencies), v, starts)
        x = x + y.flatten(2) @ p("self_attn.o_proj.weight").T
        h = rms_norm(x, p("post_attention_layernorm.weight"), epsilon)
        gated = F.silu(h @ p("mlp.gate_proj.weight").T) * (h @ p("mlp.up_proj.weight").T)
        x = x + gated @ p("mlp.down_proj.weight").T
        hidden.append(x)
    head_weight = w["model.embed_tokens.weight"] if c["tie_word_embeddings"] else w["lm_head.weight"]
    return rms_norm(x, w["model.norm.weight"], epsilon) @ head_weight.T, hidden


def gpt2(c, w, tokens, positions, starts):
    width, heads, epsilon = c["n_embd"], c["n_head"], c["layer_norm_epsilon"]
    x = F.embedding(tokens, w["transformer.wte.weight"]) + F.embedding(positions, w["transformer.wpe.weight"])
    hidden = [x]
    for layer in range(c["n_layer"]):
        p = lambda name: w[f"transformer.h.{layer}.{name}"]
        norm = lambda x, name: F.layer_norm(x, (width,), p(f"{name}.weight"), p(f"{name}.bias"), epsilon)
        project = lambda x, name: x @ p(f"{name}.weight") + p(f"{name}.bias")
        q, k, v = project(norm(x, "ln_1"), "attn.c_attn").unflatten(-1, (3 * heads, width // heads)).chunk(3, -2)
        x = x + project(attention(q, k, v, starts).flatten(2), "attn.c_proj")
        x = x + project(gelu(project(norm(x, "ln_2"), "mlp.c_fc")), "mlp.c_proj")
        hidden.append(x)
    x = F.layer_norm(x, (width,), w["transformer.ln_f.weight"], w["transformer.ln_f.bias"], epsilon)
    return x @ w["transformer.wte.weight"].T, hidden


def forward(c, *arguments):
    return (gpt2 if c["model_type"] == "gpt2" else llama)(c, *arguments)


def mean_loss(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)


def ten_steps(c, weights, batch, targets):
    """Losses before each step, gradient norms before clipping, and the weights after the last step."""
    parameters = {name: w.clone().requires_grad_() for name, w in weights.items()}
    matrices = [p for p in parameters.values() if p.dim() >= 2]
    vectors = [p for p in parameters.values() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8, foreach=False)
    losses, norms = [], []
    for _ in range(10):
        optimizer.zero_grad()
        loss = mean_loss(forward(c, parameters, *batch)[0], targets)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms, {name: p.detach() for name, p in parameters.items()}


def greedy(c, weights, prompt, count):
    """The most likely continuation, and how far ahead of the second choice its closest choice was."""
    tokens, margin = list(prompt), math.inf
    for _ in range(count):
        rows = torch.tensor([tokens])
        positions = torch.arange(len(tokens))[None]
        best = forward(c, weights, rows, positions, torch.zeros_like(positions))[0][0, -1].topk(2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        tokens.append(best.indices[0].item())
    return {"prompt": list(prompt), "tokens": tokens[len(prompt):], "smallest_margin": margin}


def generation(c, weights):
    """A greedy continuation in which no choice is close and more than a handful of tokens occur."""
    while True:
        prompt = integers(5, high=c["vocab_size"]).tolist()
        result = greedy(c, weights, prompt, 20)
        if result["smallest_margin"] > 0.02 and len(set(result["tokens"])) >= 4:
            return result


def record_model(name, c):
    weights = random_weights((gpt2_shapes if c["model_type"] == "gpt2" else llama_shapes)(c))
    rows, length = (3, 17) if name in DOCUMENTS else (2, 17)
    starts = starts_of(DOCUMENTS.get(name, [[length]] * rows))
    positions = torch.arange(length) - starts
    tokens, targets = integers(rows, length, high=c["vocab_size"]), integers(rows, length, high=c["vocab_size"])
    targets[integers(rows, length, high=5) == 0] = -1
    batch = (tokens, positions, starts)

    parameters = {key: w.clone().requires_grad_() for key, w in weights.items()}
    logits, hidden = forward(c, parameters, *batch)
    loss = mean_loss(logits, targets)
    gradients = dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values()))))
    losses, norms, final = ten_steps(c, weights, batch, targets)

    folder = FIXTURES / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", c)
    save_file({key: w.float() for key, w in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    kept = [key for key in weights if any(part in key for part in KEPT_AFTER_TRAINING)]
    tensors = {"tokens": tokens, "targets": targets, "positions": positions, "document_starts": starts}
    tensors["logits"] = logits.detach()
    tensors |= {f"hidden.{i}": x.detach().float() for i, x in enumerate(hidden)}
    tensors |= {f"gradient.{key}": g.float() for key, g in gradients.items()}
    tensors |= {f"after_ten_steps.{key}": final[key].float() for key in kept}
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / "reference.safetensors")
    write_json(folder / "reference.json", {
        "torch": torch.__version__,
        "loss": loss.item(),
        "training": {
            "learning_rate": 1e-2, "betas": [0.9, 0.95], "epsilon": 1e-8, "weight_decay": 0.1, "max_grad_norm": 1.0,
            "losses": losses, "gradient_norms": norms,
        },
        "generation": generation(c, weights),
    })
    compare_with_transformers(name, c, weights, batch, targets, logits, gradients)


def compare_with_transformers(name, c, weights, batch, targets, logits, gradients):
    """Prints how far Hugging Face's own model, computed wholly in float64, is from what was recorded."""
    try:
        import transformers
    except ImportError:
        return print(f"{name}: transformers is not installed, not compared")
    # Its models compute norms, softmax and rotary angles in float32 whatever the weights are.
    single = torch.float32, torch.float, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        options = {key: value for key, value in c.items() if key not in ("model_type", "torch_dtype")}
        config = transformers.AutoConfig.for_model(c["model_type"], attn_implementation="eager", **options)
        model = getattr(transformers, c["architectures"][0])(config).double().eval()
        missing, unexpected = model.load_state_dict(weights, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
        tokens, positions, starts = batch
        columns = torch.arange(tokens.shape[1])
        visible = (columns <= columns[:, None]) & (columns >= starts[:, :, None])
        mask = torch.zeros(visible.shape).masked_fill(~visible, -1e300)[:, None]
        theirs = model(input_ids=tokens, position_ids=positions, attention_mask=mask, use_cache=False).logits
        mean_loss(theirs, targets).backward()
        slopes = dict(model.named_parameters())
    finally:
        torch.float32, torch.float, torch.Tensor.float = single
    apart = (theirs - logits).abs().max().item()
    gradient_apart = max((slopes[key].grad - g).abs().max().item() for key, g in gradients.items())
    versions = f"{name}: transformers {transformers.__version__}"
    print(f"{versions} differs by {apart:.1e} in logits, {gradient_apart:.1e} in gradients")
    assert apart < 1e-10 and gradient_apart < 1e-10, name


def record_models():
    for index, (name, config) in enumerate(CONFIGS.items()):
        # A seed of its own, so that a change of one model leaves the others as they are.
        generator.manual_seed(1 + index)
        record_model(name, config)
