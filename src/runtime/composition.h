// What the runtime is made of: the one place that names every device and frontend.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/device.h"
#include "vireo/tensor.h"

namespace vireo {

std::vector<std::unique_ptr<Device>> make_devices();

struct ReadOptions {
  std::string weights;  // IR's .bin, if not beside the .xml
  bool mmap = true;
  std::string weight_format = {};  // that its weights are rounded to
  std::string task = {};           // of a Hugging Face folder, if not what its config.json says
};
std::shared_ptr<Graph> read_model_file(const std::string& path, const ReadOptions& options,
                                       const OpRegistry& ops);
std::shared_ptr<Graph> read_model_bytes(const void* bytes, size_t size, const Tensor& weights,
                                        std::shared_ptr<const void> keep, const OpRegistry& ops);

}  // namespace vireo
