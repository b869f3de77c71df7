"""Calls on compiled models and requests, their results, and the queue of asynchronous requests."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from ._vireo import CompiledModel, InferRequest


class OVDict(Mapping):
    """Outputs of an inference by index, by tensor name or by port, in the model's order."""

    __slots__ = ("_ports", "_values")

    def __init__(self, ports, values):
        self._ports, self._values = ports, values

    def _index(self, key):
        if isinstance(key, int):
            return key
        for i, port in enumerate(self._ports):
            if (key in port.names) if isinstance(key, str) else port == key:
                return i
        for i, port in enumerate(self._ports):
            if not isinstance(key, str) and port.names & key.names:
                return i
        raise KeyError(f"no output {key!r}, there are: {', '.join(n for p in self._ports for n in p.names)}")

    def __getitem__(self, key):
        return self._values[self._index(key)]

    def __iter__(self):
        return iter(self._ports)

    def __len__(self):
        return len(self._values)

    def keys(self):
        return tuple(self._ports)

    def values(self):
        return tuple(self._values)

    def items(self):
        return tuple(zip(self._ports, self._values))

    def names(self):
        """Tensor names of each output."""
        return tuple(frozenset(p.names) for p in self._ports)

    def to_dict(self):
        return dict(zip(self._ports, self._values))

    def to_tuple(self):
        return tuple(self._values)

    def __repr__(self):
        return "{" + ", ".join(f"{p}: {v!r}" for p, v in zip(self._ports, self._values)) + "}"


def _ports(request):
    ports = request.__dict__.get("_port_list")
    if ports is None:
        ports = request.__dict__["_port_list"] = request.model_outputs
    return ports


def _one_text(request, inputs):
    """["text", ...] for a model of one input is that input, not a list of inputs."""
    if isinstance(inputs, list) and inputs and all(isinstance(i, (str, bytes)) for i in inputs) and len(request.model_inputs) == 1:
        return [inputs]
    return inputs


def _infer(self, inputs=None, share_inputs=False, share_outputs=False, *, decode_strings=True):
    """Runs and returns the outputs. Inputs: a dict by index, name or port, a list in order, or the only one.

    With share_inputs arrays that fit as they are lend their memory until the next call; with share_outputs the results are views that
    the next run of this request overwrites.
    """
    return OVDict(_ports(self), self._infer(_one_text(self, inputs), share_inputs, share_outputs))


def _start_async(self, inputs=None, userdata=None, share_inputs=False):
    """Queues a run and returns; wait() gives its end. `userdata` goes to the callback."""
    self.userdata = userdata
    self._start_async(_one_text(self, inputs), share_inputs)


def _set_callback(self, callback, userdata=None):
    """callback(userdata) is called at the end of each asynchronous run."""
    if callback is None:
        return self._set_callback(None, None)
    self._set_callback(lambda data, error: callback(data), userdata)


def _set_tensors_in_order(set_one):
    def set_all(self, tensors):
        """Tensors by index in a dict, or a list in order."""
        for index, tensor in tensors.items() if isinstance(tensors, dict) else enumerate(tensors):
            set_one(self, index, tensor)
    return set_all


InferRequest.set_input_tensors = _set_tensors_in_order(InferRequest.set_input_tensor)
InferRequest.set_output_tensors = _set_tensors_in_order(InferRequest.set_output_tensor)
InferRequest.infer = _infer
InferRequest.start_async = _start_async
InferRequest.set_callback = _set_callback
InferRequest.results = property(lambda self: OVDict(_ports(self), self._results(True)), doc="Views of the outputs of the last run.")


def _own_request(compiled):
    request = compiled.__dict__.get("_own_request")
    if request is None:
        request = compiled.__dict__["_own_request"] = compiled.create_infer_request()
    return request


def _call(self, inputs=None, share_inputs=True, share_outputs=False, *, decode_strings=True):
    """Runs on a request of its own, which is kept; see InferRequest.infer."""
    request = _own_request(self)
    return OVDict(_ports(request), request._infer(_one_text(request, inputs), share_inputs, share_outputs))


CompiledModel.__call__ = _call
CompiledModel.infer_new_request = lambda self, inputs=None: self.create_infer_request().infer(inputs)
CompiledModel.query_state = lambda self: _own_request(self).query_state()
CompiledModel.reset_state = lambda self: _own_request(self).reset_state()


class AsyncInferQueue:
    """Several requests of one compiled model: start_async takes an idle one, or waits for it.

    jobs: how many; 0: as many as the compiled model says are optimal.
    """

    def __init__(self, model: CompiledModel, jobs: int = 0):
        count = jobs or int(model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = [model.create_infer_request() for _ in range(count)]
        self._idle = list(range(count))
        self._changed = threading.Condition()
        self._callback = None
        self._failure = None
        for i, request in enumerate(self._requests):
            InferRequest._set_callback(request, self._done, i)

    # Bound as a C++ callback: runs on the thread that ran the inference.
    def _done(self, index, error):
        request = self._requests[index]
        try:
            if error is None and self._callback is not None:
                self._callback(request, request.userdata)
        except BaseException as e:  # rethrown where the user waits
            error = e
        with self._changed:
            if error is not None and self._failure is None:
                self._failure = error
            self._idle.append(index)
            self._changed.notify_all()

    def _raise_failure(self):
        failure, self._failure = self._failure, None
        if isinstance(failure, BaseException):
            raise failure
        if failure is not None:
            raise RuntimeError(failure)

    def set_callback(self, callback):
        """callback(request, userdata), after each run."""
        self._callback = callback

    def is_ready(self) -> bool:
        with self._changed:
            return bool(self._idle)

    def get_idle_request_id(self) -> int:
        """Waits for an idle request and says which; it stays idle."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle)
            return self._idle[0]

    def start_async(self, inputs=None, userdata=None, share_inputs=False):
        with self._changed:
            self._changed.wait_for(lambda: self._idle)
            self._raise_failure()
            index = self._idle.pop(0)
        try:
            self._requests[index].start_async(inputs, userdata, share_inputs)
        except BaseException:
            with self._changed:
                self._idle.append(index)
                self._changed.notify_all()
            raise

    def wait_all(self):
        """Until all requests are idle; rethrows the first error of a run or callback."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._idle) == len(self._requests))
            self._raise_failure()

    @property
    def userdata(self):
        """What start_async gave each request."""
        return [request.userdata for request in self._requests]

    def __len__(self):
        return len(self._requests)

    def __getitem__(self, index):
        return self._requests[index]

    def __iter__(self):
        return iter(self._requests)
