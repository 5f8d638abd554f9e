"""Compares the recorded models with what transformers computes from the same files in float64.

`decoders.py` writes the numbers from the sources of transformers, without PyTorch; this is the proof that it read them
well. Run it in Tests, in an environment with torch and transformers, as `python3 -m recording.check_decoders [NAME...]`.
"""

import contextlib
import json
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from transformers.utils import logging

from recording.decoders import FIXTURES

# Recorded gradients are kept in float32, logits and losses in float64.
BOUNDS = {"logits": 1e-11, "loss": 1e-11, "gradients": 1e-6}
# Names of parameters that newer versions of the class have other ones for; files have these.
OLD = {"gpt_neox": {"lm_head.weight": "embed_out.weight"}}


@contextlib.contextmanager
def single_as_double():
    """Rotation, norms and softmax of transformers are of float32 whatever the weights are: they become float64."""
    single, convert = torch.float32, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32 = torch.float = single
        torch.Tensor.float = convert


def loaded(folder):
    """The model in float64, with what transformers says of loading it."""
    # The fixtures' tokens are drawn from all of the vocabulary: none of them ends a text.
    config = AutoConfig.from_pretrained(folder, eos_token_id=None, bos_token_id=None)
    if (config.pad_token_id or 0) >= config.vocab_size:
        config.pad_token_id = None
    options = dict(dtype=torch.float64, attn_implementation="eager")
    model, report = AutoModelForCausalLM.from_pretrained(folder, config=config, output_loading_info=True, **options)
    with single_as_double():
        exact = AutoModelForCausalLM.from_config(config, **options).eval()
    with torch.no_grad():
        for mine, theirs in zip(exact.parameters(), model.parameters(), strict=True):
            mine.copy_(theirs)
    return exact, {key: value for key, value in report.items() if value}


def seen(starts, window):
    """The keys that each query sees: its document's, up to itself, and `window` of them at most."""
    columns = torch.arange(starts.shape[1])
    allowed = (columns[None, None, :] <= columns[None, :, None]) & (columns[None, None, :] >= starts[:, :, None])
    if window:
        allowed = allowed & (columns[None, None, :] > columns[None, :, None] - window)
    return allowed


def masks(config, starts):
    """The mask of packed documents: one, or one a kind of layer where transformers' model has several kinds."""
    def additive(window):
        allowed = seen(starts, window)[:, None]
        return torch.zeros(allowed.shape, dtype=torch.float64).masked_fill(~allowed, torch.finfo(torch.float64).min)

    window = getattr(config, "sliding_window", None)
    if getattr(config, "layer_types", None):
        return {"full_attention": additive(None), "sliding_attention": additive(window)}
    return additive(window)


def relative(found, expected):
    return ((found - expected).norm() / max(expected.norm().item(), 1e-12)).item()


def losses_and_gradients(model, reference):
    tokens, targets, starts = (reference[key] for key in ["tokens", "targets", "document_starts"])
    options = {}
    if bool((starts > 0).any()):
        options["attention_mask"] = masks(model.config, starts)
    if model.config.model_type != "gpt2" or options:
        options["position_ids"] = reference["positions"]
    logits = model(tokens, use_cache=False, **options).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
    loss.backward()
    old = OLD.get(model.config.model_type, {})
    return logits, loss, {old.get(name, name): parameter.grad for name, parameter in model.named_parameters()}


def worst_gradient(found, reference):
    """The largest difference of a gradient, relative to its norm, and its name."""
    expected = {key.removeprefix("gradient."): value for key, value in reference.items() if key.startswith("gradient.")}
    worst = (0.0, "")
    for key in sorted(found.keys() | expected.keys()):
        if key not in expected or key not in found:
            return float("inf"), f"{key} is on one side alone"
        size = expected[key].norm().item()
        difference = (found[key] - expected[key]).norm().item()
        worst = max(worst, (difference / size if size > 1e-12 else difference, key))
    return worst


def greedy(model, prompt, count):
    """The continuation by full passes: with a cache, only `Phi3ForCausalLM` computes keys again when `longrope` changes."""
    with torch.no_grad():
        output = model.generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=count, pad_token_id=0, use_cache=False)
    return output[0].tolist()[len(prompt):]


def check(name):
    folder = FIXTURES / name
    reference = load_file(folder / "reference.safetensors")
    recorded = json.loads((folder / "reference.json").read_text())
    model, problems = loaded(folder)
    with single_as_double():
        logits, loss, gradients = losses_and_gradients(model, reference)
    slope, parameter = worst_gradient(gradients, reference)
    figures = {"logits": (reference["logits"] - logits).abs().max().item(), "loss": abs(recorded["loss"] - loss.item()),
               "gradients": slope}
    wrong = [key for key, bound in BOUNDS.items() if not figures[key] <= bound]
    if text := recorded.get("generation"):
        with single_as_double():
            found = greedy(model, text["prompt"], len(text["tokens"]))
        if found != text["tokens"]:
            wrong.append(f"greedy text {found} instead of {text['tokens']}")
    print(f"{'FAIL' if wrong or problems else 'ok  '} {name}:",
          ", ".join(f"{key} {value:.1e}" for key, value in figures.items()), f"({parameter})", wrong or "",
          problems or "", flush=True)
    return not wrong and not problems


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    names = sys.argv[1:] or sorted(path.name for path in FIXTURES.iterdir() if (path / "config.json").is_file())
    sys.exit(0 if all([check(name) for name in names]) else 1)
