"""How far PyTorch's own bfloat16 training is from exact gradients: of the recorded models, `torch.autocast` beside float64.

Run it in Tests as `python3 -m recording.autocast`, with transformers installed; it reads what `models.py` and `decoders.py` recorded.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
# Of the architectures whose products and attention differ; the sequences of each are whole rows.
MODELS = ["gpt2", "llama-tied", "llama-untied-grouped", "qwen2", "llama3-scaling", "olmo2"]


def gradients(folder, reference, autocast):
    config = transformers.AutoConfig.from_pretrained(folder, attn_implementation="sdpa", pad_token_id=None)
    model = transformers.AutoModelForCausalLM.from_config(config).float().train()
    missing, unexpected = model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    tokens, targets = reference["tokens"].long(), reference["targets"].long()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = model(input_ids=tokens, position_ids=reference["positions"].long(), use_cache=False).logits
        loss = F.cross_entropy(logits.float().reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-1)
    loss.backward()
    return loss.item(), {name: p.grad.double() for name, p in model.named_parameters()}


def distances(name):
    """Of the loss, and of each gradient relative to its norm."""
    folder = FIXTURES / "models" / name
    reference = load_file(folder / "reference.safetensors")
    assert (reference["document_starts"] == 0).all(), name
    exact = {key.removeprefix("gradient."): g.double() for key, g in reference.items() if key.startswith("gradient.")}
    loss = json.loads((folder / "reference.json").read_text())["loss"]
    results = []
    for autocast in [False, True]:
        found, slopes = gradients(folder, reference, autocast)
        apart = {key: ((slopes[key] - g).norm() / g.norm()).item() for key, g in exact.items() if g.norm() > 1e-9}
        results.append((abs(found - loss), apart))
    (same_loss, same), (rounded_loss, rounded) = results
    assert same_loss < 1e-5 and max(same.values()) < 1e-3, (name, same_loss, same)
    print(f"{name}: {rounded_loss:.1e} in the loss, {min(rounded.values()):.1e} to {max(rounded.values()):.1e} in gradients")
    return {"loss": rounded_loss, "gradients": rounded}


if __name__ == "__main__":
    torch.set_num_threads(1)
    record = {"torch": torch.__version__, "transformers": transformers.__version__}
    record["models"] = {name: distances(name) for name in MODELS}
    (FIXTURES / "autocast.json").write_text(json.dumps(record, indent=1) + "\n")
