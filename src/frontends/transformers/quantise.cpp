#include "frontends/transformers/quantise.h"

#include <algorithm>
#include <cmath>

#include "base/support/error.h"
#include "base/support/half.h"
#include "base/support/parse.h"
#include "base/threads/machine.h"
#include "base/threads/team.h"

namespace vireo::transformers {
namespace {

constexpr size_t kSmallestGroup = 16, kUsualGroup = 128;

// A matrix of f32, f16 or bf16, read row by row, a row being what makes one output.
class Rows {
 public:
  Rows(const Tensor& matrix, bool input_major)
      : data_(matrix.data()), type_(matrix.get_element_type()) {
    const Shape& shape = matrix.get_shape();
    rows = shape[input_major ? 1 : 0];
    inputs = shape[input_major ? 0 : 1];
    row_step_ = input_major ? 1 : inputs;
    input_step_ = input_major ? rows : 1;
  }

  void read(size_t row, float* out) const {
    if (type_ == element::f32) return read_as<float>(row, out, [](float x) { return x; });
    if (type_ == element::f16) return read_as<uint16_t>(row, out, f32_from_f16);
    read_as<uint16_t>(row, out, f32_from_bf16);
  }

  size_t rows, inputs;

 private:
  template <typename T, typename F>
  void read_as(size_t row, float* out, F&& convert) const {
    const T* from = static_cast<const T*>(data_) + row * row_step_;
    for (size_t i = 0; i < inputs; ++i) out[i] = convert(from[i * input_step_]);
  }

  const void* data_;
  element::Type type_;
  size_t row_step_, input_step_;
};

struct Grid {
  uint16_t scale;  // f16
  uint8_t zero;
};

// As a code; 0 for what is no number.
uint8_t clamped(float code, float top) {
  return code >= 0 ? uint8_t(std::min(code, top)) : uint8_t{0};
}

// The f16 nearest to `scale`, unless that is no number to divide by.
uint16_t usable(float scale) {
  const uint16_t half = f16_from_f32(scale);
  const float back = std::abs(f32_from_f16(half));
  return back > 0 && std::isfinite(back) ? half : f16_from_f32(1);
}

Grid grid_of(const float* x, size_t count, const WeightFormat& format) {
  const auto [low, high] = std::minmax_element(x, x + count);
  const float codes = float(1 << format.bits);
  if (format.symmetric) {
    // The extreme takes the lowest code, of which there is one more than above the middle.
    const float extreme = -*low > *high ? *low : *high;
    return {usable(extreme / -(codes / 2)), uint8_t(1 << (format.bits - 1))};
  }
  const float bottom = std::min(*low, 0.f), top = std::max(*high, 0.f);
  const uint16_t scale = usable((top - bottom) / (codes - 1));
  return {scale, clamped(-bottom / f32_from_f16(scale) + 0.5f, codes - 1)};
}

// Codes of one group, each in a byte.
void round_to(const Grid& grid, const float* x, size_t count, int bits, uint8_t* out) {
  const float inverse = 1 / f32_from_f16(grid.scale), top = float((1 << bits) - 1);
  const float middle = float(grid.zero) + 0.5f;
  for (size_t i = 0; i < count; ++i) out[i] = clamped(x[i] * inverse + middle, top);
}

void pack_nibbles(const uint8_t* codes, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i += 2) out[i / 2] = uint8_t(codes[i] | codes[i + 1] << 4);
}

// The largest group of at most `asked` inputs that a row comes apart in; 0: none.
size_t group_of(size_t inputs, size_t asked) {
  for (size_t group = asked; group >= kSmallestGroup; group /= 2)
    if (inputs % group == 0 && group % 2 == 0) return group;
  return 0;
}

void fill(Weight& weight, const Rows& rows, const WeightFormat& format) {
  const size_t group = format.group, groups = rows.inputs / group;
  const auto codes = static_cast<uint8_t*>(weight.values.data());
  const auto scales = static_cast<uint16_t*>(weight.scales.data());
  const auto zeros = static_cast<uint8_t*>(weight.zero_points.data());
  const size_t row_bytes = rows.inputs * size_t(format.bits) / 8;
  // Two rows at a time, since zero points of 4 bits of an odd number of groups share a byte.
  Team team(std::max(1, available_cores()));
  team.run(int((rows.rows + 1) / 2), [&](int begin, int end, int) {
    std::vector<float> row(rows.inputs);
    std::vector<uint8_t> bytes(rows.inputs), zero(2 * groups + 1);
    for (int pair = begin; pair < end; ++pair) {
      const size_t first = 2 * size_t(pair), last = std::min(first + 2, rows.rows);
      std::fill(zero.begin(), zero.end(), uint8_t{0});
      for (size_t r = first; r < last; ++r) {
        rows.read(r, row.data());
        for (size_t g = 0; g < groups; ++g) {
          const Grid grid = grid_of(&row[g * group], group, format);
          round_to(grid, &row[g * group], group, format.bits, &bytes[g * group]);
          scales[r * groups + g] = grid.scale;
          zero[(r - first) * groups + g] = grid.zero;
        }
        if (format.bits == 8)
          std::copy(bytes.begin(), bytes.end(), codes + r * row_bytes);
        else
          pack_nibbles(bytes.data(), rows.inputs, codes + r * row_bytes);
      }
      const size_t count = (last - first) * groups;
      if (format.bits == 8)
        std::copy_n(zero.begin(), count, zeros + first * groups);
      else
        pack_nibbles(zero.data(), count, zeros + first * groups / 2);
    }
  });
}

Weight quantised(const Tensor& matrix, WeightFormat format, bool input_major) {
  const Rows rows(matrix, input_major);
  if (format.group == 0) format.group = rows.inputs;
  if (format.bits == 4 && (format.group = group_of(rows.inputs, format.group)) == 0)
    format.bits = 8;
  if (format.group == 0 || rows.inputs % format.group != 0) format.group = rows.inputs;
  const size_t groups = rows.inputs / format.group;
  const element::Type type = format.bits == 8 ? element::u8 : element::u4;
  Weight weight;
  weight.shape = {rows.rows, rows.inputs};
  weight.values = Tensor(type, {rows.rows, groups, format.group});
  weight.scales = Tensor(element::f16, {rows.rows, groups, 1});
  weight.zero_points = Tensor(type, {rows.rows, groups, 1});
  fill(weight, rows, format);
  return weight;
}

}  // namespace

std::optional<WeightFormat> parse_weight_format(const std::string& text) {
  if (text.empty() || text == "original") return {};
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  WeightFormat format;
  format.bits = name.rfind("int4", 0) == 0 ? 4 : 8;
  format.symmetric = name == "int8_sym" || name == "int4_sym";
  if (format.bits == 4) format.group = kUsualGroup;
  const std::optional<int64_t> group =
      colon == std::string::npos ? int64_t(format.group) : parse_i64(text.substr(colon + 1));
  const bool known = format.symmetric || name == "int8" || name == "int4";
  const bool grouped = colon != std::string::npos && group && *group != -1;
  if (!known || !group || (grouped && *group < int64_t(kSmallestGroup))) {
    fail(ErrorCode::InvalidArgument,
         "weight format '{}': expected original, int8, int8_sym, int4 or int4_sym, groups of 16 or "
         "more "
         "behind a colon, or -1",
         text);
  }
  format.group = size_t(std::max<int64_t>(*group, 0));
  return format;
}

std::optional<Weight> QuantisedWeights::find(const std::string& name) const {
  std::optional<Weight> found = source_.find(name);
  if (!found || found->scales || found->blocks || found->shape.size() != 2) return found;
  const auto is = [&](const std::string& part) {
    return !part.empty() && name == part + ".weight";
  };
  if (is(names_.positions) || is(token_types_) || found->values.get_size() == 0) return found;
  const element::Type type = found->values.get_element_type();
  if (type != element::f32 && type != element::f16 && type != element::bf16) return found;
  if (const auto before = made_.find(name); before != made_.end()) return before->second;
  const bool table = is(names_.embedding) || is(names_.head);
  const WeightFormat format = table && format_.bits == 4 ? WeightFormat{} : format_;
  return made_[name] = quantised(found->values, format, input_major_ && !table);
}

}  // namespace vireo::transformers
