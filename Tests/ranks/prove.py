#!/usr/bin/env python3
"""What several processes have to show, with a built `train`, on one machine: curves, bits, resumption, kills, memory, traffic, time.

    python3 Tests/ranks/prove.py .build/release/train [--launcher openmpi|mpich] [curves bits resume kill memory traffic time]

Traffic and time want a machine that does nothing else; traffic wants Open MPI and root's view of the loopback device.
"""
import argparse, filecmp, json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time

LAUNCHERS = {
    "openmpi": ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"],
    "mpich": ["mpiexec.mpich"],
}

MODEL = {"architecture": "llama", "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
RECIPE = {
    "task": "pretrain", "run": "run", "seed": 7, "model": MODEL, "tokenizer": {"from": "bytes"},
    "data": {"train": "text.txt", "validation_fraction": 0.2, "sequence_length": 64},
    "optimizer": {"name": "adamw", "learning_rate": 2e-3, "betas": [0.9, 0.95], "weight_decay": 0.1},
    "schedule": {"name": "cosine", "warmup_steps": 5},
    "training": {"batch_size": 10, "max_steps": 50},
    "evaluation": {"every": 25}, "checkpoint": {"every": 10, "keep_last": 50},
    "logging": {"every": 10, "tensorboard": False, "report": False},
}


def text(path):
    parts = []
    for index in range(1, 160):
        sentence = f"the {index * 7 % 10} foxes jump over dog {index}. "
        parts.append(f"{index}: " + sentence * (1 + index % 5))
    path.write_text("<|endoftext|>".join(parts))


def rows(folder):
    names = ["fox", "dog", "cat", "bird", "fish", "horse", "mouse"]
    with open(folder / "sft.jsonl", "w") as sft, open(folder / "dpo.jsonl", "w") as dpo, \
            open(folder / "kto.jsonl", "w") as kto:
        for index in range(64):
            name, other = names[index % 7], names[(index * 3 + 1) % 7]
            prompt, good = f"What jumps {'very ' * (index % 4)}high?", f"The {name} jumps, number {index}."
            bad = f"Not the {other}." + " No." * (index % 3)
            sft.write(json.dumps({"prompt": prompt, "completion": good}) + "\n")
            dpo.write(json.dumps({"prompt": prompt, "chosen": good, "rejected": bad}) + "\n")
            kto.write(json.dumps({"prompt": prompt, "completion": good if index % 2 else bad, "label": bool(index % 2)}) + "\n")


class Proof:
    def __init__(self, binary, launcher):
        self.binary, self.launcher = str(pathlib.Path(binary).resolve()), LAUNCHERS[launcher]
        self.only = ""

    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ranks-"))
        text(folder / "text.txt")
        rows(folder)
        (folder / "recipe.json").write_text(json.dumps(RECIPE))
        return folder

    def words(self, ranks, options=()):
        return [] if ranks == 0 else self.launcher + list(options) + ["-n", str(ranks)]

    def train(self, folder, ranks, *arguments, options=(), code=0):
        result = subprocess.run(self.words(ranks, options) + [self.binary, *arguments], cwd=folder,
                                capture_output=True, text=True)
        if code is not None and result.returncode != code:
            sys.exit(f"{ranks} ranks, {arguments}: exit code {result.returncode}\n{result.stderr}")
        return result

    def losses(self, folder, run="run"):
        found = [json.loads(line) for line in open(folder / run / "metrics.jsonl")]
        return [row.get("loss", row.get("eval_loss")) for row in found]

    # --- curves

    def curves(self):
        print("largest difference of a loss over 50 steps, one process beside 2 and 4:")
        base = self.folder()
        self.train(base, 0, "pretrain", "recipe.json", "run=base", "training.max_steps=20", "evaluation.every=1000")
        model, model_off = json.dumps({"from": str(base / "base")}), ["~tokenizer", "data.validation_fraction=0.2"]

        def tuned(task, file, *more):
            return [task, "recipe.json", f"task={task}", f"model={model}", f"data.train={file}", *model_off, *more]

        lora = 'adapter={"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "lora_dropout": 0.1}'
        cases = {
            "pretrain": ["pretrain", "recipe.json"],
            "pretrain, accumulation": ["pretrain", "recipe.json", "training.micro_batch_size=1"],
            "pretrain, bfloat16": ["pretrain", "recipe.json", "training.precision=bfloat16"],
            "pretrain, recompute": ["pretrain", "recipe.json", "training.recompute=true"],
            "pretrain, batches of 3 samples": ["pretrain", "recipe.json", "training.batch_size=3"],
            "sft, packed": tuned("sft", "sft.jsonl"),
            "sft, not packed": tuned("sft", "sft.jsonl", "data.packing=false"),
            "sft, adapters, dropout, one sample a micro-batch": tuned(
                "sft", "sft.jsonl", lora, "data.template=plain", "training.micro_batch_size=1"),
            "dpo": tuned("dpo", "dpo.jsonl"),
            "dpo, adapters": tuned("dpo", "dpo.jsonl", "data.template=plain", lora.replace("0.1", "0")),
            "kto": tuned("dpo", "kto.jsonl", "objective.name=kto"),
        }
        for name, words in cases.items():
            if self.only not in name:
                continue
            differences = []
            alone = None
            for ranks in [0, 2, 4]:
                folder = base / f"{name.replace(' ', '-').replace(',', '')}-{ranks}"
                folder.mkdir()
                for file in ["text.txt", "sft.jsonl", "dpo.jsonl", "kto.jsonl", "recipe.json"]:
                    shutil.copy(base / file, folder / file)
                self.train(folder, ranks, *words)
                losses = self.losses(folder)
                alone = alone or losses
                if len(alone) != len(losses):
                    sys.exit(f"{name}: {len(losses)} rows, expected {len(alone)}")
                differences.append(max(abs(a - b) for a, b in zip(alone, losses)))
            print(f"  {name:50} {differences[1]:.1e} {differences[2]:.1e}  (loss {alone[0]:.4f} to {alone[-1]:.4f})",
                  flush=True)
        shutil.rmtree(base)

    # --- bits

    def bits(self):
        folders = []
        for _ in range(2):
            folder = self.folder()
            self.train(folder, 4, "pretrain", "recipe.json")
            folders.append(folder)
        step = "run/step-000050"
        same = [filecmp.cmp(folders[0] / step / name, folders[1] / step / name, shallow=False)
                for name in ["model.h5", "training.h5"]]
        print(f"two runs of 4 ranks, 50 steps: model.h5 {'the same bits' if same[0] else 'DIFFERENT'}, "
              f"training.h5 {'the same bits' if same[1] else 'DIFFERENT'}")
        for folder in folders:
            shutil.rmtree(folder)

    # --- resume

    def resume(self):
        folder = self.folder()
        self.train(folder, 0, "pretrain", "recipe.json", "run=alone")
        self.train(folder, 4, "pretrain", "recipe.json")
        for ranks, last in [(2, 20), (4, 40)]:
            for step in (folder / "run").glob("step-*"):
                if int(step.name[5:]) > last - (0 if ranks == 2 else 10):
                    shutil.rmtree(step)
            result = self.train(folder, ranks, "resume", "run")
            note = [line for line in result.stderr.splitlines() if "processes and goes on" in line]
            print(f"resumed with {ranks}: {note[0] if note else '(no note)'}")
        difference = max(abs(a - b) for a, b in zip(self.losses(folder, "alone"), self.losses(folder)))
        print(f"4 -> 2 (after step 20) -> 4 (after step 30): largest difference from one process {difference:.1e}")
        shutil.rmtree(folder)

    # --- kill

    def processes(self, folder):
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                words = open(f"/proc/{entry}/cmdline", "rb").read().split(b"\0")
                if words[0].decode() != self.binary or os.readlink(f"/proc/{entry}/cwd") != str(folder):
                    continue
                environment = open(f"/proc/{entry}/environ", "rb").read().split(b"\0")
            except OSError:
                continue
            ranks = [word.split(b"=")[1] for word in environment
                     if word.split(b"=")[0] in (b"OMPI_COMM_WORLD_RANK", b"PMI_RANK")]
            if ranks:
                found[int(ranks[0])] = int(entry)
        return found

    def kill(self):
        for victim in [0, 1, 2, 3, "launcher"]:
            folder = self.folder()
            job = subprocess.Popen(
                self.words(4) + [self.binary, "pretrain", "recipe.json", "training.max_steps=100000",
                                 "evaluation.every=100000", "checkpoint.every=5"],
                cwd=folder, stdout=subprocess.DEVNULL, stderr=open(folder / "log", "w"))
            while not list(folder.glob("run/step-0000[1-9]5")):
                time.sleep(0.05)
            found = self.processes(folder)
            os.kill(job.pid if victim == "launcher" else found[victim], signal.SIGKILL)
            start = time.time()
            code = job.wait()
            while any(os.path.exists(f"/proc/{process}") and "zombie" not in open(f"/proc/{process}/status").read()
                      for process in found.values()):
                if time.time() - start > 60:
                    sys.exit(f"{victim} was killed, and ranks live: {self.processes(folder)}")
                time.sleep(0.02)
            seconds = time.time() - start
            newest = max(int(step.name[5:]) for step in (folder / "run").glob("step-*"))
            result = self.train(folder, 0, "resume", "run", f"training.max_steps={newest + 1}")
            whole = f"resuming after step {newest}\n" in result.stderr
            who = victim if victim == "launcher" else f"rank {victim}"
            print(f"kill -9 of {who}: the job ended after {seconds:.1f} s, exit code {code}; newest checkpoint, "
                  f"step {newest}, {'whole' if whole else 'NOT WHOLE'}", flush=True)
            shutil.rmtree(folder)

    # --- memory

    def memory(self):
        large = 'model={"architecture": "llama", "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8, ' \
                '"num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 64}'
        for ranks in [2, 4]:
            peaks = {}
            for sharded in ["false", "true"]:
                folder = self.folder()
                job = subprocess.Popen(
                    self.words(ranks) + [self.binary, "pretrain", "recipe.json", large, "training.batch_size=4",
                                         "training.max_steps=4", "schedule.warmup_steps=0", "evaluation.every=1000", "checkpoint.every=1000",
                                         f"optimizer.shard_state={sharded}", "data.validation_fraction=0.05"],
                    cwd=folder, stdout=subprocess.DEVNULL, stderr=open(folder / "log", "w"))
                peak = {}
                while job.poll() is None:
                    for rank, process in self.processes(folder).items():
                        try:
                            status = open(f"/proc/{process}/status").read()
                            peak[rank] = max(peak.get(rank, 0), int(re.search(r"VmHWM:\s+(\d+)", status)[1]))
                        except (OSError, TypeError):
                            pass
                    time.sleep(0.02)
                log = open(folder / "log").read()
                if job.returncode:
                    sys.exit(log)
                count = int(re.search(r"(\d+) parameters", log)[1])
                # The first rank writes the checkpoint.
                peaks[sharded] = max(value for rank, value in peak.items() if rank > 0) / 1024
                shutil.rmtree(folder)
            moments = 8 * count / 2**20
            print(f"{ranks} ranks, {count} parameters, moments {moments:.0f} MiB: peak of a rank "
                  f"{peaks['false']:.0f} MiB, sharded {peaks['true']:.0f} MiB; saved "
                  f"{peaks['false'] - peaks['true']:.0f} MiB, expected {moments * (ranks - 1) / ranks:.0f}", flush=True)

    # --- traffic

    def traffic(self):
        def sent():
            return int(open("/sys/class/net/lo/statistics/tx_bytes").read())

        for ranks in [2, 4]:
            totals = []
            for steps in [10, 60]:
                folder = self.folder()
                before = sent()
                result = self.train(
                    folder, ranks, "pretrain", "recipe.json", f"training.max_steps={steps}", "evaluation.every=1000",
                    "checkpoint.every=1000", "model.hidden_size=128", "model.intermediate_size=384", "~schedule",
                    options=["--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "lo"])
                totals.append(sent() - before)
                shutil.rmtree(folder)
            count = int(re.search(r"(\d+) parameters", result.stderr)[1])
            measured = (totals[1] - totals[0]) / 50
            formula = 2 * 4 * count * (ranks - 1)
            print(f"{ranks} ranks, {count} parameters: {measured / 2**20:.3f} MiB a step over loopback, all ranks together; "
                  f"formula 8 P (R - 1) = {formula / 2**20:.3f} MiB, ratio {measured / formula:.3f}", flush=True)

    # --- time

    def time(self):
        folder = self.folder()
        shape = ["model.hidden_size=256", "model.intermediate_size=768", "model.num_hidden_layers=4",
                 "training.batch_size=32", "training.max_steps=14", "evaluation.every=1000", "checkpoint.every=1000"]

        def median(run):
            found = [json.loads(line) for line in open(folder / run / "metrics.jsonl")]
            speeds = sorted(row["tokens_per_second"] for row in found[3:] if "tokens_per_second" in row)
            return speeds[len(speeds) // 2]

        ratios = []
        for round in range(3):
            self.train(folder, 0, "pretrain", "recipe.json", *shape, "threads=2", f"run=one-{round}")
            self.train(folder, 2, "pretrain", "recipe.json", *shape, "threads=1", f"run=two-{round}")
            one, two = median(f"one-{round}"), median(f"two-{round}")
            ratios.append(two / one)
            print(f"tokens/s: one process of 2 threads {one:.0f}, 2 ranks of 1 thread {two:.0f}, ratio {two / one:.3f}",
                  flush=True)
        print(f"median ratio {sorted(ratios)[1]:.3f}")
        shutil.rmtree(folder)


if __name__ == "__main__":
    names = ["bits", "curves", "resume", "kill", "memory", "traffic", "time"]
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--launcher", choices=LAUNCHERS, default="openmpi")
    parser.add_argument("--only", default="", help="curves whose name has this in it")
    parser.add_argument("what", nargs="*", default=names)
    arguments = parser.parse_intermixed_args()
    proof = Proof(arguments.binary, arguments.launcher)
    proof.only = arguments.only
    print(f"--- {arguments.launcher}")
    for name in arguments.what:
        getattr(proof, name)()
