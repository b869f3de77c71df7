#include "frontends/safetensors/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "frontends/safetensors/packed_weights.h"
#include "frontends/safetensors/reader.h"
#include "frontends/transformers/encoders.h"

namespace vireo {
namespace {

using safetensors::Packing;
using transformers::Config;
using transformers::Weight;

constexpr const char* kOneFile = "/model.safetensors";
constexpr const char* kIndex = "/model.safetensors.index.json";

nlohmann::json read_json(const std::string& path) {
  nlohmann::json json = nlohmann::json::parse(read_text_file(path), nullptr, false);
  if (json.is_discarded()) fail(ErrorCode::InvalidModel, "'{}' is no JSON", path);
  return json;
}

// The files that the index names. A name must stay inside the folder.
std::set<std::string> shards_of(const std::string& folder) {
  const std::string path = folder + kIndex;
  const nlohmann::json index = read_json(path);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    fail(ErrorCode::InvalidModel, "'{}' has no weight_map", path);
  }
  std::set<std::string> files;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string() || file.get_ref<const std::string&>().find('/') != std::string::npos) {
      fail(ErrorCode::InvalidModel, "'{}': the file of weight '{}' is no name of a file", path,
           name);
    }
    files.insert(file.get<std::string>());
  }
  return files;
}

class Checkpoint final : public transformers::WeightSource {
 public:
  Checkpoint(const std::string& folder, std::optional<Packing> packing)
      : folder_(folder), packing_(packing) {
    if (path_exists(folder + kOneFile)) {
      tensors_ = safetensors::read_file(folder + kOneFile);
      return;
    }
    for (const std::string& file : shards_of(folder)) {
      tensors_.merge(safetensors::read_file(folder + "/" + file));
    }
  }

  std::optional<Weight> find(const std::string& name) const override {
    if (const auto tensor = find_tensor(name))
      return Weight{tensor->get_shape(), *tensor, {}, {}, {}};
    constexpr std::string_view kWeight = ".weight";
    const size_t dot = name.rfind('.');
    if (!packing_ || dot == std::string::npos || name.substr(dot) != kWeight) return {};
    return unpacked(
        *packing_, name.substr(0, dot), [this](const auto& n) { return find_tensor(n); }, folder_);
  }
  const std::string& path() const override { return folder_; }

 private:
  // Checkpoints of a model without its head lack the first part of the names: "transformer.wte" is
  // "wte" there. The first ones of BERT call weight and bias of a norm gamma and beta.
  std::optional<Tensor> find_tensor(const std::string& name) const {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) found = tensors_.find(name.substr(name.find('.') + 1));
    if (found != tensors_.end()) return found->second;
    const std::string_view norm = "LayerNorm.";
    const size_t at = name.rfind(norm);
    if (at == std::string::npos) return {};
    const std::string part = name.substr(at + norm.size());
    const char* old = part == "weight" ? "gamma" : part == "bias" ? "beta" : nullptr;
    return old ? find_tensor(name.substr(0, at + norm.size()) + old) : std::nullopt;
  }

  std::string folder_;
  std::optional<Packing> packing_;
  safetensors::Tensors tensors_;
};

}  // namespace

bool is_hugging_face_folder(const std::string& folder) {
  return path_exists(folder + "/config.json") &&
         (path_exists(folder + kOneFile) || path_exists(folder + kIndex));
}

std::shared_ptr<Graph> read_hugging_face(const std::string& folder, const std::string& task,
                                         const std::string& weight_format) {
  const std::string path = folder + "/config.json";
  const Config config(read_json(path), path);
  const Checkpoint checkpoint(folder, safetensors::read_packing(config));
  return transformers::build_for_task(config, task, checkpoint,
                                      transformers::parse_weight_format(weight_format));
}

}  // namespace vireo
