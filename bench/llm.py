#!/usr/bin/env python3
"""A language model in Vireo, OpenVINO GenAI and llama.cpp, side by side: load, first token, prefill, decode, memory.

    bench/llm.py MODEL [--contexts 32 128 512] [--tokens 32] [--threads 2] [--rounds 2] [--engines vireo openvino llama]

MODEL is what all engines read: a .gguf file, or a folder for Vireo and OpenVINO GenAI (llama.cpp takes a .gguf in it). An engine whose
package (openvino-genai, llama-cpp-python) is not installed is left out. Each runs in a process of its own, one at a time, in turns;
figures are the best of the rounds, since what else the machine does only adds.
"""
import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = {"vireo": "vireo", "openvino": "openvino_genai", "llama": "llama_cpp"}


def tokens_of(count):
    """Numbers of tokens that mean nothing; every vocabulary has them."""
    return [300 + i * 37 % 500 for i in range(count)]


def run_genai(module, model, contexts, tokens, threads):
    import numpy as np
    genai = importlib.import_module(module)
    start = time.perf_counter()
    pipe = genai.LLMPipeline(model, "CPU", INFERENCE_NUM_THREADS=threads)
    result = {"load": time.perf_counter() - start, "contexts": {}}
    if module == "openvino_genai":
        import openvino
        tensor = lambda ids: openvino.Tensor(np.array([ids], np.int64))
    else:
        tensor = lambda ids: np.array([ids], np.int64)
    config = genai.GenerationConfig()
    config.max_new_tokens, config.ignore_eos = tokens + 1, True
    for context in contexts:
        metrics = pipe.generate(tensor(tokens_of(context)[::-1]), config).perf_metrics  # another prompt: no prefix is known
        result.setdefault("first", metrics.get_ttft().mean / 1e3)
        metrics = pipe.generate(tensor(tokens_of(context)), config).perf_metrics
        steps = [ms / 1e6 for ms in metrics.raw_metrics.m_durations][-tokens:]
        result["contexts"][context] = [metrics.get_ttft().mean / 1e3, statistics.median(steps)]
    return result


def run_llama(model, contexts, tokens, threads):
    from llama_cpp import Llama
    file = model if model.endswith(".gguf") else str(next(Path(model).glob("*.gguf")))
    start = time.perf_counter()
    llama = Llama(file, n_ctx=max(contexts) + tokens + 8, n_threads=threads, n_threads_batch=threads, verbose=False)
    result = {"load": time.perf_counter() - start, "contexts": {}}
    for context in contexts:
        llama.reset()
        start = time.perf_counter()
        llama.eval(tokens_of(context))
        first = time.perf_counter() - start
        result.setdefault("first", first)
        steps = []
        for _ in range(tokens):
            start = time.perf_counter()
            llama.eval([llama.sample(temp=0.0)])
            steps.append(time.perf_counter() - start)
        result["contexts"][context] = [first, statistics.median(steps)]
    return result


def child(args):
    run = run_llama if args.child == "llama" else lambda *rest: run_genai("vireo.genai" if args.child == "vireo" else "openvino_genai", *rest)
    result = run(args.model, args.contexts, args.tokens, args.threads)
    result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


def best(a, b):
    if a is None:
        return b
    contexts = {key: [min(x, y) for x, y in zip(a["contexts"][key], b["contexts"][key])] for key in b["contexts"]}
    return {**{key: min(a[key], b[key]) for key in ("load", "first", "memory")}, "contexts": contexts}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--contexts", type=int, nargs="+", default=[32, 128, 512])
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--engines", nargs="+", default=list(PACKAGES), choices=list(PACKAGES))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args)
    engines = [name for name in args.engines if importlib.util.find_spec(PACKAGES[name])]
    results = {}
    for _ in range(args.rounds):
        for name in engines:
            done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--child", name], capture_output=True, text=True)
            if done.returncode:
                print(f"{name}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}", file=sys.stderr)
                continue
            results[name] = best(results.get(name), json.loads(done.stdout.splitlines()[-1]))
    print(f"{'engine':10} {'load s':>8} {'first s':>8} {'peak MB':>8} " + " ".join(f"{f'prefill@{c}':>12} {f'decode@{c}':>12}" for c in args.contexts))
    for name, result in results.items():
        figures = [result["contexts"][str(c)] for c in args.contexts]
        print(f"{name:10} {result['load']:8.2f} {result['first']:8.3f} {result['memory']:8.0f} " +
              " ".join(f"{c / first:12.0f} {1 / step:12.1f}" for c, (first, step) in zip(args.contexts, figures)))
    print("prefill and decode in tokens per second")


if __name__ == "__main__":
    main()
