"""A tiny Llama model in Hugging Face's layout whose tokens are the bytes: what it reads of a text is that text."""

import json
import random
import struct


def alphabet():
    """The characters that GPT-2's byte-level tokenizers write for the bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + index) for index, byte in enumerate(others)}


def tokenizer(special, merges=()):
    """tokenizer.json of a byte-level BPE: the bytes by their values, then the merges, then the special tokens."""
    vocabulary = {character: byte for byte, character in sorted(alphabet().items())}
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    added = [dict(id=len(vocabulary) + index, content=text, **flags) for index, text in enumerate(special)]
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    model = dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None,
                 fuse_unk=False, byte_fallback=False, ignore_merges=False, vocab=vocabulary,
                 merges=[f"{left} {right}" for left, right in merges])
    return dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=level,
                post_processor=None, decoder=level, model=model)


def save(folder, tokenizer, positions, width=8, **configuration):
    """config.json, model.safetensors and tokenizer.json of a random model with one layer."""
    size = len(tokenizer["model"]["vocab"]) + len(tokenizer["added_tokens"])
    shapes = {"model.embed_tokens.weight": [size, width], "model.norm.weight": [width]}
    layer = {"self_attn.q_proj": [width, width], "self_attn.k_proj": [width, width], "self_attn.v_proj": [width, width],
             "self_attn.o_proj": [width, width], "mlp.gate_proj": [width, width], "mlp.up_proj": [width, width],
             "mlp.down_proj": [width, width], "input_layernorm": [width], "post_attention_layernorm": [width]}
    shapes |= {f"model.layers.0.{name}.weight": shape for name, shape in layer.items()}
    header, body, numbers = {"__metadata__": {"format": "pt"}}, b"", random.Random(1)
    for name, shape in shapes.items():
        count = shape[0] * shape[-1] if len(shape) == 2 else shape[0]
        values = [numbers.gauss(0, 0.3) if len(shape) == 2 else 1.0 for _ in range(count)]
        data = struct.pack(f"<{count}f", *values)
        header[name] = dict(dtype="F32", shape=shape, data_offsets=[len(body), len(body) + len(data)])
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps(dict(
        architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=size, hidden_size=width, intermediate_size=width,
        num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1, max_position_embeddings=positions,
        rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True, hidden_act="silu", **configuration)))
