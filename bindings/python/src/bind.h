// What the files of the module share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "vireo/core.h"

namespace nb = nanobind;

namespace vireo::python {

void bind_types(nb::module_& m);
void bind_tensor(nb::module_& m);
void bind_model(nb::module_& m);
void bind_runtime(nb::module_& m);
void bind_genai(nb::module_& m);

// A Python object as what it describes; throw TypeError or InvalidArgument.
Shape to_shape(nb::handle object);  // Shape, list or tuple of integers
PartialShape to_partial_shape(
    nb::handle object);  // PartialShape, text, list of integers, Dimensions, pairs
element::Type to_type(nb::handle object);    // Type, text, NumPy dtype or scalar class
AnyMap to_any_map(nb::handle object);        // dict of properties, or None
std::string to_path(nb::handle object);      // text or os.PathLike
InferRequest to_request(nb::handle object);  // empty for what is no InferRequest

// A tensor from a Tensor, an array, or anything that NumPy makes an array of. With `want` static
// the values are converted to it. With `share` an array that fits as it is lends its memory;
// otherwise the values are copied.
Tensor to_tensor(nb::handle object, element::Type want, bool share);
// A NumPy array that views the tensor and keeps its memory; `owner` is kept alive too.
nb::object to_array(const Tensor& tensor);
nb::object to_array_copy(const Tensor& tensor);

}  // namespace vireo::python
