"""The peak of anonymous memory while networks of the bench are read, compiled and run once, each in a fresh process."""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Arguments: bench folder, network, model file. A thread polls RssAnon; NumPy and the module are loaded before it starts.
PROBE = """
import os, sys, threading, time
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/../scripts"]
import models
import vireo as ov

feeds = models.inputs_of(sys.argv[2])
status = os.open("/proc/self/status", os.O_RDONLY)

def anonymous():
    return int(os.pread(status, 4096, 0).split(b"RssAnon:")[1].split()[0]) / 1024

core, start, peak, stop = ov.Core(), anonymous(), 0.0, False

def watch():
    global peak
    while not stop:
        peak = max(peak, anonymous())
        time.sleep(0.0005)

watcher = threading.Thread(target=watch)
watcher.start()
compiled = core.compile_model(core.read_model(sys.argv[3]), "CPU")
compiled.create_infer_request().infer(feeds)
stop = True
watcher.join()
weights, arena = (int(str(compiled.get_property(f"VIREO_{part}_BYTES"))) / 2**20 for part in ("WEIGHTS", "ARENA"))
print(max(peak, anonymous()) - start, weights, arena)
"""


@pytest.mark.slow
@pytest.mark.parametrize("network", ["resnet50", "mobilenet_v2", "bert_base_128"])
def test_peak_of_anonymous_memory(network, tmp_path, report):
    bench = ROOT / "bench"
    sys.path.insert(0, str(bench))
    import models
    path = models.path_of(network, tmp_path)
    out = subprocess.run([sys.executable, "-c", PROBE, str(bench), network, str(path)], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr[-2000:]
    peak, weights, arena = map(float, out.stdout.split())
    report(f"{network}: peak of anonymous memory {peak:.1f} MB; weights {weights:.1f} MB, arena {arena:.1f} MB")
    assert peak <= 1.5 * (weights + arena) + 20
