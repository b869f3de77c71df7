"""int8 forms of the bench's networks, as the tools of the peers write them.

`NAME.qdq`   ONNX Runtime's static quantiser: QuantizeLinear and DequantizeLinear around every operator it knows, u8 activations
             with zero points, i8 weights with a scale per output channel.
`NAME.qdqs`  the same with symmetric i8 activations.
`NAME.nncf`  NNCF on OpenVINO: IR with a FakeQuantize on inputs and weights (needs the `nncf` wheel).

Calibration is on the bench's own seeded random inputs: speed does not depend on it, and the error against f32 compares engines
on one and the same quantised file.
"""
import sys
from pathlib import Path

import models

SAMPLES = 4


def calibration(name):
    """A few feeds of the network, drawn from the same distributions as the bench's input."""
    import numpy as np
    first = models.inputs_of(name)
    random = np.random.default_rng(11)
    for _ in range(SAMPLES):
        feed = {}
        for key, array in first.items():
            if array.dtype == np.float32:
                feed[key] = random.standard_normal(array.shape, dtype=np.float32)
            else:
                feed[key] = random.permutation(array.ravel()).reshape(array.shape)
        yield feed


def quantise_qdq(name, source, target, symmetric):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.feeds = calibration(name)

        def get_next(self):
            return next(self.feeds, None)

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    kind = QuantType.QInt8 if symmetric else QuantType.QUInt8
    quantize_static(str(prepared), str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=kind, weight_type=QuantType.QInt8,
                    extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True})
    prepared.unlink()


def quantise_nncf(name, source, target):
    import nncf
    import openvino
    model = openvino.Core().read_model(source)
    model.reshape({key: list(array.shape) for key, array in models.inputs_of(name).items()})
    kind = nncf.ModelType.TRANSFORMER if "bert" in name else None
    made = nncf.quantize(model, nncf.Dataset(list(calibration(name))), subset_size=SAMPLES, model_type=kind,
                         fast_bias_correction=True)
    openvino.save_model(made, target, compress_to_fp16=False)


def build(name, form, folder):
    """The model file of `name` in that form, made when it is not there."""
    source = models.path_of(name, folder)
    target = folder / f"{name}.{form}.{'xml' if form == 'nncf' else 'onnx'}"
    if not target.exists():
        if form == "nncf":
            quantise_nncf(name, source, target)
        else:
            quantise_qdq(name, source, target, symmetric=form == "qdqs")
    return target


if __name__ == "__main__":
    for given in sys.argv[2:]:
        print(build(*given.rsplit(".", 1), Path(sys.argv[1])))
