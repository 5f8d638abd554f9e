"""Single operations: values and gradients."""

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from .inputs import FIXTURES, exact, generator, integers, normal, uniform, write_cases
from .layers import LLAMA3_SCALING, attention, gelu, rms_norm, rotary, rotary_frequencies, starts_of


class Group:
    """The cases of one family of operations."""

    def __init__(self, name):
        self.name, self.cases, self.tensors = name, [], {}

    def keep(self, case, role, tensor):
        assert f"{case}/{role}" not in self.tensors, case
        self.tensors[f"{case}/{role}"] = tensor.detach().contiguous().clone()

    def case(self, operation, label, function, inputs, attributes=None, constants=None, extreme=False):
        """Records the value of `function(*inputs)` and the gradient of Σ upstream · value of each input."""
        case = f"{operation}/{label}"
        assert all(torch.equal(exact(tensor), tensor) for tensor in inputs), case
        inputs = [tensor.clone().requires_grad_() for tensor in inputs]
        output = function(*inputs)
        upstream = normal(*output.shape)
        gradients = torch.autograd.grad(output, inputs, upstream)
        for tensor in [output, *gradients]:
            assert tensor.isfinite().all() and tensor.float().isfinite().all(), case
        for role, values in [("input", inputs), ("gradient", gradients)]:
            for i, tensor in enumerate(values):
                self.keep(case, f"{role}.{i}", tensor.float() if role == "input" else tensor)
        self.keep(case, "output", output)
        self.keep(case, "upstream", upstream.float())
        for name, tensor in (constants or {}).items():
            self.keep(case, name, tensor)
        self.cases.append({
            "operation": operation, "label": label, "extreme": extreme, "attributes": attributes or {},
            "inputs": len(inputs), "integers": list(constants or {}),
        })

    def write(self):
        folder = FIXTURES / "operations"
        folder.mkdir(parents=True, exist_ok=True)
        write_cases(folder / f"{self.name}.json", self.cases)
        save_file(self.tensors, folder / f"{self.name}.safetensors")


def record_elementwise():
    group = Group("elementwise")
    shapes = {
        "ordinary": ([3, 7], [3, 7]),
        "row": ([3, 7], [7]),
        "column": ([3, 1], [3, 5]),
        "both": ([4, 1, 3], [2, 1]),
        "scalar": ([], [2, 3]),
        "one": ([1], [1]),
        "tail": ([17], [17]),
    }
    for operation, function in {
        "add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div,
    }.items():
        for label, (a, b) in shapes.items():
            y = normal(*b)
            if operation == "divide":
                y = uniform(*b, low=0.3, high=3) * y.sign()
            group.case(operation, label, function, [normal(*a), y])
        extreme = [normal(9, scale=1e4), exact([1e-10, -1e-10, 1e4, -1e4, 3e4, 1.0, -1.0, 88.7, 1e-5])]
        group.case(operation, "extreme", function, extreme, extreme=True)

    wide = [-1e4, -88.7, -30.0, -20.0, -9.0, -1e-3, 1e-20, 1e-3, 9.0, 20.0, 30.0, 88.7, 1e4]
    positive = [1e-20, 1e-6, 0.5, 1.0, 1.0000001, 2.0, 1e4, 1e20]
    unary = {
        "negate": (torch.neg, normal, wide), "exp": (torch.exp, normal, [-80.0, -20.0, -1e-6, 1e-20, 20.0, 80.0]),
        "log": (torch.log, None, positive), "sqrt": (torch.sqrt, None, positive),
        "square": (torch.square, normal, wide), "tanh": (torch.tanh, normal, wide),
        "sigmoid": (torch.sigmoid, normal, wide), "log_sigmoid": (F.logsigmoid, normal, wide),
        "relu": (torch.relu, normal, wide), "silu": (F.silu, normal, wide), "gelu": (gelu, normal, wide),
    }
    for operation, (function, sample, extreme) in unary.items():
        sample = sample or (lambda *shape: uniform(*shape, low=0.1, high=4))
        for label, shape in {"ordinary": [3, 7], "one": [1], "scalar": [], "tail": [2, 33]}.items():
            x = sample(*shape)
            group.case(operation, label, function, [torch.where(x.abs() < 1e-2, 0.25, x)])
        group.case(operation, "extreme", function, [exact(extreme)], extreme=True)
    for exponent in [2, 3, 0.5, -1, -0.5, 1.5]:
        x = uniform(3, 7, low=0.2, high=3)
        group.case("pow", f"{exponent}", lambda x: x**exponent, [x], {"exponent": exponent})
    for label, shape in {"ordinary": [3, 7], "one": [1, 1], "tail": [2, 2, 33]}.items():
        group.case("swiglu", label, lambda g, u: F.silu(g) * u, [normal(*shape), normal(*shape)])
    group.case("swiglu", "extreme", lambda g, u: F.silu(g) * u, [exact(wide), normal(len(wide))], extreme=True)
    group.write()


def record_reductions():
    group = Group("reductions")
    reductions = {
        "sum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
        "mean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
        "max": lambda x, axes, keep: x.amax(axes, keepdim=keep),
        "logsumexp": lambda x, axes, keep: x.logsumexp(axes, keepdim=keep),
    }
    for operation, function in reductions.items():
        for label, (shape, axes, keep) in {
            "last": ([3, 7], [1], False), "last kept": ([3, 7], [1], True), "first": ([5, 3], [0], False),
            "middle": ([2, 3, 5], [1], False), "two": ([2, 3, 5], [0, 2], False), "two kept": ([2, 3, 5], [0, 2], True),
            "all": ([4, 5], [0, 1], False), "one": ([3, 1], [1], False), "long": ([2, 1000], [1], False),
        }.items():
            if operation == "logsumexp" and axes != [len(shape) - 1]:
                continue
            attributes = {"axes": axes, "keeps_dimensions": keep}
            group.case(operation, label, lambda x: function(x, axes, keep), [normal(*shape)], attributes)
        # Distinct values of opposite sign: a sum that cancels, a maximum that is negative.
        extreme = [[1e4, -1e4, 1e-3, 30.0, -30.0], [-88.7, -90.0, -100.0, -1e4, -95.0]]
        attributes = {"axes": [1], "keeps_dimensions": False}
        group.case(operation, "extreme", lambda x: function(x, [1], False), [exact(extreme)], attributes, extreme=True)
    group.write()


def record_softmax():
    group = Group("softmax")
    for operation, function in {"softmax": F.softmax, "log_softmax": F.log_softmax}.items():
        for label, shape in {"ordinary": [3, 7], "one": [2, 1], "deep": [2, 2, 17], "long": [1, 257]}.items():
            group.case(operation, label, lambda x: function(x, dim=-1), [normal(*shape)])
        extreme = [[88.7, 88.7, 88.7, 88.7], [1e4, -1e4, 0.0, 30.0], [-1e4, -1e4 - 1, -1e4 - 2, -1e4 - 3]]
        group.case(operation, "extreme", lambda x: function(x, dim=-1), [exact(extreme)], extreme=True)
    group.write()


def record_layout():
    group = Group("layout")
    for label, (shape, new) in {
        "flatten": ([2, 3, 5], [30]), "split": ([6, 4], [2, 3, 4]), "scalar": ([1], []),
    }.items():
        group.case("reshape", label, lambda x: x.reshape(new), [normal(*shape)], {"shape": new})
    for label, (shape, order) in {
        "matrix": ([3, 5], [1, 0]), "heads": ([2, 3, 4, 5], [0, 2, 1, 3]), "rotate": ([2, 1, 5], [2, 0, 1]),
    }.items():
        group.case("permute", label, lambda x: x.permute(order), [normal(*shape)], {"order": order})
    for label, (shape, axis, start, end) in {
        "rows": ([5, 3], 0, 1, 4), "columns": ([3, 7], 1, 2, 7), "middle": ([2, 5, 3], 1, 0, 1),
        "everything": ([4], 0, 0, 4),
    }.items():
        function = lambda x: x.narrow(axis, start, end - start)
        group.case("slice", label, function, [normal(*shape)], {"axis": axis, "start": start, "end": end})
    for label, (shapes, axis) in {
        "rows": ([[2, 3], [1, 3], [4, 3]], 0), "columns": ([[2, 3], [2, 1]], 1),
        "middle": ([[2, 1, 3], [2, 4, 3]], 1), "alone": ([[3]], 0),
    }.items():
        inputs = [normal(*shape) for shape in shapes]
        group.case("concatenate", label, lambda *x: torch.cat(x, axis), inputs, {"axis": axis})
    for label, (rows, width, shape) in {
        "ordinary": (11, 5, [2, 7]), "repeated": (2, 3, [9]), "one": (1, 1, [1]),
    }.items():
        index = integers(*shape, high=rows)
        function = lambda x: F.embedding(index, x)
        group.case("gather_rows", label, function, [normal(rows, width)], constants={"indices": index})
    for label, (shape, taken) in {"ordinary": ([3, 7], 2), "one": ([5, 11], 1), "repeated": ([2, 2, 3], 6)}.items():
        index = integers(*shape[:-1], taken, high=shape[-1])
        function = lambda x: torch.gather(x, -1, index)
        group.case("take_along_last_axis", label, function, [normal(*shape)], constants={"indices": index})
    for label, (condition, a, b) in {
        "ordinary": ([3, 5], [3, 5], [3, 5]), "scalar": ([3, 5], [3, 5], []), "broadcast": ([5], [3, 1], [1, 5]),
    }.items():
        mask = integers(*condition, high=2)
        function = lambda x, y: torch.where(mask.bool(), x, y)
        group.case("where", label, function, [normal(*a), normal(*b)], constants={"condition": mask})
    group.write()


def record_matmul():
    group = Group("matmul")
    for m, k, n in [(3, 4, 5), (1, 17, 1), (7, 1, 5), (17, 33, 9)]:
        for transpose_a in [False, True]:
            for transpose_b in [False, True]:
                a, b = normal(*([k, m] if transpose_a else [m, k])), normal(*([n, k] if transpose_b else [k, n]))
                function = lambda a, b: (a.mT if transpose_a else a) @ (b.mT if transpose_b else b)
                attributes = {"transpose_a": transpose_a, "transpose_b": transpose_b}
                form = f"{'tn'[not transpose_a]}{'tn'[not transpose_b]}"
                group.case("matmul", f"{m}x{k}x{n} {form}", function, [a, b], attributes)
    plain = {"transpose_a": False, "transpose_b": False}
    for label, (a, b) in {
        "batched": ([3, 2, 5], [3, 5, 4]), "shared right": ([3, 2, 5], [5, 4]), "shared left": ([2, 5], [3, 5, 4]),
        "broadcast": ([2, 1, 3, 4], [3, 4, 2]), "heads": ([2, 2, 5, 4], [2, 2, 4, 5]),
    }.items():
        group.case("matmul", label, torch.matmul, [normal(*a), normal(*b)], plain)
    scales = exact([1e4, 1e-4, 1.0, 30.0, 1e-10])
    group.case("matmul", "extreme", torch.matmul, [exact(normal(3, 5) * scales), normal(5, 2)], plain, extreme=True)
    for label, (x, out, bias) in {
        "ordinary": ([2, 3, 7], 5, True), "without bias": ([4, 7], 5, False), "one": ([1, 1], 1, True),
    }.items():
        biases = [normal(out)] if bias else []
        group.case("linear", label, F.linear, [normal(*x), normal(out, x[-1]), *biases], {"input_major": False})
        function = lambda x, w, b=0.0: x @ w + b
        inputs = [normal(*x), normal(x[-1], out), *biases]
        group.case("linear", f"{label}, input-major", function, inputs, {"input_major": True})
    group.write()


def record_normalisation():
    group = Group("normalisation")
    for label, shape in {"ordinary": [3, 8], "odd": [2, 3, 17], "one": [2, 1], "wide": [1, 257]}.items():
        x, weight, bias = normal(*shape), normal(shape[-1], mean=1, scale=0.3), normal(shape[-1])
        record_norms(group, label, x, weight, bias, False)
    rows = [[1e4, -1e4, 3e3, 1.0], [1e-10, -1e-10, 3e-10, 2e-10], [5.0, 5.0, 5.0, 5.0], [0.0, 0.0, 0.0, 0.0]]
    record_norms(group, "extreme", exact(rows), exact([1.0, -2.0, 0.5, 0.0]), normal(4), True)
    group.write()


def record_norms(group, label, x, weight, bias, extreme):
    for epsilon in [1e-5, 1e-6] if label == "ordinary" else [1e-5]:
        name = label if epsilon == 1e-5 else f"{label}, {epsilon}"
        attributes = {"epsilon": epsilon}
        function = lambda x, w: rms_norm(x, w, epsilon)
        group.case("rms_norm", name, function, [x, weight], attributes, extreme=extreme)
        function = lambda x, w, b: F.layer_norm(x, (x.shape[-1],), w, b, epsilon)
        group.case("layer_norm", name, function, [x, weight, bias], attributes, extreme=extreme)


def record_attention():
    group = Group("attention")
    for label, (shape, theta, first) in {
        "ordinary": ([2, 5, 3, 8], 10000.0, 0), "far": ([1, 3, 1, 4], 500000.0, 4000), "pair": ([1, 7, 2, 2], 100.0, 0),
    }.items():
        positions = torch.arange(first, first + shape[1]).expand(shape[0], -1).clone()
        record_rotary(group, label, shape, positions, rotary_frequencies(shape[-1], theta))
    packed = starts_of([[4, 3], [1, 6]])
    record_rotary(group, "packed", [2, 7, 2, 6], torch.arange(7) - packed, rotary_frequencies(6, 10000.0))
    scaling = LLAMA3_SCALING
    frequencies = rotary_frequencies(16, 100.0, scaling)
    record_rotary(group, "llama3", [1, 9, 1, 16], torch.arange(9)[None], frequencies)

    for label, (lengths, heads, groups, dimension) in {
        "one head": ([[7]], 1, 1, 4), "heads": ([[6], [6]], 3, 3, 5), "grouped 4:2": ([[9]], 4, 2, 8),
        "grouped 4:1": ([[5], [5]], 4, 1, 3),
        "documents": ([[4, 1, 6], [11]], 2, 1, 4), "single token": ([[1]], 2, 2, 4),
        "long": ([[30, 40]], 2, 1, 8),
    }.items():
        record_heads(group, label, starts_of(lengths), heads, groups, dimension, 1.0, False)
    record_heads(group, "extreme", starts_of([[8]]), 2, 1, 4, 12.0, True)
    group.write()


def record_rotary(group, label, shape, positions, frequencies):
    function = lambda x: rotary(x, positions, frequencies)
    attributes = {"frequencies": frequencies.tolist()}
    group.case("rope", label, function, [normal(*shape)], attributes, {"positions": positions})


def record_heads(group, label, starts, heads, groups, dimension, scale, extreme):
    rows, length = starts.shape
    q, k = normal(rows, length, heads, dimension, scale=scale), normal(rows, length, groups, dimension, scale=scale)
    inputs = [q, k, normal(rows, length, groups, dimension)]
    function = lambda q, k, v: attention(q, k, v, starts)
    group.case("attention", label, function, inputs, constants={"document_starts": starts}, extreme=extreme)


def record_losses():
    group = Group("losses")
    for label, (rows, width, vocabulary, ignored) in {
        "ordinary": (5, 4, 7, 1), "none ignored": (3, 2, 5, 0), "all ignored": (3, 2, 5, 3), "one": (1, 1, 1, 0),
        "wide": (19, 6, 131, 5),
    }.items():
        targets = integers(rows, high=vocabulary)
        targets[torch.randperm(rows, generator=generator)[:ignored]] = -1
        record_losses_of(group, label, normal(rows, width), normal(vocabulary, width), targets, False)
    hidden = exact([[30.0, 0.0], [-30.0, 1.0], [1e-3, 1e-3], [50.0, 50.0]])
    weight = exact([[10.0, 0.0], [-10.0, 0.0], [0.0, 10.0]])
    record_losses_of(group, "extreme", hidden, weight, torch.tensor([0, 0, 2, -1]), True)
    group.write()


def record_losses_of(group, label, hidden, weight, targets, extreme):
    """Sums and single losses, from logits and from hidden states through the head."""
    constants = {"targets": targets}
    logits = exact(hidden @ weight.T)
    each = lambda z: F.cross_entropy(z, targets, ignore_index=-1, reduction="none")
    total = lambda z: F.cross_entropy(z, targets, ignore_index=-1, reduction="sum")
    group.case("token_losses", label, each, [logits], constants=constants, extreme=extreme)
    group.case("cross_entropy", label, total, [logits], constants=constants, extreme=extreme)
    through = [hidden, weight]
    group.case("head_token_losses", label, lambda x, w: each(x @ w.T), through, constants=constants, extreme=extreme)
    group.case("head_cross_entropy", label, lambda x, w: total(x @ w.T), through, constants=constants, extreme=extreme)


def record_optimizers():
    cases, tensors = [], {}
    for label, (start, gradients, options) in {
        "golden": (exact([1.0]), exact([[0.5], [-0.25], [1.0]]),
                   dict(lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
        "ordinary": (normal(17), normal(10, 17), dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)),
        "no decay": (normal(5), normal(10, 5), dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)),
        "large epsilon": (normal(5), normal(10, 5), dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-3, weight_decay=0.1)),
        "scales": (normal(6), exact(normal(10, 6) * exact([0.0, 1e-12, 1e-6, 1.0, 1e3, 1e6])),
                   dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)),
    }.items():
        parameter = start.clone().requires_grad_()
        optimizer = torch.optim.AdamW([parameter], foreach=False, **options)
        trajectory = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
            trajectory.append(parameter.detach().clone())
        state = optimizer.state[parameter]
        tensors |= {
            f"{label}/start": start.float(), f"{label}/gradients": gradients.float(),
            f"{label}/trajectory": torch.stack(trajectory),
            f"{label}/first_moment": state["exp_avg"], f"{label}/second_moment": state["exp_avg_sq"],
        }
        cases.append({
            "label": label, "learning_rate": options["lr"], "betas": options["betas"], "epsilon": options["eps"],
            "weight_decay": options["weight_decay"], "steps": len(gradients),
        })
    write_cases(FIXTURES / "operations" / "adamw.json", cases)
    save_file(tensors, FIXTURES / "operations" / "adamw.safetensors")


def record_operations():
    record_elementwise()
    record_reductions()
    record_softmax()
    record_layout()
    record_matmul()
    record_normalisation()
    record_attention()
    record_losses()
    record_optimizers()
