"""What a training step would take if it did nothing but its matrix products, each by PyTorch (MKL): a limit that is not ours.

usage: torch_floor.py RECIPE.json [--threads N] [--wait]     prints one JSON object

Every product of the linear layers and the head, forward and backward, is timed alone through `torch.mm(out=)`, with what it reads
and writes in the same place each time; of attention the six products of all heads, at half their time since half of the
scores are masked. Three rounds of each, and the median of all its calls."""
import argparse, json, os, signal, statistics, time
import torch
from recipe_shape import RecipeShape

parser = argparse.ArgumentParser()
parser.add_argument("recipe")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--wait", action="store_true", help="stop before the first product until SIGCONT")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)

shape = RecipeShape(options.recipe)
batch, length, is_gpt2, vocabulary = shape.batch, shape.length, shape.is_gpt2, shape.vocabulary
width, layers, inner = shape.width, shape.layers, shape.inner
heads, key_heads, size = shape.heads, shape.key_heads, shape.size
rows = batch * length


def calls(function, seconds=0.1, least=3):
    function()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return times


def linear(outputs, inputs):
    """The calls of y = x w^T, dx = dy w and dw = dy^T x."""
    x, w, y = torch.rand(rows, inputs) - 0.5, torch.rand(outputs, inputs) - 0.5, torch.rand(rows, outputs) - 0.5
    dx, dw = torch.empty(rows, inputs), torch.empty(outputs, inputs)
    return [
        calls(lambda: torch.mm(x, w.t(), out=y)), calls(lambda: torch.mm(y, w, out=dx)),
        calls(lambda: torch.mm(y.t(), x, out=dw))]


def attention():
    """The calls of q k^T and its like, p v and its like, and p^T dy and its like, two of each in a step."""
    q, p = torch.rand(batch * heads, length, size) - 0.5, torch.rand(batch * heads, length, length)
    k, out, scores = torch.rand_like(q), torch.empty_like(q), torch.empty_like(p)
    return [
        calls(lambda: torch.bmm(q, k.transpose(1, 2), out=scores)), calls(lambda: torch.bmm(p, q, out=out)),
        calls(lambda: torch.bmm(p.transpose(1, 2), q, out=out))]


shapes = [
    ((heads + 2 * key_heads) * size, width, layers), (width, width, layers),
    (inner if is_gpt2 else 2 * inner, width, layers), (width, inner, layers), (vocabulary, width, 1)]
if options.wait:
    os.kill(os.getpid(), signal.SIGSTOP)
rounds = [([linear(outputs, inputs) for outputs, inputs, _ in shapes], attention()) for _ in range(3)]
seconds = sum(
    count * statistics.median(time for linears, _ in rounds for time in linears[layer][product])
    for layer, (_, _, count) in enumerate(shapes) for product in range(3))
seconds += layers * sum(statistics.median(time for _, products in rounds for time in products[kind]) for kind in range(3))
print(json.dumps({"torch": torch.__version__, "tokens_per_second": rows / seconds}))
