"""Random conversations for chat templates, the same for the same seed."""

import json
import random
import re

TEXTS = [
    "", " ", "\n", "\t \n", "Hi", "What is 2+2?", "Be brief.", " leading", "trailing \n", "a\n\nb\r\nc", "naïve café e\u0301 Å",
    "日本語 한국어", "🙂 👩‍👩‍👧", "\u00a0nbsp\u2003em\u2028line\x0b\x1c\x85", "\x00\x07\x1b[0m\x7f", "<b>&amp;\"quotes\" 'single'</b>",
    "{{ messages }}", "{% if x %}", "{# no #}", "back\\slash \\n", "<|im_end|>", "</s><s>", "<|eot_id|><|start_header_id|>",
    "<think>", "</think>", "<think>\nhm\n</think>\n\nyes", "a</think>b</think>c", "<tool_response>x</tool_response>",
    "<tool_response>", "x</tool_response>", "[INST] no [/INST]", "[1, 2]", "{\"a\": 1}", "null", "/no_think", "İı ΑΣ ß ǆ ﬁ",
    "<|end|><|channel|>analysis<|message|>", "<｜Assistant｜>", "/think", "<start_of_turn>model\n", "%s %d {} {0}", "a" * 200,
]
NAMES = ["get_weather", "add", "f", "browser.search", "python", "naïve_ü", "with space", ""]
ROLES = ["system", "developer", "user", "assistant", "tool", "critic", ""]
NUMBERS = [0, 1, -7, 42, 10**15, 2**53 + 1, 10**25, 0.5, -0.0, 1.0, 1e-7, 1e16, 1e22, 123456.789, 0.1, 3.0e-10, 1e300]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class Source:
    """What one conversation is made of."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def likely(self, share):
        return self.random.random() < share

    def one(self, *items):
        return self.random.choice(items)

    def text(self):
        text = self.random.choice(TEXTS)
        while self.likely(0.4):
            text += self.one("", " ", "\n") + self.random.choice(TEXTS)
        return text

    def value(self, depth=2):
        """Any JSON."""
        kind = self.random.randrange(8 if depth else 5)
        if kind < 2:
            return self.text()
        if kind < 5:
            return self.one(self.random.choice(NUMBERS), True, False, None)
        if kind == 5:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        return self.object(depth - 1)

    def object(self, depth=2):
        names = ["city", "x", "unit", "items", "keys", "Ünit", "a b", "get", "_x", "0", "type", ""]
        return {self.random.choice(names): self.value(depth) for _ in range(self.random.randrange(4))}

    # Tools.

    def schema(self, depth=2):
        """The JSON schema of a parameter."""
        kinds = ["string", "integer", "number", "boolean", "null", "array", "object"]
        schema = {"type": self.random.choice(kinds[:5] if depth == 0 else kinds)}
        if self.likely(0.1):
            schema = {"anyOf": [self.schema(0), self.schema(0)]} if self.likely(0.5) else {"type": ["string", "null"]}
        if self.likely(0.6):
            schema["description"] = self.text()
        if self.likely(0.2):
            schema["enum"] = [self.value(0) for _ in range(3)] if self.likely(0.3) else ["celsius", "fahrenheit"]
        if self.likely(0.2):
            schema["default"] = self.value(0)
        if self.likely(0.1):
            schema["nullable"] = self.one(True, False)
        if schema.get("type") == "array" and self.likely(0.8):
            schema["items"] = self.schema(depth - 1)
        if schema.get("type") == "object" and self.likely(0.8):
            schema |= self.parameters(depth - 1)
        return schema

    def parameters(self, depth=2):
        names = self.random.sample(["city", "unit", "days", "Ünit", "x"], self.random.randrange(1, 4))
        return {"type": "object", "properties": {name: self.schema(depth) for name in names},
                **({"required": names[:self.random.randrange(len(names) + 1)]} if self.likely(0.7) else {})}

    def tool(self):
        function = {"name": self.one(*NAMES[:5]), "description": self.text()}
        if self.likely(0.9):
            function["parameters"] = self.parameters()
        if self.likely(0.1):
            function["return"] = self.schema(1)
        if self.likely(0.1):
            function["strict"] = True
        return {"type": "function", "function": function} if self.likely(0.9) else function

    def call(self):
        arguments = self.object()
        function = {"name": self.random.choice(NAMES),
                    "arguments": json.dumps(arguments, ensure_ascii=False) if self.likely(0.3) else arguments}
        if self.likely(0.1):
            return function
        call = {"type": "function", "function": function}
        return {"id": self.one("call_1", "abc"), **call} if self.likely(0.4) else call

    # Turns.

    def answer(self):
        turn = {"role": "assistant", "content": self.text()}
        if self.likely(0.25):
            turn["thought"] = self.text()
        return turn

    def calling(self):
        turn = {"role": "assistant", "content": self.text() if self.likely(0.4) else self.one("", None)}
        if turn["content"] is None and self.likely(0.5):
            del turn["content"]
        if self.likely(0.2):
            turn["thought"] = self.text()
        turn["tool_calls"] = [self.call() for _ in range(1 if self.likely(0.8) else 2)]
        return turn

    def result(self):
        turn = {"role": "tool", "content": self.text()}
        for name, value in [("name", self.random.choice(NAMES)), ("tool_call_id", "call_1")]:
            if self.likely(0.4):
                turn[name] = value
        return turn

    def messages(self):
        turns = []
        if self.likely(0.25):
            turns.append({"role": self.one("system", "system", "developer"), "content": self.text()})
        usesTools = self.likely(0.25)
        for _ in range(self.random.choice([1, 1, 2, 2, 3, 4])):
            turns.append({"role": "user", "content": self.text()})
            if usesTools and self.likely(0.7):
                for _ in range(self.random.choice([1, 1, 2])):
                    turns.append(self.calling())
                    turns += [self.result() for _ in turns[-1]["tool_calls"]]
            turns.append(self.answer())
        if self.likely(0.2):
            turns.pop()
        return turns

    def disordered(self, turns):
        """The turns with something out of the ordinary."""
        for _ in range(self.random.choice([1, 1, 2])):
            place = self.random.randrange(len(turns) + 1)
            kind = self.random.randrange(5)
            if kind == 0:
                turns.insert(place, {"role": self.random.choice(ROLES), "content": self.text()})
            elif kind == 1:
                turns.insert(place, self.one(self.answer(), self.calling(), self.result()))
            elif kind == 2:
                self.random.shuffle(turns)
            elif kind == 3 and len(turns) > 1:
                turns.pop(place - 1)
            else:
                value = self.one(self.text(), self.object(), 7)
                turns[place - 1] = dict(turns[place - 1], **{self.one("name", "id", "extra"): value})
        return turns


def conversation(seed):
    """What a template is given: messages, whose thoughts have no name yet, tools, documents and variables."""
    source = Source(seed)
    turns = source.messages()
    if source.likely(0.15):
        turns = source.disordered(turns)
    if source.likely(0.1):
        turn = source.one(*turns)
        if isinstance(turn.get("content"), str):
            turn["content"] = [{"type": "text", "text": text} for text in [turn["content"], source.text()]]
    row = {"messages": turns}
    if source.likely(0.1):
        row["tools"] = source.one(None, [])
    elif source.likely(0.3):
        row["tools"] = [source.tool() for _ in range(source.random.randrange(1, 4))]
    if source.likely(0.05):
        row["documents"] = [{"title": source.text(), "text": source.text()}]
    variables = {
        "enable_thinking": source.one(True, False), "reasoning_effort": source.one("low", "high"),
        "builtin_tools": ["browser", "python"], "date_string": "26 Jul 2024", "tools_in_user_message": False,
        "model_identity": source.text(), "clear_thinking": source.one(True, False), "extra": source.value(),
    }
    chosen = {name: value for name, value in variables.items() if source.likely(0.12)}
    if chosen:
        row["chat_template_kwargs"] = chosen
    return json.loads(json.dumps(row))


def fitted(row, template):
    """The row for a template: thoughts under the name that it reads, and parts of text only where it reads them, as train does.

    Everything else a template is given as the row has it.
    """
    code = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    names = ["reasoning_content", "thinking", "reasoning"]
    name = next((name for name in names if re.search(rf"\b{name}\b", code)), names[0])
    fitted = dict(row, messages=[])
    for turn in row["messages"]:
        turn = {name if key == "thought" else key: value for key, value in turn.items()}
        if isinstance(turn.get("content"), list) and not re.search(r"\btext\b", code):
            turn["content"] = "".join(part["text"] for part in turn["content"])
        fitted["messages"].append(turn)
    return fitted


def variables(row):
    """What transformers' apply_chat_template gives a template of the row."""
    return {"messages": row["messages"], "tools": row.get("tools"), "documents": row.get("documents"),
            "add_generation_prompt": False, **SPECIAL, **row.get("chat_template_kwargs", {})}


# Mutations of templates.

WORDS = [
    "messages", "message", "tools", "tool", "loop.first", "loop.last", "loop.index0", "loop.previtem", "role", "content",
    "trim", "length", "tojson", "upper", "string", "list", "first", "last", "default", "join", "defined", "none", "true",
    "false", "mapping", "iterable", "and", "or", "not", "in", "is", "if", "else", "endif", "for", "endfor", "set", "ns",
    "+", "-", "~", "|", "==", "!=", "<", ">", "[", "]", "(", ")", ".", ",", "0", "1", "-1", "''", "'\\n'", "::", "%", "*",
]


def mutated(seed, templates, snippets):
    """A template, and the same with a few changes: words exchanged, parts removed, repeated, or from elsewhere."""
    source = Source(f"mutation {seed}")
    original = text = source.random.choice(templates)
    for _ in range(source.random.choice([1, 1, 1, 2, 3])):
        kind = source.random.randrange(8)
        if kind < 4:
            codes = list(re.finditer(r"\{[{%].*?[%}]\}", text, re.DOTALL))
            code = source.random.choice(codes) if codes else None
            words = list(re.finditer(r"[\w.]+|'[^']*'|[^\w\s]", code[0])) if code else []
            if not words:
                continue
            word = source.random.choice(words)
            start, end = code.start() + word.start(), code.start() + word.end()
            other = source.one(*WORDS) if source.likely(0.5) else source.random.choice(words)[0]
            text = text[:start] + source.one(other, other, "", word[0] + " " + other) + text[end:]
            continue
        start = source.random.randrange(len(text) + 1)
        end = min(len(text), start + source.random.choice([1, 1, 2, 5, 20, 100]))
        if kind == 4:
            text = text[:start] + text[end:]
        elif kind == 5:
            text = text[:end] + text[start:end] + text[end:]
        else:
            tags = [match.end() for match in re.finditer(r"[%}]\}", text)] or [0]
            place = source.random.choice(tags)
            text = text[:place] + source.random.choice(snippets) + text[place:]
    return original, text
