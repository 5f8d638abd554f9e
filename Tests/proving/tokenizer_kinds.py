"""Small tokenizers of the kinds that published models have, trained by the tokenizers library."""

import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import GemmaTokenizer, GPTNeoXTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer

from programs import TEXT

FOREIGN = """Ünïcödé naïve café coöperate straße ŒUVRE e\u0301 a\u0308 Ελληνικά αλφάβητο Русский текст, український. 日本語の文章、
中文字符，한국어 문장 ไทย हिन्दी भाषा العربية עברית 🙂 👩‍👩‍👧 🏳️‍🌈 ½ ² ³ Ⅷ ٣٤٥ ①②\u00a0\u2003\u3000\ufeff x\u2581y ﬁ ĳ ǆ Å Å\n\r\n\t  \n\n  1234567890
    def f(x):\n        return x ** 2  # it's we'll YOU'RE I've DON'T\n"""
CORPUS = [TEXT, FOREIGN * 3]
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])


def cut(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(steps=(), use_regex=False, special=("<|endoftext|>", "<|im_end|>"), added=(), normalizer=None, begin=None,
               ignore_merges=False, size=600, **options):
    """A byte-level BPE; `options` are those of the class that saves it."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, level]) if steps else level
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        show_progress=False, vocab_size=size, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=True, special=False) for text in added])
    level = processors.ByteLevel(trim_offsets=False)
    if begin:
        template = processors.TemplateProcessing(f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))])
        tokenizer.post_processor = processors.Sequence([level, template])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=special[0], bos_token=begin, **options)


def parts(tokenizer):
    """What transformers' own classes are made of."""
    made = json.loads(tokenizer.backend_tokenizer.to_str())
    return made["model"]["vocab"], [tuple(merge) for merge in made["model"]["merges"]]


def gpt2():
    return byte_level(use_regex=True)


def smollm():
    return byte_level([pre_tokenizers.Digits(individual_digits=True)], use_regex=True)


def granite():
    """StarCoder's, with tokens for code."""
    return byte_level([pre_tokenizers.Digits(individual_digits=True)], use_regex=True,
                      special=("<|end_of_text|>", "<fim_prefix>", "<reponame>"), pad_token="<|end_of_text|>")


def llama3():
    return byte_level([cut(CL100K)], special=("<|end_of_text|>", "<|begin_of_text|>", "<|eot_id|>"),
                      begin="<|begin_of_text|>", ignore_merges=True)


def smollm3():
    """Llama 3's without a beginning, with tokens for thoughts that are not special."""
    return byte_level([cut(CL100K)], special=("<|end_of_text|>", "<|im_start|>", "<|im_end|>"),
                      added=("<think>", "</think>"), ignore_merges=True)


def olmo2():
    return byte_level([cut(CL100K, "removed", True)], special=("<|endoftext|>", "<|pad|>"), pad_token="<|pad|>",
                      unk_token="<|endoftext|>")


def phi4():
    return byte_level([cut(O200K, "removed", True)], special=("<|endoftext|>", "<|end|>", "<|user|>"))


def qwen():
    vocabulary, merges = parts(byte_level([cut(CL100K.replace("{1,3}", ""))], normalizer=normalizers.NFC()))
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    tokenizer.add_tokens([AddedToken("<|im_end|>", special=True), AddedToken("<tool_call>", special=False),
                          AddedToken("</think>", special=False)])
    return tokenizer


def neox():
    """GPT-NeoX-20B's has tokens for runs of spaces."""
    vocabulary, merges = parts(byte_level(use_regex=True, normalizer=normalizers.NFC(),
                                          special=("<|endoftext|>", "<|padding|>")))
    tokenizer = GPTNeoXTokenizer(vocab=vocabulary, merges=merges, bos_token="<|endoftext|>", eos_token="<|endoftext|>")
    tokenizer.add_tokens([AddedToken(" " * count, normalized=True, special=False) for count in range(24, 1, -1)])
    return tokenizer


def sentence_piece(steps, special, size=900):
    """A BPE of characters with bytes for those it lacks."""
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = steps
    every = list(special) + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=every, max_token_length=12,
                                  show_progress=False)
    trained.train_from_iterator([line for text in CORPUS for line in text.split("\n") if "<0x" not in line], trainer)
    made = json.loads(trained.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["id"] < len(special)]
    return Tokenizer.from_str(json.dumps(made))


def llama2():
    tokenizer = sentence_piece(
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), ["<unk>", "<s>", "</s>"])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>")


def gemma():
    """Gemma's vocabulary has runs of line breaks and of spaces; they are added tokens, too."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    vocabulary, merges = parts(PreTrainedTokenizerFast(
        tokenizer_object=sentence_piece(normalizers.Replace(" ", "▁"), special)))
    tokenizer = GemmaTokenizer(vocab=vocabulary, merges=merges)
    runs = [mark * count for mark in "\n▁" for count in range(2, 17) if mark * count in vocabulary]
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in runs])
    tokenizer.add_tokens([AddedToken("<start_of_turn>", normalized=False, special=True)])
    return tokenizer


KINDS = dict(gpt2=gpt2, smollm=smollm, granite=granite, llama3=llama3, smollm3=smollm3, olmo2=olmo2, phi4=phi4, qwen=qwen,
             neox=neox, llama2=llama2, gemma=gemma)


def save(kind, folder):
    """Saves the tokenizer; the number of its tokens."""
    tokenizer = KINDS[kind]()
    tokenizer.save_pretrained(folder)
    return len(tokenizer)
