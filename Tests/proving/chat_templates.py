"""Compares what train and Jinja2 make of random conversations by chat templates. Run by Tests/compare-templates.

    chat_templates.py TRAIN [--templates FOLDER] [--count N] [--prompts N] [--mutations N] [--seed N]
"""

import argparse
import datetime
import difflib
import json
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "Tests" / "recording"))

import byte_model
import conversations
import templates as reference

DAY = datetime.datetime(2026, 11, 25, 12)
POSITIONS = 1 << 17
LONGEST_RUN = 20
reference.ENVIRONMENT.globals["strftime_now"] = DAY.strftime


class Hang(BaseException):
    """A rendering that takes too long; no Exception, which the reference takes for a refusal."""


def rendered(template, row, limit=None):
    """Jinja2's text, None where it refuses, or `Hang` where it takes longer than `limit` seconds."""
    def stop(*_):
        raise Hang

    if limit is None:
        return reference.render(template, conversations.variables(row))
    memory = resource.getrlimit(resource.RLIMIT_AS)
    signal.signal(signal.SIGALRM, stop)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, memory[1]))
        signal.alarm(limit)
        return reference.render(template, conversations.variables(row))
    except Hang:
        return Hang
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, memory)


class Outcome:
    """What became of one run of train: its texts, or why there are none."""

    def __init__(self, code, output, errors):
        self.code = code
        self.errors = errors.decode(errors="replace").strip()
        self.texts = [decoded(json.loads(line)["input_ids"]) for line in output.splitlines()] if code == 0 else []

    @property
    def refusesAll(self):
        return self.code > 0 and "cannot be used: more than half" not in self.errors

    @property
    def isUnsupported(self):
        """Whether it names something of Jinja2 that train has not, or a limit that it sets."""
        limits = ["is not supported", "beyond 64 bits", "makes too much text", "takes too long", "nests too deeply",
                  "the range is longer"]
        name = re.search(r'no filter named "(\w+)"', self.errors)
        isOfJinja = name is not None and name[1] in reference.ENVIRONMENT.filters
        return isOfJinja or any(limit in self.errors for limit in limits)

    @property
    def isFault(self):
        """Whether it crashed, hung or broke rather than refused."""
        return self.code < 0 or self.code in [1, 124]


def decoded(ids):
    """The text of tokens; those that are no bytes are the special ones, in their order."""
    names = list(conversations.SPECIAL.values())
    try:
        return bytes(ids).decode()
    except ValueError:
        return b"".join(bytes([id]) if id < 256 else names[id - 256].encode() for id in ids).decode(errors="replace")


class Model:
    """A folder with a model that takes any chat template, and runs of train on it."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="templates-"))
        byte_model.save(self.folder / "model", byte_model.tokenizer(list(conversations.SPECIAL.values())), POSITIONS)
        recipe = dict(
            schema=1, task="sft", run=str(self.folder / "run"), model={"from": str(self.folder / "model")},
            data=dict(train=[str(self.folder / "rows.jsonl")], sequence_length=POSITIONS, packing=False, shuffle=False,
                      on_overflow="error", date=DAY.strftime("%Y-%m-%d")),
            objective=dict(name="sft", loss_on="all"), optimizer=dict(name="adamw", learning_rate=1e-3),
            training=dict(batch_size=1, max_steps=1))
        (self.folder / "recipe.json").write_text(json.dumps(recipe))

    def take(self, template):
        (self.folder / "model" / "tokenizer_config.json").write_text(json.dumps(
            dict(tokenizer_class="PreTrainedTokenizerFast", chat_template=template, **conversations.SPECIAL)))

    def outcome(self, rows):
        with open(self.folder / "rows.jsonl", "w") as file:
            for row in rows:
                file.write(json.dumps(trainable(row), ensure_ascii=False) + "\n")
        return self.run("inspect", self.folder / "recipe.json", "--json")

    def run(self, *arguments):
        try:
            done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, timeout=LONGEST_RUN)
        except subprocess.TimeoutExpired:
            return Outcome(124, b"", b"no end within %d s" % LONGEST_RUN)
        return Outcome(done.returncode, done.stdout, done.stderr)


def trainable(row):
    """The row with a turn to train on, which a template does not see: train takes no row without one."""
    messages = row["messages"]
    if any(turn["role"] == "assistant" for turn in messages):
        return row
    return dict(row, messages=[dict(messages[0], train=True)] + messages[1:])


class Tally:
    """What comparisons found."""

    def __init__(self):
        self.equal = self.refused = self.unsupported = self.different = self.left = 0
        self.examples = []
        self.faults = []

    def __add__(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self

    def differs(self, row, expected, found):
        self.different += 1
        self.examples.append((row, *differing(expected, found)))


def differing(expected, found):
    """Two texts from a little before the first place in which they differ."""
    texts = ["(refused)" if text is None else text for text in [expected, found]]
    place = next((place for place, (a, b) in enumerate(zip(*texts)) if a != b), min(map(len, texts)))
    start = max(0, place - 80)
    return [f"{program}: {text[start:start + 200]!r}" for program, text in zip(["Jinja2", "train"], texts)]


def compare(model, template, rows, tally, limit=None):
    """Compares the texts of the rows; those that Jinja2 refuses are a run of their own, since train drops such rows."""
    expected = [rendered(template, row, limit) for row in rows]
    model.take(template)
    # train takes no rows of a single token, and its texts have a limit.
    single = ["", *conversations.SPECIAL.values()]
    usable = [index for index, text in enumerate(expected) if text is None or text is not Hang and text not in single
              and 1 < len(text.encode(errors="replace")) < POSITIONS]
    others = [row for index, row in enumerate(rows) if index not in usable]
    tally.left += len(others)
    if others and (outcome := model.outcome(others)).isFault:
        tally.faults.append((others[0], f"exit code {outcome.code}", outcome.errors))
    for accepted in [True, False]:
        chosen = [(rows[index], expected[index]) for index in usable if (expected[index] is not None) == accepted]
        if chosen:
            settle(model, chosen, tally)


def settle(model, pairs, tally):
    """Counts rows with the texts that they should have; a run that does not fit is repeated in halves."""
    outcome = model.outcome([row for row, _ in pairs])
    if outcome.isFault and len(pairs) == 1:
        tally.faults.append((pairs[0][0], f"exit code {outcome.code}", outcome.errors))
    elif pairs[0][1] is None and outcome.refusesAll and not outcome.isFault:
        tally.refused += len(pairs)
    elif len(outcome.texts) == len(pairs) and pairs[0][1] is not None:
        for (row, text), found in zip(pairs, outcome.texts):
            if text == found:
                tally.equal += 1
            else:
                tally.differs(row, text, found)
    elif pairs[0][1] is not None and outcome.isUnsupported and (
            len(pairs) == 1 or "template cannot be read" in outcome.errors):
        tally.unsupported += len(pairs)
    elif len(pairs) == 1:
        tally.differs(pairs[0][0], pairs[0][1], outcome.texts[0] if outcome.texts else outcome.errors)
    else:
        settle(model, pairs[:len(pairs) // 2], tally)
        settle(model, pairs[len(pairs) // 2:], tally)


# The work, in pieces for all processors.

MODEL = None
BATCH = 500


def start(binary):
    global MODEL
    MODEL = Model(binary)


def compare_batch(piece):
    template, prefix, seeds = piece
    tally = Tally()
    rows = [conversations.fitted(conversations.conversation(seed), template) for seed in seeds]
    compare(MODEL, prefix + template, rows, tally)
    return tally


def compare_mutation(piece):
    seed, templates, snippets = piece
    original, template = conversations.mutated(seed, templates, snippets)
    tally = Tally()
    rows = [conversations.fitted(conversations.conversation(f"{seed} {index}"), template) for index in range(6)]
    # The snippets that templates get read these.
    rows = [dict(row, chat_template_kwargs=reference.VARIABLES | row.get("chat_template_kwargs", {})) for row in rows]
    compare(MODEL, template, rows, tally, limit=5)
    lines = difflib.unified_diff(original.split("\n"), template.split("\n"), n=0, lineterm="")
    change = [line for line in lines if line[:3] not in ["---", "+++"]]
    tally.examples = [(*change, *example) for example in tally.examples]
    tally.faults = [(*change, *fault) for fault in tally.faults]
    return tally


def report(name, tally, seconds, shown):
    print(f"{name}: {tally.equal} equal, {tally.refused} refused by both, {tally.unsupported} not supported, "
          f"{tally.different} different, {len(tally.faults)} crashes or hangs, {tally.left} left out; {seconds:.0f} s",
          flush=True)
    for example in tally.faults[:shown] + tally.examples[:shown]:
        for part in example:
            print("   ", part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)[:2000])
        print()


def main():
    parser = argparse.ArgumentParser(prog="Tests/compare-templates", description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=Path)
    data = Path(os.environ.get("TRAIN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--templates", type=Path, default=data / "templates", help="a folder of .jinja files")
    parser.add_argument("--count", type=int, default=10_000, help="conversations that every template is given")
    parser.add_argument("--prompts", type=int, default=1_000, help="conversations with a generation prompt")
    parser.add_argument("--mutations", type=int, default=2_000, help="templates with random changes")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--show", type=int, default=3, help="differences that are shown of each template")
    options = parser.parse_args()
    files = sorted(options.templates.glob("*.jinja"))
    if not files:
        print(f"skipped: there are no templates (*.jinja) in {options.templates}")
        return 0
    texts = {file.name: file.read_text() for file in files}
    bad = 0
    with multiprocessing.Pool(initializer=start, initargs=(options.binary.resolve(),)) as pool:
        # A template that sets it itself is asked for an answer: rows to train on never are.
        asking = "{% set add_generation_prompt = true %}"
        for prefix, count, suffix in [("", options.count, ""), (asking, options.prompts, ", asked for an answer")]:
            for name, template in texts.items():
                begun = time.monotonic()
                seeds = [f"{options.seed} {index}" for index in range(count)]
                pieces = [(template, prefix, seeds[first:first + BATCH]) for first in range(0, count, BATCH)]
                tally = sum(pool.imap(compare_batch, pieces), Tally())
                report(name + suffix, tally, time.monotonic() - begun, options.show)
                bad += tally.different + len(tally.faults)
        begun = time.monotonic()
        snippets = reference.SNIPPETS.strip("\n").split("\n")
        pieces = ((f"{options.seed} {index}", list(texts.values()), snippets) for index in range(options.mutations))
        tally = sum(pool.imap(compare_mutation, pieces, chunksize=10), Tally())
        report(f"{options.mutations} mutated templates", tally, time.monotonic() - begun, options.show)
        bad += tally.different + len(tally.faults)
    print(f"{bad} differences" if bad else "everything agrees")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
