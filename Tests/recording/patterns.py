"""Writes Tests/Fixtures/patterns.json: texts as the pre-tokenizers of known models cut them, by Python's module regex.

Run in the repository, with regex from PyPI: python3 Tests/recording/patterns.py
"""
import json, random, unicodedata
import regex

random.seed(3)
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
END = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+%s|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*%s"


def split(pattern, behavior="Isolated", kind="Regex", invert=False):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def level(use_regex=False):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


FAMILIES = {
    "gpt2": [level(True)],
    "llama3": [split(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + END), level()],
    "qwen2": [split(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + END), level()],
    "smollm": [{"type": "Digits", "individual_digits": True}, level(True)],
    "qwen3.5": [split(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + END), level()],
    "gpt-4o": [split(CASED % ((CONTRACTIONS + "?",) * 2) + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + END), level()],
    "tekken": [split(CASED % ("", "") + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + END), level()],
    "tiktoken": [split(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"), level()],
    "deepseek-v3": [
        split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"),
        split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
        level(),
    ],
    "deepseek-coder": [
        split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(r"\s+$"), split("[一-龥ࠀ-一가-\ud7ff]+"),
        {"type": "Digits", "individual_digits": True}, level(),
    ],
    "falcon": [
        {"type": "Punctuation", "behavior": "Contiguous"}, level(True), {"type": "Digits", "individual_digits": False},
        split("[0-9][0-9][0-9]"),
    ],
    "bloom": [split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), level()],
    "behaviors": [
        split("ab", "MergedWithPrevious", "String"), split(r"[\p{Lu}]", "MergedWithNext"), split(r"\d+", "Contiguous"),
        split("é", "Removed", "String"), split(r"\w+", "Isolated", invert=True), level(),
    ],
    "whitespace": [{"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "MergedWithPrevious"}, level()],
}
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def alphabet():
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars, n = {b: chr(b) for b in shown}, 0
    for b in range(256):
        if b not in chars:
            chars[b] = chr(256 + n)
            n += 1
    return chars


CHARS = alphabet()


def segments(step, text):
    """The matches of a step and what is between them."""
    kind = step["type"]
    if kind == "ByteLevel":
        pattern = GPT2
    elif kind == "Digits":
        pattern = r"\p{N}"
    elif kind == "Punctuation":
        pattern = r"[\p{P}!-/:-@\[-`{-~]"
    elif kind == "WhitespaceSplit":
        pattern = r"\s"
    elif "String" in step["pattern"]:
        pattern = regex.escape(step["pattern"]["String"])
    else:
        pattern = step["pattern"]["Regex"]
    # Oniguruma's \w has no joiners and, outside brackets, the powers and fractions below U+0100.
    pattern = pattern.replace(r"\w", r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xb2\xb3\xb9\xbc-\xbe]")
    flags = regex.M | (regex.V1 if "|[." in pattern else regex.V0)
    at, found = 0, []
    for m in regex.finditer(pattern, text, flags):
        if m.start() > at:
            found.append((text[at:m.start()], False))
        found.append((m.group(), True))
        at = m.end()
    if at < len(text):
        found.append((text[at:], False))
    return found


def joined(found, behavior):
    if behavior == "Removed":
        return [t for t, m in found if not m]
    pieces, previous = [], False
    if behavior == "MergedWithNext":
        for t, m in reversed(found):
            if m and not previous and pieces:
                pieces[-1] = t + pieces[-1]
            else:
                pieces.append(t)
            previous = m
        return pieces[::-1]
    for t, m in found:
        joins = {"Isolated": False, "MergedWithPrevious": m and not previous, "Contiguous": m == previous}[behavior]
        if joins and pieces:
            pieces[-1] += t
        else:
            pieces.append(t)
        previous = m
    return pieces


def cut(steps, text):
    pieces, is_bytes = [text], False
    for step in steps:
        kind = step["type"]
        if kind == "ByteLevel":
            if step["use_regex"]:
                pieces = [p for t in pieces for p in joined(segments(step, t), "Isolated")]
            pieces = ["".join(CHARS[b] for b in p.encode()) for p in pieces]
            continue
        behavior = {"Digits": "Isolated" if step.get("individual_digits") else "Contiguous", "WhitespaceSplit": "Removed"}
        behavior = behavior.get(kind) or step["behavior"]
        cuts = [[(t, m != step.get("invert", False)) for t, m in segments(step, p)] for p in pieces]
        pieces = [p for found in cuts for p in joined(found, behavior) if p]
    back = {c: b for b, c in CHARS.items()}
    return [bytes(back[c] for c in p).hex() for p in pieces]


PARTS = [
    "a", "b", "Z", "AB", "Ab", "é", "É", "ß", "ſ", "'ſ", "K", "β", "Σ", "我", "漢字", "한", "か", "ア", "हि", "ि", "ǅ", "ʰ", "ª",
    "0", "1", "23", "456", "7890", "٣", "²", "Ⅳ", " ", " ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\u00a0", "\u3000",
    "'", "'s", "'S", "'t", "'re", "'VE", "'ll", "'d", ".", ",", "!?", "-", "_", "/", "//", "<|", "|>", "(", ")", "[", "]", "\\",
    "…", "。", "、", "«", "€", "+", "😀", "e\u0301", "\u200b", "\u200d", "the", " and", " He", "ing", "ab", "ABC", "\ufe0f", "\U000e0100",
    "\U00010400", "\U0001D7D8", "\ue000",
]
texts = ["", " ", "\n", "  \n  ", "Hello, world! It's 12345 o'clock.\n\n  def f(x):\n\treturn x  # ok\n   "]
while len(texts) < 160:
    texts.append("".join(random.choice(PARTS) for _ in range(random.randint(1, 18))))
assert all(unicodedata.category(c) != "Cn" for t in texts for c in t)
families = [
    {"name": name, "pre_tokenizer": steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps},
     "pieces": [" ".join(cut(steps, t)) for t in texts]}
    for name, steps in FAMILIES.items()
]
json.dump({"texts": texts, "families": families}, open("Tests/Fixtures/patterns.json", "w"), ensure_ascii=True, indent=0)
