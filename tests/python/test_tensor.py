"""Tensor, Type, Shape, PartialShape, Dimension."""
import gc

import numpy as np
import pytest


@pytest.mark.parametrize("dtype, name", [
    (np.float32, "f32"), (np.float64, "f64"), (np.float16, "f16"), (np.int8, "i8"), (np.uint8, "u8"), (np.int16, "i16"),
    (np.uint16, "u16"), (np.int32, "i32"), (np.uint32, "u32"), (np.int64, "i64"), (np.uint64, "u64"), (np.bool_, "boolean")])
def test_types_of_numpy(ov, dtype, name):
    array = np.array([[0, 1], [1, 0]], dtype)
    tensor = ov.Tensor(array)
    assert tensor.get_element_type() == getattr(ov.Type, name) == tensor.element_type
    assert tensor.get_element_type().get_type_name() == name
    assert list(tensor.shape) == [2, 2] and tensor.size == 4
    assert tensor.data.dtype == dtype
    np.testing.assert_array_equal(tensor.data, array)


def test_memory_is_shared_when_asked(ov):
    array = np.zeros((2, 3), np.float32)
    tensor = ov.Tensor(array, shared_memory=True)
    tensor.data[1, 2] = 7
    assert array[1, 2] == 7
    copy = ov.Tensor(array)
    array[0, 0] = 5
    assert copy.data[0, 0] == 0


def test_views_outlive_their_tensor(ov):
    view = ov.Tensor(np.full(1000, 3, np.int32)).data
    gc.collect()
    assert (view == 3).all()


def test_made_by_type_and_shape(ov):
    tensor = ov.Tensor(ov.Type.f32, ov.Shape([2, 3]))
    assert tensor.data.shape == (2, 3) and tensor.byte_size == 24
    tensor.shape = [3, 1]
    assert tensor.data.shape == (3, 1)


def test_packed_types(ov):
    tensor = ov.Tensor(np.array([0x21, 0x43], np.uint8), ov.Shape([4]), ov.Type.u4)
    assert list(tensor.shape) == [4] and tensor.byte_size == 2
    assert list(np.asarray(tensor.data).reshape(-1).view(np.uint8)) == [0x21, 0x43]


def test_strings(ov):
    tensor = ov.Tensor(np.array([["a", "ü"], ["", "long text"]]))
    assert tensor.element_type == ov.Type.string
    assert tensor.str_data.tolist() == [["a", "ü"], ["", "long text"]]


def test_types(ov):
    assert ov.Type.f32.size == 4 and ov.Type.u4.bitwidth == 4
    assert ov.Type.f16.is_real() and ov.Type.i8.is_signed() and not ov.Type.u8.is_signed()
    assert ov.Type(np.float32) == ov.Type.f32
    assert ov.Type.i64.to_dtype() == np.int64


def test_partial_shapes(ov):
    shape = ov.PartialShape([-1, 3, ov.Dimension(1, 10)])
    assert shape.is_dynamic and shape.rank.get_length() == 3
    assert shape[0].is_dynamic and shape[1] == ov.Dimension(3)
    assert shape[2].get_min_length() == 1 and shape[2].get_max_length() == 10
    assert str(shape) == "[?,3,1..10]"
    assert ov.PartialShape("[?,3,1..10]") == shape
    assert ov.PartialShape([2, 3]).to_shape() == ov.Shape([2, 3])
    assert ov.PartialShape.dynamic().rank.is_dynamic
    assert shape.compatible(ov.PartialShape([7, 3, 5])) and not shape.compatible(ov.PartialShape([7, 4, 5]))


def test_shapes_behave_like_lists(ov):
    shape = ov.Shape([1, 3, 224])
    assert list(shape) == [1, 3, 224] and len(shape) == 3 and shape[1] == 3 and shape[-1] == 224
    assert shape == [1, 3, 224]


def test_dimensions(ov):
    assert ov.Dimension(4).is_static and ov.Dimension(4).get_length() == 4
    assert ov.Dimension().is_dynamic and str(ov.Dimension(1, 8)) == "1..8"
