"""Low-rank adapters trained here and loaded by PEFT, and made by PEFT and used here. Run by Tests/prove-interchange.

    adapters.py TRAIN FOLDER [KIND of random_models.py ...]
"""

import json
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from programs import TEXT, WORK, check, finish, generated, load_export, train
from random_models import random_model

PROMPT = "The model of"
ADAPTERS = {
    "lora": dict(r=4, lora_alpha=8),
    "rslora": dict(r=3, lora_alpha=5, use_rslora=True),
    "dora": dict(r=2, lora_alpha=6, use_dora=True),
    "pissa": dict(r=4, lora_alpha=8, init_lora_weights="pissa"),
}


def base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


def compare(what, checkpoint, model, tokenizer, exact=None):
    """Log-probabilities of tokens from all over the vocabulary. PEFT's decomposition for PiSSA is one in 32 bits, whose error the
    small gaps between singular values enlarge: there the exact model decides, and ours may be no further from it than PEFT's."""
    start = tokenizer(PROMPT)["input_ids"]
    tokens, found = generated(checkpoint, PROMPT, "--temperature", 50, "--max-tokens", 60)

    def distance(model, found):
        with torch.no_grad():
            logits = model(torch.tensor([start + tokens]), use_cache=False).logits[0, len(start) - 1:-1].double()
        expected = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
        return (found - expected).abs().max().item(), expected

    worst, theirs = distance(model, found)
    if exact is None or worst <= 1e-4:
        check(f"{what}: log-probabilities agree", worst <= 1e-4, f"largest difference {worst:.1e}")
        return
    (ours, _), (peft, _) = distance(exact, found), distance(exact, theirs)
    check(f"{what}: as near to the exact decomposition as PEFT", ours <= 1.1 * peft, f"{ours:.1e}, PEFT {peft:.1e}")


def exact_principal(folder, model):
    """The model of PEFT's PiSSA adapter `model` in 64 bits, from the decompositions of the base's matrices in 64 bits."""
    exact, original = base(folder).double().eval(), dict(base(folder).named_modules())
    matrices = dict(exact.named_modules())
    with torch.no_grad():
        for key, module in model.named_modules():
            if not hasattr(module, "lora_A"):
                continue
            name, rank = key.removeprefix("base_model.model."), module.r["default"]
            turned = hasattr(original[name], "nf")  # GPT-2's matrices are stored the other way round
            weight = original[name].weight.double().T if turned else original[name].weight.double()
            u, s, v = torch.linalg.svd(weight, full_matrices=False)
            a, b = module.lora_A["default"].weight.double(), module.lora_B["default"].weight.double()
            new = weight - (u[:, :rank] * s[:rank]) @ v[:rank] + module.scaling["default"] * b @ a
            matrices[name].weight.copy_(new.T if turned else new)
    return exact


def trained_here(name, folder, tokenizer, kind):
    """A few steps here; then PEFT has the adapter on the base, and transformers the merged model."""
    run = WORK / f"run-{name}-{kind}"
    recipe = dict(
        task="pretrain", run=str(run), model={"from": str(folder)},
        adapter=ADAPTERS[kind] | dict(target_modules="all-linear"),
        data=dict(train="text.txt", sequence_length=64), optimizer=dict(learning_rate=1e-2),
        schedule=dict(name="constant"), training=dict(batch_size=8, max_steps=12),
        logging=dict(tensorboard=False, report=False))
    (WORK / "adapter.json").write_text(json.dumps(recipe))
    train("pretrain", WORK / "adapter.json")
    adapter, merged = WORK / f"peft-{name}-{kind}", WORK / f"merged-{name}-{kind}"
    train("export", run, adapter, "--to", "peft")
    model, before = PeftModel.from_pretrained(base(folder), adapter).eval(), base(folder).eval()
    tokens = torch.tensor([tokenizer(PROMPT)["input_ids"]])
    with torch.no_grad():
        moved = (model(tokens).logits - before(tokens).logits).abs().max().item()
    check(f"{name}, {kind}: PEFT has more than the base", moved > 1e-2, f"logits moved by {moved:.2f}")
    compare(f"{name}, {kind} to PEFT", run, model, tokenizer)
    train("export", run, merged, "--to", "hf")
    compare(f"{name}, {kind} merged, to transformers", run, load_export(f"{name}, {kind} merged", merged)[0], tokenizer)


def made_by_peft(name, folder, tokenizer, kind):
    """PEFT's own folder is the same model here."""
    torch.manual_seed(3)
    settings = LoraConfig(
        **ADAPTERS[kind], target_modules="all-linear", task_type="CAUSAL_LM", fan_in_fan_out=name == "gpt2")
    model = get_peft_model(base(folder), settings).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_B" in key:
                parameter.add_(0.1 * torch.randn_like(parameter))
            if "magnitude" in key:
                parameter.mul_(1 + 0.2 * torch.randn_like(parameter))
    adapter = WORK / f"from-peft-{name}-{kind}"
    model.save_pretrained(adapter)
    exact = exact_principal(folder, model) if kind == "pissa" else None
    compare(f"{name}, {kind} from PEFT", adapter, model, tokenizer, exact)


(WORK / "text.txt").write_text(TEXT * 3)
for name in sys.argv[3:] or ["llama", "qwen3", "gemma3", "olmo2", "phi3", "smollm3", "granite", "gpt_neox", "gpt2"]:
    folder, _ = random_model(name)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for kind in ADAPTERS:
        for proof in [trained_here, made_by_peft]:
            try:
                proof(name, folder, tokenizer, kind)
            except Exception as error:
                check(f"{name}, {kind}: {proof.__name__}", False, repr(error)[:2000])
finish()
