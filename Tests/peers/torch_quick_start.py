"""nanoGPT's quick start for CPUs, the way its README has it, in PyTorch: characters of one text, 4 layers, 4 heads, width 128,
context 64, batch 12, 2,000 steps, an evaluation of 20 batches of each half every 250.

usage: torch_quick_start.py TEXT     prints one JSON object: the validation loss (nats a character) and the seconds it took"""
import json, math, sys, time

start = time.perf_counter()
import torch, torch.nn as nn, torch.nn.functional as F

torch.set_num_threads(2)
torch.manual_seed(1337)
text = open(sys.argv[1]).read()
alphabet = {c: i for i, c in enumerate(sorted(set(text)))}
data = torch.tensor([alphabet[c] for c in text])
halves = {"train": data[: int(0.9 * len(data))], "val": data[int(0.9 * len(data)) :]}
width, heads, layers, length, batch, steps = 128, 4, 4, 64, 12, 2000


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        rows, count, _ = x.shape
        q, k, v = (t.view(rows, count, heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(width, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(rows, count, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(len(alphabet), width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 / (math.sqrt(2 * layers) if last else 1))

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def draw(half):
    source = halves[half]
    places = torch.randint(len(source) - length, (batch,)).tolist()
    windows = torch.stack([source[i : i + length + 1] for i in places])
    return windows[:, :-1], windows[:, 1:]


def rate(step):
    if step < 100:
        return 1e-3 * (step + 1) / 101
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * (step - 100) / (steps - 100))) * (1e-3 - 1e-4)


@torch.no_grad()
def evaluate():
    return {half: sum(model(*draw(half)).item() for _ in range(20)) / 20 for half in halves}


model = GPT()
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.99))
for step in range(steps + 1):
    for group in optimizer.param_groups:
        group["lr"] = rate(step)
    if step % 250 == 0:
        losses = evaluate()
        print(step, losses, f"{time.perf_counter() - start:.1f} s", file=sys.stderr)
    model(*draw("train")).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
# Twenty batches are a rough measure: the loss over the whole held-out text, beside the clock.
seconds = time.perf_counter() - start
with torch.no_grad():
    val = halves["val"]
    count = (len(val) - 1) // length
    ids, targets = val[: count * length].view(count, length), val[1 : count * length + 1].view(count, length)
    loss = sum(model(i, t).item() * len(i) for i, t in zip(ids.split(64), targets.split(64))) / count
print(json.dumps({"validation_loss": loss, "seconds": seconds}))
