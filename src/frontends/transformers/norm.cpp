#include "frontends/transformers/blocks.h"

namespace vireo::transformers {

Value Blocks::norm(const Value& x, const std::string& name) {
  if (model.norm == NormKind::Rms) return rms_norm(x, name, model.hidden);
  const Value normal = words.add(
      "MVN", 6, {x, words.ints({-1})},
      {{"normalize_variance", true}, {"eps", model.epsilon}, {"eps_mode", "INSIDE_SQRT"}})[0];
  const Value scaled = normal * weight(name + ".weight", {model.hidden});
  return has(name + ".bias") ? scaled + weight(name + ".bias", {model.hidden}) : scaled;
}

// x / sqrt(mean(x^2) + epsilon) * w
Value Blocks::rms_norm(const Value& x, const std::string& name, int64_t width) {
  const Value variance = mean(binary("Power", x, words.number(2)));
  const Value root = unary("Sqrt", variance + words.number(model.epsilon));
  const Value normal = x * (words.number(1) / root);
  Value factor = weight(name + ".weight", {width});
  if (model.norm_weight_offset != 0) factor = factor + words.number(model.norm_weight_offset);
  return factor * normal;
}

}  // namespace vireo::transformers
