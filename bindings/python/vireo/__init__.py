"""Vireo: reads trained networks, runs them fast on the machine that is there.

    import vireo as ov
    model = ov.Core().compile_model("model.onnx")
    result = model(image)[0]

Names and behaviour are those of OpenVINO's Python API.
"""

from ._vireo import (Busy, Cancelled, ConstOutput, Core, Dimension, Error, Model, Node, Output, PartialShape, ProfilingInfo, Shape, Tensor,
                     Type, VariableState, Version, get_version, save_model, serialize)
from ._vireo import CompiledModel, InferRequest
from . import properties
from .requests import AsyncInferQueue, OVDict
from .convert import compile_model, convert_model
from .layout import Layout

__version__ = get_version()

__all__ = [
    "AsyncInferQueue", "Busy", "Cancelled", "CompiledModel", "ConstOutput", "Core", "Dimension", "Error", "InferRequest", "Layout", "Model", "Node",
    "OVDict", "Output", "PartialShape", "ProfilingInfo", "Shape", "Tensor", "Type", "VariableState", "Version", "compile_model",
    "convert_model", "get_version", "properties", "save_model", "serialize",
]
