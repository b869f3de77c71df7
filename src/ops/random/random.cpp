// RandomUniform and Multinomial.
#include <algorithm>
#include <cmath>

#include "core/op.h"
#include "core/values.h"
#include "ops/random/philox.h"

namespace vireo::ops {

enum class PhiloxAlignment { Tensorflow, Pytorch };
inline constexpr const char* kPhiloxAlignmentNames[] = {"tensorflow", "pytorch"};
struct RandomUniform {
  element::Type output_type = element::f32;
  int64_t global_seed = 0, op_seed = 0;
  PhiloxAlignment alignment = PhiloxAlignment::Tensorflow;
};
void visit(AttrVisitor& v, RandomUniform& a) {
  v.on("output_type", a.output_type);
  v.on("global_seed", a.global_seed);
  v.on("op_seed", a.op_seed);
  v.on("alignment", a.alignment, kPhiloxAlignmentNames);
}

struct Multinomial {
  element::Type convert_type = element::i64;
  bool with_replacement = false, log_probs = false;
  int64_t global_seed = 0, op_seed = 0;
};
void visit(AttrVisitor& v, Multinomial& a) {
  v.on("convert_type", a.convert_type);
  v.on("with_replacement", a.with_replacement);
  v.on("log_probs", a.log_probs);
  v.on("global_seed", a.global_seed);
  v.on("op_seed", a.op_seed);
}

namespace {

void infer_uniform(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(0);
  const RandomUniform& a = c.attrs<RandomUniform>();
  if (a.global_seed < 0 || a.op_seed < 0) c.fail("a seed is negative");
  for (size_t i = 1; i < 3; ++i)
    if (c.shape(i).is_static() && shape_size(c.shape(i).to_shape()) != 1)
      c.fail("input {} must hold one value, got shape {}", i, c.shape(i).to_string());
  const auto low = c.doubles(1), high = c.doubles(2);
  if (low && high && low->size() == 1 && high->size() == 1 && !((*low)[0] < (*high)[0]))
    c.fail("the lower bound {} is not under the upper bound {}", (*low)[0], (*high)[0]);
  PartialShape out = PartialShape::dynamic();
  if (const auto shape = c.dims(0))
    out = PartialShape(*shape);
  else if (c.shape(0).is_static())
    out = PartialShape::dynamic(int64_t(shape_size(c.shape(0).to_shape())));
  c.set_output(0, a.output_type, out);
}

void evaluate_uniform(EvalContext& c) {
  const RandomUniform& a = c.attrs<RandomUniform>();
  Tensor& out = c.output(0);
  Philox random(uint64_t(a.global_seed), uint64_t(a.op_seed));
  if (a.output_type.is_real()) {
    const double low = load<double>(c.input(1))[0], high = load<double>(c.input(2))[0];
    std::vector<double> r(out.get_size());
    for (double& v : r) v = low + random.uniform() * (high - low);
    store(out, r);
    // Rounding to a narrow type must not reach the upper bound.
    r = load<double>(out);
    for (double& v : r) v = v < high ? v : low;
    return store(out, r);
  }
  const int64_t low = load<int64_t>(c.input(1))[0], high = load<int64_t>(c.input(2))[0];
  if (low >= high) c.fail("the lower bound {} is not under the upper bound {}", low, high);
  std::vector<int64_t> r(out.get_size());
  for (int64_t& v : r)
    v = int64_t(uint64_t(low) + random.next64() % (uint64_t(high) - uint64_t(low)));
  store(out, r);
}

void infer_multinomial(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_real(0);
  c.expect_integral(1);
  c.expect_rank(0, 2, 2);
  const Multinomial& a = c.attrs<Multinomial>();
  const auto samples = c.scalar_int(1);
  const PartialShape& probs = c.shape(0);
  if (samples && *samples < 0) c.fail("the number of samples {} is negative", *samples);
  if (samples && !a.with_replacement && probs.rank_is_static() && probs[1].is_static() &&
      *samples > probs[1].get_length())
    c.fail("{} samples without replacement are more than {} classes", *samples,
           probs[1].get_length());
  const Dimension count = samples ? Dimension(*samples) : Dimension();
  c.set_output(0, a.convert_type,
               PartialShape{probs.rank_is_static() ? probs[0] : Dimension(), count});
}

void evaluate_multinomial(EvalContext& c) {
  const Multinomial& a = c.attrs<Multinomial>();
  Tensor& out = c.output(0);
  const size_t batch = c.shape(0)[0], classes = c.shape(0)[1], samples = out.get_shape()[1];
  std::vector<double> probs = load<double>(c.input(0));
  if (a.log_probs)
    for (double& p : probs) p = std::exp(p);
  Philox random(uint64_t(a.global_seed), uint64_t(a.op_seed));
  std::vector<int64_t> r;
  for (size_t b = 0; b < batch; ++b) {
    double* p = probs.data() + b * classes;
    for (size_t i = 0; i < samples; ++i) {
      double total = 0, sum = 0;
      for (size_t k = 0; k < classes; ++k) total += p[k];
      const double at = random.uniform() * total;
      size_t k = 0;
      while (k + 1 < classes && !(at < (sum += p[k]))) ++k;
      r.push_back(int64_t(k));
      if (!a.with_replacement) p[k] = 0;
    }
  }
  store(out, r);
}

}  // namespace

VIREO_DEFINE_OP(random_uniform_8){
    "RandomUniform",   8,      &kAttrType<RandomUniform>, infer_uniform, evaluate_uniform,
    Tolerance::Random, kRandom};
VIREO_DEFINE_OP(multinomial_13){
    "Multinomial",     13,     &kAttrType<Multinomial>, infer_multinomial, evaluate_multinomial,
    Tolerance::Random, kRandom};

}  // namespace vireo::ops
