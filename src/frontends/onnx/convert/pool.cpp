// Poolings.
#include "core/values.h"
#include "frontends/onnx/convert/window.h"

namespace vireo::onnx {
namespace {

AttrList pool_list(Node& n, const WindowAttrs& w) {
  return {{"strides", w.strides},
          {"pads_begin", w.pads_begin},
          {"pads_end", w.pads_end},
          {"kernel", n.ints("kernel_shape", {})},
          {"auto_pad", w.auto_pad},
          // A window must start inside the data or its begin padding: torch's rule, ONNX's too.
          {"rounding_type", n.integer("ceil_mode", 0) ? "ceil_torch" : "floor"}};
}

size_t spatial_of(Node& n) {
  const auto kernel = n.ints("kernel_shape");
  if (!kernel || kernel->empty())
    fail(ErrorCode::InvalidModel, "attribute 'kernel_shape' is missing");
  if (n.in(0).has_rank() && n.in(0).rank() != int64_t(kernel->size()) + 2)
    fail(ErrorCode::InvalidModel, "kernel_shape has {} extents for data of rank {}", kernel->size(),
         n.in(0).rank());
  return kernel->size();
}

Value average(Node& n, const Value& x, bool exclude_pad) {
  const WindowAttrs w = window_attrs(n, spatial_of(n));
  AttrList attrs = pool_list(n, w);
  attrs.emplace_back("exclude-pad", exclude_pad);
  bool dilated = false;
  for (int64_t d : w.dilations) dilated = dilated || d != 1;
  if (!dilated) return n.b.add("AvgPool", 14, {x}, attrs);
  attrs.emplace_back("dilations", w.dilations);
  return n.b.add("AvgPool", 16, {x}, attrs);
}

// |x|^p and its inverse, with the cheap forms of the usual p.
Value raised(const Value& x, double p) {
  const Value a = unary("Abs", x);
  return p == 1 ? a : p == 2 ? x * x : power(a, p);
}
Value rooted(const Value& x, double p) {
  return p == 1 ? x : p == 2 ? unary("Sqrt", x) : power(x, 1.0 / p);
}

std::vector<int64_t> spatial_axes(const Value& x) { return iota(2, x.rank()); }

double p_of(Node& n) {
  return n.attribute("p") && n.attribute("p")->type == 1 ? n.real("p", 2)
                                                         : double(n.integer("p", 2));
}

// Flat indices of row-major planes in column-major order.
Value column_major(const Value& indices, const Value& x) {
  Builder& b = *indices.builder;
  const std::vector<int64_t> dims = shape_of(x).need_ints("extents of data");
  const size_t rank = dims.size();
  std::vector<int64_t> row(rank, 1), column(rank, 1);
  for (size_t i = rank - 1; i-- > 2;) row[i] = row[i + 1] * dims[i + 1];
  for (size_t i = 3; i < rank; ++i) column[i] = column[i - 1] * dims[i - 1];
  const int64_t plane = row[2] * dims[2];
  Value out = indices - binary("FloorMod", indices, b.integer(plane));
  for (size_t i = 2; i < rank; ++i) {
    const Value at = binary(
        "FloorMod", b.add("Divide", 1, {indices, b.integer(row[i])}, {{"m_pythondiv", true}}),
        b.integer(dims[i]));
    out = out + at * b.integer(column[i]);
  }
  return out;
}

}  // namespace

Outputs max_pool(Node& n) {
  const Value x = n.in(0);
  const WindowAttrs w = window_attrs(n, spatial_of(n));
  AttrList attrs = pool_list(n, w);
  attrs.emplace_back("dilations", w.dilations);
  attrs.emplace_back("index_element_type", element::i64);
  attrs.emplace_back("axis", 0);
  Values out = n.b.add_all("MaxPool", 14, {x}, attrs);
  if (n.wants(1) && n.integer("storage_order", 0)) out[1] = column_major(out[1], x);
  return out;
}

Outputs average_pool(Node& n) {
  return average(n, n.in(0), n.integer("count_include_pad", 0) == 0);
}

Outputs lp_pool(Node& n) {
  const double p = p_of(n);
  double area = 1;
  for (int64_t k : n.ints("kernel_shape", {})) area *= double(k);
  return rooted(average(n, raised(n.in(0), p), false) * area, p);
}

Outputs global_average_pool(Node& n) {
  return reduce("ReduceMean", n.in(0), spatial_axes(n.in(0)));
}
Outputs global_max_pool(Node& n) { return reduce("ReduceMax", n.in(0), spatial_axes(n.in(0))); }
Outputs global_lp_pool(Node& n) {
  const double p = p_of(n);
  return rooted(reduce("ReduceSum", raised(n.in(0), p), spatial_axes(n.in(0))), p);
}

Outputs max_unpool(Node& n) {
  const Value x = n.in(0), indices = n.in(1);
  const WindowAttrs w = window_attrs(n, spatial_of(n));
  const std::vector<int64_t> kernel = n.ints("kernel_shape", {});
  Values dims{dims_of(x, 0, 2)};
  for (size_t i = 0; i < kernel.size(); ++i)
    dims.push_back((dim_of(x, int64_t(i) + 2) - n.b.ints({1})) * n.b.ints({w.strides[i]}) +
                   n.b.ints({kernel[i] - w.pads_begin[i] - w.pads_end[i]}));
  const Value shape = concat(dims, 0);
  const Value count = reduce("ReduceProd", shape, {0});
  const Value zeros = broadcast(n.b.like(x, 0), count);
  const Value flat = n.b.add("ScatterElementsUpdate", 3,
                             {zeros, reshape(indices, std::vector<int64_t>{-1}),
                              reshape(x, std::vector<int64_t>{-1}), n.b.integer(0)});
  const Value y = reshape(flat, shape);
  if (!n.has(2)) return y;
  // The indices are those of the inferred shape; what the wanted one has more lies at the ends.
  const Value zero = n.b.ints(std::vector<int64_t>(kernel.size() + 2, 0));
  return n.b.add("Pad", 12, {y, zero, convert(n.in(2), element::i64) - shape, n.b.like(y, 0)},
                 {{"pad_mode", "constant"}});
}

}  // namespace vireo::onnx
