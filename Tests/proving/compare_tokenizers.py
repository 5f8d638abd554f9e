"""Compares what train and the tokenizers library make of random texts, with tokenizers of every family's kind.

    compare_tokenizers.py TRAIN FOLDER [KIND or a folder with a tokenizer ...]

COUNT in the environment is the number of texts, 5,000 by default; SEED another draw. PARSED of them are taken with special
tokens that they spell out, by a process each.
"""

import json
import os
import random
import sys
import unicodedata
from pathlib import Path

from transformers import AutoTokenizer

import tokenizer_kinds
from programs import WORK, check, encoded, finish, train

COUNT, PARSED = int(os.environ.get("COUNT", 5000)), int(os.environ.get("PARSED", 150))
LENGTH = 4096
RANGES = [(0x20, 0x7E), (0x20, 0x7E), (0, 0x1F), (0x7F, 0xFF), (0x100, 0x24F), (0x250, 0x6FF), (0x900, 0xDFF), (0xE00, 0x11FF),
          (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3),
          (0xE000, 0xF8FF), (0xF900, 0xFFFF), (0x10000, 0x1FFFF), (0x1F300, 0x1FAFF), (0x20000, 0x2FA1F), (0xE0000, 0x10FFFF)]
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff", "\u2581"]
SUFFIXES = ["'s", "'T", "'re", "'VE", "'ll", "'\u017f", "'d", "\u2019s", "'", "''s"]
WORDS = [word for text in tokenizer_kinds.CORPUS for word in text.split()]


def texts(seed, added):
    """Random texts: words, characters of all planes, spaces, digits, contractions, combining marks, added tokens."""
    numbers = random.Random(seed)

    def character():
        first, last = numbers.choice(RANGES)
        return chr(numbers.randint(first, last))

    parts = [
        lambda: numbers.choice(WORDS), lambda: numbers.choice(WORDS).upper(), character,
        lambda: "".join(character() for _ in range(numbers.randint(1, 6))),
        lambda: numbers.choice(SPACES) * numbers.choice([1, 1, 1, 2, 3, 7]),
        lambda: str(numbers.randint(0, 10 ** numbers.randint(1, 9))), lambda: numbers.choice("٠٩५Ⅷ½²①𝟘") * numbers.randint(1, 4),
        lambda: numbers.choice(WORDS) + numbers.choice(SUFFIXES), lambda: "\u0301" * numbers.randint(1, 2),
        lambda: numbers.choice(added), lambda: numbers.choice(["<0x0A>", "<s>", "<unk>", "Ġthe", "##"]),
        lambda: numbers.choice("/\\-_.,:;!?()[]{}#*=+") * numbers.randint(1, 5)]
    made = []
    while len(made) < COUNT:
        text = "".join(numbers.choice(parts)() for _ in range(numbers.randint(1, 12)))
        # A code point of later versions of Unicode may be a letter to one side alone.
        if all(unicodedata.category(letter) not in ["Cs", "Cn"] for letter in text):
            made.append(text)
    return made


def documents(name, folder, rows):
    """The tokens of texts as train prepares them for pretraining, where special tokens are text."""
    (WORK / f"{name}.jsonl").write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    sizes = dict(architecture="llama", hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    (WORK / f"{name}.json").write_text(json.dumps(dict(
        task="pretrain", run=f"run-{name}", model=sizes | dict(max_position_embeddings=LENGTH),
        tokenizer={"from": str(folder)}, optimizer=dict(learning_rate=1e-3), training=dict(batch_size=1, max_steps=1),
        data=dict(train=[f"{name}.jsonl"], sequence_length=LENGTH, shuffle=False, packing=False))))
    output = train("inspect", WORK / f"{name}.json", "--json", "--limit", len(rows))
    return [json.loads(line)["input_ids"] for line in output.splitlines()]


def bounded(ids, tokenizer):
    """The tokens of a document without those that the data puts around it."""
    start = 0
    while ids[start:start + 1] in ([tokenizer.eos_token_id], [tokenizer.bos_token_id]):
        start += 1
    return ids[start:-1] if ids[-1] == tokenizer.eos_token_id else ids[start:]


def compare(name, folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    added = list(tokenizer.get_added_vocab())
    rows = texts(os.environ.get("SEED", name), added)
    found = documents(name, folder, rows)
    ids = [tokenizer(row, add_special_tokens=False, split_special_tokens=True)["input_ids"] for row in rows]
    wrong = [(row, theirs, mine) for row, theirs, mine in zip(rows, ids, found, strict=True)
             if bounded(mine, tokenizer) != bounded([*theirs, tokenizer.eos_token_id], tokenizer)]
    check(f"{name}: the ids of {len(rows)} texts", not wrong, wrong[:2] or "")
    parsed = [row for row in rows if any(token in row for token in added)][:PARSED] + rows[:PARSED // 3]
    wrong = [row for row in parsed
             if encoded(folder, row, "--parse-special") != tokenizer(row, add_special_tokens=False)["input_ids"]]
    check(f"{name}: the ids of {len(parsed)} texts with special tokens", not wrong, wrong[:2] or "")
    numbers = random.Random(1)
    wrong = []
    for place in range(PARSED):
        drawn = [numbers.randrange(len(tokenizer)) for _ in range(numbers.randint(1, 12))] if place % 2 else ids[place]
        text = train("tokenizer", "decode", folder, data=" ".join(map(str, drawn)).encode()).decode(errors="replace")
        expected = tokenizer.decode(drawn, clean_up_tokenization_spaces=False)
        # A run of bytes that is not UTF-8 is replaced byte by byte there, and comes back as it is here.
        if text != expected and "\ufffd" not in expected:
            wrong.append((drawn, expected, text))
    check(f"{name}: the texts of {PARSED} lists of ids", not wrong, wrong[:2] or "")


for chosen in sys.argv[3:] or tokenizer_kinds.KINDS:
    folder = Path(chosen).resolve()
    if chosen in tokenizer_kinds.KINDS:
        folder = WORK / f"tokenizer-{chosen}"
        tokenizer_kinds.save(chosen, folder)
    try:
        compare(Path(chosen).name, folder)
    except Exception as error:
        check(f"{chosen} is compared", False, repr(error))
finish()
