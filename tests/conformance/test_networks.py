"""Whole networks against their references: the IR networks and the published ONNX ones, at every instruction-set cap,
before and after save_model and read_model, and the IR that Vireo writes in OpenVINO."""
import json

import fetch_models
import known
import pytest
from runner import Runner, isa_caps


def network_jobs(scratch):
    root = fetch_models.unpacked("ir_models")
    for line in (root / "models.jsonl").read_text().splitlines():
        case = json.loads(line)
        yield {"do": "network", "case": case, "name": case["id"], "model": str(root / f"{case['id']}.xml"),
               "data": str(root / f"{case['id']}.npz"), "scratch": str(scratch)}


def real_jobs(scratch):
    root = fetch_models.unpacked("real_models")
    for name, case in fetch_models.manifest().items():
        yield {"do": "real", "case": case, "name": name, "model": str(fetch_models.fetch(name)), "root": str(root),
               "scratch": str(scratch)}


def all_jobs(scratch):
    return list(network_jobs(scratch)) + list(real_jobs(scratch))


def failures_of(work, answers):
    return {job["name"]: why for job, why in zip(work, answers) if why}


def module_of(request):
    return request.config.getoption("--module")


@pytest.mark.parametrize("isa", isa_caps())
@pytest.mark.parametrize("resave", [False, True], ids=["imported", "saved"])
def test_networks(isa, resave, request, tmp_path, report):
    work = [dict(job, resave=resave) for job in all_jobs(tmp_path)]
    answers = Runner(module_of(request), request.config.getoption("--device"), isa, timeout=240).run(work)
    failures = failures_of(work, answers)
    report(f"networks at {isa}{', saved' if resave else ''}: {len(work) - len(failures)} of {len(work)} pass")
    known.settle(f"networks-{isa}{'-saved' if resave else ''}", failures, request.config)


def test_networks_loaded_from_the_cache(request, tmp_path, report):
    work = [dict(job, cached=True) for job in all_jobs(tmp_path)]
    failures = failures_of(work, Runner(module_of(request), timeout=240).run(work))
    report(f"networks loaded from the cache: {len(work) - len(failures)} of {len(work)} pass")
    known.settle("networks-cached", failures, request.config)


def test_networks_give_the_same_bits_at_one_and_two_threads(request, tmp_path, report):
    work = [dict(job, do="same_bits") for job in all_jobs(tmp_path)]
    failures = failures_of(work, Runner(module_of(request), timeout=240).run(work))
    report(f"networks with equal bits at 1 and 2 threads: {len(work) - len(failures)} of {len(work)}")
    known.settle("networks-bits", failures, request.config)


def test_networks_written_by_vireo_run_in_openvino(request, tmp_path, report):
    work = all_jobs(tmp_path)
    written = [dict(job, do="save", to=str(tmp_path / f"{job['name']}.xml")) for job in work]
    failures = failures_of(written, Runner(module_of(request)).run(written))
    read_back = [dict(job, model=save["to"]) for job, save in zip(work, written) if job["name"] not in failures]
    failures.update(failures_of(read_back, Runner("openvino").run(read_back)))
    report(f"networks written by Vireo, run in OpenVINO: {len(work) - len(failures)} of {len(work)} pass")
    known.settle("networks-in-openvino", failures, request.config)


def test_default_precision_is_as_good_as_openvinos(request, tmp_path, report):
    work = [dict(job, do="error_at_defaults") for job in real_jobs(tmp_path)]
    ours, theirs = Runner(module_of(request), timeout=240), Runner("openvino", timeout=240)
    failures = failures_of(work, ours.run(work))
    theirs.run(work)
    for job, mine, oracle in zip(work, ours.values, theirs.values):
        # Where OpenVINO cannot run the model, and below what f32 itself may differ by, there is nothing to beat.
        allowed = max(1.1 * oracle["error"] if oracle else 0, 1e-4)
        kept = oracle["kept"] if oracle else 1
        if mine and (mine["error"] > allowed or mine["kept"] < min(kept, 0.999)):
            failures[job["name"]] = f"error {mine['error']:.2g}, allowed {allowed:.2g}; {mine['kept']:.3f} of the tops kept"
    report(f"networks at the default precision: {len(work) - len(failures)} of {len(work)} within 1.1x of OpenVINO's error")
    known.settle("networks-default", failures, request.config)


@pytest.mark.slow
def test_networks_on_the_reference_device(request, tmp_path, report):
    work = all_jobs(tmp_path)
    failures = failures_of(work, Runner(module_of(request), "REFERENCE", timeout=900).run(work))
    report(f"networks on REFERENCE: {len(work) - len(failures)} of {len(work)} pass")
    known.settle("networks-reference", failures, request.config)
