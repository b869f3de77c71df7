"""convert_model and compile_model: from a file or an object to a model."""

from __future__ import annotations

from ._vireo import CompiledModel, Core, Model


def convert_model(input_model, input=None, *, verbose=False) -> Model:
    """A Model from an ONNX or IR file, from bytes, or from an onnx.ModelProto.

    input: shapes for the inputs, as Model.reshape takes them (one shape, or a dict by name), or None.
    """
    model = Core().read_model(input_model)
    if input is not None:
        model.reshape(input)
    return model


def compile_model(model, device_name="AUTO", config=None) -> CompiledModel:
    """Core().compile_model in one call."""
    return Core().compile_model(model, device_name, config or {})
