"""Writes the data in Sources/Tokenizers/Unicode and the test's vectors: Python's Unicode data as far as the tokenizers
library knows it, whose normalisation is of Unicode 9.0.

Run in the repository, where that library is: python3 Tests/recording/unicode.py
"""
import random, unicodedata as u
from tokenizers import normalizers

SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
FORMS = {"NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD()}


def is_known(c):
    """Whether the library decomposes and reorders the scalar as Python does. U+0315 has a high class, U+0334 the lowest."""
    texts = [("NFD", c), ("NFKD", c), ("NFD", "a\u0315" + c + "b"), ("NFD", "a" + c + "\u0334b")]
    return all(FORMS[form].normalize_str(text) == u.normalize(form, text) for form, text in texts)


NEWER = {c for c in SCALARS if not is_known(c)}


def combining(c):
    return 0 if c in NEWER else u.combining(c)


def decomposition(c):
    return "" if c in NEWER else u.decomposition(c)


def wrapped(words, width=112):
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    return "\n".join("    " + l for l in lines + [line])


def decompositions(compatible):
    previous = 0
    for c in SCALARS:
        parts = decomposition(c)
        if not parts or parts.startswith("<") != compatible:
            continue
        gap, previous = ord(c) - previous, ord(c)
        text = (f"{gap:X}+" if gap > 1 else "") + ".".join(p.lstrip("0") for p in parts.split() if p[0] != "<")
        yield text + ("" if compatible or u.normalize("NFC", c) == c else "!")


def classes():
    end, run = 0, None
    for c in SCALARS + [chr(0)]:
        value = combining(c)
        if run and (value != run[1] or ord(c) != run[0] + run[2]):
            yield f"{run[0] - end:X}+{run[2]:X}.{run[1]:X}"
            end, run = run[0] + run[2], None
        if value:
            run = (run[0], value, run[2] + 1) if run else (ord(c), value, 1)


open("Sources/Tokenizers/Unicode/NormalizationData.swift", "w").write(f'''/// What Unicode's normalisation forms need to know of each scalar, as Tests/recording/unicode.py writes it from the Unicode
/// Character Database; Hangul syllables are computed.
///
/// Of version 9.0, which the tokenizers library has: marks of later versions are not reordered, nor taken apart.
enum NormalizationData {{
  /// The canonical decompositions, in the order of their scalars: how far it is from the one before (1 when left out), `+`,
  /// then the one or two scalars it consists of, and `!` when these never compose to it.
  static let decompositions = """
{wrapped(decompositions(False))}
    """

  /// Runs of scalars with the same canonical combining class: how far it is from the end of the one before, `+`, the length
  /// of the run, and the class.
  static let combiningClasses = """
{wrapped(classes())}
    """
}}
''')

open("Sources/Tokenizers/Unicode/CompatibilityData.swift", "w").write(f'''extension NormalizationData {{
  /// The compatibility decompositions, written as `decompositions` are.
  static let compatibilityDecompositions = """
{wrapped(decompositions(True))}
    """
}}
''')

random.seed(5)
marks = [c for c in SCALARS if u.combining(c)]
changing = [c for c in SCALARS if u.normalize("NFC", c) != c or u.decomposition(c)]
parts = {p for c in changing for p in u.normalize("NFD", c)}
pool = [marks, sorted(NEWER), changing, sorted(parts), [chr(c) for c in range(0x1100, 0x1200)], ["a", "e", "\u6211"], SCALARS]
with open("Tests/Fixtures/normalization.txt", "w") as out:
    out.write("# Text, NFC, NFD, NFKC, NFKD: scalars in hex. From the tokenizers library, Unicode 9.0.\n")
    texts = ["\U00020041\u0301", "\U00010437\u0308", "\U000105D2\u0307", "\U00011131\U00011127", "\U0001D157\U0001D165"]
    while len(texts) < 2000:
        texts.append("".join(random.choice(random.choice(pool)) for _ in range(random.randint(1, 6))))
    for t in texts:
        if all(u.category(c) != "Cn" for c in t):
            row = [t] + [form.normalize_str(t) for form in FORMS.values()]
            out.write(";".join(" ".join(f"{ord(c):X}" for c in x) for x in row) + "\n")
