"""Interleaves `train bench` with torch_step.py, eager and compiled, and prints a Markdown table of medians.

usage: compare.py TRAIN PYTHON [--repeats N] [WORK...]"""
import argparse, json, pathlib, platform, statistics, subprocess, sys

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("works", nargs="*", default=["tiny", "small", "gpt2", "smol"])
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_intermixed_args()
steps = {"tiny": 40, "small": 8, "gpt2": 5, "smol": 5}
peer = pathlib.Path(__file__).with_name("torch_step.py")


def measure(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def summary(values):
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def mebibytes(runs):
    return statistics.median(run["peak_rss_bytes"] for run in runs) / 2**20


processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}, 2 threads; median (least-greatest) of {options.repeats} interleaved runs, tokens/s\n")
print("| work | train | torch eager | torch compile | train / compile | share of limit | limit | MiB train / eager / compile |")
print("|---|---|---|---|---|---|---|---|", flush=True)
for work in options.works:
    recipe, count = f"recipes/bench-{work}.json", str(steps[work])
    commands = {
        "train": [options.train, "bench", recipe, "--steps", count, "--profile", "--json"],
        "eager": [options.python, str(peer), recipe, "--steps", count],
        "compile": [options.python, str(peer), recipe, "--steps", count, "--compile"],
    }
    runs = {name: [] for name in commands}
    for repeat in range(options.repeats):
        for name, command in commands.items():
            runs[name].append(measure(command))
        print(work, repeat, *(f"{name} {runs[name][-1]['tokens_per_second']:.0f}" for name in runs), file=sys.stderr)
    speed = {name: [run["tokens_per_second"] for run in runs[name]] for name in runs}
    ratio = statistics.median(a / b for a, b in zip(speed["train"], speed["compile"]))
    share = statistics.median(run["tokens_per_second"] / run["gemm_bound_tokens_per_second"] for run in runs["train"])
    limit = statistics.median(run["gemm_bound_tokens_per_second"] for run in runs["train"])
    print(
        f"| {work} | {summary(speed['train'])} | {summary(speed['eager'])} | {summary(speed['compile'])} | {ratio:.2f} "
        f"| {share:.0%} | {limit:,.0f} | {' / '.join(f'{mebibytes(runs[name]):,.0f}' for name in runs)} |", flush=True)
print(f"\ntorch {runs['eager'][0]['torch']}, Python {platform.python_version()}")
