"""The shape of the model and of a step that a recipe of `train bench` describes."""
import json, re


class RecipeShape:
    def __init__(self, path):
        recipe = json.loads(re.sub(r"^\s*//.*$", "", open(path).read(), flags=re.M))
        model = recipe["model"]
        self.batch, self.length = recipe["training"]["batch_size"], recipe["data"]["sequence_length"]
        self.is_gpt2 = model["architecture"] == "gpt2"
        self.width = model["n_embd" if self.is_gpt2 else "hidden_size"]
        self.layers = model["n_layer" if self.is_gpt2 else "num_hidden_layers"]
        self.heads = model["n_head" if self.is_gpt2 else "num_attention_heads"]
        self.key_heads = model.get("num_key_value_heads", self.heads)
        self.inner = model.get("n_inner") or 4 * self.width if self.is_gpt2 else model["intermediate_size"]
        self.vocabulary = model["vocab_size"]
        self.size = self.width // self.heads
