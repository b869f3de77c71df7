#include "frontends/transformers/weights.h"

#include "base/support/error.h"
#include "frontends/transformers/blocks.h"

namespace vireo::transformers {
namespace {

bool matches(const Shape& got, const std::vector<int64_t>& expected) {
  if (got.size() != expected.size()) return false;
  for (size_t i = 0; i < got.size(); ++i) {
    if (expected[i] >= 0 && got[i] != static_cast<size_t>(expected[i])) return false;
  }
  return true;
}

std::string expectation(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t extent : shape) {
    text += (text.empty() ? "[" : ",") + (extent < 0 ? "?" : std::to_string(extent));
  }
  return text + "]";
}

// In the form that OpenVINO's tools give compressed weights.
Value from_codes(Words& words, const Weight& weight, const std::string& name) {
  const element::Type type = weight.scales.get_element_type();
  const Value codes = convert(words.constant(weight.values, name + "/codes"), type);
  const Value zeros = convert(words.constant(weight.zero_points, name + "/zero_point"), type);
  const Value groups = (codes - zeros) * words.constant(weight.scales, name + "/scale");
  const Value rows = reshape(groups, {static_cast<int64_t>(weight.shape[0]), -1});
  return convert(rows, element::f32);
}

Value numbers_of(Words& words, Weight weight, const std::string& name) {
  if (weight.scales) return from_codes(words, weight, name);
  if (!weight.blocks) return words.constant(std::move(weight.values), name);
  const Value bytes = words.constant(std::move(weight.values), name + "/blocks");
  return from_blocks(bytes, *weight.blocks, name);
}

}  // namespace

std::string Blocks::in_layer(int64_t layer, const std::string& name) const {
  std::string result = model.names.layer + name;
  const size_t at = result.find("{}");
  return at == std::string::npos ? result : result.replace(at, 2, std::to_string(layer));
}

Value Blocks::stored(const std::string& name, const std::vector<int64_t>& shape) {
  if (const auto known = constants.find(name); known != constants.end()) return known->second;
  std::optional<Weight> found = weights.find(name);
  if (!found) fail(ErrorCode::InvalidModel, "'{}': weight '{}' is missing", weights.path(), name);
  if (!matches(found->shape, shape)) {
    fail(ErrorCode::InvalidModel, "'{}': weight '{}' has shape {}, expected {}", weights.path(),
         name, PartialShape(found->shape).to_string(), expectation(shape));
  }
  const element::Type type = found->values.get_element_type();
  const bool plain = type == element::f32 || type == element::f16 || type == element::bf16;
  if (!plain && !found->blocks && !found->scales) {
    fail(ErrorCode::NotSupported, "'{}': weight '{}' is {}, expected f32, f16 or bf16",
         weights.path(), name, type.name());
  }
  return constants[name] = numbers_of(words, *std::move(found), name);
}

Value Blocks::weight(const std::string& name, const std::vector<int64_t>& shape) {
  return convert(stored(name, shape), element::f32);
}

Value Blocks::linear(const Value& x, const std::string& name, int64_t outputs) {
  const std::vector<int64_t> shape =
      model.input_major ? std::vector<int64_t>{-1, outputs} : std::vector<int64_t>{outputs, -1};
  const Value product = matmul(x, weight(name + ".weight", shape), !model.input_major);
  return has(name + ".bias") ? product + weight(name + ".bias", {outputs}) : product;
}

}  // namespace vireo::transformers
