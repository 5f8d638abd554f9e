"""What the proofs have in common: running train, reporting, and loading what it wrote in transformers."""

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

TRAIN, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "Sources" / "README.md").read_text()
problems = []
torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()


def check(what, holds, figure=""):
    print(f"{'ok  ' if holds else 'FAIL'} {what}{': ' if figure != '' else ''}{figure}", flush=True)
    if not holds:
        problems.append(what)


def finish():
    print(f"{len(problems)} problems" if problems else "everything agrees")
    sys.exit(1 if problems else 0)


class Refused(Exception):
    """An error of train, with what it says."""


def train(*arguments, data=None):
    done = subprocess.run([TRAIN, *map(str, arguments)], input=data, capture_output=True, cwd=WORK)
    if done.returncode:
        raise Refused(f"train {' '.join(map(str, arguments))} exits with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def generated(checkpoint, prompt, *options):
    """The tokens that train writes after the prompt, and their log-probabilities."""
    result = json.loads(train("generate", checkpoint, "--prompt", prompt, "--json", *options))
    return result["tokens"], torch.tensor(result["logprobs"], dtype=torch.float64)


def encoded(checkpoint, text, *options):
    data = text if isinstance(text, bytes) else text.encode()
    return json.loads(train("tokenizer", "encode", checkpoint, "--json", *options, data=data))["input_ids"]


class Complaints(logging.Handler):
    """Everything that transformers or Python warns of."""

    def __enter__(self):
        self.seen = []
        transformers.utils.logging.set_verbosity_warning()
        logging.getLogger("transformers").addHandler(self)
        self.caught = warnings.catch_warnings(record=True)
        self.warnings = self.caught.__enter__()
        warnings.simplefilter("always")
        return self

    def emit(self, record):
        self.seen.append(record.getMessage())

    def __exit__(self, *rest):
        self.caught.__exit__(*rest)
        logging.getLogger("transformers").removeHandler(self)
        self.seen += [str(warning.message) for warning in self.warnings]


def load_export(what, folder):
    with Complaints() as complaints:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", output_loading_info=True, attn_implementation="eager")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        transformers.GenerationConfig.from_pretrained(folder)
    seen = complaints.seen + [f"{key}: {value}" for key, value in report.items() if value]
    check(f"{what}: transformers loads it without a warning", not seen, seen or "")
    return model.float().eval(), tokenizer
