// The .bin of an IR: constants as views of it.
#pragma once

#include <string>

#include "vireo/tensor.h"

namespace vireo::ir {

// `weights` is all of the .bin as u8, or empty. The tensor views it, except where the bytes are not
// aligned for the type (.bin files have no padding) and for strings, which are copied. Throws
// InvalidModel naming the constant.
Tensor read_constant(const Tensor& weights, element::Type type, const PartialShape& shape,
                     const char* offset, const char* size, const std::string& where);

// The bytes of a tensor as the .bin holds them; strings become counts, offsets and characters.
std::string constant_bytes(const Tensor& tensor);

}  // namespace vireo::ir
