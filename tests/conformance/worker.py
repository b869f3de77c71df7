"""A process that answers jobs for runner.py: a JSON line in, a JSON line out, until its input ends.

It imports the module under test and nothing of this project besides the comparison rules, so that a crash in a job costs
that job alone. Started as `worker.py MODULE DEVICE`.
"""
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compare import difference

PACKED = ("u1", "u2", "u3", "u4", "u6", "i4", "nf4", "f4e2m1")
RAW = {"bf16": np.uint16, "f8e4m3": np.uint8, "f8e5m2": np.uint8, "f8e8m0": np.uint8}
# Comparisons are made at strict f32, with no dynamic quantisation and the cache in f32.
STRICT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_NUM_THREADS": 1,
          "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}


def peak_mib():
    """The kernel's mark of this address space; getrusage would inherit the parent's."""
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmHWM")) / 1024


class Failed(Exception):
    """What a check found wrong."""


class Worker:
    def __init__(self, module, device):
        self.ov = importlib.import_module(module)
        self.device = device
        self.is_cpu = device == "CPU"

    def tensor(self, array, kind=None, shape=None):
        array = np.array(array, order="C")
        if kind in PACKED or kind in RAW:
            return self.ov.Tensor(array, self.ov.Shape(list(shape)), getattr(self.ov.Type, kind))
        return self.ov.Tensor(array)

    @staticmethod
    def array(tensor):
        """(type name, NumPy array) of an output."""
        kind = tensor.get_element_type().get_type_name()
        if kind == "string":
            return kind, np.array(tensor.str_data)
        data = np.array(tensor.data)
        return kind, data.view(RAW[kind]) if kind in RAW else data

    def read(self, job):
        """The model of a job, sent through save_model and read_model first if the job says so."""
        core = self.ov.Core()
        model = core.read_model(job["model"])
        if job.get("resave"):
            folder = tempfile.mkdtemp(dir=job["scratch"])
            self.ov.save_model(model, f"{folder}/again.xml", compress_to_fp16=False)
            model = core.read_model(f"{folder}/again.xml")
        return core, model

    def request(self, job):
        core, model = self.read(job)
        if job.get("defaults"):
            return core.compile_model(model, self.device).create_infer_request()
        config = dict(STRICT, INFERENCE_NUM_THREADS=job.get("threads", 1)) if self.is_cpu else {}
        if job.get("cached"):
            config["CACHE_DIR"] = job["scratch"]
            core.compile_model(model, self.device, config)
            compiled = core.compile_model(model, self.device, config)
            if not compiled.get_property("LOADED_FROM_CACHE"):
                raise Failed("what was written to the cache was not read from it")
            return compiled.create_infer_request()
        return core.compile_model(model, self.device, config).create_infer_request()

    def infer(self, job, feeds, repeat=1):
        request = self.request(job)
        for _ in range(repeat):
            for i, feed in enumerate(feeds):
                request.set_input_tensor(i, feed)
            request.infer()
        return [self.array(request.get_output_tensor(i)) for i in range(len(request.model_outputs))]

    def operator(self, job):
        case = job["case"]
        data = np.load(job["data"])
        feeds = [self.tensor(data[f"in{i}"], x["type"], x["shape"]) for i, x in enumerate(case["inputs"])]
        # A fixture of a state holds the third inference in a row.
        repeat = 3 if case["op"] in ("ReadValue", "Assign") else 1
        outputs = self.infer(job, feeds, repeat)
        if len(outputs) != len(case["outputs"]):
            raise Failed(f"{len(outputs)} outputs, expected {len(case['outputs'])}")
        for i, (kind, got) in enumerate(outputs):
            want = case["outputs"][i]
            if kind != want["type"]:
                raise Failed(f"output {i}: type {kind}, expected {want['type']}")
            if case["tolerance"] == "random":
                if list(got.shape) != want["shape"]:
                    raise Failed(f"output {i}: shape {list(got.shape)}, expected {want['shape']}")
                continue
            answers = [data[key] for key in (f"out{i}", f"alt{i}") if key in data]
            wrong = [difference(got, answer, kind, case["tolerance"]) for answer in answers]
            if all(wrong):
                raise Failed(f"output {i}: {wrong[0]}")

    def network(self, job):
        case = job["case"]
        data = np.load(job["data"])
        count = sum(key.startswith("in") for key in data.files)
        outputs = self.infer(job, [self.tensor(data[f"in{i}"]) for i in range(count)])
        slack = np.atleast_1d(case.get("max_abs_diff_int8_kernels_vs_plain_arithmetic") or 0).astype(float)
        for i, (kind, got) in enumerate(outputs):
            answers = [data[key] for key in (f"out{i}", f"fq{i}") if key in data]
            if case["tolerance"] == "quantised":
                # Values on a rounding step may fall either way, so rows that were selected by them may swap.
                if kind == "f32":
                    step = 2 * slack[min(i, slack.size - 1)]
                    self.within(i, got, answers, lambda want: max(step, 0.01 * np.abs(want).max()))
            else:
                wrong = [difference(got, answer, kind, "accumulate") for answer in answers]
                if all(wrong):
                    raise Failed(f"output {i}: {wrong[0]}")

    @staticmethod
    def within(i, got, answers, bound):
        seen = []
        for want in answers:
            if got.shape != want.shape:
                raise Failed(f"output {i}: shape {list(got.shape)}, expected {list(want.shape)}")
            worst = np.abs(got.astype(np.float64) - want.astype(np.float64)).max(initial=0)
            if worst <= bound(want):
                return
            seen.append(f"by up to {worst:.3g}, allowed {bound(want):.3g}")
        raise Failed(f"output {i}: differs {seen[0]}")

    def real(self, job):
        case, root = job["case"], Path(job["root"])
        request = self.request(job)
        for run in case["runs"]:
            given, wanted = np.load(root / run["inputs"]), np.load(root / run["outputs"])
            request.infer({name: given[f"in{i}"] for i, name in enumerate(case["inputs"])})
            for i in range(len(case["outputs"])):
                share = 0.02 if case["tolerance"] == "quantised" else 1e-4
                _, got = self.array(request.get_output_tensor(i))
                self.within(i, got, [wanted[f"out{i}"]], lambda want: share * max(1.0, np.abs(want).max()))
        if "sequence" in case:
            self.sequence(request, np.load(root / case["sequence"]["file"]))

    def error_at_defaults(self, job):
        """As shipped, without hints, over all runs: the error's size relative to the outputs' (root mean squares), and the share
        of rows that keep their top, among those whose top leads by 1 % of the largest value."""
        case, root = job["case"], Path(job["root"])
        request, wrong, size, kept, rows = self.request(dict(job, defaults=True)), 0.0, 0.0, 0, 0
        for run in case["runs"]:
            given, wanted = (np.load(root / run[key]) for key in ("inputs", "outputs"))
            request.infer({name: given[f"in{i}"] for i, name in enumerate(case["inputs"])})
            for i in range(len(case["outputs"])):
                want, got = wanted[f"out{i}"], self.array(request.get_output_tensor(i))[1].astype(np.float64)
                wrong += float(np.square(got - want).mean()) / max(float(np.square(want).mean()), 1e-30)
                size += 1
                if want.ndim and want.shape[-1] > 1:
                    best = np.sort(want, -1)
                    clear = best[..., -1] - best[..., -2] > 0.01 * np.abs(want).max()
                    kept += int((got.argmax(-1) == want.argmax(-1))[clear].sum())
                    rows += int(clear.sum())
        return {"error": (wrong / size) ** 0.5, "kept": kept / rows if rows else 1.0}

    def sequence(self, request, data):
        """Forty steps of the voice detector, the state of each fed to the next."""
        state, rate = np.zeros((2, 1, 128), np.float32), np.array(16000, np.int64)
        for k, want in enumerate(data["probs"].reshape(-1)):
            window = data["audio"].reshape(1, -1)[:, 512 * k:512 * k + 576].astype(np.float32)
            request.infer({"input": window, "state": state, "sr": rate})
            got = self.array(request.get_output_tensor(0))[1].reshape(-1)[0]
            state = np.array(request.get_output_tensor(1).data)
            if not abs(got - want) <= 1e-4:
                raise Failed(f"step {k} of the sequence: {got:.6f}, expected {want:.6f}")

    def same_bits(self, job):
        """In accuracy mode the number of threads changes no bit."""
        data = np.load(job["data"] if "data" in job else Path(job["root"]) / job["case"]["runs"][0]["inputs"])
        feeds = [self.tensor(data[f"in{i}"]) for i in range(sum(key.startswith("in") for key in data.files))]
        one, two = (self.infer(dict(job, threads=threads), feeds) for threads in (1, 2))
        for i, ((_, a), (_, b)) in enumerate(zip(one, two)):
            if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                raise Failed(f"output {i}: {np.count_nonzero(a != b)} of {a.size} values depend on the threads")

    def save(self, job):
        core = self.ov.Core()
        self.ov.save_model(core.read_model(job["model"]), job["to"], compress_to_fp16=False)

    def malformed(self, job):
        """Reading and compiling give an error that names the fault, or work; in little time and memory."""
        before, message = time.process_time(), None
        try:
            core = self.ov.Core()
            core.compile_model(core.read_model(job["model"]), self.device)
        except MemoryError:
            raise Failed("MemoryError")
        except Exception as error:
            message = str(error)
        seconds = time.process_time() - before
        resident = peak_mib()
        if seconds > job["seconds"]:
            raise Failed(f"took {seconds:.1f} s, allowed {job['seconds']}")
        if resident > job["resident_mib"]:
            raise Failed(f"took {resident:.0f} MiB, allowed {job['resident_mib']}")
        if message is None and job["case"]["expect"] == "error":
            raise Failed("was accepted, expected an error")
        if message is not None and job["case"]["expect"] == "ok":
            raise Failed(f"was refused: {message[:200]}")
        words = job["case"].get("message_names_one_of") or []
        if message is not None and words and not any(word.lower() in message.lower() for word in words):
            raise Failed(f"the message names none of {words}: {message[:200]}")


def main():
    worker = Worker(*sys.argv[1:3])
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a library prints must not be taken for an answer
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = [None, getattr(worker, job["do"])(job)]
        except Failed as failure:
            answer = [str(failure), None]
        except Exception as error:
            answer = [f"{type(error).__name__}: {' '.join(str(error).split())[:400]}", None]
        print(json.dumps(answer), file=answers, flush=True)


main()
