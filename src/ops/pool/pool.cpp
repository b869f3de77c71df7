// MaxPool and AvgPool, channels first as the public operators have them.
#include "ops/pool/pool.h"

#include <cmath>
#include <limits>

#include "core/values.h"
#include "ops/pool/compute.h"

namespace vireo::ops {

void visit(AttrVisitor& v, MaxPool1& a) {
  v.on("strides", a.strides);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("kernel", a.kernel);
  v.on("rounding_type", a.rounding_type, kRoundingTypeNames);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
}
void visit(AttrVisitor& v, MaxPool& a) {
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("kernel", a.kernel);
  v.on("rounding_type", a.rounding_type, kRoundingTypeNames);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
  v.on("index_element_type", a.index_element_type);
  v.on("axis", a.axis);
}
void visit(AttrVisitor& v, AvgPool1& a) {
  v.on("kernel", a.kernel);
  v.on("strides", a.strides);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("exclude-pad", a.exclude_pad);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
  v.on("rounding_type", a.rounding_type, kRoundingTypeNames);
}
void visit(AttrVisitor& v, AvgPool& a) {
  v.on("kernel", a.kernel);
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("exclude-pad", a.exclude_pad);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
  v.on("rounding_type", a.rounding_type, kRoundingTypeNames);
}

namespace {

const MaxPool& max_attrs(const OpDef& op, const InferContext& c) {
  return op.version == 1 ? c.attrs<MaxPool1>() : c.attrs<MaxPool>();
}
const MaxPool& max_attrs(const OpDef& op, const EvalContext& c) {
  return op.version == 1 ? c.attrs<MaxPool1>() : c.attrs<MaxPool>();
}
const AvgPool& avg_attrs(const OpDef& op, const InferContext& c) {
  return op.version < 16 ? c.attrs<AvgPool1>() : c.attrs<AvgPool>();
}
const AvgPool& avg_attrs(const OpDef& op, const EvalContext& c) {
  return op.version < 16 ? c.attrs<AvgPool1>() : c.attrs<AvgPool>();
}

template <typename A>
PartialShape pooled_shape(const InferContext& c, const A& attrs) {
  c.expect_rank(0, 3, 5);
  const PartialShape& in = c.shape(0);
  const size_t spatial = in.rank_is_static() ? in.size() - 2 : attrs.kernel.size();
  if (attrs.kernel.size() != spatial)
    c.fail("kernel has {} values, got {} spatial axes", attrs.kernel.size(), spatial);
  std::vector<WindowAxis> axes =
      window_axes(c, spatial, attrs.strides, attrs.dilations, attrs.pads_begin, attrs.pads_end);
  if (!in.rank_is_static()) return PartialShape::dynamic(int64_t(spatial) + 2);
  PartialShape out{in[0], in[1]};
  for (size_t i = 0; i < spatial; ++i) {
    WindowAxis& a = axes[i];
    a.kernel = attrs.kernel[i];
    if (a.kernel <= 0 || a.kernel > (int64_t(1) << 31))
      c.fail("kernel extent {} of spatial axis {} is out of range", a.kernel, i);
    const Dimension& d = in[2 + i];
    if (d.is_static()) {
      WindowAxis used = a;
      resolve_auto_pad(attrs.auto_pad, d.get_length(), used);
      if (window_positions(d.get_length(), used) < 1)
        c.fail("a kernel of extent {} reaches beyond the padded extent {} of spatial axis {}",
               used.extent(), d.get_length() + used.pad_begin + used.pad_end, i);
    }
    out.push_back(window_output(d, a, attrs.auto_pad, attrs.rounding_type));
  }
  return out;
}

template <typename A>
PoolShape pool_shape(const Shape& in, const Shape& out, const A& attrs) {
  PoolShape s;
  s.planes = in[0] * in[1];
  const std::vector<int64_t> extents(in.begin() + 2, in.end());
  std::vector<WindowAxis> axes(extents.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto at = [&](const std::vector<int64_t>& v, int64_t fallback) {
      return i < v.size() ? v[i] : fallback;
    };
    axes[i] = {attrs.kernel[i], at(attrs.strides, 1), at(attrs.dilations, 1),
               at(attrs.pads_begin, 0), at(attrs.pads_end, 0)};
    resolve_auto_pad(attrs.auto_pad, extents[i], axes[i]);
  }
  set_spatial(s, extents, std::vector<int64_t>(out.begin() + 2, out.end()), axes);
  return s;
}

void infer_max(InferContext& c) {
  c.expect_inputs(1, 1);
  const MaxPool& attrs = max_attrs(c.op(), c);
  const PartialShape out = pooled_shape(c, attrs);
  c.set_output(0, c.type(0), out);
  if (c.version() == 1) return;
  if (attrs.index_element_type != element::i32 && attrs.index_element_type != element::i64)
    c.fail("index_element_type must be i32 or i64, got {}", attrs.index_element_type.name());
  if (c.shape(0).rank_is_static()) c.axis(attrs.axis, int64_t(c.shape(0).size()));
  c.set_output(1, attrs.index_element_type, out);
}

void infer_avg(InferContext& c) {
  c.expect_inputs(1, 1);
  c.set_output(0, c.type(0), pooled_shape(c, avg_attrs(c.op(), c)));
}

void evaluate_max(EvalContext& c) {
  const MaxPool& attrs = max_attrs(c.op(), c);
  const Shape& shape = c.shape(0);
  Tensor& out = c.output(0);
  const PoolShape s = pool_shape(shape, out.get_shape(), attrs);
  std::vector<int64_t> where;
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, max_pool<T>(s, load<T>(c.input(0)), std::numeric_limits<T>::lowest(), &where));
  });
  if (c.version() == 1) return;
  // Indices count from the first element of the axes from `axis` on.
  const int64_t axis = attrs.axis < 0 ? attrs.axis + int64_t(shape.size()) : attrs.axis;
  int64_t period = 1;
  for (size_t i = size_t(axis); i < shape.size(); ++i) period *= int64_t(shape[i]);
  for (size_t i = 0; i < where.size(); ++i)
    where[i] = (int64_t(i / s.out_size() * s.in_size()) + where[i]) % period;
  store(c.output(1), where);
}

void evaluate_avg(EvalContext& c) {
  const AvgPool& attrs = avg_attrs(c.op(), c);
  Tensor& out = c.output(0);
  PoolShape s = pool_shape(c.shape(0), out.get_shape(), attrs);
  s.exclude_pad = attrs.exclude_pad;
  std::vector<double> r = avg_pool(s, load<double>(c.input(0)));
  if (out.get_element_type().is_integral())
    for (double& v : r) v = std::trunc(v);
  store(out, r);
}

}  // namespace

VIREO_DEFINE_OP(max_pool_1){"MaxPool", 1, &kAttrType<MaxPool1>, infer_max, evaluate_max};
VIREO_DEFINE_OP(max_pool_8){"MaxPool", 8, &kAttrType<MaxPool>, infer_max, evaluate_max};
VIREO_DEFINE_OP(max_pool_14){"MaxPool", 14, &kAttrType<MaxPool>, infer_max, evaluate_max};
VIREO_DEFINE_OP(avg_pool_1){
    "AvgPool", 1, &kAttrType<AvgPool1>, infer_avg, evaluate_avg, Tolerance::Accumulate};
VIREO_DEFINE_OP(avg_pool_14){"AvgPool", 14,           &kAttrType<AvgPool1>,
                             infer_avg, evaluate_avg, Tolerance::Accumulate};
VIREO_DEFINE_OP(avg_pool_16){"AvgPool", 16,           &kAttrType<AvgPool>,
                             infer_avg, evaluate_avg, Tolerance::Accumulate};

}  // namespace vireo::ops
