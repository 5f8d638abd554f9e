"""A model with a chat template of its own, tuned and exported: the same prompts in train, transformers and llama.cpp.

Part of interchange.py.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "recording"))

import byte_model
import templates as jinja

# A default system turn, tools, calls of them, thoughts of the last answer only: no built-in template writes this.
TEMPLATE = r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {{- messages[0].content if messages[0].role == 'system' else "You're small, and kind." }}
    {{- '\n\n# Tools\n' }}
    {%- for tool in tools %}
        {{- '\n' + tool | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- else %}
    {{- "<|im_start|>system\nYou're small, and kind.<|im_end|>\n" }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or message.role == 'system' and not loop.first %}
        {{- '<|im_start|>' + message.role + '\n' + message.content | trim + '<|im_end|>\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>tool\n' + message.content + '<|im_end|>\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\n' }}
        {%- if loop.last and message.reasoning_content %}
            {{- '<think>' + message.reasoning_content + '</think>' }}
        {%- endif %}
        {{- message.content or '' }}
        {%- for call in message.tool_calls or [] %}
            {%- set function = {'name': call.function.name, 'arguments': call.function.arguments} %}
            {{- '<tool_call>' + function | tojson + '</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<tool_call>", "</tool_call>", "<think>", "</think>"]
WORDS = ["the", " the", "and", " and", "er", "user", "\u010a\u010a", "in", "ing", "ass", "ist", "ant"]

WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city\u2019s day", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}
CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "units": None}}}


def turns(*pairs):
    return [dict(role=role, content=content) for role, content in pairs]


# Conversations that end with an answer. None begins with a line break: it would share a token with the end of its header,
# which then belongs to the answer of a pair.
CONVERSATIONS = [
    dict(messages=turns(("user", "Hi"), ("assistant", "Hello, there and then!"))),
    dict(messages=turns(
        ("system", "Be brief."), ("user", " 2+2? \n"), ("assistant", "4"), ("user", "And 3+3?"), ("assistant", "6"))),
    dict(messages=turns(("user", "naïve 日本語 🙂\n\n\n  x"), ("assistant", "  e\u0301 and the\ttab "))),
    dict(messages=turns(("user", "What next?"), ("system", "A second one."), ("user", "Well?"), ("assistant", "The end."))),
    dict(messages=turns(("user", "The weather?")) + [
        dict(role="assistant", content=None, tool_calls=[CALL]), dict(role="tool", content='{"c": [1, 2.5, true]}'),
        dict(role="assistant", content="Rain.", reasoning_content="They want the weather.")], tools=[WEATHER]),
    dict(messages=turns(("system", "Use tools."), ("user", "Both?")) + [
        dict(role="assistant", content="Calling.", tool_calls=[CALL, CALL])], tools=[WEATHER]),
]


def merges():
    """The merges that make the words, a letter at a time."""
    alphabet = byte_model.alphabet()
    pairs = {}
    for word in WORDS:
        shown = "".join(alphabet.get(ord(letter), letter) for letter in word)
        for end in range(1, len(shown)):
            pairs.setdefault((shown[:end], shown[end]))
    return list(pairs)


def save_model(folder):
    """A model as its makers publish it; its generation_config.json alone says that two tokens end a text."""
    tokenizer = byte_model.tokenizer(SPECIAL, merges())
    first = len(tokenizer["model"]["vocab"]) + len(SPECIAL)
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    tokenizer["added_tokens"] += [dict(id=first + index, content=mark, **flags) for index, mark in enumerate(MARKS)]
    byte_model.save(folder, tokenizer, positions=1024, width=16, bos_token_id=None, eos_token_id=first - 3)
    (folder / "generation_config.json").write_text(json.dumps(dict(eos_token_id=[first - 1, first - 3])))
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(
        tokenizer_class="PreTrainedTokenizerFast", eos_token="<|im_end|>", pad_token="<|endoftext|>",
        chat_template=TEMPLATE)))


class Proof:
    """The comparisons, with the means of interchange.py: `train` runs the program, `check` reports."""

    def __init__(self, work, train, check, llama_cpp):
        self.work, self.train, self.check, self.llama_cpp = work, train, check, llama_cpp

    def tune(self):
        save_model(self.work / "own")
        pairs = [dict(prompt=row["messages"][:-1], chosen=row["messages"][-1:], rejected=turns(("assistant", "no")),
                      tools=row.get("tools")) for row in CONVERSATIONS]
        for name, rows in [("own.jsonl", CONVERSATIONS), ("own-pairs.jsonl", pairs)]:
            (self.work / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.train("sft", self.recipe("sft", self.work / "own"))

    def recipe(self, task, model):
        data = dict(train="own.jsonl" if task == "sft" else "own-pairs.jsonl", sequence_length=1024, packing=False,
                    shuffle=False, on_overflow="error", on_error="stop")
        path = self.work / f"own-{task}.json"
        path.write_text(json.dumps(dict(
            task=task, run=f"own-run-{task}", model={"from": str(model)}, data=data, objective=dict(name=task),
            optimizer=dict(learning_rate=1e-2), schedule=dict(name="constant"), training=dict(batch_size=2, max_steps=5),
            logging=dict(tensorboard=False, report=False))))
        return path

    def rows(self, task, model):
        output = self.train("inspect", self.recipe(task, model), "--json")
        return [json.loads(line) for line in output.splitlines()]

    def ids(self, model):
        """The tokens of every conversation, and those of its prompt: what both answers of a pair follow."""
        whole = [row["input_ids"] for row in self.rows("sft", model)]
        chosen = [row["chosen"] for row in self.rows("dpo", model)]
        return whole, [pair["input_ids"][:pair["trained"].index(1)] for pair in chosen]

    def compare(self, load_export):
        self.tune()
        run = self.work / "own-run-sft"
        self.train("export", run, self.work / "own-exported", "--to", "hf")
        self.train("export", run, self.work / "own.gguf", "--to", "gguf")
        whole, prompts = self.ids(run)
        for name, model in [("the base model", "own"), ("the export", "own-exported"), ("the GGUF", "own.gguf")]:
            isSame = self.ids(self.work / model) == (whole, prompts)
            self.check(f"own template: {name} gives the same tokens as the run", isSame)
        _, tokenizer = load_export("own template", self.work / "own-exported")
        self.check("own template: transformers has its text", tokenizer.chat_template == TEMPLATE)
        self.compare_tokens("transformers", whole, prompts, lambda row, **more: tokenizer.apply_chat_template(
            row["messages"], tools=row.get("tools"), tokenize=True, return_dict=False, **more))
        self.compare_counts(run, prompts)
        if self.llama_cpp is not None:
            self.compare_llama_cpp(whole, prompts)

    def compare_tokens(self, program, whole, prompts, tokens):
        """Whole conversations, and prompts with the header of the answer."""
        wrong = [row for row, ids in zip(CONVERSATIONS, whole) if list(tokens(row, add_generation_prompt=False)) != ids]
        self.check(f"own template: {program} has the same tokens of {len(whole)} conversations", not wrong, wrong or "")
        asked = [dict(row, messages=row["messages"][:-1]) for row in CONVERSATIONS]
        wrong = [row for row, ids in zip(asked, prompts) if list(tokens(row, add_generation_prompt=True)) != ids]
        self.check(f"own template: {program} has the same tokens of {len(prompts)} prompts", not wrong, wrong or "")

    def compare_counts(self, run, prompts):
        """`train generate --chat` reads as many tokens as the prompt of a pair with the same single question has."""
        questions = [(row["messages"][0]["content"], len(ids)) for row, ids in zip(CONVERSATIONS, prompts)
                     if len(row["messages"]) == 2]
        found = [json.loads(self.train("generate", run, "--chat", "--prompt", question, "--max-tokens", 1, "--json"))
                 for question, _ in questions]
        self.check("own template: generate --chat reads the same prompts",
                   [result["prompt_tokens"] for result in found] == [count for _, count in questions])

    def compare_llama_cpp(self, whole, prompts):
        model = self.llama_cpp.Llama(str(self.work / "own.gguf"), vocab_only=True, verbose=False)
        template = model.metadata["tokenizer.chat_template"]
        self.check("own template: llama.cpp has its text", template == TEMPLATE)

        def tokens(row, add_generation_prompt):
            text = jinja.render(template, dict(
                messages=row["messages"], tools=row.get("tools"), add_generation_prompt=add_generation_prompt,
                eos_token="<|im_end|>", pad_token="<|endoftext|>"))
            return model.tokenize(text.encode(), add_bos=False, special=True)

        self.compare_tokens("llama.cpp", whole, prompts, tokens)
        ends = json.loads((self.work / "own-exported" / "generation_config.json").read_text())["eos_token_id"]
        self.check("own template: llama.cpp ends an answer with the template's token", model.token_eos() in ends)
