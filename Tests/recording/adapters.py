"""Low-rank adapters by PEFT on the small models of Fixtures/models, in float64: logits, and twenty steps of AdamW.

Needs torch, transformers and peft. Run it in Tests as `python3 -m recording.adapters [NAME...]`; it writes Fixtures/adapters/NAME:

    adapter_config.json, adapter_model.safetensors    as PEFT saves them, before the first step (A drawn, B zero; for pissa both
                                                      computed, and the base without them is computed again when it is read)
    reference.json                                    the base model, the optimizer, the loss before each step
    reference.safetensors                             the adapter's weights and the logits after the last step (F64)
"""

import json
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from .inputs import FIXTURES, write_json

KINDS = {
    "lora": dict(r=4, lora_alpha=8),
    "rslora": dict(r=3, lora_alpha=5, use_rslora=True),
    "dora": dict(r=2, lora_alpha=6, use_dora=True),
    "pissa": dict(r=3, lora_alpha=5, init_lora_weights="pissa"),
    "pissa-dora": dict(r=2, lora_alpha=3, init_lora_weights="pissa", use_dora=True, use_rslora=True),
    "patterns": dict(
        r=4, lora_alpha=6, use_rslora=True, rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 5},
        alpha_pattern={"v_proj": 11, ".*0.mlp.up_proj": 3}, exclude_modules=["o_proj", "layers.0.self_attn.k_proj"]),
    "head": dict(r=3, lora_alpha=5),
    "head-dora": dict(r=2, lora_alpha=6, use_dora=True),
    "head-pissa": dict(r=3, lora_alpha=5, init_lora_weights="pissa"),
    "tied": dict(r=2, lora_alpha=4, modules_to_save=["lm_head", "embed_tokens"], ensure_weight_tying=True),
}
# All of the layers, one of those that are stacked here, and all but one of them.
TARGETS = {
    "llama-untied-grouped": {"lora": "all-linear", "rslora": ["q_proj", "down_proj"], "dora": ["q_proj", "k_proj", "up_proj"],
                             "pissa": "all-linear", "pissa-dora": ["q_proj", "v_proj", "down_proj"], "patterns": "all-linear",
                             "head": ["lm_head", "q_proj"], "head-dora": ["lm_head", "v_proj"], "head-pissa": ["lm_head"]},
    "llama-tied": {"head": ["lm_head", "q_proj"], "head-dora": ["lm_head"], "tied": ["q_proj", "up_proj"]},
    "qwen3": {"lora": ["q_proj", "v_proj"], "rslora": "all-linear", "dora": "all-linear"},
    "phi3-window": {"lora": "all-linear", "rslora": ["qkv_proj"], "dora": ["gate_up_proj", "o_proj"],
                    "pissa": ["qkv_proj", "down_proj"]},
    "gpt2": {"head": ["c_attn", "lm_head"], "lora": ["c_attn"], "rslora": ["c_fc", "c_proj"], "dora": ["c_attn", "c_proj"], "pissa": ["c_attn", "c_proj"]},
    "gpt-neox": {"lora": ["query_key_value"], "rslora": "all-linear", "dora": ["query_key_value", "dense"]},
}
OPTIMIZER = dict(lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)  # Decay is on matrices only.
# Weights that begin as a part of the base are larger, and so are a step's consequences.
RATES = {"pissa": 1e-3, "pissa-dora": 1e-3, "head-pissa": 1e-3}
STEPS = 20


def record_adapter(base, kind):
    folder = FIXTURES / "adapters" / f"{base}-{kind}"
    options = OPTIMIZER | dict(lr=RATES.get(kind, OPTIMIZER["lr"]))
    shutil.rmtree(folder, ignore_errors=True)
    batch = load_file(FIXTURES / "models" / base / "reference.safetensors")
    tokens, targets = batch["tokens"], batch["targets"]
    torch.manual_seed(len(base) + len(kind))
    # Phi-3's class has a padding token beyond these small vocabularies.
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / "models" / base, dtype=torch.float32, attn_implementation="eager",
        **{"pad_token_id": 0} if base.startswith("phi3") else {})
    settings = KINDS[kind] | dict(
        target_modules=TARGETS[base][kind], fan_in_fan_out=base == "gpt2", task_type="CAUSAL_LM")
    # PEFT decomposes float32 alone.
    model = get_peft_model(model, LoraConfig(**settings)).double()
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = base
    settings["target_modules"] = sorted(settings["target_modules"])
    write_json(folder / "adapter_config.json", settings)
    stored = {key: value.float().contiguous().clone() for key, value in get_peft_model_state_dict(model).items()}
    save_file(stored, folder / "adapter_model.safetensors", metadata={"format": "pt"})

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [[p for p in trained if p.dim() >= 2], [p for p in trained if p.dim() < 2]]
    optimizer = torch.optim.AdamW(
        [{"params": groups[0]}, {"params": groups[1], "weight_decay": 0.0}], **options)
    losses = []
    for _ in range(STEPS):
        logits = model(tokens).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        after = {f"after.{key}": value.contiguous().clone() for key, value in get_peft_model_state_dict(model).items()}
        save_file(after | {"logits": model(tokens).logits.contiguous()}, folder / "reference.safetensors")
    write_json(folder / "reference.json", {"base": base, "optimizer": options, "losses": losses})
    print(f"{folder.name}: {losses[0]:.4f} to {losses[-1]:.4f}")


for base, kinds in TARGETS.items():
    for kind in kinds:
        if f"{base}-{kind}" in (sys.argv[1:] or f"{base}-{kind}"):
            record_adapter(base, kind)
