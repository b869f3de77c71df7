"""Runs jobs in worker processes: each job is answered by None (right) or a sentence; a crash or a hang costs that job."""
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


def isa_caps():
    """The instruction-set tiers that this machine can run, lowest first."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split())
            break
    tiers = ["scalar"]
    if {"avx2", "fma", "f16c", "bmi2"} <= flags:
        tiers.append("avx2")
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags:
        tiers.append("avx512")
    return tiers


class Runner:
    def __init__(self, module, device="CPU", isa=None, timeout=60, fresh=False):
        self.command = [sys.executable, str(WORKER), module, device]
        self.environment = dict(os.environ, **({"VIREO_CPU_ISA": isa} if isa else {}))
        self.timeout, self.fresh = timeout, fresh
        self.values = []  # what the jobs of the last run returned

    def run(self, jobs):
        """The answers to `jobs`, in their order."""
        todo, answers = queue.SimpleQueue(), [None] * len(jobs)
        self.values = [None] * len(jobs)
        for item in enumerate(jobs):
            todo.put(item)

        def serve():
            child = None
            while True:
                try:
                    index, job = todo.get_nowait()
                except queue.Empty:
                    break
                if child is None:
                    child = self.start()
                (answers[index], self.values[index]), alive = self.ask(child, job)
                if self.fresh or not alive:
                    self.stop(child)
                    child = None
            if child:
                self.stop(child)

        threads = [threading.Thread(target=serve) for _ in range(min(os.cpu_count() or 1, max(len(jobs), 1)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def start(self):
        return subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, env=self.environment)

    @staticmethod
    def stop(child):
        child.kill()
        child.stdin.close()
        child.stdout.close()
        child.wait()

    def ask(self, child, job):
        """((what is wrong, what the job returned), whether the child can go on)"""
        late = threading.Event()

        def give_up():
            late.set()
            child.kill()

        timer = threading.Timer(self.timeout, give_up)
        timer.start()
        try:
            child.stdin.write(json.dumps(job) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            return json.loads(line), True
        code = child.wait()
        return ((f"no answer in {self.timeout} s" if late.is_set() else f"the process ended with {code}"), None), False
