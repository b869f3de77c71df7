// Integer and boolean element-wise operators, over strips that are widened to i64.
#include "devices/cpu/kernels/eltwise/typed.h"

#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kStrip = 256;

template <typename T>
void load_as(int64_t* dst, const void* src, int64_t n, int64_t stride) {
  const T* from = static_cast<const T*>(src);
  for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<int64_t>(from[i * stride]);
}

// Saturates, NaN gives 0.
void load_f32(int64_t* dst, const void* src, int64_t n, int64_t stride) {
  const float* from = static_cast<const float*>(src);
  for (int64_t i = 0; i < n; ++i) {
    const float v = from[i * stride];
    dst[i] = v >= 9223372036854775808.0f    ? INT64_MAX
             : v <= -9223372036854775808.0f ? INT64_MIN
             : v == v                       ? static_cast<int64_t>(v)
                                            : 0;
  }
}

void load(DataType type, int64_t* dst, const char* src, int64_t n, int64_t stride) {
  switch (type) {
    case DataType::f32: return load_f32(dst, src, n, stride);
    case DataType::i8: return load_as<int8_t>(dst, src, n, stride);
    case DataType::i32: return load_as<int32_t>(dst, src, n, stride);
    case DataType::i64: return load_as<int64_t>(dst, src, n, stride);
    default: return load_as<uint8_t>(dst, src, n, stride);
  }
}

template <typename T>
void store_as(void* dst, const int64_t* src, int64_t n, int64_t stride) {
  T* to = static_cast<T*>(dst);
  for (int64_t i = 0; i < n; ++i) to[i * stride] = static_cast<T>(src[i]);
}

void store(DataType type, char* dst, const int64_t* src, int64_t n, int64_t stride) {
  switch (type) {
    case DataType::f32: return store_as<float>(dst, src, n, stride);
    case DataType::i8: return store_as<int8_t>(dst, src, n, stride);
    case DataType::i32: return store_as<int32_t>(dst, src, n, stride);
    case DataType::i64: return store_as<int64_t>(dst, src, n, stride);
    case DataType::boolean:
      for (int64_t i = 0; i < n; ++i) reinterpret_cast<uint8_t*>(dst)[i * stride] = src[i] != 0;
      return;
    default: return store_as<uint8_t>(dst, src, n, stride);
  }
}

int64_t wrap(uint64_t x) { return static_cast<int64_t>(x); }
uint64_t bits(int64_t x) { return static_cast<uint64_t>(x); }

int64_t divide(int64_t a, int64_t b, bool floor, bool* ok) {
  if (b == 0) return *ok = false, 0;
  if (b == -1) return wrap(0 - bits(a));  // the smallest number wraps
  const int64_t q = a / b;
  return q - (floor && a % b != 0 && (a < 0) != (b < 0));
}

int64_t modulo(int64_t a, int64_t b, bool floor, bool* ok) {
  if (b == 0) return *ok = false, 0;
  if (b == -1) return 0;
  const int64_t r = a % b;
  return floor && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = bits(base);
  for (; exponent > 0; exponent >>= 1, factor *= factor)
    if (exponent & 1) result *= factor;
  return wrap(result);
}

int64_t shift_left(int64_t a, int64_t b) { return b < 0 || b > 63 ? 0 : wrap(bits(a) << b); }
int64_t shift_right(int64_t a, int64_t b) { return b < 0 || b > 63 ? (a < 0 ? -1 : 0) : a >> b; }

template <typename Fn>
void map(int64_t* a, const int64_t* b, int64_t n, Fn fn) {
  for (int64_t i = 0; i < n; ++i) a[i] = fn(a[i], b[i]);
}

using I = int64_t;

// a = op(a, b, c).
bool apply(TypedOp op, I* a, const I* b, const I* c, I n) {
  bool ok = true;
  switch (op) {
    case TypedOp::convert: break;
    case TypedOp::neg: map(a, b, n, [](I x, I) { return wrap(0 - bits(x)); }); break;
    case TypedOp::abs: map(a, b, n, [](I x, I) { return x < 0 ? wrap(0 - bits(x)) : x; }); break;
    case TypedOp::sign: map(a, b, n, [](I x, I) -> I { return (x > 0) - (x < 0); }); break;
    case TypedOp::bit_not: map(a, b, n, [](I x, I) { return ~x; }); break;
    case TypedOp::logical_not: map(a, b, n, [](I x, I) -> I { return x == 0; }); break;
    case TypedOp::add: map(a, b, n, [](I x, I y) { return wrap(bits(x) + bits(y)); }); break;
    case TypedOp::sub: map(a, b, n, [](I x, I y) { return wrap(bits(x) - bits(y)); }); break;
    case TypedOp::mul: map(a, b, n, [](I x, I y) { return wrap(bits(x) * bits(y)); }); break;
    case TypedOp::div: map(a, b, n, [&](I x, I y) { return divide(x, y, false, &ok); }); break;
    case TypedOp::floor_div: map(a, b, n, [&](I x, I y) { return divide(x, y, true, &ok); }); break;
    case TypedOp::mod: map(a, b, n, [&](I x, I y) { return modulo(x, y, false, &ok); }); break;
    case TypedOp::floor_mod: map(a, b, n, [&](I x, I y) { return modulo(x, y, true, &ok); }); break;
    case TypedOp::min: map(a, b, n, [](I x, I y) { return x < y ? x : y; }); break;
    case TypedOp::max: map(a, b, n, [](I x, I y) { return x > y ? x : y; }); break;
    case TypedOp::pow: map(a, b, n, power); break;
    case TypedOp::squared_difference:
      map(a, b, n, [](I x, I y) { return wrap((bits(x) - bits(y)) * (bits(x) - bits(y))); });
      break;
    case TypedOp::bit_and: map(a, b, n, [](I x, I y) { return x & y; }); break;
    case TypedOp::bit_or: map(a, b, n, [](I x, I y) { return x | y; }); break;
    case TypedOp::bit_xor: map(a, b, n, [](I x, I y) { return x ^ y; }); break;
    case TypedOp::shift_left: map(a, b, n, shift_left); break;
    case TypedOp::shift_right: map(a, b, n, shift_right); break;
    case TypedOp::logical_and: map(a, b, n, [](I x, I y) -> I { return x && y; }); break;
    case TypedOp::logical_or: map(a, b, n, [](I x, I y) -> I { return x || y; }); break;
    case TypedOp::logical_xor: map(a, b, n, [](I x, I y) -> I { return !x != !y; }); break;
    case TypedOp::equal: map(a, b, n, [](I x, I y) -> I { return x == y; }); break;
    case TypedOp::not_equal: map(a, b, n, [](I x, I y) -> I { return x != y; }); break;
    case TypedOp::less: map(a, b, n, [](I x, I y) -> I { return x < y; }); break;
    case TypedOp::less_equal: map(a, b, n, [](I x, I y) -> I { return x <= y; }); break;
    case TypedOp::greater: map(a, b, n, [](I x, I y) -> I { return x > y; }); break;
    case TypedOp::greater_equal: map(a, b, n, [](I x, I y) -> I { return x >= y; }); break;
    case TypedOp::select:
      for (I i = 0; i < n; ++i) a[i] = a[i] != 0 ? b[i] : c[i];
      break;
  }
  return ok;
}

void erase_dim(TypedPlan* p, int dim) {
  auto shift = [&](int64_t* a) {
    for (int d = dim; d + 1 < p->rank; ++d) a[d] = a[d + 1];
  };
  shift(p->dims);
  for (TypedOperand& src : p->src) shift(src.strides);
  shift(p->dst.strides);
  --p->rank;
}

void collapse(TypedPlan* p) {
  for (int d = p->rank - 1; d >= 0; --d)
    if (p->dims[d] == 1) erase_dim(p, d);
  for (int d = p->rank - 2; d >= 0; --d) {
    const int64_t inner = p->dims[d + 1];
    bool joins = p->dst.strides[d] == p->dst.strides[d + 1] * inner;
    for (int k = 0; k < p->operands; ++k)
      joins = joins && p->src[k].strides[d] == p->src[k].strides[d + 1] * inner;
    if (!joins) continue;
    p->dims[d + 1] *= p->dims[d];
    erase_dim(p, d);
  }
}

}  // namespace

int operands_of(TypedOp op) {
  return op == TypedOp::select ? 3 : op <= TypedOp::logical_not ? 1 : 2;
}

TypedPlan plan_typed(TypedOp op, int rank, const int64_t* dims, const TypedOperand* src,
                     const TypedOperand& dst) {
  TypedPlan p;
  p.op = op;
  p.operands = operands_of(op);
  p.rank = rank;
  p.dst = dst;
  p.tasks = 1;
  for (int d = 0; d < rank; ++d) p.dims[d] = dims[d];
  for (int k = 0; k < p.operands; ++k) p.src[k] = src[k];
  collapse(&p);
  if (p.rank == 0) p.dims[p.rank++] = 1;
  if (p.rank == 1 && p.dims[0] > 4096) {  // a long row becomes rows of strips where it divides
    for (int64_t part = 4096; part >= kStrip; part /= 2) {
      if (p.dims[0] % part) continue;
      p.dims[1] = part, p.dims[0] /= part, p.rank = 2;
      auto split = [&](int64_t* s) { s[1] = s[0], s[0] *= part; };
      for (TypedOperand& operand : p.src) split(operand.strides);
      split(p.dst.strides);
      break;
    }
  }
  for (int d = 0; d < p.rank - 1; ++d) p.tasks *= p.dims[d];
  if (p.dims[p.rank - 1] == 0) p.tasks = 0;
  return p;
}

bool run_typed(const TypedPlan& plan, const TypedArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept {
  (void)scratch;
  const int last = plan.rank - 1;
  const int64_t cols = plan.dims[last];
  int64_t values[3][kStrip] = {};
  bool ok = true;
  for (int64_t task = task_begin; task < task_end; ++task) {
    int64_t from[3] = {}, to = 0, index = task;
    for (int d = last - 1; d >= 0; --d) {
      const int64_t at = index % plan.dims[d];
      index /= plan.dims[d];
      for (int k = 0; k < plan.operands; ++k) from[k] += at * plan.src[k].strides[d];
      to += at * plan.dst.strides[d];
    }
    for (int64_t c = 0; c < cols; c += kStrip) {
      const int64_t n = cols - c < kStrip ? cols - c : kStrip;
      for (int k = 0; k < plan.operands; ++k) {
        const int64_t step = plan.src[k].strides[last], at = from[k] + c * step;
        load(plan.src[k].type, values[k],
             static_cast<const char*>(args.src[k]) + at * size_of(plan.src[k].type), n, step);
      }
      ok = apply(plan.op, values[0], values[1], values[2], n) && ok;
      const int64_t step = plan.dst.strides[last], at = to + c * step;
      store(plan.dst.type, static_cast<char*>(args.dst) + at * size_of(plan.dst.type), values[0], n,
            step);
    }
  }
  return ok;
}

}  // namespace vireo::cpu
