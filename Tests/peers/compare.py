"""Interleaves `train bench`, in 32 bits and with `training.precision=bfloat16`, with torch_step.py as eager and compiled PyTorch, with
MKL as it comes and unlocked (reporting.py), in 32 bits and with autocast, and with torch_floor.py; prints Markdown tables of medians.

The limit is that of the program's own products, each as fast as it is alone, measured between its steps; MKL's limit is that of
PyTorch's, unlocked.

All are in memory at once and take turns of a few steps, stopped by signals between their turns: on a machine that is
shared, what other programs leave of it changes within a minute. The step that a signal interrupts takes longer, in each of
them, and does not reach the median of its steps.

--avx2 holds all of them to AVX2; TRAIN may then be a binary for x86-64-v3.

usage: compare.py TRAIN PYTHON [--repeats N] [--avx2] [WORK...]"""
import argparse, json, os, pathlib, platform, signal, subprocess, sys, time
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("works", nargs="*", default=["tiny", "small", "gpt2", "smol"])
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--avx2", action="store_true")
options = parser.parse_intermixed_args()
steps = {"tiny": 60, "small": 9, "gpt2": 7, "smol": 7}
turns = {"tiny": 1, "small": 10, "gpt2": 18, "smol": 11}  # seconds
folder = pathlib.Path(__file__).parent
narrow = {
    "TRAIN_INSTRUCTIONS": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2"} if options.avx2 else {}
plain, unlocked = os.environ | narrow, reporting.unlocked() | narrow
BENCH = {"train": [], "train, bfloat16": ["training.precision=bfloat16"]}
TORCH = {
    "eager": (plain,), "eager, unlocked": (unlocked,), "compile": (plain, "--compile"), "compile, unlocked": (unlocked, "--compile"),
    "compile, autocast": (plain, "--compile", "--bf16"), "compile, autocast, unlocked": (unlocked, "--compile", "--bf16")}
LARGE = {"gpt2", "smol"}  # of which only the unlocked settings are taken: all would need 24 GiB at once
if options.avx2:  # without instructions for it, 16 bits are slower everywhere
    del BENCH["train, bfloat16"], TORCH["compile, autocast"], TORCH["compile, autocast, unlocked"]


def measure(commands, turn):
    """Runs the commands by turns and returns what each printed last; those of PyTorch warm up first, one by one."""
    running = {}
    try:
        for name, (command, environment) in sorted(commands.items(), key=lambda item: item[0] in BENCH):
            running[name] = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
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
                sys.exit(f"{' '.join(commands[name][0])} failed:\n{error}")
            results[name] = json.loads(out.strip().splitlines()[-1])
    return results


def commands(work):
    recipe, count, step = f"recipes/bench-{work}.json", str(steps[work]), str(folder / "torch_step.py")
    found = {
        name: ([options.train, "bench", recipe, *words, "--steps", count, "--profile", "--json"], plain)
        for name, words in BENCH.items()}
    for name, (environment, *words) in TORCH.items():
        if environment is plain and work in LARGE:
            continue
        found[name] = ([options.python, step, recipe, "--wait", "--steps", count, *words], environment)
    floor = [options.python, str(folder / "torch_floor.py"), recipe, "--wait"]
    return found | {"floor": (floor, unlocked)}


def values(runs, name, key="tokens_per_second"):
    return [run[key] for run in runs[name]]


def table(work, runs):
    names = [name for name in [*BENCH, *TORCH] if name in runs]
    print(f"\n| {work} | tokens/s | {' | '.join(f'{name} to it' for name in BENCH)} | MiB |\n|---|---|{'---|' * len(BENCH)}---|")
    for name in names:
        cells = [reporting.spread(values(runs, name))]
        cells += [reporting.ratios(values(runs, own), values(runs, name)) for own in BENCH]
        print(f"| {name} |", " | ".join(cells), "|", reporting.mebibytes(values(runs, name, "peak_rss_bytes")), "|")
    fastest = [max(run) for run in zip(*(values(runs, name) for name in names if name in TORCH))]
    for own in BENCH:
        share = reporting.spread([100 * share for share in values(runs, own, "share_of_gemm_bound")], unit=" %")
        ratio = reporting.ratios(values(runs, own), fastest)
        print(f"\n{own}: {ratio} of the fastest PyTorch; {share} of the limit of its own products", end="")
    mkl = [100 * a / b for a, b in zip(values(runs, "train"), values(runs, "floor"))]
    print(f"\n\ntrain, of the limit of MKL's products: {reporting.spread(mkl, unit=' %')}", flush=True)


processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}, 2 threads; median (least-greatest) of {options.repeats} interleaved runs")
for work in options.works:
    started = commands(work)
    runs = {name: [] for name in started}
    for repeat in range(options.repeats):
        for name, result in measure(started, turns[work]).items():
            runs[name].append(result)
        print(
            work, repeat, *(f"{name} {results[-1]['tokens_per_second']:.0f}" for name, results in runs.items()), file=sys.stderr)
    table(work, runs)
print(f"\ntorch {runs['floor'][0]['torch']}, Python {platform.python_version()}")
