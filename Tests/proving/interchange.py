"""Exchanges models with transformers and llama.cpp and compares what they compute. Run by Tests/prove-interchange.

    interchange.py TRAIN FOLDER [KIND | trained-ARCHITECTURE | template ...]
"""

import inspect
import json
import sys
import unicodedata
from pathlib import Path

import h5py
import torch
import transformers
from transformers import AutoTokenizer

import own_template
from programs import TEXT, Refused, WORK, check, encoded, finish, generated, load_export, train
from random_models import KINDS, random_model

try:
    import llama_cpp
except ImportError:
    llama_cpp = None

AWKWARD = [
    "Hello, world!", " leading", "trailing ", "a  b   c    d", "\n\n\t\t x \r\n", "I've we'll YOU'RE it's", "1234567890 3.14",
    "naïve café Ünïcödé", "日本語の文章と한국어 文字", "🙂 👩‍👩‍👧 🦙.cpp", "def f(x):\n    return x ** 2  # ok", "ſ 'S ²³ ½",
    "<|endoftext|> is text", "\u00a0\u2003 spaces", "e\u0301 combined", "a\u2581b", "",
]
# Hugging Face's tokenizers take no invalid UTF-8, and llama.cpp puts U+FFFD in its place; here the bytes come back.
INVALID = [b"\xff\xfe", b"ab\xc3", b"\xe2\x82 x", b"\xf0\x9f\x98 \x80"]
AWKWARD += [data.decode(errors="replace") for data in INVALID]
PROMPT = "The model of"
# What the cache of keys and values is called, which changed.
CACHE = "cache" if "cache" in inspect.signature(transformers.LlamaForCausalLM.forward).parameters else "past_key_values"


# Comparisons.

def log_probabilities(model, start, tokens, passes):
    """Those of the tokens after `start`, in transformers."""
    ids = torch.tensor([start + tokens])
    with torch.no_grad():
        if passes == "one":
            logits = model(ids, use_cache=False).logits[0, len(start) - 1:-1]
        elif passes == "each":
            logits = torch.stack([
                model(ids[:, :end], use_cache=False).logits[0, -1] for end in range(len(start), ids.shape[1])])
        else:
            cache = transformers.DynamicCache(config=model.config)
            ends = range(len(start), ids.shape[1])
            steps = zip([0, *ends], ends)
            logits = torch.stack([model(ids[:, first:end], **{CACHE: cache}).logits[0, -1] for first, end in steps])
    return torch.log_softmax(logits.double(), dim=-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]


def compare(what, checkpoint, model, tokenizer, passes="one", bound=1e-4):
    """Log-probabilities of tokens from all over the vocabulary, and the greedy continuation."""
    worst = 0.0
    start = tokenizer(PROMPT, add_special_tokens=True)["input_ids"]
    for seed in range(3):
        tokens, found = generated(checkpoint, PROMPT, "--temperature", 50, "--max-tokens", 100, "--seed", seed)
        worst = max(worst, (found - log_probabilities(model, start, tokens, passes)).abs().max().item())
    check(f"{what}: log-probabilities agree", worst <= bound, f"largest difference {worst:.1e}")
    tokens, _ = generated(checkpoint, PROMPT, "--greedy", "--max-tokens", 40)
    with torch.no_grad():
        output = model.generate(
            torch.tensor([start]), do_sample=False, max_new_tokens=40, eos_token_id=model.config.eos_token_id,
            pad_token_id=0, use_cache=passes != "each")[0].tolist()[len(start):]
    check(f"{what}: the greedy text is the same", tokens == output, f"{len(tokens)} tokens")


def compare_tokenizers(what, checkpoint, tokenizer):
    wrong = [text for text in AWKWARD if encoded(checkpoint, text) != tokenizer(
        text, add_special_tokens=False, split_special_tokens=True)["input_ids"]]
    check(f"{what}: the tokenizers agree on {len(AWKWARD)} texts", not wrong, wrong or "")
    lost = [data for data in INVALID if data != train("tokenizer", "decode", checkpoint, *encoded(checkpoint, data))]
    check(f"{what}: invalid bytes come back", not lost, lost or "")


def compare_llama_cpp(what, checkpoint, file, exact, prompt):
    """Tokens, the greedy text and log-probabilities in llama.cpp."""
    if llama_cpp is None:
        return
    # Its GELU is a table of float16.
    float32 = 0  # The cache's numbers; float16 by default.
    model = llama_cpp.Llama(
        str(file), n_ctx=128, logits_all=True, verbose=False, n_threads=2, type_k=float32, type_v=float32)
    # llama.cpp has no normalisation: what NFC would change is another text there.
    composes = b"NFC" in (Path(checkpoint) / "tokenizer.json").read_bytes()
    texts = [text for text in AWKWARD if text and not (composes and unicodedata.normalize("NFC", text) != text)]
    wrong = [text for text in texts if model.tokenize(text.encode(), add_bos=False, special=False) != encoded(
        checkpoint, text)]
    check(f"{what}: llama.cpp's tokenizer agrees on {len(texts)} texts", not wrong, wrong or "")
    start = model.tokenize(prompt.encode(), add_bos=True, special=False)
    tokens, logprobs = generated(checkpoint, prompt, "--greedy", "--max-tokens", 40)
    model.eval(start + tokens)
    scores = torch.tensor(model.scores[:len(start) + len(tokens)]).double()
    expected = torch.log_softmax(scores, dim=-1)
    expected = torch.stack([expected[len(start) - 1 + place, token] for place, token in enumerate(tokens)])
    difference = (logprobs - expected).abs().max().item()
    choices = scores[len(start) - 1:-1].argmax(dim=-1).tolist()
    if exact:
        check(f"{what}: llama.cpp writes the same greedy text", choices == tokens and difference < 5e-3,
              f"{len(tokens)} tokens, largest difference of log-probabilities {difference:.1e}")
    else:
        check(f"{what}: llama.cpp is as close as its rounding", difference < 0.5,
              f"largest difference of log-probabilities {difference:.1e}")


# The two directions.

def import_model(name):
    folder, model = random_model(name)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    checkpoint = WORK / f"imported-{name}"
    train("import", folder, checkpoint)
    with h5py.File(checkpoint / "model.h5") as file:
        check(f"{name}: h5py reads the import", "config" in file.attrs and len(file["model"]) > 0)
    compare(f"{name} from transformers", checkpoint, model, tokenizer, KINDS[name].passes)
    compare_tokenizers(f"{name} from transformers", folder, tokenizer)
    results = [json.loads(train("eval", path, "--data", WORK / "text.txt", "--json")) for path in [folder, checkpoint]]
    check(f"{name}: eval has the same loss of the folder and of the import", results[0]["loss"] == results[1]["loss"])
    return checkpoint


def export_model(what, checkpoint, passes="one", refused=None):
    folder = WORK / f"exported-{what}".replace(" ", "-")
    train("export", checkpoint, folder, "--to", "hf")
    model, tokenizer = load_export(f"{what} to transformers", folder)
    compare(f"{what} to transformers", checkpoint, model, tokenizer, passes)
    compare_tokenizers(f"{what} to transformers", checkpoint, tokenizer)
    train("export", checkpoint, WORK / "half", "--to", "hf", "--dtype", "bf16", "--overwrite")
    load_export(f"{what} in bfloat16", WORK / "half")
    composes = b"NFC" in (folder / "tokenizer.json").read_bytes()
    for dtype in ["f32", "f16", "q8_0"]:
        file = WORK / f"{what}-{dtype}.gguf".replace(" ", "-")
        try:
            # llama.cpp composes no characters.
            train("export", checkpoint, file, "--to", "gguf", "--dtype", dtype, *(["--form-c"] if composes else []))
        except Refused as error:
            isExpected = refused is not None and refused in str(error)
            check(f"{what}: GGUF is refused for {refused}", isExpected, "" if isExpected else error)
            break
        check(f"{what}: GGUF {dtype} is written", refused is None, refused or "")
        # llama.cpp takes the factors of long texts for a long context, whatever the text.
        prompt = PROMPT + (" a" * 40 if passes == "each" else "")
        compare_llama_cpp(f"{what} as GGUF {dtype}", checkpoint, file, dtype == "f32", prompt)


# The sizes of models that are trained here from nothing, with a tokenizer that is, too.
BLOCKS = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=128)
TRAINED = {name: dict(architecture=name, **BLOCKS) for name in [
    "llama", "qwen3", "gemma3", "olmo2", "phi3", "smollm3", "granite", "gpt_neox"]}
TRAINED["gemma3"]["query_pre_attn_scalar"] = 16
TRAINED["gpt2"] = dict(architecture="gpt2", n_embd=64, n_layer=2, n_head=4, n_positions=128)
CHOSEN = sys.argv[3:] or [*KINDS, *(f"trained-{name}" for name in TRAINED), "template"]


def train_model(name):
    recipe = dict(
        task="pretrain", run=f"run-{name}", model=TRAINED[name], tokenizer=dict(train=dict(vocab_size=500)),
        data=dict(train="text.txt", sequence_length=64), optimizer=dict(learning_rate=1e-2),
        schedule=dict(name="constant"), training=dict(batch_size=8, max_steps=30),
        logging=dict(tensorboard=False, report=False))
    (WORK / f"{name}.json").write_text(json.dumps(recipe))
    train("pretrain", WORK / f"{name}.json")
    return WORK / f"run-{name}"


print(f"transformers {transformers.__version__}, torch {torch.__version__}, "
      f"llama-cpp-python {llama_cpp.__version__ if llama_cpp else 'is not there: its part is left out'}")
(WORK / "text.txt").write_text(TEXT * 3)
for name in CHOSEN:
    try:
        if name in KINDS:
            export_model(name, import_model(name), KINDS[name].passes, KINDS[name].refused)
        elif name == "template":
            own_template.Proof(WORK, train, check, llama_cpp).compare(load_export)
        else:
            export_model(name, train_model(name.removeprefix("trained-")))
    except Exception as error:
        check(f"{name} goes both ways", False, repr(error))
finish()
