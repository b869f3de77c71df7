"""int8 forms of the networks as ONNX Runtime's static quantiser writes them: QuantizeLinear and DequantizeLinear around every
operator that it knows, u8 activations with zero points, i8 weights with a scale per output channel.

Calibration is on seeded random inputs: speed does not depend on it, and all engines compute on the same file.
"""
import numpy as np

SAMPLES = 4


def calibration(feeds):
    """A few draws of a network's inputs."""
    random = np.random.default_rng(11)
    for _ in range(SAMPLES):
        yield feeds(random)


def quantise(source, target, feeds):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.feeds = calibration(feeds)

        def get_next(self):
            return next(self.feeds, None)

    prepared, part = target.with_suffix(".prepared"), target.with_suffix(".part")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(part), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    extra_options={"WeightSymmetric": True})
    prepared.unlink()
    part.rename(target)
