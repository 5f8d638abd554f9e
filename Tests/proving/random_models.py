"""Random models of every family, made by transformers' own classes, with settings that change nothing and others that do."""

from typing import NamedTuple

import torch
import transformers
from transformers import AutoModelForCausalLM

import tokenizer_kinds
from programs import WORK


class Kind(NamedTuple):
    config: transformers.PreTrainedConfig
    tokenizer: str = "gpt2"
    # The key for which export refuses GGUF, which has no way to say it; None where the file says everything.
    refused: str | None = None
    # How log-probabilities come about in transformers: by one pass, by one for every token, or with a cache.
    passes: str = "one"


SIZES = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2,
             max_position_embeddings=128, initializer_range=0.15, bos_token_id=None, eos_token_id=0, pad_token_id=None)
NEOX = {key: value for key, value in SIZES.items() if key != "num_key_value_heads"} | dict(hidden_size=128)
UNROTATED = [1, 1, 0, 1]


def rope(kind="default", theta=10000.0, **more):
    return dict(rope_type=kind, rope_theta=theta, **more)


def sizes(**changes):
    return SIZES | changes


LLAMA3 = rope("llama3", 500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=8192)
YARN = rope("yarn", factor=4.0, original_max_position_embeddings=32)
LONG = dict(short_factor=[1.0, 1.25, 1.5, 2.0], long_factor=[1.5, 3.0, 4.0, 8.0])
LOCAL = dict(full_attention=rope(theta=1e6), sliding_attention=rope(theta=10000.0))
llama, qwen3, gemma3 = transformers.LlamaConfig, transformers.Qwen3Config, transformers.Gemma3TextConfig
KINDS = {
    "llama": Kind(llama(**SIZES, tie_word_embeddings=False)),
    "llama-tied": Kind(llama(**sizes(eos_token_id=2), tie_word_embeddings=True), "llama2"),
    "llama3": Kind(llama(**sizes(max_position_embeddings=16384, head_dim=16), rope_parameters=LLAMA3), "llama3"),
    "llama-biases": Kind(llama(**SIZES, attention_bias=True, mlp_bias=True, head_dim=16)),
    "llama-linear": Kind(llama(**SIZES, rope_parameters=rope("linear", factor=4.0)), "smollm"),
    "llama-yarn": Kind(llama(**SIZES, rope_parameters=YARN)),
    "llama-dynamic": Kind(llama(**sizes(max_position_embeddings=64), rope_parameters=rope("dynamic", factor=4.0)),
                          refused="rope_scaling", passes="cached"),
    "llama-longrope": Kind(
        llama(**SIZES, rope_parameters=rope("longrope", factor=4.0, original_max_position_embeddings=32, **LONG)),
        refused="rope_scaling", passes="each"),
    "mistral": Kind(transformers.MistralConfig(**SIZES, sliding_window=None)),
    "mistral-window": Kind(transformers.MistralConfig(**SIZES, sliding_window=16, head_dim=16), refused="sliding_window"),
    "qwen2": Kind(transformers.Qwen2Config(**SIZES, tie_word_embeddings=True), "qwen"),
    "qwen2-window": Kind(
        transformers.Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=16, max_window_layers=1), "qwen",
        refused="sliding_window"),
    "qwen2-yarn": Kind(transformers.Qwen2Config(**SIZES, rope_parameters=YARN), "qwen"),
    "qwen3": Kind(qwen3(**SIZES, head_dim=16, tie_word_embeddings=True), "qwen"),
    "qwen3-window": Kind(
        qwen3(**SIZES, head_dim=16, attention_bias=True, use_sliding_window=True, sliding_window=16, max_window_layers=1),
        "qwen", refused="layer_types"),
    "gemma3": Kind(gemma3(**sizes(num_hidden_layers=7, eos_token_id=1, bos_token_id=2, pad_token_id=0), head_dim=16,
                          query_pre_attn_scalar=16, sliding_window=16, rope_parameters=LOCAL), "gemma"),
    "gemma3-other": Kind(
        gemma3(**sizes(eos_token_id=1, bos_token_id=2, pad_token_id=0), head_dim=16, query_pre_attn_scalar=20,
               sliding_window=16, attention_bias=True, tie_word_embeddings=False,
               layer_types=["full_attention", "sliding_attention", "sliding_attention"],
               rope_parameters=dict(full_attention=rope("linear", 1e6, factor=8.0), sliding_attention=rope(theta=5000.0))),
        "gemma", refused="attention_bias"),
    "olmo2": Kind(transformers.Olmo2Config(**SIZES), "olmo2"),
    "phi3": Kind(transformers.Phi3Config(**SIZES, sliding_window=None), "llama2"),
    "phi3-longrope": Kind(
        transformers.Phi3Config(
            **sizes(num_attention_heads=4, tie_word_embeddings=True), sliding_window=512,
            original_max_position_embeddings=32, rope_parameters=rope("longrope", partial_rotary_factor=0.5, **LONG)),
        "llama2", passes="each"),
    "phi3-window": Kind(transformers.Phi3Config(**SIZES, sliding_window=16), "phi4", refused="sliding_window"),
    "smollm3": Kind(transformers.SmolLM3Config(**sizes(num_hidden_layers=5), tie_word_embeddings=True), "smollm3"),
    "smollm3-other": Kind(
        transformers.SmolLM3Config(
            **sizes(num_hidden_layers=4), no_rope_layers=UNROTATED, attention_bias=True, mlp_bias=True,
            use_sliding_window=True, sliding_window=16, tie_word_embeddings=False, rope_parameters=YARN),
        "smollm3", refused="layer_types"),
    "granite": Kind(
        transformers.GraniteConfig(
            **SIZES, embedding_multiplier=12.0, attention_multiplier=0.2, residual_multiplier=0.22, logits_scaling=4.0,
            tie_word_embeddings=True), "granite"),
    "granite-biases": Kind(
        transformers.GraniteConfig(**SIZES, attention_bias=True, mlp_bias=True, rope_parameters=YARN), "granite"),
    "gpt_neox": Kind(transformers.GPTNeoXConfig(**NEOX, tie_word_embeddings=False), "neox"),
    "gpt_neox-sequential": Kind(
        transformers.GPTNeoXConfig(
            **NEOX, use_parallel_residual=False, tie_word_embeddings=False,
            rope_parameters=rope(theta=5000.0, partial_rotary_factor=0.5)), "neox"),
    "gpt_neox-other": Kind(
        transformers.GPTNeoXConfig(**NEOX, hidden_act="gelu_new", attention_bias=False, tie_word_embeddings=True), "neox",
        refused="tie_word_embeddings"),
    "gpt2": Kind(transformers.GPT2Config(
        n_embd=64, n_layer=3, n_head=4, n_positions=128, initializer_range=0.15, bos_token_id=None, eos_token_id=0)),
}


def random_model(name):
    """Saves a random model with its tokenizer; biases and norms are drawn too."""
    config, tokenizer, *_ = KINDS[name]
    folder = WORK / f"hf-{name}"
    config.vocab_size = tokenizer_kinds.save(tokenizer, folder)
    config._attn_implementation = "eager"
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder, max_shard_size="200KB" if name in ["qwen2", "gemma3", "gpt_neox"] else "5GB")
    return folder, model.eval()
