"""CACHE_DIR, export_model and import_model: what is loaded answers as what was compiled."""
import io
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest



def answer(compiled, x):
    return compiled(x)[0]


@pytest.fixture()
def x():
    return np.random.default_rng(1).standard_normal((3, 4), dtype=np.float32)


@pytest.fixture()
def cache(tmp_path):
    return {"CACHE_DIR": str(tmp_path / "cache")}


def blobs(cache):
    folder = cache["CACHE_DIR"]
    return sorted(os.path.join(folder, f) for f in os.listdir(folder)) if os.path.isdir(folder) else []


@pytest.mark.parametrize("form", ["path", "model", "bytes"])
def test_second_compile_is_loaded(ov, affine, x, cache, form):
    def compiled():
        source = {"path": lambda: affine[0], "model": lambda: ov.Core().read_model(affine[0]),
                  "bytes": lambda: open(affine[0], "rb").read()}[form]()
        return ov.Core().compile_model(source, "CPU", cache)

    first, second = compiled(), compiled()
    assert first.get_property("LOADED_FROM_CACHE") is False
    assert second.get_property("LOADED_FROM_CACHE") is True
    assert len(blobs(cache)) == 1 and os.stat(blobs(cache)[0]).st_mode & 0o077 == 0
    np.testing.assert_array_equal(answer(first, x), answer(second, x))
    assert [p.names for p in second.inputs] == [p.names for p in first.inputs]
    assert [p.names for p in second.outputs] == [p.names for p in first.outputs]
    assert str(second.output(0).partial_shape) == str(first.output(0).partial_shape)
    assert second({"x": x})["y"].shape == (3, 3)


def test_what_decides_is_in_the_key(ov, affine, cache):
    core = ov.Core()
    core.set_property(cache)
    model = core.read_model(affine[0])
    core.compile_model(model, "CPU", {"PERF_COUNT": True})
    same = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})
    assert same.get_property("LOADED_FROM_CACHE") is True
    other = core.compile_model(model, "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"})
    assert other.get_property("LOADED_FROM_CACHE") is False
    model.reshape([7, 4])
    assert core.compile_model(model, "CPU").get_property("LOADED_FROM_CACHE") is False
    assert core.compile_model(model, "CPU").get_property("LOADED_FROM_CACHE") is True


def test_changed_model_is_compiled_anew(ov, affine, cache, tmp_path):
    path = str(tmp_path / "model.onnx")
    shutil.copy(affine[0], path)
    ov.Core().compile_model(path, "CPU", cache)
    os.utime(path, ns=(0, 12345))
    again = ov.Core().compile_model(path, "CPU", cache)
    assert again.get_property("LOADED_FROM_CACHE") is False
    assert ov.Core().compile_model(path, "CPU", cache).get_property("LOADED_FROM_CACHE") is True
    assert len(blobs(cache)) == 1


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "foreign", "folder"])
def test_damaged_files_are_ignored(ov, affine, x, cache, damage):
    want = answer(ov.Core().compile_model(affine[0], "CPU", cache), x)
    (path,) = blobs(cache)
    data = bytearray(open(path, "rb").read())
    if damage == "flip":
        data[len(data) // 2] ^= 255
        data[300] ^= 1
    if damage == "foreign":
        data = bytearray(open(affine[0], "rb").read())
    os.remove(path)
    if damage == "folder":
        os.mkdir(path)
    else:
        with open(path, "wb") as f:
            f.write({"cut": data[: len(data) // 2], "empty": b""}.get(damage, data))
    compiled = ov.Core().compile_model(affine[0], "CPU", cache)
    assert compiled.get_property("LOADED_FROM_CACHE") is False
    np.testing.assert_array_equal(answer(compiled, x), want)
    if damage != "folder":
        assert ov.Core().compile_model(affine[0], "CPU", cache).get_property("LOADED_FROM_CACHE") is True


def test_copied_cache_file_is_good(ov, affine, x, cache):
    want = answer(ov.Core().compile_model(affine[0], "CPU", cache), x)
    os.utime(blobs(cache)[0], ns=(1, 1))  # a copy has another time: every byte is checked then
    compiled = ov.Core().compile_model(affine[0], "CPU", cache)
    assert compiled.get_property("LOADED_FROM_CACHE") is True
    np.testing.assert_array_equal(answer(compiled, x), want)


def test_a_cache_that_cannot_be_written_is_no_error(ov, affine, x, tmp_path):
    (tmp_path / "file").write_text("")
    compiled = ov.Core().compile_model(affine[0], "CPU", {"CACHE_DIR": str(tmp_path / "file" / "below")})
    assert answer(compiled, x).shape == (3, 3)


def test_processes_share_a_folder(ov, heavy, cache):
    code = ("import sys, numpy as np, vireo as ov\n"
            "for _ in range(3):\n"
            "    c = ov.Core().compile_model(sys.argv[1], 'CPU', {'CACHE_DIR': sys.argv[2]})\n"
            "    print(float(np.abs(c(np.ones((256, 768), np.float32))[0]).sum()))\n")
    jobs = [subprocess.Popen([sys.executable, "-c", code, heavy, cache["CACHE_DIR"]], stdout=subprocess.PIPE, text=True)
            for _ in range(3)]
    lines = [line for job in jobs for line in job.communicate()[0].split()]
    assert all(job.returncode == 0 for job in jobs)
    assert len(lines) == 9 and len(set(lines)) == 1
    assert [os.path.splitext(p)[1] for p in blobs(cache)] == [".blob"]


def test_export_and_import(ov, affine, x, tmp_path):
    core = ov.Core()
    compiled = core.compile_model(affine[0], "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"})
    data = compiled.export_model()
    assert isinstance(data, bytes)
    stream = io.BytesIO()
    compiled.export_model(stream)
    assert stream.getvalue() == data
    stream.seek(0)
    path = tmp_path / "model.blob"
    path.write_bytes(data)
    tensor = ov.Tensor(np.frombuffer(data, np.uint8))
    for source in (data, stream, tensor, str(path), path):
        loaded = core.import_model(source, "CPU", {"INFERENCE_NUM_THREADS": 1})
        assert loaded.get_property("LOADED_FROM_CACHE") is True
        assert loaded.get_property("EXECUTION_MODE_HINT") == "ACCURACY"
        assert loaded.get_property("INFERENCE_NUM_THREADS") == 1
        assert loaded.input(0).any_name == "x"
        np.testing.assert_array_equal(answer(loaded, x), answer(compiled, x))
    assert loaded.export_model() == data


@pytest.mark.parametrize("data", [b"", b"VIREOBL\n", b"no model" * 100])
def test_import_of_other_bytes_is_an_error(ov, data):
    with pytest.raises(ov.Error, match="compiled model"):
        ov.Core().import_model(data, "CPU")


def test_import_of_cut_bytes_is_an_error(ov, affine):
    data = ov.Core().compile_model(affine[0], "CPU").export_model()
    for end in range(0, len(data), max(1, len(data) // 97)):
        with pytest.raises(ov.Error):
            ov.Core().import_model(data[:end], "CPU")


def test_the_reference_device_exports_nothing(ov, affine):
    compiled = ov.Core().compile_model(affine[0], "REFERENCE")
    with pytest.raises(ov.Error, match="REFERENCE"):
        compiled.export_model()
