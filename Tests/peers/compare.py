"""Interleaves `train bench` with torch_step.py, eager and compiled, and prints a Markdown table of medians.

All three are in memory at once and take turns of a few steps, stopped by signals between their turns: on a machine that is
shared, what other programs leave of it changes within a minute. The step that a signal interrupts takes longer, in each of
them, and does not reach the median of its steps.

usage: compare.py TRAIN PYTHON [--repeats N] [WORK...]"""
import argparse, json, os, pathlib, platform, signal, statistics, subprocess, sys, time

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("works", nargs="*", default=["tiny", "small", "gpt2", "smol"])
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_intermixed_args()
steps = {"tiny": 60, "small": 9, "gpt2": 9, "smol": 9}
turns = {"tiny": 1, "small": 10, "gpt2": 18, "smol": 11}  # seconds
peer = pathlib.Path(__file__).with_name("torch_step.py")


def measure(commands, turn):
    """Runs the commands by turns and returns what each printed last; those of PyTorch warm up first, one by one."""
    running = {}
    try:
        for name, command in sorted(commands.items(), key=lambda item: item[0] == "train"):
            running[name] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if "--wait" in command and not os.WIFSTOPPED(os.waitpid(running[name].pid, os.WUNTRACED)[1]):
                sys.exit(f"{' '.join(command)} failed:\n{running[name].stderr.read()}")
            running[name].send_signal(signal.SIGSTOP)
        return take_turns(commands, running, turn)
    finally:
        for process in running.values():  # a stopped process would stay for ever
            process.kill()


def take_turns(commands, running, turn):
    results = {}
    while running:
        for name, process in list(running.items()):
            process.send_signal(signal.SIGCONT)
            end = time.monotonic() + turn
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
            if process.returncode is None:
                process.send_signal(signal.SIGSTOP)
                continue
            out, error = running.pop(name).communicate()
            if process.returncode:
                sys.exit(f"{' '.join(commands[name])} failed:\n{error}")
            results[name] = json.loads(out.strip().splitlines()[-1])
    return results


def summary(values):
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def mebibytes(runs):
    return " / ".join(f"{statistics.median(run['peak_rss_bytes'] for run in some) / 2**20:,.0f}" for some in runs.values())


processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}, 2 threads; median (least-greatest) of {options.repeats} interleaved runs, tokens/s\n")
print("| work | train | torch eager | torch compile | train / compile | share of limit | limit | MiB train / eager / compile |")
print("|---|---|---|---|---|---|---|---|", flush=True)
for work in options.works:
    recipe, count = f"recipes/bench-{work}.json", str(steps[work])
    commands = {
        "train": [options.train, "bench", recipe, "--steps", count, "--profile", "--json"],
        "eager": [options.python, str(peer), recipe, "--wait", "--steps", count],
        "compile": [options.python, str(peer), recipe, "--wait", "--steps", count, "--compile"],
    }
    runs = {name: [] for name in commands}
    for repeat in range(options.repeats):
        for name, result in measure(commands, turns[work]).items():
            runs[name].append(result)
        print(work, repeat, *(f"{name} {runs[name][-1]['tokens_per_second']:.0f}" for name in runs), end=" ", file=sys.stderr)
        print(f"share {runs['train'][-1]['share_of_gemm_bound']:.0%}, {mebibytes({name: runs[name][-1:] for name in runs})} MiB", file=sys.stderr)
    speed = {name: [run["tokens_per_second"] for run in runs[name]] for name in runs}
    ratio = statistics.median(a / b for a, b in zip(speed["train"], speed["compile"]))
    reached = statistics.median(run["share_of_gemm_bound"] for run in runs["train"])
    limit = statistics.median(run["gemm_bound_tokens_per_second"] for run in runs["train"])
    print(
        f"| {work} | {summary(speed['train'])} | {summary(speed['eager'])} | {summary(speed['compile'])} | {ratio:.2f} "
        f"| {reached:.0%} | {limit:,.0f} | {mebibytes(runs)} |", flush=True)
print(f"\ntorch {runs['eager'][0]['torch']}, Python {platform.python_version()}")
