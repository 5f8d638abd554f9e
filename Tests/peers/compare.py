"""Interleaves `train bench`, in 32 bits and with `training.precision=bfloat16`, with torch_step.py as eager and compiled PyTorch, with
MKL as it comes and unlocked (reporting.py), in 32 bits and with autocast, and with torch_floor.py; prints Markdown tables of medians.

The limit is that of the program's own products, each as fast as it is alone, measured between its steps; MKL's limit is that of
PyTorch's, unlocked.

All are in memory at once and take turns of a few steps, stopped by signals between their turns: on a machine that is
shared, what other programs leave of it changes within a minute. The step that a signal interrupts takes longer, in each of
them, and does not reach the median of its steps.

--avx2 holds all of them to AVX2; TRAIN may then be a binary for x86-64-v3. --fastest leaves out the settings of PyTorch that
are never the fastest. A program of PyTorch's that fails is started a second time, then left out of that round, and said.

usage: compare.py TRAIN PYTHON [--repeats N] [--avx2] [--fastest] [WORK...]"""
import argparse, json, os, pathlib, platform, signal, subprocess, sys, time
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("python")
parser.add_argument("works", nargs="*", default=["tiny", "small", "gpt2", "smol"])
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--avx2", action="store_true")
parser.add_argument("--fastest", action="store_true")
options = parser.parse_intermixed_args()
steps = {"tiny": 60, "small": 9, "gpt2": 4, "smol": 4}
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
if options.fastest:
    TORCH = {name: setting for name, setting in TORCH.items() if name.startswith("compile") and name.endswith("unlocked")}


def start(command, environment):
    """The stopped process, warmed up if it is PyTorch's; none if it fails twice."""
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        if "--wait" not in command or os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]):
            process.send_signal(signal.SIGSTOP)
            return process
        failed(command, process.stderr.read())
    return None


def failed(command, error):
    print(f"{' '.join(command)} failed: {error.strip().splitlines()[-1:]}", file=sys.stderr)
    if command[0] == options.train:
        sys.exit(1)


def measure(commands, turn):
    """Runs the commands by turns and returns what each printed last; those of PyTorch warm up first, one by one."""
    running = {}
    try:
        for name, (command, environment) in sorted(commands.items(), key=lambda item: item[0] in BENCH):
            if process := start(command, environment):
                running[name] = process
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
                failed(commands[name][0], error)
            else:
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
    if options.fastest:
        return found
    floor = [options.python, str(folder / "torch_floor.py"), recipe, "--wait"]
    return found | {"floor": (floor, unlocked)}


def values(runs, name, key="tokens_per_second"):
    return [run[name][key] for run in runs if name in run]


def both(runs, own, other):
    """The ratios in the rounds that `other` lived through."""
    runs = [run for run in runs if other in run]
    return reporting.ratios(values(runs, own), values(runs, other))


def table(work, started, runs):
    names = [name for name in [*BENCH, *TORCH] if values(runs, name)]
    print(f"\n| {work} | tokens/s | {' | '.join(f'{name} to it' for name in BENCH)} | MiB |\n|---|---|{'---|' * len(BENCH)}---|")
    for name in names:
        cells = [reporting.spread(values(runs, name))]
        cells += [both(runs, own, name) for own in BENCH]
        print(f"| {name} |", " | ".join(cells), "|", reporting.mebibytes(values(runs, name, "peak_rss_bytes")), "|")
    raced = [run for run in runs if any(name in TORCH for name in run)]  # those that a PyTorch lived through
    fastest = [max(run[name]["tokens_per_second"] for name in run if name in TORCH) for run in raced]
    for own in BENCH:
        share = reporting.spread([100 * share for share in values(runs, own, "share_of_gemm_bound")], unit=" %")
        ratio = f"{reporting.ratios(values(raced, own), fastest)} of the fastest PyTorch; " if raced else ""
        print(f"\n{own}: {ratio}{share} of the limit of its own products", end="")
    mkl = [100 * run["train"]["tokens_per_second"] / run["floor"]["tokens_per_second"] for run in runs if "floor" in run]
    if mkl:
        print(f"\n\ntrain, of the limit of MKL's products: {reporting.spread(mkl, unit=' %')}", end="")
    for name in started:
        if lost := sum(name not in run for run in runs):
            print(f"\n\n{name} failed in {lost} of {len(runs)} rounds", end="")
    print(flush=True)


processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}, 2 threads; median (least-greatest) of {options.repeats} interleaved runs")
for work in options.works:
    started = commands(work)
    runs = []
    for repeat in range(options.repeats):
        runs.append(measure(started, turns[work]))
        print(work, repeat, *(f"{name} {run['tokens_per_second']:.0f}" for name, run in runs[-1].items()), file=sys.stderr)
    table(work, started, runs)
print(f"\ntorch {reporting.run(options.python, '-c', 'import torch; print(torch.__version__)').stdout.strip()}")
