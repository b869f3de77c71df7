#!/usr/bin/env python3
"""run.py [MODEL...]: Vireo beside ONNX Runtime and OpenVINO, alternately, in one run. Called by `scripts/dev bench`.

Every contender is a process of its own that sleeps (SIGSTOP) between its turns. A round gives each contender a turn in
shuffled order; a ratio is taken per round, and the table shows the median over the rounds with a 95 % bootstrap
interval: 1.00 is as fast as the peer, above is faster. Rounds in which the probe moved by over 5 % are left out. What is
compared: latency at batch 1, throughput on all cores, load, memory and error. See bench/README.md.
"""
import argparse
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]
import models  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402
import stats  # noqa: E402
from models.work import work_of  # noqa: E402

PEERS = ("onnxruntime", "openvino")
MEASURES = ("latency", "throughput", "load")
SCRATCH = ROOT / "build" / "bench"


class Contender:
    """A process of contender.py. `spec`: engine, model, path, threads, precision, mode, cache, output."""

    def __init__(self, spec):
        paths = [str(HERE), str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]
        self.output = SCRATCH / f"{spec['engine']}.npz"
        self.errors = SCRATCH / f"{spec['engine']}.err"
        command = [sys.executable, str(HERE / "contender.py"), json.dumps({**spec, "output": str(self.output)})]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors.open("w"), text=True,
                                        env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)))
        self.loaded = self.answer()
        self.process.send_signal(signal.SIGSTOP)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            told = [row for row in self.errors.read_text(errors="replace").splitlines() if row.strip()]
            raise RuntimeError((told[-1] if told else f"ended with {self.process.wait()}")[:300])
        return json.loads(line)

    def turn(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        times = self.answer()
        self.process.send_signal(signal.SIGSTOP)
        return times

    def close(self):
        self.process.kill()
        self.process.wait()


class Probe:
    """What the machine gives: at this moment (`clock`), and at most (`peaks`)."""

    def __init__(self):
        self.binary = SCRATCH / "probe"
        source = HERE / "probe.cpp"
        if not self.binary.exists() or self.binary.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["g++", "-O2", "-pthread", str(source), "-o", str(self.binary)], check=True)

    def ask(self, *words):
        return subprocess.run([str(self.binary), *words], capture_output=True, text=True, check=True).stdout

    def clock(self):
        return float(self.ask("clock"))

    def peaks(self, threads):
        return json.loads(self.ask("peaks", str(threads)))


def start_all(spec, engines):
    """Contenders by engine, and why the others are not there."""
    started, failed = {}, {}
    for engine in engines:
        try:
            started[engine] = Contender({**spec, "engine": engine})
        except RuntimeError as error:
            failed[engine] = str(error)
    return started, failed


def run_rounds(contenders, args, probe):
    """Turns of every contender, round by round, those of disturbed rounds left out; and the probe's median."""
    rounds, probes, spent = [], [], 0.0
    while True:
        order = random.sample(list(contenders), len(contenders))
        probes.append(probe.clock())
        start = time.perf_counter()
        rounds.append({engine: contenders[engine].turn(args.seconds) for engine in order})
        spent += time.perf_counter() - start
        samples = min(sum(len(one[engine]) for one in rounds) for engine in order)
        if len(rounds) >= args.rounds and (samples >= args.samples or spent >= args.limit * len(order)):
            break
    kept = [rounds[i] for i in stats.undisturbed(probes)]
    return kept, statistics.median(probes), len(rounds)


def measure_speed(spec, args, probe):
    """One measurement of one model: {"engines": {engine: facts}, "ratios": {peer: Ratio}, "errors": {engine: error}}."""
    contenders, failed = start_all(spec, args.engines)
    result = {"engines": {engine: {"failed": why} for engine, why in failed.items()}, "ratios": {}}
    if contenders:
        kept, clock, count = run_rounds(contenders, args, probe)
        result.update(probe_gflops=clock, rounds=count, rounds_kept=len(kept))
        for engine in contenders:
            samples = np.concatenate([one[engine] for one in kept])
            p50, p90, p99 = (float(p) for p in np.percentile(samples, [50, 90, 99]))
            result["engines"][engine] = {"p50": p50, "p90": p90, "p99": p99, "samples": len(samples)}
        subject, higher = args.engines[0], spec["mode"] == "throughput"
        for peer in args.engines[1:]:
            if subject in contenders and peer in contenders:
                result["ratios"][peer] = vars(stats.speed_ratio([one[subject] for one in kept],
                                                                [one[peer] for one in kept], higher))
        result["errors"] = errors_of(contenders)
    for contender in contenders.values():
        contender.close()
    return result


def errors_of(contenders):
    """Each engine's largest error against ONNX Runtime's outputs, which are always f32."""
    if "onnxruntime" not in contenders:
        return {}
    outputs = {engine: list(np.load(one.output).values()) for engine, one in contenders.items()}
    want = outputs.pop("onnxruntime")
    return {engine: stats.relative_error(got, want) for engine, got in outputs.items()}


def measure_load(spec, args):
    """{engine: {"cold": {load_ms, first_ms, peak_mib}, "cached": {...}}}, medians over fresh processes."""
    trials = {engine: {"cold": [], "cached": []} for engine in args.engines}
    for trial in range(args.trials + 1):
        for engine in random.sample(args.engines, len(args.engines)):
            cache = SCRATCH / "cache" / engine
            if trial == 0:  # writes the caches
                shutil.rmtree(cache, ignore_errors=True)
                cache.mkdir(parents=True)
            for kind in ("cold", "cached")[trial == 0:]:
                told = {**spec, "engine": engine, "mode": "load", "cache": str(cache) if kind == "cached" else None}
                try:
                    one = Contender(told)
                    one.close()
                except RuntimeError:
                    continue
                if trial > 0:
                    trials[engine][kind].append(one.loaded)
    return {engine: {kind: {key: statistics.median(one[key] for one in told) for key in told[0]}
                     for kind, told in kinds.items() if told}
            for engine, kinds in trials.items()}


def measure(name, precision, args, probe):
    """All that is asked of one model at one precision."""
    path = models.path_of(name, SCRATCH / "models")
    row = {"model": name, "precision": precision, "work": work_of(path, models.inputs_of(name))}
    spec = {"model": name, "path": str(path), "precision": precision}
    if "latency" in args.measures:
        row["latency"] = {}
        for threads in args.threads:
            say(f"{name}, {precision}, {threads} threads")
            row["latency"][str(threads)] = measure_speed({**spec, "mode": "latency", "threads": threads}, args, probe)
    if "throughput" in args.measures:
        say(f"{name}, {precision}, throughput")
        row["throughput"] = measure_speed({**spec, "mode": "throughput", "threads": max(args.threads)}, args, probe)
    if "load" in args.measures:
        say(f"{name}, {precision}, load")
        row["load"] = measure_load({**spec, "threads": max(args.threads)}, args)
    if name == "mlp_64x4":
        row["cpp_us"] = cpp_call(path)
    return row


def cpp_call(path):
    """Microseconds per infer() from C++, for a model so small that the call is what is measured; None if it cannot run."""
    binary = next((b for b in ROOT.glob("build/**/bench/bench_infer_us") if os.access(b, os.X_OK)), None)
    if binary is None:
        return None
    done = subprocess.run([str(binary), str(path)], capture_output=True, text=True)
    return float(done.stdout.split()[-2]) if done.returncode == 0 else None


def machine(args, probe):
    """Whose figures these are."""
    cpu = next((row.split(":")[1].strip() for row in open("/proc/cpuinfo") if row.startswith("model name")),
               platform.machine())
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "date": time.strftime("%Y-%m-%d"), "command": "scripts/dev bench " + " ".join(sys.argv[1:]),
            "peers": {peer: version(peer) for peer in args.engines[1:]},
            "peaks": {str(threads): probe.peaks(threads) for threads in sorted({1, *args.threads})}}


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(models.NAMES)}; all if none is named")
    parser.add_argument("--models", dest="more", nargs="+", default=[], help="the same, as an option")
    parser.add_argument("--precision", nargs="+", choices=["f32", "default"], default=["f32", "default"],
                        help="f32 on all sides, or each engine as shipped")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=11, help="at least so many")
    parser.add_argument("--samples", type=int, default=200, help="and so many inferences of each contender ...")
    parser.add_argument("--limit", type=float, default=60, help="... within so many seconds of its own")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn")
    parser.add_argument("--trials", type=int, default=3, help="fresh processes whose load is timed")
    parser.add_argument("--engines", nargs="+", default=["vireo", *PEERS], help="the first is compared with the others")
    parser.add_argument("--quick", action="store_true", help="a few models, f32, in about 3 minutes")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="the page is put beside it")
    args = parser.parse_args()
    args.models = args.models + args.more
    unknown = set(args.models) - set(models.NAMES)
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    if args.quick:
        args.rounds, args.samples, args.seconds, args.trials, args.precision = 5, 0, 0.15, 1, ["f32"]
        args.models = args.models or [name for name, row in models.ROWS.items() if row.quick]
    args.models = args.models or models.NAMES
    args.threads = [n for n in args.threads if n <= len(os.sched_getaffinity(0))] or [1]
    return args


def main():
    args = parse()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    probe = Probe()
    result = {"engines": args.engines, "machine": machine(args, probe), "rows": []}
    for name in args.models:
        for precision in args.precision:
            result["rows"].append(measure(name, precision, args, probe))
            args.out.write_text(json.dumps(result, indent=1))
    args.out.with_suffix(".html").write_text(page.page(result))
    print(report.tables(result))
    return 1 if report.failures(result, args.engines[0]) else 0


if __name__ == "__main__":
    sys.exit(main())
