"""One engine with one model in a process of its own: contender.py ENGINE NAME PATH THREADS PRECISION.

Loads, answers a JSON line about it, then for each `SECONDS` on its input runs inferences for that long and answers their
times in milliseconds. Inputs are set once: what is timed is the inference and nothing of Python's conversions.
"""
import importlib
import json
import os
import sys
import time

import numpy as np

import models


def load_openvino_like(module, path, feeds, threads, precision):
    ov = importlib.import_module(module)
    core = ov.Core()
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    if precision == "f32":
        config["INFERENCE_PRECISION_HINT"] = "f32"
    start = time.perf_counter()
    model = core.read_model(path)
    model.reshape({name: list(array.shape) for name, array in feeds.items()})
    read = time.perf_counter()
    request = core.compile_model(model, "CPU", config).create_infer_request()
    compiled = time.perf_counter()
    tensors = {name: ov.Tensor(array) for name, array in feeds.items()}
    for name, tensor in tensors.items():
        request.set_tensor(name, tensor)
    return request.infer, lambda: np.array(request.get_output_tensor(0).data), read - start, compiled - read, tensors


def load_onnxruntime(path, feeds, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    compiled = time.perf_counter()
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, array)
    binding.bind_output(session.get_outputs()[0].name)
    return (lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0], 0.0,
            compiled - start, feeds)


def peak_mib():
    """The kernel's mark of this address space; getrusage would inherit the parent's."""
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmHWM")) / 1024


def main():
    engine, name, path, threads, precision = sys.argv[1:6]
    threads, answers = int(threads), sys.stdout
    sys.stdout = sys.stderr
    os.sched_setaffinity(0, range(threads))
    feeds = models.inputs_of(name)
    empty = peak_mib()
    if engine == "onnxruntime":
        infer, output, read, compiled, keep = load_onnxruntime(path, feeds, threads)
    else:
        infer, output, read, compiled, keep = load_openvino_like(engine, path, feeds, threads, precision)
    start = time.perf_counter()
    infer()
    first = time.perf_counter() - start
    result = output().astype(np.float64)
    np.save(sys.argv[6], result)
    print(json.dumps({"read_ms": read * 1e3, "compile_ms": compiled * 1e3, "first_ms": first * 1e3,
                      "peak_mib": peak_mib() - empty}), file=answers, flush=True)
    for line in sys.stdin:
        # Short inferences are timed in groups of about 50 us, so that the clock costs nothing.
        group = max(1, min(1000, int(50e-6 / max(first, 1e-9))))
        until, times = time.perf_counter() + float(line), []
        while time.perf_counter() < until or len(times) < 3:
            start = time.perf_counter()
            for _ in range(group):
                infer()
            first = (time.perf_counter() - start) / group
            times.append(first * 1e3)
        print(json.dumps(times), file=answers, flush=True)
    del keep


main()
