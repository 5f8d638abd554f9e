"""Runs nanoGPT's quick start in PyTorch and `train pretrain recipes/shakespeare-char.json` on the same text in turn, whole
processes from start to end, and prints a Markdown table: the loss on the last tenth of the text and the seconds.

usage: compare_quality.py TRAIN PYTHON TEXT [--repeats N]"""
import argparse, json, pathlib, sys, tempfile, time
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("text")
parser.add_argument("--repeats", type=int, default=3)
options = parser.parse_args()
peer = pathlib.Path(__file__).with_name("torch_quick_start.py")
work = pathlib.Path(tempfile.mkdtemp())
text = pathlib.Path(options.text).read_bytes()
(work / "held-out.txt").write_bytes(text[int(0.9 * len(text)) :])


def ours():
    start = time.perf_counter()
    folder = str(work / "run")
    changes = ["run=" + folder, "data.train=" + options.text]
    reporting.run(options.train, "pretrain", "recipes/shakespeare-char.json", "--overwrite", *changes)
    seconds = time.perf_counter() - start
    found = json.loads(reporting.run(options.train, "eval", folder, "--data", work / "held-out.txt", "--json").stdout)
    return found["loss"], seconds


def theirs():
    found = json.loads(reporting.run(options.python, peer, options.text).stdout.strip().splitlines()[-1])
    return found["validation_loss"], found["seconds"]


runs = {"train": [], "PyTorch": []}
for repeat in range(options.repeats):
    for name, run in (("train", ours), ("PyTorch", theirs)):
        runs[name].append(run())
        print(repeat, name, *(f"{value:.3f}" for value in runs[name][-1]), file=sys.stderr)
print("| | loss | seconds |\n|---|---|---|")
for name, values in runs.items():
    loss, seconds = zip(*values)
    print(f"| {name} | {reporting.spread(loss, 3)} | {reporting.spread(seconds)} |")
