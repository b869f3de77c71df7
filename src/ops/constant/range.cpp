// Range: start, start + step, ... before stop.
#include <cmath>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct Range {
  element::Type output_type = element::f32;
};
void visit(AttrVisitor& v, Range& a) { v.on("output_type", a.output_type); }

namespace {

// Real inputs of an integer range lose their fractions first.
double as_output(double v, element::Type type) {
  return type.is_integral_number() ? std::trunc(v) : v;
}

int64_t range_length(double start, double stop, double step) {
  return int64_t(std::min(std::max(0.0, std::ceil((stop - start) / step)), 0x1p62));
}

// Integers known in part, counted by ones: the length is stop - start.
Dimension partial_length(const InferContext& c) {
  const auto start = c.dims(0), stop = c.dims(1);
  const auto step = c.scalar_int(2);
  if (!start || !stop || start->size() != 1 || stop->size() != 1 || !step || *step != 1) return {};
  if ((*start)[0] == Dimension(0)) return (*stop)[0];
  return (*stop)[0] - (*start)[0];
}

void infer_as(InferContext& c, element::Type type) {
  c.expect_inputs(3, 3);
  for (size_t i = 0; i < 3; ++i)
    if (c.shape(i).is_static() && shape_size(c.shape(i).to_shape()) != 1)
      c.fail("input {} must be a scalar, got shape {}", i, c.shape(i).to_string());
  const auto start = c.doubles(0), stop = c.doubles(1), step = c.doubles(2);
  if (step && as_output((*step)[0], type) == 0) c.fail("the step is 0");
  if (step && !std::isfinite((*step)[0])) c.fail("the step is {}", (*step)[0]);
  Dimension length = partial_length(c);
  if (start && stop && step) {
    if (!std::isfinite((*start)[0]) || !std::isfinite((*stop)[0]))
      c.fail("the range from {} to {} has no end", (*start)[0], (*stop)[0]);
    length = Dimension(range_length(as_output((*start)[0], type), as_output((*stop)[0], type),
                                    as_output((*step)[0], type)));
  }
  c.set_output(0, type, PartialShape{length});
}

void infer_1(InferContext& c) { infer_as(c, c.common_type(0, 3)); }
void infer_4(InferContext& c) { infer_as(c, c.attrs<Range>().output_type); }

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const element::Type type = out.get_element_type();
  with_domain(type, [&](auto zero) {
    using T = decltype(zero);
    const T start = T(as_output(load<double>(c.input(0))[0], type)),
            step = T(as_output(load<double>(c.input(2))[0], type));
    std::vector<T> r(out.get_size());
    for (size_t i = 0; i < r.size(); ++i) r[i] = start + T(i) * step;
    store(out, r);
  });
}

}  // namespace

VIREO_DEFINE_OP(range_1){"Range", 1, &kAttrType<NoAttrs>, infer_1, evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(range_4){"Range", 4, &kAttrType<Range>, infer_4, evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
