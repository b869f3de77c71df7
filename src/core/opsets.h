// Sets of operators that have no number.
#pragma once

namespace vireo {

// OpDef::version of operators that files name with version="extension" (the text operators of
// openvino_tokenizers): one form each, found from every opset.
inline constexpr int kExtensionOpset = -1;

}  // namespace vireo
