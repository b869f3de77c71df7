"""CompiledModel, InferRequest, AsyncInferQueue, and the threads around them."""
import os
import threading
import time

import numpy as np
import pytest

X = np.arange(8, dtype=np.float32).reshape(2, 4) - 3


def expected(x, affine):
    return np.maximum(x @ affine[1] + affine[2], 0)


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_call(ov, compiled, affine):
    for given in (X, [X], {"x": X}, {0: X}, {compiled.input(0): X}, ov.Tensor(X)):
        result = compiled(given)
        close(result[0], expected(X, affine))
        close(result["y"], expected(X, affine))
        close(result[compiled.output(0)], expected(X, affine))


def test_many_shapes(compiled, affine):
    for batch in (1, 7, 2, 64, 1):
        x = np.random.default_rng(batch).standard_normal((batch, 4), dtype=np.float32)
        close(compiled(x)[0], expected(x, affine))


def test_two_outputs_keep_their_order(ov, two_in_two_out):
    compiled = ov.Core().compile_model(two_in_two_out, "CPU")
    big = 2 ** 40 if ov.__name__ == "vireo" else 7  # OpenVINO computes i64 in 32 bits
    a, b = np.array([5, big, -1], np.int64), np.array([1, 2, 3], np.int64)
    result = compiled([a, b])
    assert list(result["sum"]) == list(a + b) and list(result["difference"]) == list(a - b)
    assert list(result.to_tuple()[1]) == list(a - b)


def test_request(ov, compiled, affine):
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(X))
    request.infer()
    close(request.get_output_tensor().data, expected(X, affine))
    request.set_tensor("x", ov.Tensor(2 * X))
    request.infer()
    close(request.get_tensor("y").data, expected(2 * X, affine))
    close(request.results[compiled.output(0)], expected(2 * X, affine))


def test_shared_input_is_read_at_each_run(ov, compiled, affine):
    x = X.copy()
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))
    request.infer()
    x *= -1
    request.infer()
    close(request.get_output_tensor().data, expected(-X, affine))


def test_results_survive_the_next_run(compiled, affine):
    first = compiled(X)[0]
    compiled(10 * X)
    close(first, expected(X, affine))


def test_async_and_callback(compiled, affine):
    request, told = compiled.create_infer_request(), []
    request.set_callback(told.append, "word")
    request.start_async({"x": X})
    request.wait()
    close(request.get_output_tensor().data, expected(X, affine))
    assert told == ["word"]
    assert request.wait_for(1)


def test_infer_inside_a_callback(ov, compiled, affine):
    if ov.__name__ == "openvino":
        pytest.skip("OpenVINO's callback holds the stream that the inner inference waits for")
    outer, inner, seen = compiled.create_infer_request(), compiled.create_infer_request(), []
    outer.set_callback(lambda _: seen.append(inner.infer({"x": X})[0].copy()), None)
    outer.start_async({"x": 3 * X})
    outer.wait()
    for _ in range(100):
        if seen:
            break
        time.sleep(0.01)
    close(seen[0], expected(X, affine))


def test_queue(ov, compiled, affine):
    queue, seen = ov.AsyncInferQueue(compiled, 3), {}
    queue.set_callback(lambda request, key: seen.__setitem__(key, request.get_output_tensor().data.copy()))
    for i in range(20):
        queue.start_async({"x": X + i}, i)
    queue.wait_all()
    assert len(seen) == 20 and len(queue) == 3
    for i, got in seen.items():
        close(got, expected(X + i, affine))


def test_cancel(ov, heavy):
    compiled = ov.Core().compile_model(heavy, "CPU", {"INFERENCE_NUM_THREADS": 1})
    request, x = compiled.create_infer_request(), np.ones((256, 768), np.float32)
    request.infer({"x": x})
    want = request.get_output_tensor().data.copy()
    request.start_async({"x": x})
    request.cancel()
    try:
        request.wait()
    except RuntimeError:
        pass
    request.infer({"x": x})
    np.testing.assert_array_equal(request.get_output_tensor().data, want)


def test_wrong_inputs(compiled):
    request = compiled.create_infer_request()
    for given in ({"nothing": X}, {"x": np.ones((2, 5), np.float32)}, {3: X}):
        with pytest.raises((RuntimeError, ValueError, KeyError, IndexError, TypeError)):
            request.infer(given)
    with pytest.raises((RuntimeError, ValueError)):
        compiled(np.ones((2, 4, 1), np.float32))


def test_profiling(ov, affine):
    compiled = ov.Core().compile_model(affine[0], "CPU", {"PERF_COUNT": True})
    request = compiled.create_infer_request()
    request.infer({"x": X})
    rows = request.profiling_info
    assert rows and all(row.node_name and row.node_type for row in rows)
    assert sum(row.real_time.total_seconds() for row in rows) >= 0


def test_profiling_looks_into_branches(ov, branches):
    compiled = ov.Core().compile_model(branches, "CPU", {"PERF_COUNT": "YES"})
    request = compiled.create_infer_request()
    for flag, kind in ((True, "Sinh"), (False, "Cosh")):
        request.infer([np.array(flag), np.ones(8, np.float32)])
        kinds = [row.node_type for row in request.profiling_info]
        assert "If" in kinds and kind in kinds and len({"Sinh", "Cosh"} & set(kinds)) == 1


def run_threads(count, work):
    faults = []

    def guarded(i):
        try:
            work(i)
        except Exception as error:  # seen by the test, not lost in a thread
            faults.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not faults, faults


def test_two_callers_of_one_model(compiled, affine):
    def work(i):
        for k in range(50):
            x = X + i + k
            close(compiled.create_infer_request().infer({"x": x})[0], expected(x, affine))

    run_threads(4, work)


def test_two_models_compile_and_run_at_once(ov, affine, heavy):
    def work(i):
        core = ov.Core()
        for _ in range(3):
            if i % 2:
                core.compile_model(heavy, "CPU")(np.ones((256, 768), np.float32))
            else:
                close(core.compile_model(affine[0], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(X)[0], expected(X, affine))

    run_threads(4, work)


def test_the_lock_of_python_is_free_while_computing(ov, heavy):
    compiled, ticks, stop = ov.Core().compile_model(heavy, "CPU"), [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    request, x = compiled.create_infer_request(), np.ones((256, 768), np.float32)
    thread.start()
    start = time.perf_counter()
    while time.perf_counter() - start < 0.3:
        request.infer({"x": x})
    stop.set()
    thread.join()
    assert len(ticks) > 20


def test_a_forked_child_infers(ov, compiled, affine):
    if ov.__name__ == "openvino":
        pytest.skip("OpenVINO's pool does not survive fork")
    compiled(X)
    child = os.fork()
    if child == 0:
        try:
            close(compiled(X + 1)[0], expected(X + 1, affine))
            os._exit(0)
        except BaseException:
            os._exit(1)
    deadline = time.time() + 20
    while time.time() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")
