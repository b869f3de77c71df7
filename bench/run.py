#!/usr/bin/env python3
"""Vireo beside ONNX Runtime and OpenVINO, on the same work, alternately, in one run; writes a table and bench.json.

Each contender lives in a process of its own and is stopped between its turns, so that no idle pool spins beside another. A
round gives every contender a turn in shuffled order; a ratio is taken per round, and the table shows the median over the rounds
with a 95 % bootstrap interval: 1.00 is as fast as the peer, above is faster. Rounds in which the FMA probe moved by over
5 % are left out. See bench/README.md.
"""
import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "scripts"))
import models  # noqa: E402

PEERS = ("onnxruntime", "openvino")


class Contender:
    def __init__(self, engine, name, path, threads, precision, scratch):
        self.engine, self.output = engine, scratch / f"{engine}.npy"
        command = [sys.executable, str(HERE / "contender.py"), engine, name, str(path), str(threads), precision,
                   str(self.output)]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]))
        self.errors = scratch / f"{engine}.err"
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors.open("w"), text=True, env=environment)
        self.loaded = self.answer()
        self.pause()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            told = [row for row in self.errors.read_text(errors="replace").splitlines() if row.strip()]
            raise RuntimeError(told[-1] if told else f"ended with {self.process.wait()}")
        return json.loads(line)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        times = self.answer()
        self.pause()
        return times

    def close(self):
        self.process.kill()
        self.process.wait()


def build_probe():
    binary = ROOT / "build" / "bench" / "fma_probe"
    binary.parent.mkdir(parents=True, exist_ok=True)
    if not binary.exists():
        subprocess.run(["g++", "-O2", str(HERE / "fma_probe.cpp"), "-o", str(binary)], check=True)
    return lambda: float(subprocess.run([str(binary)], capture_output=True, text=True, check=True).stdout)


def interval(ratios, draws=2000):
    """The median and its 95 % bootstrap interval."""
    generator = np.random.default_rng(1)
    medians = np.median(generator.choice(ratios, (draws, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(np.median(ratios)), float(low), float(high)


def measure(name, threads, args, probe, scratch):
    """One row: every contender on one model at one thread count."""
    path, row, contenders = models.path_of(name, ROOT / "build" / "bench" / "models"), {}, {}
    row.update(model=name, threads=threads, precision=args.precision, engines={})
    for engine in args.engines:
        try:
            contenders[engine] = Contender(engine, name, path, threads, args.precision, scratch)
            row["engines"][engine] = dict(contenders[engine].loaded)
        except RuntimeError as error:
            row["engines"][engine] = {"error": str(error)[:300]}
    rounds, probes = [], []
    for _ in range(args.rounds):
        order = list(contenders)
        random.shuffle(order)
        probes.append(probe())
        rounds.append({engine: contenders[engine].turn(args.seconds) for engine in order})
    for contender in contenders.values():
        contender.close()
    usual = statistics.median(probes)
    kept = [r for r, p in zip(rounds, probes) if abs(p / usual - 1) <= 0.05] or rounds
    row.update(probe_gflops=usual, rounds=len(rounds), rounds_kept=len(kept))
    for engine in contenders:
        times = np.concatenate([one[engine] for one in kept])
        p50, p90, p99 = np.percentile(times, [50, 90, 99])
        row["engines"][engine].update(p50_ms=p50, p90_ms=p90, p99_ms=p99, samples=len(times))
        if name in models.GFLOP:
            row["engines"][engine]["share_of_probe"] = models.GFLOP[name] / (p50 * 1e-3) / (usual * threads)
    subject = args.engines[0]
    for peer in args.engines[1:]:
        if subject in contenders and peer in contenders:
            ratios = [statistics.median(r[peer]) / statistics.median(r[subject]) for r in kept]
            row.setdefault("ratios", {})[peer] = interval(ratios)
    row["error"] = error_of(contenders, subject)
    if name == "mlp_64x4" and threads == 1 and subject == "vireo":
        row["cpp_us"] = cpp_call(path)
    return row


def error_of(contenders, subject):
    """The largest difference of the outputs from ONNX Runtime's, relative to its largest value."""
    if subject not in contenders or "onnxruntime" not in contenders or subject == "onnxruntime":
        return None
    got, want = np.load(contenders[subject].output), np.load(contenders["onnxruntime"].output)
    return float(np.abs(got - want).max() / np.abs(want).max()) if got.shape == want.shape else None


def cpp_call(path):
    """Microseconds per infer() from C++, for a model so small that the call is what is measured; None if it cannot run."""
    binary = ROOT / "build" / "release" / "bench" / "bench_infer_us"
    if not binary.exists():
        return None
    done = subprocess.run([str(binary), str(path)], capture_output=True, text=True)
    return float(done.stdout.split()[-2]) if done.returncode == 0 else None


def table(rows, engines):
    head = ["model", "threads"] + [f"{e} ms" for e in engines] + [f"x {e}" for e in engines[1:]]
    head += ["share of probe", "compile ms", "peak MiB", "error"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row["model"], str(row["threads"])]
        for engine in engines:
            p50 = row["engines"][engine].get("p50_ms")
            cells.append(f"{p50:.4g}" if p50 else "fails")
        for peer in engines[1:]:
            ratio = row.get("ratios", {}).get(peer)
            cells.append(f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]" if ratio else "-")
        subject = row["engines"][engines[0]]
        share = subject.get("share_of_probe")
        cells.append(f"{share:.0%}" if share else "-")
        cells += [f"{subject[key]:.0f}" if key in subject else "-" for key in ("compile_ms", "peak_mib")]
        cells.append(f"{row['error']:.1e}" if row["error"] is not None else "-")
        lines.append("| " + " | ".join(cells) + " |")
    for row in rows:
        if row.get("cpp_us"):
            lines.append(f"{row['model']}, 1 thread, from C++: {row['cpp_us']:.3f} us per infer()")
        for engine, facts in row["engines"].items():
            if "error" in facts:
                lines.append(f"{row['model']}, {row['threads']} threads: {engine}: {facts['error']}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=[], help=f"of {', '.join(models.NAMES)}; all if none is named")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn")
    parser.add_argument("--precision", choices=["f32", "default"], default="f32")
    parser.add_argument("--engines", nargs="+", default=["vireo", *PEERS], help="the first is compared with the others")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    args = parser.parse_args()
    unknown = set(args.models) - set(models.NAMES)
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    scratch = ROOT / "build" / "bench"
    probe, rows = build_probe(), []
    for name in args.models or models.NAMES:
        for threads in args.threads:
            if threads > len(os.sched_getaffinity(0)):
                continue
            print(f"{name}, {threads} threads", file=sys.stderr, flush=True)
            rows.append(measure(name, threads, args, probe, scratch))
    args.out.write_text(json.dumps(rows, indent=1))
    print(table(rows, args.engines))
    return 0 if all("error" not in row["engines"][args.engines[0]] for row in rows) else 1


sys.exit(main())
