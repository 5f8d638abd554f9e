"""SFT or DPO of a random model of SmolLM2-135M's shape with TRL's trainers and their defaults: the peer of `train sft` and
`train dpo`.

usage: trl_step.py sft|dpo ROWS.json TOKENIZER.json [--batch N] [--steps N] [--threads N] [--adapter] [--keep-activations]
                   [--bf16]
prints one JSON object

--adapter tunes by PEFT's LoRA (r = 16, all linear layers) instead of all weights. TRL recomputes activations unless
--keep-activations is given. --bf16 is PyTorch's autocast.

ROWS are Alpaca rows, for DPO with `chosen` and `rejected`. Useful tokens are those that are no padding; for DPO the prompt
counts twice, as TRL computes it twice."""
import argparse, copy, json, os, resource, tempfile, time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

parser = argparse.ArgumentParser()
parser.add_argument("task", choices=["sft", "dpo"])
parser.add_argument("rows")
parser.add_argument("tokenizer")
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--steps", type=int, default=6)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--adapter", action="store_true")
parser.add_argument("--keep-activations", action="store_true")
parser.add_argument("--bf16", action="store_true")
options = parser.parse_args()
torch.set_num_threads(options.threads)

tokenizer = PreTrainedTokenizerFast(
    tokenizer_file=options.tokenizer, eos_token="<|endoftext|>", pad_token="<|padding|>")
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=max(49152, len(tokenizer)), hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
    num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True, max_position_embeddings=2048,
    eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id))
rows = json.load(open(options.rows))[: options.batch * options.steps]


def prompt(row):
    question = row["instruction"] + ("\n\n### Input:\n" + row["input"] if row["input"] else "")
    return f"Below is an instruction that describes a task.\n\n### Instruction:\n{question}\n\n### Response:\n"


def length(text):
    return len(tokenizer(text)["input_ids"])


if options.task == "sft":
    data = [{"prompt": prompt(row), "completion": row["output"]} for row in rows]
    useful = [length(row["prompt"]) + length(row["completion"]) + 1 for row in data]
else:
    data = [{"prompt": prompt(row), "chosen": row["chosen"], "rejected": row["rejected"]} for row in rows]
    useful = [2 * length(row["prompt"]) + length(row["chosen"]) + length(row["rejected"]) + 2 for row in data]


class Clock(TrainerCallback):
    times = []

    def on_step_end(self, *arguments, **named):
        self.times.append(time.perf_counter())


settings = dict(
    output_dir=tempfile.mkdtemp(), per_device_train_batch_size=options.batch, max_steps=options.steps, report_to=[],
    save_strategy="no", logging_steps=1000, bf16=options.bf16, use_cpu=True, learning_rate=1e-6, disable_tqdm=True,
    gradient_checkpointing=not options.keep_activations)
adapter = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM") if options.adapter else None
shared = dict(train_dataset=Dataset.from_list(data), processing_class=tokenizer, callbacks=[Clock()], peft_config=adapter)
if options.task == "sft":
    trainer = SFTTrainer(model, args=SFTConfig(**settings), **shared)
else:
    reference = None if adapter else copy.deepcopy(model)
    trainer = DPOTrainer(model, ref_model=reference, args=DPOConfig(**settings), **shared)
trainer.train()
# The steps of an epoch but the first, which prepares.
seconds = (Clock.times[-1] - Clock.times[0]) / (options.steps - 1)
tokens = sum(useful) / len(useful) * options.batch
print("\n" + json.dumps({
    "tokens_per_second": tokens / seconds, "useful_tokens_per_row": tokens / options.batch,
    "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
