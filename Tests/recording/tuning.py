"""Fine-tuning: batches of conversations and of preference pairs, each row computed on its own, three training steps."""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from .inputs import FIXTURES, generator, integers, normal, write_json
from .models import forward

MODELS = ["llama-untied-grouped", "gpt2"]
BETA = 0.1


def row_logps(c, w, tokens):
    """ln p of each token but the first, given those before it."""
    row = torch.tensor([tokens])
    positions = torch.arange(len(tokens))[None]
    logits = forward(c, w, row, positions, torch.zeros_like(positions))[0][0]
    return logits.log_softmax(-1)[:-1].gather(-1, row[0, 1:, None])[:, 0]


def random_tokens(c, count):
    return integers(count, high=c["vocab_size"]).tolist()


def sft_loss(c, w, examples):
    """The sum of the trained tokens' losses over all examples, divided once by their number."""
    losses, count = 0, 0
    for tokens, trained in examples:
        mask = torch.tensor(trained[1:]).bool()
        losses = losses - row_logps(c, w, tokens)[mask].sum()
        count += mask.sum()
    return losses / count


def answer_logp(c, w, prompt, answer):
    return row_logps(c, w, prompt + answer)[len(prompt) - 1:].sum()


def dpo(c, w, pairs, references):
    """TRL's sigmoid loss and its metrics, with the reference's log-probabilities given."""
    chosen, rejected = (
        torch.stack([answer_logp(c, w, prompt, answers[side]) for prompt, *answers in pairs]) for side in (0, 1))
    reference_chosen, reference_rejected = torch.tensor(references).T
    rewards = BETA * (chosen - reference_chosen), BETA * (rejected - reference_rejected)
    loss = -F.logsigmoid(rewards[0] - rewards[1]).mean()
    return loss, {
        "rewards/chosen": rewards[0].mean().item(), "rewards/rejected": rewards[1].mean().item(),
        "rewards/margins": (rewards[0] - rewards[1]).mean().item(),
        "rewards/accuracies": (rewards[0] > rewards[1]).double().mean().item(),
        "logps/chosen": chosen.mean().item(), "logps/rejected": rejected.mean().item(),
    }


def record(folder, name, weights, loss_of, record):
    """The loss, its gradients and three steps of AdamW without decay."""
    parameters = {key: w.clone().requires_grad_() for key, w in weights.items()}
    gradients = torch.autograd.grad(loss_of(parameters), list(parameters.values()))
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
    losses, norms = [], []
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(parameters)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    tensors = {f"gradient.{key}": g.float().contiguous() for key, g in zip(parameters, gradients)}
    save_file(tensors, folder / f"{name}.safetensors")
    write_json(folder / f"{name}.json", record | {"losses": losses, "gradient_norms": norms})


def record_tuning():
    folder = FIXTURES / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    for index, model in enumerate(MODELS):
        generator.manual_seed(101 + index)
        c = json.loads((FIXTURES / "models" / model / "config.json").read_text())
        weights = {k: w.double() for k, w in load_file(FIXTURES / "models" / model / "model.safetensors").items()}

        examples = []
        for length, trained in [(11, 3), (5, 4), (17, 1), (2, 1), (9, 6)]:
            flags = [0] * length
            for place in (1 + torch.randperm(length - 1, generator=generator)[:trained]).tolist():
                flags[place] = 1
            examples.append((random_tokens(c, length), flags))
        record(folder, f"sft-{model}", weights, lambda w: sft_loss(c, w, examples), {
            "examples": [{"tokens": tokens, "trained": trained} for tokens, trained in examples]})

        pairs = [[random_tokens(c, n) for n in lengths] for lengths in [(7, 5, 9), (1, 3, 2), (12, 1, 6), (4, 8, 8)]]
        reference = {key: w + normal(*w.shape, scale=0.03) for key, w in weights.items()}
        references = [
            [answer_logp(c, reference, prompt, answer).item() for answer in answers] for prompt, *answers in pairs]
        record(folder, f"dpo-{model}", weights, lambda w: dpo(c, w, pairs, references)[0], {
            "pairs": [dict(zip(["prompt", "chosen", "rejected"], pair)) for pair in pairs],
            "references": references, "beta": BETA, "metrics": dpo(c, weights, pairs, references)[1]})
