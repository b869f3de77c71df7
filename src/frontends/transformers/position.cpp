// Where a token stands: rotations, masks and ALiBi.
#include <cmath>
#include <limits>

#include "frontends/transformers/blocks.h"

namespace vireo::transformers {
namespace {

// The slopes of ALiBi (Press et al. 2022): a geometric sequence over the next lower power of two,
// then every second one of the sequence of twice as many.
std::vector<float> alibi_slopes(int64_t heads) {
  const int64_t whole = int64_t{1} << static_cast<int>(std::log2(static_cast<double>(heads)));
  std::vector<float> slopes;
  for (int64_t i = 1; i <= whole; ++i) {
    slopes.push_back(static_cast<float>(std::exp2(-8.0 * double(i) / double(whole))));
  }
  for (int64_t i = 1; static_cast<int64_t>(slopes.size()) < heads; i += 2) {
    slopes.push_back(static_cast<float>(std::exp2(-4.0 * double(i) / double(whole))));
  }
  return slopes;
}

}  // namespace

std::pair<Value, Value> Blocks::rotation(const Rope& rope) {
  if (const auto known = rotations_.find(&rope); known != rotations_.end()) return known->second;
  const Shape column{1, rope.inverse_frequencies.size(), 1};
  Value frequencies = words.floats(rope.inverse_frequencies, column);
  if (rope.long_from > 0) {
    const Value is_long =
        binary("Greater", dims(attention_mask, {1}), words.ints({rope.long_from}));
    const Value others = words.floats(rope.long_inverse_frequencies, column);
    frequencies = words.add("Select", 1, {is_long, others, frequencies})[0];
  }
  const Value positions = convert(unsqueeze(position_ids, {1}), element::f32);
  const Value half = transpose(matmul(frequencies, positions, false), {0, 2, 1});
  const Value angles = concat({half, half}, -1);
  const auto one = [&](const char* function) {
    return unsqueeze(unary(function, angles) * rope.attention_factor, {1});
  };
  return rotations_[&rope] = {one("Cos"), one("Sin")};
}

Value Blocks::key_positions() {
  if (key_positions_) return key_positions_;
  const Value length = gather(dims(attention_mask, {1}), words.integer(0), 0);
  return key_positions_ = words.add("Range", 4, {words.integer(0), length, words.integer(1)},
                                    {{"output_type", element::i64}})[0];
}

Value Blocks::query_positions() {
  if (query_positions_) return query_positions_;
  const Value length = gather(dims(attention_mask, {1}), words.integer(0), 0);
  const Value past = length - gather(dims(input_ids, {1}), words.integer(0), 0);
  return query_positions_ = words.add("Range", 4, {past, length, words.integer(1)},
                                      {{"output_type", element::i64}})[0];
}

Value Blocks::mask(int64_t window) {
  if (const auto known = masks_.find(window); known != masks_.end()) return known->second;
  const Value keys = unsqueeze(key_positions(), {0, 1, 2});
  const Value queries = unsqueeze(query_positions(), {0, 1, 3});
  Value seen = unsqueeze(convert(attention_mask, element::boolean), {1, 2});
  const auto only = [&](const Value& condition) { seen = binary("LogicalAnd", condition, seen); };
  if (model.causal) {
    Value before = binary("LessEqual", keys, queries);
    if (window > 0) {
      const Value recent = binary("Greater", keys, queries - words.integer(window));
      before = binary("LogicalAnd", before, recent);
    }
    only(before);
  } else if (window > 0) {
    only(binary("LessEqual", unary("Abs", keys - queries), words.integer(window)));
  }
  // Not minus infinity: a row of padding that sees nothing must not become NaN.
  const Value hidden = words.number(std::numeric_limits<float>::lowest());
  Value added = words.add("Select", 1, {seen, words.number(0), hidden})[0];
  if (model.alibi) added = added + alibi();
  return masks_[window] = added;
}

// Times the key's position alone: softmax does not see what is equal for all keys of a query.
Value Blocks::alibi() {
  const auto heads = static_cast<size_t>(model.heads);
  const Value slopes = words.floats(alibi_slopes(model.heads), {1, heads, 1, 1});
  const Value positions = convert(unsqueeze(key_positions(), {0, 1, 2}), element::f32);
  if (!model.alibi_scaled) return slopes * positions;
  // Falcon was trained with slopes and biases rounded to bf16.
  const auto rounded = [](const Value& x) {
    return convert(convert(x, element::bf16), element::f32);
  };
  return rounded(rounded(slopes) * positions) * (1 / std::sqrt(double(model.head_dim)));
}

}  // namespace vireo::transformers
