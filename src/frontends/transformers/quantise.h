// Weights rounded to 4 or 8 bits while a model is read, by their own extremes alone.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "frontends/transformers/decoder.h"
#include "frontends/transformers/weights.h"

namespace vireo::transformers {

// value = scale * (code - zero point), with a scale for each `group` of inputs.
struct WeightFormat {
  int bits = 8;
  bool symmetric = false;  // the zero point is the middle code; else it is chosen per group
  size_t group = 0;        // 0: all inputs of an output
};

// "int8", "int8_sym", "int4", "int4_sym"; groups behind a colon: "int4:64", -1 for all inputs.
// Groups of 4 bits are 128 inputs where none are given. "" and "original" are none. Throws
// InvalidArgument.
std::optional<WeightFormat> parse_weight_format(const std::string& text);

// Another source's weights in that format: the matrices, that is, save tables of positions and of
// token types. As optimum-intel does it, embedding and head keep 8 bits where others have 4. Inputs
// that do not come apart in such groups come apart in smaller ones, of 16 at least, or the matrix
// keeps 8 bits. What is compressed already stays as it is.
class QuantisedWeights final : public WeightSource {
 public:
  // `input_major`: weights are stored [in, out], and are given as [out, in].
  QuantisedWeights(const WeightSource& source, const WeightFormat& format, const Names& names,
                   const std::string& token_types, bool input_major)
      : source_(source),
        format_(format),
        names_(names),
        token_types_(token_types),
        input_major_(input_major) {}

  std::optional<Weight> find(const std::string& name) const override;
  const std::string& path() const override { return source_.path(); }

 private:
  const WeightSource& source_;
  const WeightFormat format_;
  const Names& names_;
  const std::string token_types_;
  const bool input_major_;
  mutable std::map<std::string, Weight> made_;  // who asks twice gets the same
};

}  // namespace vireo::transformers
