// TensorProto to Tensor: a view of the file where the bytes allow it, else a conversion of the
// typed fields.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "frontends/onnx/reader/proto.h"
#include "vireo/tensor.h"

namespace vireo::onnx {

// Throws NotSupported for types that Vireo does not have (complex, FNUZ floats); `what` opens the
// message.
element::Type element_type(int64_t data_type, std::string_view what);

// Where tensors come from: the model's own bytes, and files of external data in the model's folder.
class TensorSource {
 public:
  // `path` is the model's file; empty if the model came from memory, in which case `folder` may
  // still name where data lie.
  TensorSource(std::shared_ptr<const void> keep_alive, std::string path, std::string folder)
      : keep_alive_(std::move(keep_alive)), path_(std::move(path)), folder_(std::move(folder)) {}

  // `what` names the tensor in messages: "initializer 'w'".
  Tensor tensor(const TensorProto& proto, const std::string& what);
  // Dense; refused when the dense form is out of proportion.
  Tensor tensor(const SparseTensorProto& proto, const std::string& what);

 private:
  struct File {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
  };
  std::string_view external_bytes(const TensorProto& proto, const std::string& what, size_t needed,
                                  std::shared_ptr<const void>& owner);
  const File& open(const std::string& location, const std::string& what);
  std::shared_ptr<const void> keep_alive_;
  std::string path_, folder_;
  std::unordered_map<std::string, File> files_;
};

}  // namespace vireo::onnx
