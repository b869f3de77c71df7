// Requantisation of sums of codes: the algebra that leaves one multiply-add per element.
#include "devices/cpu/nodes/requantise.h"

#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "devices/cpu/kernels/kernels.h"
#include "devices/cpu/nodes/epilogue.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

constexpr double kLargestInt = 2e9;  // what a conversion to i32 surely takes

// Numbers per output channel; one stands for all.
struct Numbers {
  std::vector<double> values;
  double operator[](size_t i) const { return values[values.size() == 1 ? 0 : i]; }
  bool single() const { return values.size() == 1; }
};

Numbers numbers(const NodeView& node, size_t input) {
  return {load<double>(*node.constant(input))};
}

size_t bias_after_input(const CodeProduct& p) {
  return 3 + size_t(p.has_bias) + size_t(p.has_residual);
}
size_t out_scale_input(const CodeProduct& p) {
  return bias_after_input(p) + size_t(p.q.has_bias_after);
}

bool is_clamp(const ops::Activation& a) {
  using Kind = ops::ActivationKind;
  return a.kind == Kind::None || a.kind == Kind::Relu || a.kind == Kind::Clamp;
}

struct Limits {
  double low, high;
};
// The limits of an activation that is a clamp, on a grid, within the grid's own.
Limits limits_on(const ops::Activation& a, double scale, double zero, Limits l) {
  if (a.kind == ops::ActivationKind::Relu) l.low = std::max(l.low, zero);
  if (a.kind == ops::ActivationKind::Clamp) {
    l.low = std::min(std::max(l.low, std::nearbyint(a.alpha / scale + zero)), l.high);
    l.high = std::max(std::min(l.high, std::nearbyint(a.beta / scale + zero)), l.low);
  }
  return l;
}

class Builder {
 public:
  Builder(const NodeView& node, const CodeProduct& product, int64_t channels)
      : p_(product),
        q_(product.q),
        scale_(numbers(node, 2)),
        bias_{{0}},
        after_{{0}},
        out_scale_{{1}},
        channels_(size_t(channels)) {
    if (p_.has_bias) bias_ = numbers(node, 3);
    if (q_.has_bias_after) after_ = numbers(node, bias_after_input(p_));
    codes_out_ = q_.type == element::u8;
    if (codes_out_)
      out_scale_ =
          q_.per_channel_out ? numbers(node, out_scale_input(p_)) : Numbers{{q_.out_scale}};
  }

  void build(CodeFinish& f, const std::vector<size_t>& columns, double largest_sum) {
    f_ = &f;
    f.epilogue.bias = Bias::PerColumn;
    if (p_.has_residual) f.epilogue.residual = Residual::BeforeActivation;
    for (size_t o = 0; o < channels_; ++o) {
      unit_ = codes_out_ ? out_scale_[o] : 1;
      shift_ = codes_out_ ? q_.out_zero : 0;
      if (q_.between)
        add_between(columns[o], o);
      else if (codes_out_ && is_clamp(p_.activation))
        add_codes(columns[o], o, largest_sum);
      else
        add_real(columns[o], o);
    }
    if (!q_.between && !(codes_out_ && is_clamp(p_.activation)))
      set_activation(f.epilogue, p_.activation);
  }

 private:
  // The residual's zero, in quanta of the result.
  double residual_zero() const {
    return p_.has_residual && codes_out_ ? q_.residual_zero * q_.residual_scale / unit_ : 0;
  }
  double residual_scale() const { return codes_out_ ? q_.residual_scale / unit_ : 1; }

  void put(size_t column, double scale, double bias) {
    f_->scale[column] = float(scale);
    f_->bias[column] = float(bias);
  }
  void clamp(double low, double high) {
    Epilogue& e = f_->epilogue;
    e.activation = Activation::Clamp;
    e.alpha = float(low);
    e.beta = float(high);
  }

  void add_codes(size_t column, size_t o, double largest_sum) {
    put(column, scale_[o] / unit_, bias_[o] / unit_ + shift_ - residual_zero());
    f_->epilogue.codes.residual_scale = float(residual_scale());
    const Limits l =
        limits_on(p_.activation, unit_, q_.out_zero, {double(q_.low), double(q_.high)});
    const double largest =
        largest_sum * scale_[o] / unit_ + std::fabs(f_->bias[column]) + 255 * residual_scale();
    if (l.low > 0 || l.high < 255 || largest > kLargestInt) clamp(l.low, l.high);
  }

  void add_between(size_t column, size_t o) {
    const double unit = q_.between_scale;
    put(column, scale_[o] / unit, bias_[o] / unit + q_.between_zero);
    Requantise& codes = f_->epilogue.codes;
    const Limits inner = limits_on(p_.activation, unit, q_.between_zero, {0, 255});
    codes.between = true;
    codes.between_low = float(inner.low);
    codes.between_high = float(inner.high);
    codes.between_scale = float(unit / unit_);
    f_->shift[column] =
        float(shift_ - q_.between_zero * unit / unit_ - residual_zero() + after_[o] / unit_);
    codes.residual_scale = float(residual_scale());
    if (codes_out_)
      clamp(std::max(double(q_.low), q_.relu_after ? q_.out_zero : 0), double(q_.high));
    else if (q_.relu_after)
      f_->epilogue.activation = Activation::Relu;
  }

  void add_real(size_t column, size_t o) {
    put(column, scale_[o], bias_[o] - (codes_out_ ? q_.residual_zero * q_.residual_scale : 0));
    f_->epilogue.codes.residual_scale = codes_out_ ? float(q_.residual_scale) : 1;
    f_->epilogue.codes.out_shift = float(shift_);
    f_->out_scale[column] = float(1 / unit_);
  }

  const CodeProduct& p_;
  const ops::Requantise& q_;
  Numbers scale_, bias_, after_, out_scale_;
  size_t channels_;
  bool codes_out_ = false;
  double unit_ = 1, shift_ = 0;
  CodeFinish* f_ = nullptr;
};

}  // namespace

std::string refuse_codes(const NodeView& node, const CodeProduct& p) {
  const element::Type type = p.q.type;
  if (type != element::u8 && type != element::f32)
    return fmt::format("the kernel gives u8 or f32, not {}", type.name());
  if (!node.constant(2)) return "the scale is not constant";
  if (p.has_bias && !node.constant(3)) return "the bias is not constant";
  if (p.has_residual && node.in_type(3 + size_t(p.has_bias)) != type)
    return "the residual is of another type than the result";
  if (p.q.has_bias_after && (!p.q.between || !node.constant(bias_after_input(p))))
    return "the bias after the sum is not constant";
  if (p.q.per_channel_out && !node.constant(out_scale_input(p)))
    return "the scale of the result is not constant";
  if (p.q.per_channel_out && (p.has_residual || p.q.between))
    return "the result has a scale per channel and a residual";
  if (p.q.between && !is_clamp(p.activation))
    return "the activation before the sum is more than a clamp";
  Epilogue e;
  if (!set_activation(e, p.activation)) return "the activation is not one of the kernel's";
  if (type == element::u8 && !is_clamp(p.activation) && (p.q.low != 0 || p.q.high != 255))
    return "the codes are limited";
  return {};
}

CodeFinish finish_codes(const NodeView& node, const CodeProduct& product, int64_t channels,
                        int64_t groups, int64_t lanes, double largest_sum) {
  const int64_t in_group = channels / groups, width = round_up(in_group, lanes);
  std::vector<size_t> columns;
  for (int64_t o = 0; o < channels; ++o)
    columns.push_back(size_t(o / in_group * width + o % in_group));
  CodeFinish f;
  f.scale.resize(size_t(groups * width));
  f.bias.resize(f.scale.size());
  f.shift.resize(f.scale.size());
  f.out_scale.resize(f.scale.size());
  Builder(node, product, channels).build(f, columns, largest_sum);
  return f;
}

}  // namespace vireo::cpu
