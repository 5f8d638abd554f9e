"""Interleaves `train sft` or `train dpo`, with AdamW's moments as 32-bit floats and as bfloat16, with TRL's trainers on the same
rows, and prints a Markdown table of medians.

usage: compare_tuning.py TRAIN PYTHON sft|dpo ROWS.json TOKENIZER.json [--repeats N]"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("task", choices=["sft", "dpo"])
parser.add_argument("rows")
parser.add_argument("tokenizer")
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_args()
peer = pathlib.Path(__file__).with_name("trl_step.py")
work = pathlib.Path(tempfile.mkdtemp())
batch, steps = 8, 6

rows = json.load(open(options.rows))[: batch * (steps + 2)]
(work / "rows.json").write_text(json.dumps(rows))
recipe = {
    "task": options.task, "run": str(work / "run"),
    "model": {
        "architecture": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
        "max_position_embeddings": 2048},
    "tokenizer": {"from": options.tokenizer},
    "data": {"train": str(work / "rows.json"), "sequence_length": 1024, "template": "alpaca", "packing": False},
    "objective": {"name": options.task}, "optimizer": {"learning_rate": 1e-6}, "schedule": {"name": "constant"},
    "training": {"batch_size": batch, "max_steps": steps}, "checkpoint": {"every": 1000, "keep_best": False},
    "logging": {"every": 1, "tensorboard": False, "report": False}}
(work / "recipe.json").write_text(json.dumps(recipe))


def ours(useful_per_row, moments):
    command = [
        options.train, options.task, str(work / "recipe.json"), f"optimizer.state_dtype={moments}", "--overwrite"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log)
    lines = [json.loads(line) for line in open(work / "run" / "metrics.jsonl")]
    trained = [line for line in lines if line["kind"] == "train"]
    # `tokens` counts from the start of the run, `tokens_per_second` since the line before.
    seconds = statistics.median(
        (line["tokens"] - before["tokens"]) / line["tokens_per_second"]
        for before, line in zip(trained[1:], trained[2:]))
    return {"tokens_per_second": useful_per_row * batch / seconds, "peak_rss_bytes": usage.ru_maxrss * 1024}


def theirs():
    told = reporting.run(options.python, peer, options.task, work / "rows.json", options.tokenizer).stdout
    return json.loads(told.strip().splitlines()[-1])


formats = ["float32", "bfloat16"]
rounds = []
for repeat in range(options.repeats):
    trl = theirs()
    rounds.append({"TRL": trl} | {moments: ours(trl["useful_tokens_per_row"], moments) for moments in formats})
    print(repeat, *(f"{name} {run['tokens_per_second']:.0f}" for name, run in rounds[-1].items()), file=sys.stderr)


def values(name, key):
    return [runs[name][key] for runs in rounds]


speed, memory = "tokens_per_second", "peak_rss_bytes"
print("| task | moments | train, useful tokens/s | TRL | ratio | MiB train / TRL | ratio |\n|---|---|---|---|---|---|---|")
for name in formats:
    faster, larger = (reporting.ratios(values(name, key), values("TRL", key)) for key in (speed, memory))
    print(
        f"| {options.task} | {name} | {reporting.spread(values(name, speed))} | {reporting.spread(values('TRL', speed))} "
        f"| {faster} | {reporting.mebibytes(values(name, memory))} / {reporting.mebibytes(values('TRL', memory))} "
        f"| {larger} |")
