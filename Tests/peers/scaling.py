"""Shows that cost grows as the work does, each figure beside its twin in turn, and prints a Markdown table: four times the context,
packed documents of uneven length, a real data pipeline beside random tokens, and generation beside the memory's bandwidth.

usage: scaling.py TRAIN [--repeats N]     with a Python that has torch, whose sum of an array measures the bandwidth"""
import argparse, json, pathlib, random, re, statistics, tempfile, time
import torch
import reporting

parser = argparse.ArgumentParser()
parser.add_argument("train")
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_args()
program = pathlib.Path(options.train).resolve()
recipes = pathlib.Path("recipes").resolve()
work = pathlib.Path(tempfile.mkdtemp())


def run(command, *arguments):
    return reporting.run(program, command, *arguments, cwd=work)


def bench(name, *changes, steps):
    return json.loads(run("bench", recipes / f"bench-{name}.json", *changes, "--steps", steps, "--json").stdout)


def pretrain(name, text, *changes, steps):
    """Tokens a second of a real run, without its first steps."""
    folder = work / "run"
    run(
        "pretrain", recipes / f"bench-{name}.json", "--overwrite", f"run={folder}", f"data.train={text}",
        f"training.max_steps={steps}", "logging.every=2", "checkpoint.every=100000",
        "checkpoint.keep_best=false", *changes)
    lines = [json.loads(line) for line in open(folder / "metrics.jsonl")]
    return statistics.median([line["tokens_per_second"] for line in lines if line["kind"] == "train"][2:])


def documents(path, lengths):
    generator = random.Random(1)
    with open(path, "w") as file:
        for length in lengths:
            text = "".join(generator.choice("abcdefghijklmnopqrst ") for _ in range(length))
            file.write(json.dumps({"text": text}) + "\n")
    return path


def context():
    short = bench("small", steps=4)
    changes = ["model.max_position_embeddings=1024", "data.sequence_length=1024", "training.batch_size=4"]
    long = bench("small", *changes, steps=4)
    cost = [run["gflops_per_second"] / run["tokens_per_second"] for run in (short, long)]
    return long["tokens_per_second"], short["tokens_per_second"], cost[0] / cost[1]


generator = random.Random(2)
uneven = documents(work / "uneven.jsonl", [int(8 * 2 ** generator.uniform(0, 8)) for _ in range(4000)])
even = documents(work / "even.jsonl", [2_000_000])


def packing():
    return pretrain("small", uneven, steps=10), pretrain("small", even, steps=10), 1


def pipeline():
    return pretrain("tiny", even, steps=200), bench("tiny", steps=200)["tokens_per_second"], 1


def bandwidth():
    array = torch.zeros(1 << 28)
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        array.sum()
        seconds.append(time.perf_counter() - start)
    return 4 * array.numel() / min(seconds)


def generation():
    folder = work / "smol"
    if not folder.exists():
        run(
            "pretrain", recipes / "bench-smol.json", f"run={folder}", f"data.train={even}",
            "training.max_steps=1", "checkpoint.keep_best=false")
    told = run("generate", folder, "--greedy", "--max-tokens", 128, "--verbose").stderr
    speed = float(re.findall(r"([\d.,]+) tokens/s", told)[-1].replace(",", ""))
    parameters = json.loads(run("plan", recipes / "bench-smol.json", "--json").stdout)["parameters"]
    # A token reads all weights once.
    return speed, bandwidth() / (4 * parameters), 1


rows = [
    ("`bench-small`, 4 x 1,024 beside 16 x 256 tokens; expected from the operations", context),
    ("`bench-small`, documents of 8-2,048 characters packed, beside one of 2,000,000", packing),
    ("`bench-tiny`, `pretrain` from text beside `bench` on random tokens", pipeline),
    ("`bench-smol`, generation beside reading the weights at the memory's bandwidth", generation)]
print("| | tokens/s | beside | ratio | expected |\n|---|---|---|---|---|")
for name, measure in rows:
    runs = [measure() for _ in range(options.repeats)]
    speeds, others, expected = zip(*runs)
    first, second, share = map(statistics.median, (speeds, others, expected))
    print(f"| {name} | {first:,.0f} | {second:,.0f} | {reporting.ratios(speeds, others)} | {share:.2f} |", flush=True)
