"""Compares the sizes of published configurations with the classes of transformers.

    configurations.py TRAIN FOLDER [config.json ...]
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from programs import ROOT, WORK, check, finish, train


def compare(path):
    folder = WORK / path.stem
    folder.mkdir(exist_ok=True)
    text = json.loads(path.read_text())
    (folder / "config.json").write_text(json.dumps(text))
    config = AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    expected = sum(parameter.numel() for parameter in model.parameters())
    # What transformers writes of it describes the same model.
    config.architectures = text["architectures"]
    config.save_pretrained(folder / "saved")
    saved = json.loads((folder / "saved" / "config.json").read_text())
    for what, model in [("the file", text), ("what transformers saves of it", saved)]:
        # A recipe for a new model has no dropout to accept.
        model |= {"attention_dropout": 0.0}
        recipe = dict(task="pretrain", run=str(folder / "run"), model=model, tokenizer={"from": "bytes"},
                      data=dict(train=["text.txt"], sequence_length=128), optimizer=dict(learning_rate=1e-3),
                      training=dict(batch_size=1, max_steps=1))
        (folder / "recipe.json").write_text(json.dumps(recipe))
        plan = json.loads(train("plan", folder / "recipe.json", "--json"))
        check(f"{path.stem}: {what} has as many parameters", plan["parameters"] == expected,
              f"{plan['parameters']:,}, in transformers {expected:,}")


(WORK / "text.txt").write_text("Some text.\n" * 500)
for path in map(Path, sys.argv[3:] or sorted((ROOT / "Tests" / "Fixtures" / "configurations").glob("*.json"))):
    try:
        compare(path)
    except Exception as error:
        check(f"{path.stem} is compared", False, repr(error))
finish()
