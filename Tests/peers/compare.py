"""Interleaves `train bench` with torch_step.py, eager and compiled, and torch_floor.py, and prints a Markdown table of medians.

The limit is that of the program's own products, each as fast as it is alone, measured between its steps; MKL's limit is that of
PyTorch's.

All are in memory at once and take turns of a few steps, stopped by signals between their turns: on a machine that is
shared, what other programs leave of it changes within a minute. The step that a signal interrupts takes longer, in each of
them, and does not reach the median of its steps.

usage: compare.py TRAIN PYTHON [--repeats N] [WORK...]"""
import argparse, json, os, pathlib, platform, signal, subprocess, sys, time
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("works", nargs="*", default=["tiny", "small", "gpt2", "smol"])
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_intermixed_args()
steps = {"tiny": 60, "small": 9, "gpt2": 9, "smol": 9}
programs = ["train", "eager", "compile"]
turns = {"tiny": 1, "small": 10, "gpt2": 18, "smol": 11}  # seconds
folder = pathlib.Path(__file__).parent


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


def mebibytes(runs):
    return " / ".join(reporting.mebibytes([run["peak_rss_bytes"] for run in some]) for some in runs)


def shares(run, floor):
    """Of the limit of the program's own products and of that of MKL's."""
    return run["share_of_gemm_bound"], run["tokens_per_second"] / floor["tokens_per_second"]


processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}, 2 threads; median (least-greatest) of {options.repeats} interleaved runs, tokens/s\n")
print("| work | train | torch eager | torch compile | train / compile | of the limit | of MKL's | MiB train / eager / compile |")
print("|---|---|---|---|---|---|---|---|", flush=True)
for work in options.works:
    recipe, count, step = f"recipes/bench-{work}.json", str(steps[work]), str(folder / "torch_step.py")
    commands = {
        "train": [options.train, "bench", recipe, "--steps", count, "--profile", "--json"],
        "eager": [options.python, step, recipe, "--wait", "--steps", count],
        "compile": [options.python, step, recipe, "--wait", "--steps", count, "--compile"],
        "floor": [options.python, str(folder / "torch_floor.py"), recipe, "--wait"],
    }
    runs = {name: [] for name in commands}
    for repeat in range(options.repeats):
        for name, result in measure(commands, turns[work]).items():
            runs[name].append(result)
        last = {name: runs[name][-1] for name in runs}
        own, mkl = shares(last["train"], last["floor"])
        print(
            work, repeat, *(f"{name} {run['tokens_per_second']:.0f}" for name, run in last.items()),
            f"of the limit {own:.0%}, of MKL's {mkl:.0%}, {mebibytes([[last[name]] for name in programs])} MiB", file=sys.stderr)
    speed = {name: [run["tokens_per_second"] for run in runs[name]] for name in runs}
    ratio = reporting.ratios(speed["train"], speed["compile"])
    own, mkl = (
        reporting.spread([100 * share for share in some], unit=" %") for some in zip(*map(shares, runs["train"], runs["floor"])))
    print(
        f"| {work} | {' | '.join(reporting.spread(speed[name]) for name in programs)} | {ratio} | {own} | {mkl} "
        f"| {mebibytes([runs[name] for name in programs])} |", flush=True)
print(f"\ntorch {runs['eager'][0]['torch']}, Python {platform.python_version()}")
