#include "frontends/transformers/rope.h"

#include <algorithm>
#include <cmath>

#include "base/support/error.h"

namespace vireo::transformers {
namespace {

constexpr double kTurn = 6.283185307179586;  // 2 pi

// theta^(-2i / size)
std::vector<double> frequencies(int64_t size, double theta) {
  std::vector<double> result;
  for (int64_t i = 0; i < size; i += 2) {
    result.push_back(std::pow(theta, -static_cast<double>(i) / static_cast<double>(size)));
  }
  return result;
}

std::vector<float> as_floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

// Llama 3.1: low frequencies are stretched, high ones stay, those between are blended.
void stretch_llama3(std::vector<double>& all, const Config& c) {
  const double factor = c.number("factor"), low = c.number("low_freq_factor"),
               high = c.number("high_freq_factor"),
               trained = c.number("original_max_position_embeddings");
  for (double& frequency : all) {
    const double turns = trained * frequency / kTurn;  // over the trained length
    if (turns > high) continue;
    const double blend = turns < low ? 0 : (turns - low) / (high - low);
    frequency = (1 - blend) * frequency / factor + blend * frequency;
  }
}

// YaRN (Peng et al. 2023): a ramp over the elements between those that turn `beta_slow` and
// `beta_fast` times over the trained length.
void stretch_yarn(Rope& rope, std::vector<double>& all, const Config& c, const Config& model,
                  double theta) {
  const double positions = model.number("max_position_embeddings");
  const double trained = c.number("original_max_position_embeddings", positions);
  const bool has_trained = c.has("original_max_position_embeddings");
  const double factor = has_trained ? positions / trained : c.number("factor");
  const auto size = static_cast<double>(2 * all.size());
  const auto element_of = [&](double turns) {
    return size * std::log(trained / (turns * kTurn)) / (2 * std::log(theta));
  };
  const double low = std::max(std::floor(element_of(c.number("beta_fast", 32))), 0.0);
  double high = std::min(std::ceil(element_of(c.number("beta_slow", 1))), size - 1);
  if (high == low) high += 0.001;
  for (size_t i = 0; i < all.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    all[i] = all[i] / factor * ramp + all[i] * (1 - ramp);
  }
  const double usual = factor <= 1 ? 1 : 0.1 * std::log(factor) + 1;
  rope.attention_factor = c.number("attention_factor", usual);
}

// LongRoPE (Ding et al. 2024): a divisor per element, one set for short and one for long texts.
void stretch_long(Rope& rope, const std::vector<double>& all, const Config& c,
                  const Config& model) {
  const double positions = model.number("max_position_embeddings");
  const Config& where = c.has("original_max_position_embeddings") ? c : model;
  const double trained = where.number("original_max_position_embeddings", positions);
  const double factor = positions / trained;
  const auto divided = [&](const char* key) {
    const std::vector<double> divisors = c.numbers(key);
    if (divisors.size() != all.size()) {
      fail(ErrorCode::InvalidModel, "'{}': '{}' has {} numbers, expected {}", c.path(), key,
           divisors.size(), all.size());
    }
    std::vector<float> result;
    for (size_t i = 0; i < all.size(); ++i) {
      result.push_back(static_cast<float>(all[i] / divisors[i]));
    }
    return result;
  };
  rope.inverse_frequencies = divided("short_factor");
  rope.long_inverse_frequencies = divided("long_factor");
  rope.long_from = static_cast<int64_t>(trained);
  const double usual = factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(trained));
  rope.attention_factor = c.number("attention_factor", usual);
}

}  // namespace

Rope plain_rope(int64_t size, double theta) {
  Rope rope;
  rope.inverse_frequencies = as_floats(frequencies(size, theta));
  return rope;
}

Rope read_rope(const Config& config, int64_t size) {
  const auto newer = config.object("rope_parameters");
  const auto scaling = newer ? newer : config.object("rope_scaling");
  const Config& base = newer && newer->has("rope_theta") ? *newer : config;
  const double theta = base.number("rope_theta", base.number("rotary_emb_base", 10000));
  Rope rope = plain_rope(size, theta);
  if (!scaling) return rope;
  const std::string kind = scaling->text("rope_type", scaling->text("type", "default"));
  std::vector<double> all = frequencies(size, theta);
  if (kind == "longrope" || kind == "su") {
    stretch_long(rope, all, *scaling, config);
    return rope;
  }
  if (kind == "linear") {
    for (double& frequency : all) frequency /= scaling->number("factor");
  } else if (kind == "llama3") {
    stretch_llama3(all, *scaling);
  } else if (kind == "yarn") {
    stretch_yarn(rope, all, *scaling, config, theta);
  } else if (kind != "default" && kind != "dynamic") {
    fail(ErrorCode::NotSupported,
         "'{}': rotary scaling '{}' is not supported, expected default, linear, dynamic, llama3, "
         "yarn or longrope",
         config.path(), kind);
  }
  rope.inverse_frequencies = as_floats(all);
  return rope;
}

}  // namespace vireo::transformers
