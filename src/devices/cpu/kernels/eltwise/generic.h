// The element-wise primitives over F = vec<float, N>; included inside the unnamed namespace of each
// ISA file.

using namespace simd;

#define VIREO_PER_LANE(name)                                                         \
  VIREO_SIMD F lanes_##name(F x) {                                                   \
    return per_lane(x, [](float v) VIREO_LAMBDA { return __builtin_##name##f(v); }); \
  }
VIREO_PER_LANE(tan)
VIREO_PER_LANE(asin)
VIREO_PER_LANE(acos)
VIREO_PER_LANE(atan)
VIREO_PER_LANE(sinh)
VIREO_PER_LANE(cosh)
VIREO_PER_LANE(asinh)
VIREO_PER_LANE(acosh)
VIREO_PER_LANE(atanh)
#undef VIREO_PER_LANE

VIREO_SIMD F lanes_fmod(F x, F y) {
  return per_lane(x, y, [](float a, float b) VIREO_LAMBDA { return __builtin_fmodf(a, b); });
}
VIREO_SIMD F lanes_atan2(F x, F y) {
  return per_lane(x, y, [](float a, float b) VIREO_LAMBDA { return __builtin_atan2f(a, b); });
}
VIREO_SIMD F truth(F::mask m) { return select(m, F(1.0f), F::zero()); }
VIREO_SIMD F floor_mod(F x, F y) {
  const F r = lanes_fmod(x, y);
  const F::mask opposite = ne(truth(lt(r, F::zero())), truth(lt(y, F::zero())));
  return select(ne(r, F::zero()) & opposite, r + y, r);
}
VIREO_SIMD F round_away(F x) {
  const F t = trunc(x);
  return select(ge(abs(x - t), F(0.5f)), t + copysign(F(1.0f), x), t);
}
VIREO_SIMD F sign(F x) {
  const F r = select(gt(x, F::zero()), F(1.0f), select(lt(x, F::zero()), F(-1.0f), F::zero()));
  return select(eq(x, x), r, x);
}
VIREO_SIMD F six_clamped(F x) { return min(F(6.0f), max(F::zero(), x)); }
// In this order of operands a NaN becomes the low limit.
VIREO_SIMD F limited(F x, F low, F high) { return min(max(round_even(x), low), high); }
VIREO_SIMD F fake_quantize(F x, F in_low, F in_high, F out_low, F out_high, F steps) {
  const F q = round_even((x - in_low) / (in_high - in_low) * steps) / steps;
  const F y = q * (out_high - out_low) + out_low;
  const F clipped = select(le(x, min(in_low, in_high)), out_low,
                           select(gt(x, max(in_low, in_high)), out_high, y));
  return select(eq(x, x), clipped, x);
}

#define VIREO_ELTWISE(name, operands, expression)                                             \
  struct op_##name {                                                                          \
    static constexpr int arity = operands;                                                    \
    static VIREO_SIMD F apply(F x, F y, F z, F w, F v, const float* p) { return expression; } \
  };
#include "devices/cpu/kernels/eltwise/ops.inc"
#undef VIREO_ELTWISE

template <typename Op>
VIREO_SIMD F apply_at(const EltwiseOperand* s, int64_t i, int64_t n, const float* p) {
  const F x = F::load(s[0].data + (i & s[0].mask), n);
  const F y = Op::arity > 1 ? F::load(s[1].data + (i & s[1].mask), n) : x;
  const F z = Op::arity > 2 ? F::load(s[2].data + (i & s[2].mask), n) : x;
  const F w = Op::arity > 3 ? F::load(s[3].data + (i & s[3].mask), n) : x;
  const F v = Op::arity > 4 ? F::load(s[4].data + (i & s[4].mask), n) : x;
  return Op::apply(x, y, z, w, v, p);
}

template <typename Op>
void map_strip(float* dst, const EltwiseOperand* src, int64_t n, const float* params) {
  // Copies on the stack: a store to dst could otherwise be a store to them.
  EltwiseOperand s[Op::arity];
  for (int k = 0; k < Op::arity; ++k) s[k] = src[k];
  const float p[5] = {params[0], params[1], params[2], params[3], params[4]};
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) apply_at<Op>(s, i, F::lanes, p).store(dst + i);
  if (i < n) apply_at<Op>(s, i, n - i, p).store(dst + i, n - i);
}

template <typename T>
void load_strip(float* dst, const void* src, int64_t n) {
  const T* from = static_cast<const T*>(src);
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) load_as<F>(from + i, F::lanes).store(dst + i);
  if (i < n) load_as<F>(from + i, n - i).store(dst + i, n - i);
}

template <typename T>
void store_strip(void* dst, const float* src, int64_t n) {
  T* to = static_cast<T*>(dst);
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) store_as(to + i, F::load(src + i), F::lanes);
  if (i < n) store_as(to + i, F::load(src + i, n - i), n - i);
}

constexpr EltwiseTable kTable = {
    {
#define VIREO_ELTWISE(name, operands, expression) map_strip<op_##name>,
#include "devices/cpu/kernels/eltwise/ops.inc"
#undef VIREO_ELTWISE
    },
    {load_strip<float>, load_strip<f16_t>, load_strip<bf16_t>, load_strip<uint8_t>,
     load_strip<int8_t>, load_strip<int32_t>, load_strip<int64_t>, load_strip<bool_t>},
    {store_strip<float>, store_strip<f16_t>, store_strip<bf16_t>, store_strip<uint8_t>,
     store_strip<int8_t>, store_strip<int32_t>, store_strip<int64_t>, store_strip<bool_t>},
};
