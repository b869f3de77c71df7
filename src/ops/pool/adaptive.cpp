// AdaptiveAvgPool and AdaptiveMaxPool: input 1 gives the output extents, window i covers [floor(i
// in/out), ceil((i+1) in/out)).
#include "core/values.h"
#include "ops/pool/pool.h"

namespace vireo::ops {

struct AdaptiveMaxPool {
  element::Type index_element_type = element::i64;
};
void visit(AttrVisitor& v, AdaptiveMaxPool& a) { v.on("index_element_type", a.index_element_type); }

namespace {

PartialShape output_shape(const InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 3, 5);
  c.expect_integral(1);
  const PartialShape& in = c.shape(0);
  const auto extents = c.dims(1);
  if (!in.rank_is_static()) return PartialShape::dynamic();
  if (extents && extents->size() != in.size() - 2)
    c.fail("the output shape has {} values, got {} spatial axes", extents->size(), in.size() - 2);
  PartialShape out{in[0], in[1]};
  for (size_t i = 2; i < in.size(); ++i) out.push_back(extents ? (*extents)[i - 2] : Dimension());
  return out;
}

void infer_avg(InferContext& c) { c.set_output(0, c.type(0), output_shape(c)); }
void infer_max(InferContext& c) {
  c.set_output(0, c.type(0), output_shape(c));
  c.set_output(1, c.attrs<AdaptiveMaxPool>().index_element_type, output_shape(c));
}

// f(output index, plane start, input index) for every element of every window.
template <typename F>
void for_adaptive(const Shape& in, const Shape& out, F&& f) {
  Extents3 from{1, 1, 1}, to{1, 1, 1};
  const size_t spatial = in.size() - 2;
  for (size_t i = 0; i < spatial; ++i) {
    from[3 - spatial + i] = int64_t(in[2 + i]);
    to[3 - spatial + i] = int64_t(out[2 + i]);
  }
  const auto begin = [&](size_t axis, int64_t i) { return i * from[axis] / to[axis]; };
  const auto end = [&](size_t axis, int64_t i) {
    return ((i + 1) * from[axis] + to[axis] - 1) / to[axis];
  };
  const size_t plane = size_t(from[0] * from[1] * from[2]);
  size_t at = 0;
  for (size_t p = 0; p < in[0] * in[1]; ++p)
    for (int64_t d = 0; d < to[0]; ++d)
      for (int64_t h = 0; h < to[1]; ++h)
        for (int64_t w = 0; w < to[2]; ++w, ++at)
          for (int64_t z = begin(0, d); z < end(0, d); ++z)
            for (int64_t y = begin(1, h); y < end(1, h); ++y)
              for (int64_t x = begin(2, w); x < end(2, w); ++x)
                f(at, p * plane, size_t((z * from[1] + y) * from[2] + x));
}

void evaluate_avg(EvalContext& c) {
  Tensor& out = c.output(0);
  const std::vector<double> x = load<double>(c.input(0));
  std::vector<double> sum(out.get_size()), count(out.get_size());
  for_adaptive(c.shape(0), out.get_shape(), [&](size_t at, size_t plane, size_t i) {
    sum[at] += x[plane + i];
    ++count[at];
  });
  for (size_t i = 0; i < sum.size(); ++i) sum[i] /= count[i];
  store(out, sum);
}

void evaluate_max(EvalContext& c) {
  Tensor& out = c.output(0);
  const std::vector<double> x = load<double>(c.input(0));
  std::vector<double> best(out.get_size());
  std::vector<int64_t> where(out.get_size(), -1);
  for_adaptive(c.shape(0), out.get_shape(), [&](size_t at, size_t plane, size_t i) {
    if (where[at] >= 0 && !(x[plane + i] > best[at])) return;
    best[at] = x[plane + i];
    where[at] = int64_t(i);
  });
  store(out, best);
  store(c.output(1), where);
}

}  // namespace

VIREO_DEFINE_OP(adaptive_avg_pool_8){
    "AdaptiveAvgPool", 8, &kAttrType<NoAttrs>, infer_avg, evaluate_avg, Tolerance::Accumulate};
VIREO_DEFINE_OP(adaptive_max_pool_8){"AdaptiveMaxPool", 8, &kAttrType<AdaptiveMaxPool>, infer_max,
                                     evaluate_max};

}  // namespace vireo::ops
