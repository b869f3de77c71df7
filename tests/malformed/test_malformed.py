"""Damaged and hostile files: each gets a clear error or loads, in little time and memory, in a process of its own."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import fetch_models
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import known  # noqa: E402
from runner import Runner  # noqa: E402

# Of a release build; the limits of the index are those of a sanitizer build.
SECONDS, RESIDENT_MIB = 1.0, 200


def cases():
    root = fetch_models.unpacked("bad_models")
    return [json.loads(line) for line in (root / "index.jsonl").read_text().splitlines()]


def laid_out(case, folder):
    """The case's files in a folder of their own, so that nothing beside them can be opened."""
    folder.mkdir()
    for name in case["files"]:
        shutil.copy(fetch_models.unpacked("bad_models") / name, folder / name)
    return str(folder / case["file"])


def test_malformed_models(request, tmp_path, report):
    if request.config.getoption("--replay"):
        pytest.skip("the readers alone are under test")
    work = [{"do": "malformed", "case": case, "model": laid_out(case, tmp_path / str(i)), "seconds": SECONDS,
             "resident_mib": RESIDENT_MIB} for i, case in enumerate(cases())]
    answers = Runner(request.config.getoption("--module"), timeout=30, fresh=True).run(work)
    failures = {job["case"]["file"]: why for job, why in zip(work, answers) if why}
    report(f"malformed models: {len(work) - len(failures)} of {len(work)} get what they must")
    known.settle("malformed", failures, request.config)


def test_readers_on_malformed_models(request, tmp_path, report):
    """The readers as built with sanitizers: no report, no crash, within the limits of the index."""
    folder = request.config.getoption("--replay")
    if not folder:
        pytest.skip("needs --replay")
    faults = []
    for i, case in enumerate(cases()):
        path = laid_out(case, tmp_path / str(i))
        reader = "replay_onnx" if path.endswith(".onnx") else "replay_ir"
        done = subprocess.run([str(Path(folder) / reader), path], capture_output=True, text=True, errors="replace",
                              timeout=60)
        if done.returncode != 0:
            faults.append(f"{case['file']}: exit {done.returncode}\n{done.stderr[-1500:]}")
    report(f"readers on malformed models: {len(cases()) - len(faults)} of {len(cases())} clean")
    assert not faults, "\n".join(faults[:5])
