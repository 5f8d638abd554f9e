"""Exchanges models with transformers and llama.cpp and compares what they compute. Run by Tests/prove-interchange.

    interchange.py TRAIN FOLDER
"""

import json
import logging
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import h5py
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

import own_template

try:
    import llama_cpp
except ImportError:
    llama_cpp = None

TRAIN, WORK = Path(sys.argv[1]), Path(sys.argv[2])
ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "Sources" / "Inference" / "README.md").read_text()
AWKWARD = [
    "Hello, world!", " leading", "trailing ", "a  b   c    d", "\n\n\t\t x \r\n", "I've we'll YOU'RE it's", "1234567890 3.14",
    "naïve café Ünïcödé", "日本語の文章と한국어 文字", "🙂 👩‍👩‍👧 🦙.cpp", "def f(x):\n    return x ** 2  # ok", "ſ 'S ²³ ½",
    "<|endoftext|> is text", "\u00a0\u2003 spaces", "e\u0301 combined", "a\u2581b", "",
]
# Hugging Face's tokenizers take no invalid UTF-8, and llama.cpp puts U+FFFD in its place; here the bytes come back.
INVALID = [b"\xff\xfe", b"ab\xc3", b"\xe2\x82 x", b"\xf0\x9f\x98 \x80"]
AWKWARD += [data.decode(errors="replace") for data in INVALID]
problems = []


def check(what, holds, figure=""):
    print(f"{'ok  ' if holds else 'FAIL'} {what}{': ' if figure != '' else ''}{figure}", flush=True)
    if not holds:
        problems.append(what)


def train(*arguments, data=None):
    done = subprocess.run([TRAIN, *map(str, arguments)], input=data, capture_output=True, cwd=WORK)
    if done.returncode:
        raise RuntimeError(f"train {' '.join(map(str, arguments))}: {done.stderr.decode()}")
    return done.stdout


def generated(checkpoint, prompt, *options):
    """The tokens that train writes after the prompt, and their log-probabilities."""
    result = json.loads(train("generate", checkpoint, "--prompt", prompt, "--json", *options))
    return result["tokens"], torch.tensor(result["logprobs"], dtype=torch.float64)


def encoded(checkpoint, text):
    data = text if isinstance(text, bytes) else text.encode()
    return json.loads(train("tokenizer", "encode", checkpoint, "--json", data=data))["input_ids"]


# Models that transformers makes.

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")


def byte_level(folder, kind="gpt2"):
    """A small byte-level tokenizer of the kind of GPT-2, of SmolLM (single digits), of Llama 3 or of Qwen2 (NFC)."""
    tokenizer = Tokenizer(models.BPE())
    steps = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind in ["gpt2", "smollm"])]
    if kind == "smollm":
        steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    if kind in ["llama3", "qwen2"]:
        pattern = QWEN2 if kind == "qwen2" else QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
        steps.insert(0, pre_tokenizers.Split(Regex(pattern), "isolated"))
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps) if len(steps) > 1 else steps[0]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([TEXT], trainer)
    return save_tokenizer(tokenizer, folder, "<|endoftext|>")


def sentence_piece(folder):
    """A small tokenizer of the kind of Llama 2: characters, bytes for those it lacks, spaces as U+2581."""
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, max_token_length=12)
    trained.train_from_iterator([line for line in TEXT.split("\n") if "<0x" not in line], trainer)
    made = json.loads(trained.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return save_tokenizer(tokenizer, folder, "</s>")


def save_tokenizer(tokenizer, folder, end):
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end).save_pretrained(folder)
    return tokenizer.get_vocab_size()


SIZES = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2,
             max_position_embeddings=128, initializer_range=0.15, bos_token_id=None, eos_token_id=0)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=8192)
KINDS = {
    "llama": (transformers.LlamaConfig(**SIZES, tie_word_embeddings=False), byte_level),
    "llama-tied": (transformers.LlamaConfig(**SIZES | dict(eos_token_id=2), tie_word_embeddings=True), sentence_piece),
    "llama3": (transformers.LlamaConfig(**SIZES | dict(max_position_embeddings=16384), rope_parameters=LLAMA3),
               lambda folder: byte_level(folder, "llama3")),
    "mistral": (transformers.MistralConfig(**SIZES, sliding_window=None),
                lambda folder: byte_level(folder, "smollm")),
    "qwen2": (transformers.Qwen2Config(**SIZES, tie_word_embeddings=True),
              lambda folder: byte_level(folder, "qwen2")),
    "gpt2": (transformers.GPT2Config(
        n_embd=64, n_layer=3, n_head=4, n_positions=128, initializer_range=0.15, bos_token_id=None,
        eos_token_id=0), byte_level),
}


def random_model(name):
    """Saves a random model with its tokenizer; biases and norms are drawn too."""
    config, tokenizer = KINDS[name]
    folder = WORK / f"hf-{name}"
    config.vocab_size = tokenizer(folder)
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder, max_shard_size="200KB" if name == "qwen2" else "5GB")
    return folder, model.eval()


# Comparisons.

def log_probabilities(model, tokens):
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([tokens])).logits[0].double(), dim=-1)


def compare(what, checkpoint, model, tokenizer, bound=1e-4):
    """Log-probabilities of tokens from all over the vocabulary, and the greedy continuation."""
    worst = 0.0
    prompt = "The model of"
    start = tokenizer(prompt, add_special_tokens=True)["input_ids"]
    for seed in range(4):
        tokens, found = generated(
            checkpoint, prompt, "--temperature", 50, "--max-tokens", 100, "--seed", seed)
        expected = log_probabilities(model, start + tokens)
        expected = torch.stack([expected[len(start) - 1 + place, token] for place, token in enumerate(tokens)])
        worst = max(worst, (found - expected).abs().max().item())
    check(f"{what}: log-probabilities agree", worst <= bound, f"largest difference {worst:.1e}")
    tokens, _ = generated(checkpoint, prompt, "--greedy", "--max-tokens", 40)
    with torch.no_grad():
        output = model.generate(
            torch.tensor([start]), do_sample=False, max_new_tokens=40, eos_token_id=model.config.eos_token_id,
            pad_token_id=0)[0].tolist()[len(start):]
    check(f"{what}: the greedy text is the same", tokens == output, f"{len(tokens)} tokens")


def compare_tokenizers(what, checkpoint, tokenizer):
    wrong = [text for text in AWKWARD if encoded(checkpoint, text) != tokenizer(
        text, add_special_tokens=False, split_special_tokens=True)["input_ids"]]
    check(f"{what}: the tokenizers agree on {len(AWKWARD)} texts", not wrong, wrong or "")
    lost = [data for data in INVALID if data != train("tokenizer", "decode", checkpoint, *encoded(checkpoint, data))]
    check(f"{what}: invalid bytes come back", not lost, lost or "")


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
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").float().eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        transformers.GenerationConfig.from_pretrained(folder)
    check(f"{what}: transformers loads it without a warning", not complaints.seen, complaints.seen or "")
    return model, tokenizer


def compare_llama_cpp(what, checkpoint, file, exact):
    """Tokens, the greedy text and log-probabilities in llama.cpp."""
    if llama_cpp is None:
        return
    float32 = 0  # The cache's numbers; float16 by default.
    model = llama_cpp.Llama(
        str(file), n_ctx=128, logits_all=True, verbose=False, n_threads=2, type_k=float32, type_v=float32)
    # llama.cpp has no normalisation: what NFC would change is another text there.
    composes = b"NFC" in (Path(checkpoint) / "tokenizer.json").read_bytes()
    texts = [text for text in AWKWARD if text and not (composes and unicodedata.normalize("NFC", text) != text)]
    wrong = [text for text in texts if model.tokenize(text.encode(), add_bos=False, special=False) != encoded(
        checkpoint, text)]
    check(f"{what}: llama.cpp's tokenizer agrees on {len(texts)} texts", not wrong, wrong or "")
    prompt = "The model of"
    start = model.tokenize(prompt.encode(), add_bos=True, special=False)
    tokens, logprobs = generated(checkpoint, prompt, "--greedy", "--max-tokens", 40)
    model.eval(start + tokens)
    scores = torch.tensor(model.scores[:len(start) + len(tokens)]).double()
    expected = torch.log_softmax(scores, dim=-1)
    expected = torch.stack([expected[len(start) - 1 + place, token] for place, token in enumerate(tokens)])
    difference = (logprobs - expected).abs().max().item()
    choices = scores[len(start) - 1:-1].argmax(dim=-1).tolist()
    if exact:
        check(f"{what}: llama.cpp writes the same greedy text", choices == tokens and difference < 1e-3,
              f"{len(tokens)} tokens, largest difference of log-probabilities {difference:.1e}")
    else:
        check(f"{what}: llama.cpp is as close as its rounding", difference < 0.5,
              f"largest difference of log-probabilities {difference:.1e}")


# The two directions.

def import_models():
    for name in KINDS:
        folder, model = random_model(name)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        train("import", folder, WORK / f"imported-{name}")
        with h5py.File(WORK / f"imported-{name}" / "model.h5") as file:
            check(f"{name}: h5py reads the import", "config" in file.attrs and len(file["model"]) > 0)
        compare(f"{name} from transformers", WORK / f"imported-{name}", model, tokenizer)
        compare_tokenizers(f"{name} from transformers", folder, tokenizer)


def export_models():
    for name in KINDS:
        checkpoint = WORK / f"imported-{name}"
        folder = WORK / f"exported-{name}"
        train("export", checkpoint, folder, "--to", "hf")
        model, tokenizer = load_export(name, folder)
        compare(f"{name} to transformers", checkpoint, model, tokenizer)
        compare_tokenizers(f"{name} to transformers", checkpoint, tokenizer)
        train("export", checkpoint, WORK / "half", "--to", "hf", "--dtype", "bf16", "--overwrite")
        load_export(f"{name} in bfloat16", WORK / "half")
        for dtype in ["f32", "f16", "q8_0"]:
            file = WORK / f"{name}-{dtype}.gguf"
            train("export", checkpoint, file, "--to", "gguf", "--dtype", dtype)
            compare_llama_cpp(f"{name} as GGUF {dtype}", checkpoint, file, exact=dtype == "f32")


def trained_here():
    """Models that were trained here from nothing, with a tokenizer that was, too."""
    (WORK / "text.txt").write_text(TEXT * 3)
    sizes = {
        "llama": dict(architecture="llama", hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                      num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128),
        "gpt2": dict(architecture="gpt2", n_embd=64, n_layer=2, n_head=4, n_positions=128),
    }
    for name, size in sizes.items():
        recipe = dict(
            task="pretrain", run=f"run-{name}", model=size, tokenizer=dict(train=dict(vocab_size=500)),
            data=dict(train="text.txt", sequence_length=64), optimizer=dict(learning_rate=1e-2),
            schedule=dict(name="constant"), training=dict(batch_size=8, max_steps=30),
            logging=dict(tensorboard=False, report=False))
        (WORK / f"{name}.json").write_text(json.dumps(recipe))
        train("pretrain", WORK / f"{name}.json")
        checkpoint = WORK / f"run-{name}"
        train("export", checkpoint, WORK / f"trained-{name}", "--to", "hf")
        model, tokenizer = load_export(f"{name} trained here", WORK / f"trained-{name}")
        compare(f"{name} trained here", checkpoint, model, tokenizer)
        compare_tokenizers(f"{name} trained here", checkpoint, tokenizer)
        train("export", checkpoint, WORK / f"trained-{name}.gguf", "--to", "gguf")
        compare_llama_cpp(f"{name} trained here as GGUF", checkpoint, WORK / f"trained-{name}.gguf", exact=True)


print(f"transformers {transformers.__version__}, torch {torch.__version__}, "
      f"llama-cpp-python {llama_cpp.__version__ if llama_cpp else 'is not there: its part is left out'}")
import_models()
export_models()
trained_here()
own_template.Proof(WORK, train, check, llama_cpp).compare(load_export)
print(f"{len(problems)} problems" if problems else "everything agrees")
sys.exit(1 if problems else 0)
