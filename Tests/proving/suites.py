"""Proves with lm-evaluation-harness that `train eval --suite` scores as it does: its own tasks, read from local files.

usage: suites.py TRAIN FOLDER MODEL DATA [LIMIT]; DATA has blimp/*.jsonl, eval-piqa/valid.jsonl and eval-lambada/lambada_test.jsonl.
The other suites are made from those texts. Every accuracy is to be the same, a perplexity to a thousandth.
"""

import random
from pathlib import Path

from programs import TRAIN, WORK, check, finish, json, sys, train

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

MODEL, DATA = (Path(word).resolve() for word in sys.argv[3:5])
LIMIT = int(sys.argv[5]) if len(sys.argv) > 5 else 60
TASKS = Path(lm_eval.__file__).parent / "tasks"
LETTERS = ["A", "B", "C", "D"]


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(name, made):
    path = WORK / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made))
    return path


def made_suites():
    """Files of the suites by name: questions, and others that examples are drawn from."""
    chance = random.Random(7)
    piqa = rows(DATA / "eval-piqa" / "valid.jsonl")
    labels = [int(word) for word in (DATA / "eval-piqa" / "valid-labels.lst").read_text().split()]
    piqa = [row | {"label": label} for row, label in zip(piqa, labels)]
    lambada = rows(DATA / "eval-lambada" / "lambada_test.jsonl")
    answers = lambda row, others: [row["sol1"], row["sol2"], *(chance.choice(others)["sol1"] for _ in range(2))]
    choices = lambda row: {"label": LETTERS, "text": answers(row, piqa)}
    arc = [{"question": row["goal"], "choices": choices(row), "answerKey": LETTERS[row["label"]]} for row in piqa]
    book = [{"question_stem": row["goal"], "choices": choices(row), "answerKey": LETTERS[row["label"]]} for row in piqa]
    mmlu = [
        {"question": f" {row['goal']} ", "subject": "anatomy", "choices": answers(row, piqa), "answer": row["label"]}
        for row in piqa
    ]
    swag = []
    for first, second in zip(lambada[::2], lambada[1::2]):
        words = first["text"].split(" ")
        half = len(words) // 2
        endings = [f"{second['text'][:90]}  [title] twice", " ".join(words[half + 4 : half + 12]), "é [substeps] 中文 end.", "no"]
        swag.append(
            {"activity_label": "Going on", "ctx_a": " ".join(words[:half]), "ctx_b": " ".join(words[half : half + 4]),
             "endings": endings, "label": str(chance.randrange(4))}
        )
    return {"piqa": piqa, "arc": arc, "openbookqa": book, "mmlu": mmlu, "hellaswag": swag, "lambada": lambada}


def task(name, source, splits, **settings):
    """A task of the harness with its data from local files."""
    files = {split: str(path) for split, path in splits.items()}
    lines = {"task": name, "include": str(TASKS / source), "dataset_path": "json", "dataset_name": None, "tag": None,
             "dataset_kwargs": {"data_files": files}} | settings
    (WORK / "tasks" / f"{name}.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items()))


def compare(model, name, path, few=0, pool=None):
    manager = TaskManager(include_path=str(WORK / "tasks"), include_defaults=False)
    theirs = lm_eval.simple_evaluate(
        model, tasks=[name], task_manager=manager, limit=LIMIT, num_fewshot=few or None, bootstrap_iters=2)["results"][name]
    options = ["--few-shot", few] if few else []
    options += ["--fewshot-data", pool] if pool else []
    ours = json.loads(train("eval", MODEL, "--suite", path, "--limit", LIMIT, "--json", *options))["suites"]
    (ours,) = ours.values()
    for figure in ["acc", "acc_norm", "acc_bytes", "perplexity"]:
        other = theirs.get(f"{figure},none")
        if other is None:
            continue
        tolerance = 1e-3 * other if figure == "perplexity" else 1e-9
        check(f"{name} {figure}, {few} examples", abs(ours[figure] - other) <= tolerance, f"{ours[figure]:.6f} {other:.6f}")
        error = theirs.get(f"{figure}_stderr,none")
        if figure != "perplexity" and isinstance(error, float):
            check(f"{name} {figure}_stderr", abs(ours[f"{figure}_stderr"] - error) < 1e-9, f"{error:.6f}")


def main():
    (WORK / "tasks").mkdir(exist_ok=True)
    train("export", MODEL, "hf", "--to", "hf", "--overwrite")
    model = HFLM(pretrained=str(WORK / "hf"), dtype="float32", device="cpu", batch_size=8)
    made = made_suites()
    for path in sorted((DATA / "blimp").glob("*.jsonl"))[::8]:
        task(path.stem, "blimp/_template_yaml", {"train": path})
        compare(model, path.stem, path)
    sources = {"piqa": "piqa/piqa.yaml", "hellaswag": "hellaswag/hellaswag.yaml", "arc": "arc/arc_easy.yaml",
               "openbookqa": "openbookqa/openbookqa.yaml", "lambada": "lambada/lambada_openai.yaml",
               "mmlu": "mmlu/default/mmlu_anatomy.yaml"}
    for name, source in sources.items():
        asked, pool = write(name, made[name][:400]), write(f"{name}-pool", made[name][400:800])
        split = "validation" if name in ("piqa", "hellaswag") else "test"
        others = {"mmlu": "dev", "lambada": None}.get(name, "train")
        splits = {split: asked} | ({others: pool} if others else {})
        unused = {} if split == "validation" or others != "train" else {"validation_split": None}
        task(f"{name}_local", source, splits, **unused)
        compare(model, f"{name}_local", asked)
        if others:
            compare(model, f"{name}_local", asked, 3, pool)
        if split == "validation":
            task(f"{name}_alone", source, {split: asked}, training_split=None)
            compare(model, f"{name}_alone", asked, 2)
    finish()


main()
