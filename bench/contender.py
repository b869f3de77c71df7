"""One engine with one model in a process of its own: contender.py '{"engine": ..., "mode": ...}' (see Contender in run.py).

Loads, answers a JSON line about it, then for each `SECONDS` on its input runs inferences for that long and answers a list:
of the times of single inferences in milliseconds (mode latency), or of one number, inferences a second (throughput). In
mode load it ends after the first line. Inputs are set once: what is timed is the inference and not Python's conversions.
"""
import importlib
import json
import os
import sys
import threading
import time
from functools import partial

import numpy as np

import models


class OpenVinoLike:
    """OpenVINO, and Vireo, which speaks its words."""

    def __init__(self, spec):
        self.ov = importlib.import_module(spec["engine"])
        throughput = spec["mode"] == "throughput"
        self.config = {"PERFORMANCE_HINT": "THROUGHPUT" if throughput else "LATENCY",
                       "INFERENCE_NUM_THREADS": spec["threads"]}
        if not throughput:
            self.config["NUM_STREAMS"] = 1
        if spec["precision"] == "f32":
            self.config["INFERENCE_PRECISION_HINT"] = "f32"
        if spec.get("cache"):
            self.config["CACHE_DIR"] = spec["cache"]

    def load(self, path, feeds):
        core, start = self.ov.Core(), time.perf_counter()
        model = core.read_model(path)
        shapes = {name: list(array.shape) for name, array in feeds.items()}
        if any(model.input(name).partial_shape.is_dynamic for name in shapes):
            model.reshape(shapes)
        self.model = core.compile_model(model, "CPU", self.config)
        self.request = self.model.create_infer_request()
        seconds = time.perf_counter() - start
        self.tensors = {name: self.ov.Tensor(array) for name, array in feeds.items()}
        self.set_inputs(self.request)
        self.infer = self.request.infer
        return seconds

    def set_inputs(self, request):
        for name, tensor in self.tensors.items():
            request.set_tensor(name, tensor)

    def outputs(self):
        return [np.array(self.request.get_output_tensor(i).data) for i in range(len(self.model.outputs))]

    def callers(self, threads):
        """An inference each, to be called side by side: as many as the engine asks for."""
        requests = [self.model.create_infer_request()
                    for _ in range(int(self.model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")))]
        for request in requests:
            self.set_inputs(request)
        return [request.infer for request in requests]


class OnnxRuntime:
    def __init__(self, spec):
        import onnxruntime
        self.ort, self.options = onnxruntime, onnxruntime.SessionOptions()
        throughput = spec["mode"] == "throughput"
        self.options.intra_op_num_threads = 1 if throughput else spec["threads"]
        self.options.inter_op_num_threads = 1
        # Its cache: the network as its own passes left it.
        self.cached = os.path.join(spec["cache"], "optimised.onnx") if spec.get("cache") else None

    def load(self, path, feeds):
        if self.cached and os.path.exists(self.cached):
            path, self.options.graph_optimization_level = self.cached, self.ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        elif self.cached:
            self.options.optimized_model_filepath = self.cached
        start = time.perf_counter()
        self.session = self.ort.InferenceSession(str(path), self.options, providers=["CPUExecutionProvider"])
        seconds = time.perf_counter() - start
        self.feeds = feeds
        self.binding = self.bound()
        self.infer = lambda: self.session.run_with_iobinding(self.binding)
        return seconds

    def bound(self):
        binding = self.session.io_binding()
        for name, array in self.feeds.items():
            binding.bind_cpu_input(name, array)
        for output in self.session.get_outputs():
            binding.bind_output(output.name)
        return binding

    def outputs(self):
        return self.binding.copy_outputs_to_cpu()

    def callers(self, threads):
        return [partial(self.session.run_with_iobinding, self.bound()) for _ in range(threads)]


def run_side_by_side(callers, seconds):
    """Inferences a second of all callers together, each in a thread of its own."""
    counts, start = [0] * len(callers), time.perf_counter()

    def run(index):
        while time.perf_counter() - start < seconds:
            callers[index]()
            counts[index] += 1

    team = [threading.Thread(target=run, args=(i,)) for i in range(len(callers))]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def resident_mib(mark):
    """VmRSS, or VmHWM, the kernel's high-water mark of this address space (getrusage would inherit the parent's)."""
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith(mark)) / 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def time_inferences(infer, seconds, first):
    """Times in milliseconds; short inferences are timed in groups of about 50 us, so that the clock costs nothing."""
    group = max(1, min(1000, int(50e-6 / max(first, 1e-9))))
    until, times = time.perf_counter() + seconds, []
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        for _ in range(group):
            infer()
        times.append((time.perf_counter() - start) / group * 1e3)
    return times


def main():
    spec, answers = json.loads(sys.argv[1]), sys.stdout
    sys.stdout = sys.stderr
    os.sched_setaffinity(0, range(spec["threads"]))
    feeds = models.inputs_of(spec["model"])
    engine = (OnnxRuntime if spec["engine"] == "onnxruntime" else OpenVinoLike)(spec)
    forget_peak()
    empty = resident_mib("VmRSS")
    load = engine.load(spec["path"], feeds)
    start = time.perf_counter()
    engine.infer()
    first = time.perf_counter() - start
    np.savez(spec["output"], *(np.asarray(array, np.float64) for array in engine.outputs()))
    print(json.dumps({"load_ms": load * 1e3, "first_ms": first * 1e3, "peak_mib": resident_mib("VmHWM") - empty}),
          file=answers, flush=True)
    if spec["mode"] == "load":
        return
    callers = engine.callers(spec["threads"]) if spec["mode"] == "throughput" else []
    for line in sys.stdin:
        if callers:
            turn = [run_side_by_side(callers, float(line))]
        else:
            turn = time_inferences(engine.infer, float(line), first)
            first = turn[-1] * 1e-3
        print(json.dumps(turn), file=answers, flush=True)


main()
