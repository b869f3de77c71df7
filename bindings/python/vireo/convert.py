"""convert_model and compile_model: from a file or an object to a model."""

from __future__ import annotations

from ._vireo import CompiledModel, Core, Error, Model, PartialShape, Type


def _is_shape(value) -> bool:
    if isinstance(value, PartialShape) or not isinstance(value, (list, tuple)):
        return isinstance(value, PartialShape) or type(value).__name__ == "Shape"
    return all(isinstance(d, int) or type(d).__name__ == "Dimension" or d in ("?", "...") for d in value)


def _input_rows(model, given):
    """(port, shape or None, type or None) of each input that is named; `given` in any form of OpenVINO's."""
    if isinstance(given, dict):
        for key, value in given.items():
            rest = value if isinstance(value, tuple) and not _is_shape(value) else (value,)
            yield from _input_rows(model, [(key, *rest)])
        return
    if _is_shape(given) or isinstance(given, (str, Type)) or (isinstance(given, tuple) and given and isinstance(given[0], str)):
        given = [given]
    for number, row in enumerate(given):
        parts = [row] if _is_shape(row) or not isinstance(row, tuple) else list(row)
        port, shape, kind = None, None, None
        for i, part in enumerate(parts):
            if i == 0 and isinstance(part, str):
                port = model.input(part)
            elif i == 0 and hasattr(part, "any_name"):
                port = part
            elif isinstance(part, Type) or (isinstance(part, type) and not _is_shape(part)):
                kind = part if isinstance(part, Type) else Type(part)
            elif part is not None:
                shape = PartialShape(part)
        yield (model.input(number) if port is None else port), shape, kind


def convert_model(input_model, input=None, output=None, *, example_input=None, extension=None, verbose=False,
                  share_weights=True) -> Model:
    """A Model from an ONNX or IR file, from bytes, or from an onnx.ModelProto.

    input: what the inputs are to be: a shape, names, (name, shape, type), a list of these in order, or a dict by name. Names
        and types must be those of the model, shapes are set as Model.reshape does.
    output: tensor names; the model then ends there.
    example_input: for frameworks that are traced; files need none.
    """
    if extension is not None:
        raise Error("convert_model: extensions are not supported yet")
    model = Core().read_model(input_model)
    if output is not None:
        names = [output] if isinstance(output, str) else list(output)
        model = Model([model.add_outputs(name)[0] for name in names], name=model.friendly_name)
    if input is not None:
        shapes = {}
        for port, shape, kind in _input_rows(model, input):
            if kind is not None and kind != port.element_type:
                raise Error(f"convert_model: input '{port.any_name}' is {port.element_type.type_name}, not {kind.type_name}")
            if shape is not None:
                shapes[port] = shape
        if shapes:
            model.reshape(shapes)
    return model


def compile_model(model, device_name="AUTO", config=None) -> CompiledModel:
    """Core().compile_model in one call."""
    return Core().compile_model(model, device_name, config or {})
