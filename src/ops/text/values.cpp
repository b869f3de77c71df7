// Strings and numbers: EqualStr, NumericToString.
#include "core/values.h"
#include "core/opsets.h"
#include "ops/text/strings.h"

namespace vireo::ops {
namespace {

void infer_equal(InferContext& c) {
  c.expect_inputs(6, 6);
  expect_strings(c, 0);
  expect_strings(c, 3);
  c.set_output(0, element::i32, PartialShape{Dimension()});
}

// One string may stand beside many.
void evaluate_equal(EvalContext& c) {
  const Strings a(c, 0), b(c, 3);
  if (a.size() > 1 && b.size() > 1 && a.size() != b.size())
    c.fail("{} strings beside {}", a.size(), b.size());
  const size_t count = a.size() == 0 || b.size() == 0 ? 0 : std::max(a.size(), b.size());
  std::vector<int32_t> equal(count);
  for (size_t i = 0; i < count; ++i)
    equal[i] = a[a.size() == 1 ? 0 : i] == b[b.size() == 1 ? 0 : i];
  store_ints(c, 0, {count}, equal);
}

void infer_to_string(InferContext& c) {
  c.expect_inputs(1, 1);
  if (c.type(0) == element::string) c.fail("numbers are needed, got strings");
  c.set_output(0, element::string, c.shape(0));
}

std::string text_of(double value) { return fmt::format("{:g}", value); }
std::string text_of(int64_t value) { return fmt::format("{}", value); }
std::string text_of(uint64_t value) { return fmt::format("{}", value); }

// Real numbers with six digits.
void evaluate_to_string(EvalContext& c) {
  const Tensor& input = c.input(0);
  std::vector<std::string> out;
  if (input.get_element_type() == element::boolean) {
    for (const uint64_t value : load<uint64_t>(input)) out.push_back(value ? "true" : "false");
  } else {
    with_domain(input.get_element_type(), [&](auto zero) {
      for (const auto value : load<decltype(zero)>(input)) out.push_back(text_of(value));
    });
  }
  c.set_output(0, make_strings(c.shape(0), out));
}

}  // namespace

VIREO_DEFINE_OP(equal_str_extension){"EqualStr",         kExtensionOpset, &kAttrType<NoAttrs>,
                                     infer_equal,        evaluate_equal,  Tolerance::Exact,
                                     kDataDependentShape};
VIREO_DEFINE_OP(numeric_to_string_extension){
    "NumericToString", kExtensionOpset, &kAttrType<NoAttrs>, infer_to_string, evaluate_to_string};

}  // namespace vireo::ops
