"""Interleaves `train sft` or `train dpo` with TRL's trainers on the same rows, each in several settings, and prints a Markdown
table of medians.

usage: compare_tuning.py TRAIN PYTHON sft|dpo ROWS.json TOKENIZER.json [--adapter] [--fastest] [--repeats N] [--steps N]
                         [--threads N]

--adapter tunes by LoRA (r = 16, all linear layers) instead of all weights. TRL runs as it does by itself, and with MKL unlocked
and activations kept, in 32 bits and with autocast. --fastest leaves out all settings but the fastest, which is that with autocast."""
import argparse, json, os, pathlib, subprocess, sys, tempfile
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("task", choices=["sft", "dpo"])
parser.add_argument("rows")
parser.add_argument("tokenizer")
parser.add_argument("--adapter", action="store_true")
parser.add_argument("--fastest", action="store_true")
parser.add_argument("--steps", type=int, default=6)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
peer = pathlib.Path(__file__).with_name("trl_step.py")
work = pathlib.Path(tempfile.mkdtemp())
batch, steps = 8, options.steps

rows = json.load(open(options.rows))[: batch * steps]
(work / "rows.json").write_text(json.dumps(rows))
recipe = {
    "task": options.task, "run": str(work / "run"), "threads": options.threads,
    "model": {
        "architecture": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
        "max_position_embeddings": 2048},
    "tokenizer": {"from": options.tokenizer},
    "data": {"train": str(work / "rows.json"), "sequence_length": 1024, "template": "alpaca", "packing": False},
    "objective": {"name": options.task}, "optimizer": {"learning_rate": 1e-6}, "schedule": {"name": "constant"},
    "training": {"batch_size": batch, "epochs": 2}, "checkpoint": {"every": 1000, "keep_best": False},
    "logging": {"every": 1, "tensorboard": False, "report": False}}


def write_recipe():
    (work / "recipe.json").write_text(json.dumps(recipe))


def command(*overrides):
    return [options.train, options.task, str(work / "recipe.json"), *overrides, "--overwrite"]


write_recipe()
if options.adapter:
    reporting.run(*command(f"run={work / 'base'}", "~training.epochs", "training.max_steps=1", "training.batch_size=1"))
    recipe["model"] = {"from": str(work / "base")}
    recipe["adapter"] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}
    write_recipe()


def ours(useful_per_row, *overrides):
    process = subprocess.Popen(command(*overrides), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log)
    lines = [json.loads(line) for line in open(work / "run" / "metrics.jsonl")]
    trained = [line for line in lines if line["kind"] == "train"]
    # The second epoch: every row once. `tokens` counts from the start of the run, `tokens_per_second` since the line before.
    seconds = sum(
        (line["tokens"] - before["tokens"]) / line["tokens_per_second"]
        for before, line in zip(trained[steps - 1:], trained[steps:]))
    return {"tokens_per_second": useful_per_row * len(rows) / seconds, "peak_rss_bytes": usage.ru_maxrss * 1024}


def theirs(environment, *settings):
    settings += ("--adapter",) if options.adapter else ()
    told = reporting.run(
        options.python, peer, options.task, work / "rows.json", options.tokenizer, "--threads", options.threads,
        "--steps", steps, *settings,
        env=environment).stdout
    return json.loads(told.strip().splitlines()[-1])


OURS = {"train": [], "moments as bfloat16": ["optimizer.state_dtype=bfloat16"], "bfloat16": ["training.precision=bfloat16"]}
if options.adapter or options.fastest:
    del OURS["moments as bfloat16"]
unlocked = reporting.unlocked()
THEIRS = {
    "TRL": (None,), "TRL, unlocked, activations kept": (unlocked, "--keep-activations"),
    "TRL, unlocked, activations kept, autocast": (unlocked, "--keep-activations", "--bf16"),
}
if options.fastest:
    THEIRS = dict([THEIRS.popitem()])
rounds = []
for repeat in range(options.repeats):
    found = {name: theirs(*settings) for name, settings in THEIRS.items()}
    useful = next(iter(found.values()))["useful_tokens_per_row"]
    rounds.append(found | {name: ours(useful, *overrides) for name, overrides in OURS.items()})
    print(repeat, *(f"{name} {run['tokens_per_second']:.0f}" for name, run in rounds[-1].items()), file=sys.stderr)


def values(name, key):
    return [runs[name][key] for runs in rounds]


speed, memory = "tokens_per_second", "peak_rss_bytes"
print(f"| {options.task} | useful tokens/s | MiB | train to it: speed | memory | bfloat16 to it: speed |\n|---|---|---|---|---|---|")
for name in [*OURS, *THEIRS]:
    cells = [reporting.spread(values(name, speed)), reporting.mebibytes(values(name, memory))]
    cells += [reporting.ratios(values("train", key), values(name, key)) for key in (speed, memory)]
    cells.append(reporting.ratios(values("bfloat16", speed), values(name, speed)))
    print(f"| {name} |", " | ".join(cells), "|")
