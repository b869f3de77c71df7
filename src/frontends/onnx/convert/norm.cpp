// Normalisations.
#include "core/values.h"
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

Value mvn(const Value& x, const std::vector<int64_t>& axes, double eps, bool inside = true) {
  return x.builder->add("MVN", 6, {x, x.builder->ints(axes)},
                        {{"eps", eps},
                         {"normalize_variance", true},
                         {"eps_mode", inside ? "INSIDE_SQRT" : "OUTSIDE_SQRT"}});
}

// One number per channel, in a shape that broadcasts against data of this rank.
Value per_channel(const Value& v, int64_t rank) { return unsqueeze(v, iota(1, rank - 1)); }

struct Moments {
  Value mean, variance;
};
Moments moments(const Value& x, const std::vector<int64_t>& axes, bool keep = true) {
  const Value mean = reduce("ReduceMean", x, axes, true);
  const Value centred = x - mean;
  const Value variance = reduce("ReduceMean", centred * centred, axes, keep);
  return {keep ? mean : squeeze(mean, axes), variance};
}

Value rms_norm(const Value& x, const Value& scale, const std::vector<int64_t>& axes, double eps,
               element::Type inner) {
  const Value wide = inner.is_static() ? convert(x, inner) : x;
  const Value mean = reduce("ReduceMean", power(wide, 2), axes);
  const Value normal =
      convert_like(wide * (wide.builder->like(wide, 1) / unary("Sqrt", mean + eps)), x);
  return scale ? normal * convert_like(scale, x) : normal;
}

std::vector<int64_t> tail_axes(const Value& x, int64_t axis) {
  if (axis < 0 && !x.has_rank()) return iota(axis, 0);
  return iota(normal_axis(axis, x.rank()), x.rank());
}

Values layer_norm(Node& n, const Value& x, const Value& scale, const Value& bias, int64_t axis,
                  double eps, bool moments_wanted) {
  const std::vector<int64_t> axes = tail_axes(x, axis);
  Value y = mvn(x, axes, eps);
  if (scale) y = y * convert_like(scale, x);
  if (bias) y = y + convert_like(bias, x);
  if (!moments_wanted) return {y};
  const Moments m = moments(convert(x, element::f32), axes);
  return {y, m.mean, n.b.number(element::f32, 1) / unary("Sqrt", m.variance + eps)};
}

}  // namespace

Outputs batch_normalization(Node& n) {
  const Value x = n.in(0), scale = n.in(1), bias = n.in(2), mean = n.in(3), variance = n.in(4);
  const double eps = n.real("epsilon", 1e-5f), momentum = n.real("momentum", 0.9f);
  if (n.opset >= 14 && n.integer("training_mode", 0)) {
    const int64_t rank = x.rank();
    std::vector<int64_t> axes = iota(2, rank);
    axes.insert(axes.begin(), 0);
    const Moments m = moments(x, axes, false);
    const Value y = mvn(x, axes, eps) * per_channel(scale, rank) + per_channel(bias, rank);
    return {y, mean * momentum + m.mean * (1 - momentum),
            variance * momentum + m.variance * (1 - momentum)};
  }
  if (n.opset >= 9 || n.integer("spatial", 1)) {
    const auto same = [&](const Value& v) { return convert_like(v, x); };
    return n.b.add("BatchNormInference", 5,
                   {x, same(scale), same(bias), same(mean), same(variance)}, {{"epsilon", eps}});
  }
  return (x - mean) / unary("Sqrt", variance + eps) * scale + bias;
}

Outputs instance_normalization(Node& n) {
  const Value x = n.in(0);
  const int64_t rank = x.rank();
  return mvn(x, iota(2, rank), n.real("epsilon", 1e-5f)) * per_channel(n.in(1), rank) +
         per_channel(n.in(2), rank);
}

Outputs layer_normalization(Node& n) {
  return layer_norm(n, n.in(0), n.in_or(1, {}), n.in_or(2, {}), n.integer("axis", -1),
                    n.real("epsilon", 1e-5f), n.wants(1) || n.wants(2));
}

Outputs group_normalization(Node& n) {
  const Value x = n.in(0);
  const int64_t groups = n.integer("num_groups"), rank = x.rank();
  const double eps = n.real("epsilon", 1e-5f);
  Value scale = n.in(1), bias = n.in(2);
  if (n.opset < 21) {  // one number per group
    const Value per_group =
        n.b.add("Divide", 1, {dim_of(x, 1), n.b.ints({groups})}, {{"m_pythondiv", false}});
    const Value wide = concat({n.b.ints({groups}), per_group}, 0);
    const auto spread = [&](const Value& v) {
      return reshape(broadcast(unsqueeze(v, {1}), wide), std::vector<int64_t>{-1});
    };
    scale = spread(scale);
    bias = spread(bias);
  }
  if (n.b.ops().find_in_opset("GroupNormalization", 12))
    return n.b.add("GroupNormalization", 12, {x, scale, bias},
                   {{"num_groups", groups}, {"epsilon", eps}});
  const Value flat = reshape(x, {0, groups, -1}, true);
  return reshape(mvn(flat, {2}, eps), shape_of(x)) * per_channel(scale, rank) +
         per_channel(bias, rank);
}

Outputs rms_normalization(Node& n) {
  const element::Type stash = n.integer("stash_type", 1) == 1 ? element::f32 : element::dynamic;
  const Value x = n.in(0);
  const element::Type inner = x.type() == element::f64 ? element::Type(element::dynamic) : stash;
  return rms_norm(x, n.in(1), tail_axes(x, n.integer("axis", -1)), n.real("epsilon", 1e-5f), inner);
}

Outputs lrn(Node& n) {
  return n.b.add("LRN", 1, {n.in(0), n.b.ints({1})},
                 {{"alpha", n.real("alpha", 1e-4f)},
                  {"beta", n.real("beta", 0.75)},
                  {"bias", n.real("bias", 1)},
                  {"size", n.integer("size")}});
}

Outputs lp_normalization(Node& n) {
  const Value x = n.in(0);
  const int64_t axis = n.integer("axis", -1), p = n.integer("p", 2);
  if (p != 1 && p != 2) fail(ErrorCode::InvalidModel, "p is {}, expected 1 or 2", p);
  const Value norm = reduce(p == 1 ? "ReduceL1" : "ReduceL2", x, {axis});
  return x / select(binary("Equal", norm, n.b.like(norm, 0)), n.b.like(norm, 1), norm);
}

Outputs mean_variance_normalization(Node& n) {
  const Value x = n.in(0);
  return mvn(x, n.ints("axes", {0, 2, 3}), 1e-9, false);
}

Outputs simplified_layer_normalization(Node& n) {
  const Value x = n.in(0);
  return rms_norm(x, n.in(1), tail_axes(x, n.integer("axis", -1)), n.real("epsilon", 1e-5f),
                  element::dynamic);
}

// Inputs: x, skip, gamma, beta, bias. Output 3 is the sum that was normalised.
Outputs ms_skip_layer_normalization(Node& n) {
  Value sum = n.in(0) + n.in(1);
  if (n.has(4)) sum = sum + n.in(4);
  Values out = layer_norm(n, sum, n.in(2), n.in_or(3, {}), -1, n.real("epsilon", 1e-12f),
                          n.wants(1) || n.wants(2));
  out.resize(3);
  out.push_back(sum);
  return out;
}

// Inputs: x, skip, gamma, bias.
Outputs ms_skip_simplified_layer_normalization(Node& n) {
  Value sum = n.in(0) + n.in(1);
  if (n.has(3)) sum = sum + n.in(3);
  const Value y = rms_norm(sum, n.in(2), {-1}, n.real("epsilon", 1e-12f), element::dynamic);
  return {y, Value(), Value(), sum};
}

// Inputs: input_ids, segment_ids, word, position and segment embeddings, gamma, beta, mask,
// position_ids.
Outputs ms_embed_layer_normalization(Node& n) {
  const Value ids = n.in(0);
  const Value positions =
      n.has(8) ? n.in(8)
               : range(n.b.integer(0), as_scalar(dim_of(ids, 1)), n.b.integer(1), element::i64);
  Value sum = gather(n.in(2), ids, 0) + gather(n.in(3), positions, 0);
  if (n.has(1) && n.has(4)) sum = sum + gather(n.in(4), n.in(1), 0);
  const Value y = layer_norm(n, sum, n.in(5), n.in(6), -1, n.real("epsilon", 1e-12f), false)[0];
  Value mask = n.has(7) ? reduce("ReduceSum", convert(n.in(7), element::i32), {1}, false)
                        : broadcast(n.b.number(element::i32, 0), dim_of(ids, 0));
  return {y, mask, sum};
}

Outputs ms_group_norm(Node& n) {
  const bool last = n.integer("channels_last", 1) != 0;
  Value x = n.in(0);
  const int64_t rank = x.rank();
  if (last)
    x = transpose(x, rank == 4 ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 1});
  const Value y0 =
      n.b.add("GroupNormalization", 12, {x, convert_like(n.in(1), x), convert_like(n.in(2), x)},
              {{"num_groups", n.integer("groups")}, {"epsilon", n.real("epsilon", 1e-5f)}});
  const Value y = n.integer("activation", 0) ? n.b.add("Swish", 4, {y0}) : y0;
  return last ? transpose(
                    y, rank == 4 ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1})
              : y;
}

}  // namespace vireo::onnx
