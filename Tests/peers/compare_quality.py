"""Runs nanoGPT's quick start in PyTorch and `train pretrain recipes/shakespeare-char.json` on the same text in turn, whole
processes from start to end, and prints a Markdown table: the loss on the last tenth of the text and the seconds.

usage: compare_quality.py TRAIN PYTHON TEXT [--repeats N]"""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile, time

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


def output(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return result.stdout


def ours():
    start = time.perf_counter()
    folder = str(work / "run")
    changes = ["run=" + folder, "data.train=" + options.text]
    output([options.train, "pretrain", "recipes/shakespeare-char.json", "--overwrite", *changes])
    seconds = time.perf_counter() - start
    found = json.loads(output([options.train, "eval", folder, "--data", str(work / "held-out.txt"), "--json"]))
    return found["loss"], seconds


def theirs():
    found = json.loads(output([options.python, str(peer), options.text]).strip().splitlines()[-1])
    return found["validation_loss"], found["seconds"]


runs = {"train": [], "PyTorch": []}
for repeat in range(options.repeats):
    for name, run in (("train", ours), ("PyTorch", theirs)):
        runs[name].append(run())
        print(repeat, name, *(f"{value:.3f}" for value in runs[name][-1]), file=sys.stderr)
print("| | loss | seconds, median (least-greatest) |\n|---|---|---|")
for name, values in runs.items():
    seconds = [value[1] for value in values]
    print(
        f"| {name} | {statistics.median(value[0] for value in values):.3f} "
        f"| {statistics.median(seconds):.0f} ({min(seconds):.0f}-{max(seconds):.0f}) |")
