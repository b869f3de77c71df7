// Truncate: rows of one text, or of two that belong together, cut to a length.
#include <algorithm>

#include "core/opsets.h"
#include "ops/text/strings.h"
#include "text/utf8.h"

namespace vireo::ops {
namespace {

// The texts are counted from the inputs; files name the attribute all the same.
struct Truncate {
  int64_t m_num_inputs = 0;
};
void visit(AttrVisitor& v, Truncate& a) { v.on("m_num_inputs", a.m_num_inputs); }

// Three inputs for each text, the length, the side and perhaps the mode.
size_t texts_of(size_t inputs) { return inputs < 8 ? 1 : 2; }

void infer(InferContext& c) {
  c.expect_inputs(5, 9);
  if (c.inputs() == 7) c.fail("5, 6, 8 or 9 inputs are expected, got 7");
  const size_t texts = texts_of(c.inputs());
  for (size_t i = 0; i < 3 * texts; i += 3) {
    expect_rows(c, i);
    set_rows(c, i, c.shape(i));
    c.set_output(i + 2, c.type(i + 2), c.shape(i + 2));
  }
  expect_type(c, 3 * texts, element::i32);
  for (size_t i = 3 * texts + 1; i < c.inputs(); ++i) expect_bytes(c, i);
}

// How long two texts become.
void shorten_both(size_t most, size_t& first, size_t& second, std::string_view mode) {
  if (first + second <= most) return;
  if (mode == "only_first") {
    first = std::min(first, most);
  } else if (mode == "only_second") {
    second = std::min(second, most);
  } else if (second <= most / 2) {
    first = most - second;
  } else if (first < most - most / 2) {
    second = most - first;
  } else {  // each a half, the longer one what is over
    const bool first_is_longer = first >= second;
    first = most / 2 + (first_is_longer ? most % 2 : 0);
    second = most - first;
  }
}

Range shortened(Range range, size_t size, bool from_left) {
  return from_left ? Range{range.end - size, range.end} : Range{range.begin, range.begin + size};
}

void evaluate(EvalContext& c) {
  const size_t texts = texts_of(c.inputs());
  const int32_t most = only_int(c, 3 * texts);
  if (most < 0) c.fail("the length is {}, below 0", most);
  const std::string_view side = Strings::bytes_of(c, 3 * texts + 1);
  const std::string_view mode =
      c.inputs() == 3 * texts + 3 ? Strings::bytes_of(c, 3 * texts + 2) : "longest_first";
  if (side != "left" && side != "right")
    c.fail("the side '{}' is neither left nor right", text::shown(side));
  if (mode != "only_first" && mode != "only_second" && mode != "longest_first")
    c.fail("the mode '{}' is none of only_first, only_second, longest_first", text::shown(mode));

  std::vector<Ranges> rows;
  for (size_t t = 0; t < texts; ++t) rows.emplace_back(c, 3 * t, c.input(3 * t + 2).get_size());
  if (rows.front().size() != rows.back().size())
    c.fail("texts of {} and {} rows", rows.front().size(), rows.back().size());
  std::vector<RowsOut> out(texts);
  for (size_t row = 0; row < rows[0].size(); ++row) {
    size_t sizes[2] = {rows[0][row].size(), texts == 2 ? rows[1][row].size() : 0};
    if (texts == 2)
      shorten_both(size_t(most), sizes[0], sizes[1], mode);
    else
      sizes[0] = std::min(sizes[0], size_t(most));
    for (size_t t = 0; t < texts; ++t) {
      const Range range = shortened(rows[t][row], sizes[t], side == "left");
      out[t].begin(range.begin);
      out[t].end(range.end);
    }
  }
  for (size_t t = 0; t < texts; ++t) {
    out[t].store(c, 3 * t, c.shape(3 * t));
    c.set_output(3 * t + 2, c.input(3 * t + 2));
  }
}

}  // namespace

VIREO_DEFINE_OP(truncate_extension){"Truncate", kExtensionOpset, &kAttrType<Truncate>, infer,
                                    evaluate};

}  // namespace vireo::ops
