#include "frontends/gguf/keys.h"

#include <algorithm>
#include <cstring>

#include "base/support/error.h"
#include "frontends/transformers/rope.h"

namespace vireo::gguf {

int64_t Keys::count(const std::string& key, std::optional<int64_t> otherwise) const {
  constexpr int64_t kLargest = int64_t{1} << 31;
  int64_t value;
  if (file_.is_list(prefix_ + key)) {
    const std::vector<int64_t> all = file_.integers(prefix_ + key);
    value = all.empty() ? 0 : all.front();
    if (std::count(all.begin(), all.end(), value) != static_cast<int64_t>(all.size())) {
      fail(ErrorCode::NotSupported, "'{}': '{}{}' differs from layer to layer, expected one value",
           file_.path(), prefix_, key);
    }
  } else {
    value = file_.integer(prefix_ + key, otherwise);
  }
  if (value < 1 || value > kLargest) {
    fail(ErrorCode::InvalidModel, "'{}': '{}{}' is {}, expected a count between 1 and 2^31",
         file_.path(), prefix_, key, value);
  }
  return value;
}

int64_t Keys::count_or_none(const std::string& key) const {
  const bool none =
      !has(key) || (!file_.is_list(prefix_ + key) && file_.integer(prefix_ + key) == 0);
  return none ? 0 : count(key);
}

int64_t Keys::rows(const std::string& tensor) const {
  const GgufTensor* found = file_.find(tensor);
  if (!found) fail(ErrorCode::InvalidModel, "'{}': weight '{}' is missing", file_.path(), tensor);
  return static_cast<int64_t>(found->extents.front());
}

std::vector<float> Keys::floats(const std::string& tensor, size_t count) const {
  const GgufTensor* found = file_.find(tensor);
  if (!found) return {};
  if (std::strcmp(found->type->name, "F32") != 0 || found->bytes.size() != count * sizeof(float)) {
    fail(ErrorCode::InvalidModel, "'{}': weight '{}' is {} bytes of {}, expected {} numbers of F32",
         file_.path(), tensor, found->bytes.size(), found->type->name, count);
  }
  std::vector<float> result(count);
  std::memcpy(result.data(), found->bytes.data(), found->bytes.size());
  return result;
}

// The names that config.json has for what the file says, for the reader of those.
transformers::Rope Keys::rope(int64_t head_dim) const {
  const int64_t size = count("rope.dimension_count", head_dim);
  if (size % 2 != 0 || size > head_dim) {
    fail(ErrorCode::InvalidModel,
         "'{}': '{}rope.dimension_count' is {}, expected an even count up to {}", file_.path(),
         prefix_, size, head_dim);
  }
  const auto half = static_cast<size_t>(size / 2);
  const std::vector<float> short_factors = floats("rope_factors_short.weight", half),
                           long_factors = floats("rope_factors_long.weight", half);
  nlohmann::json config{{"rope_theta", number("rope.freq_base", 10000)},
                        {"max_position_embeddings", count("context_length")}};
  nlohmann::json scaling;
  const std::string kind = text("rope.scaling.type", has("rope.scale_linear") ? "linear" : "none");
  if (!short_factors.empty() && !long_factors.empty()) {
    scaling = {{"rope_type", "longrope"},
               {"short_factor", short_factors},
               {"long_factor", long_factors},
               {"original_max_position_embeddings",
                count("rope.scaling.original_context_length", count("context_length"))}};
    if (has("rope.scaling.attn_factor"))
      scaling["attention_factor"] = number("rope.scaling.attn_factor");
  } else if (kind == "linear") {
    const double factor = number("rope.scaling.factor", number("rope.scale_linear", 1));
    scaling = {{"rope_type", "linear"}, {"factor", factor == 0 ? 1 : factor}};
  } else if (kind == "yarn") {
    const int64_t trained = count("rope.scaling.original_context_length", count("context_length"));
    config["max_position_embeddings"] =
        number("rope.scaling.factor") * static_cast<double>(trained);
    scaling = {{"rope_type", "yarn"}, {"original_max_position_embeddings", trained}};
  } else if (kind != "none") {
    scaling = {{"rope_type", kind}};  // refused there
  }
  if (!scaling.is_null()) config["rope_scaling"] = scaling;
  transformers::Rope rope = transformers::read_rope({config, file_.path()}, size);
  // Llama 3.1's stretching, as divisors.
  const std::vector<float> divisors = floats("rope_freqs.weight", half);
  for (size_t i = 0; i < divisors.size(); ++i) rope.inverse_frequencies[i] /= divisors[i];
  return rope;
}

}  // namespace vireo::gguf
