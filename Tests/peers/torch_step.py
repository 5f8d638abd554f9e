"""One training step of a small language model in PyTorch, the way a careful user writes it: the peer of `train bench`.

usage: torch_step.py RECIPE.json [--steps N] [--compile] [--bf16] [--wait]     prints one JSON object

Same model, AdamW (fused), clipping, float32 and random tokens as `train bench RECIPE`. --bf16 is PyTorch's autocast."""
import argparse, json, os, resource, signal, time
import torch, torch.nn as nn, torch.nn.functional as F
from recipe_shape import RecipeShape

parser = argparse.ArgumentParser()
parser.add_argument("recipe")
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--wait", action="store_true", help="stop before the timed steps until SIGCONT")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)

shape = RecipeShape(options.recipe)
batch, length, is_gpt2, vocabulary = shape.batch, shape.length, shape.is_gpt2, shape.vocabulary
width, layers, inner = shape.width, shape.layers, shape.inner
heads, key_heads, size = shape.heads, shape.key_heads, shape.size


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


def rotate(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        norm = nn.LayerNorm if is_gpt2 else RMSNorm
        self.norm1, self.norm2 = norm(width), norm(width)
        self.qkv = nn.Linear(width, (heads + 2 * key_heads) * size, bias=is_gpt2)
        self.out = nn.Linear(width, width, bias=is_gpt2)
        self.up = nn.Linear(width, inner if is_gpt2 else 2 * inner, bias=is_gpt2)
        self.down = nn.Linear(inner, width, bias=is_gpt2)

    def forward(self, x, cosine, sine):
        rows, length, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).split([heads * size, key_heads * size, key_heads * size], -1)
        q = q.view(rows, length, heads, size).transpose(1, 2)
        k = k.view(rows, length, key_heads, size).transpose(1, 2)
        v = v.view(rows, length, key_heads, size).transpose(1, 2)
        if not is_gpt2:
            q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=key_heads != heads)
        x = x + self.out(y.transpose(1, 2).reshape(rows, length, width))
        h = self.up(self.norm2(x))
        if is_gpt2:
            return x + self.down(F.gelu(h, approximate="tanh"))
        gate, up = h.chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width) if is_gpt2 else None
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = (nn.LayerNorm if is_gpt2 else RMSNorm)(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.embedding.weight
        angles = torch.outer(torch.arange(length), 1.0 / (10000 ** (torch.arange(0, size, 2) / size)))
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        if self.positions is not None:
            x = x + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), targets.flatten())


model = Model()
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}], lr=1e-3, betas=(0.9, 0.95),
    fused=True)
loss_of = torch.compile(model) if options.compile else model
data = torch.randint(0, vocabulary, (options.steps + 3, batch, length + 1))


def step(index):
    with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
        loss = loss_of(data[index, :, :-1], data[index, :, 1:])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


seconds = []
for index in range(options.steps + 3):
    if options.wait and index == 3:
        os.kill(os.getpid(), signal.SIGSTOP)
    start = time.perf_counter()
    loss = step(index)
    if index >= 3:
        seconds.append(time.perf_counter() - start)
seconds.sort()
print(json.dumps({
    "torch": torch.__version__, "parameters": sum(p.numel() for p in model.parameters()), "loss": loss,
    "tokens_per_second": batch * length / seconds[len(seconds) // 2],
    "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
