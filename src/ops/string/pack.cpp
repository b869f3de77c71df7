// StringTensorPack and StringTensorUnpack: strings from and to one row of bytes with where each
// begins and ends.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

void infer_pack(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(0);
  c.expect_integral(1);
  c.expect_rank(2, 1, 1);
  PartialShape out = c.shape(0);
  if (!PartialShape::merge_into(out, c.shape(1)))
    c.fail("begins of shape {} and ends of shape {} differ", c.shape(0).to_string(),
           c.shape(1).to_string());
  if (c.type(2).is_static() && c.type(2) != element::u8)
    c.fail("symbols must be u8, got {}", c.type(2).name());
  c.set_output(0, element::string, out);
}

void evaluate_pack(EvalContext& c) {
  c.facts();
  const auto begins = load<int64_t>(c.input(0)), ends = load<int64_t>(c.input(1));
  const size_t size = c.input(2).get_size();
  const char* symbols = static_cast<const char*>(c.input(2).data());
  std::vector<std::string> out;
  for (size_t i = 0; i < begins.size(); ++i) {
    if (begins[i] < 0 || begins[i] > ends[i] || size_t(ends[i]) > size)
      c.fail("string {} spans [{}, {}) of {} bytes", i, begins[i], ends[i], size);
    out.emplace_back(symbols + begins[i], size_t(ends[i] - begins[i]));
  }
  c.set_output(0, make_strings(c.shape(0), out));
}

void infer_unpack(InferContext& c) {
  c.expect_inputs(1, 1);
  if (c.type(0).is_static() && c.type(0) != element::string)
    c.fail("strings are needed, got {}", c.type(0).name());
  Dimension bytes;
  if (const Tensor& value = c.input(0).value) {
    size_t sum = 0;
    for (size_t i = 0; i < value.get_size(); ++i) sum += value.data<std::string>()[i].size();
    bytes = Dimension(int64_t(sum));
  }
  c.set_output(0, element::i32, c.shape(0));
  c.set_output(1, element::i32, c.shape(0));
  c.set_output(2, element::u8, PartialShape{bytes});
}

void evaluate_unpack(EvalContext& c) {
  const std::string* text = c.input(0).data<std::string>();
  std::vector<int64_t> begins, ends;
  std::string all;
  for (size_t i = 0; i < c.input(0).get_size(); ++i) {
    begins.push_back(int64_t(all.size()));
    all += text[i];
    ends.push_back(int64_t(all.size()));
  }
  if (all.size() > INT32_MAX) c.fail("{} bytes are more than 32-bit positions reach", all.size());
  store(c.output(0, element::i32, c.shape(0)), begins);
  store(c.output(1, element::i32, c.shape(0)), ends);
  Tensor& symbols = c.output(2, element::u8, {all.size()});
  std::copy(all.begin(), all.end(), static_cast<char*>(symbols.data()));
}

}  // namespace

VIREO_DEFINE_OP(string_tensor_pack_15){"StringTensorPack", 15, &kAttrType<NoAttrs>, infer_pack,
                                       evaluate_pack};
VIREO_DEFINE_OP(string_tensor_unpack_15){
    "StringTensorUnpack", 15, &kAttrType<NoAttrs>, infer_unpack, evaluate_unpack, Tolerance::Exact,
    kDataDependentShape};

}  // namespace vireo::ops
