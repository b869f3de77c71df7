// Select: elements of `then` where the condition holds, of `else` elsewhere.
#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  const Broadcasting& how = c.attrs<Broadcasting>();
  if (c.type(0).is_static() && c.type(0) != element::boolean)
    c.fail("the condition must be boolean, got {}", c.type(0).name());
  // Under pdpd the condition and `else` take the shape of `then`.
  PartialShape shape = broadcast_shape(c, c.shape(1), c.shape(2), how);
  shape = how.auto_broadcast == AutoBroadcast::Pdpd ? broadcast_shape(c, shape, c.shape(0), how)
                                                    : broadcast_shape(c, c.shape(0), shape, how);
  c.set_output(0, c.common_type(1, 3), shape);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Broadcasting& how = c.attrs<Broadcasting>();
  const size_t rank = out.get_shape().size();
  BroadcastLoop<3> loop(out.get_shape(),
                        {aligned_shape(c.shape(0), rank, how), aligned_shape(c.shape(1), rank, how),
                         aligned_shape(c.shape(2), rank, how)});
  const std::vector<uint64_t> condition = load<uint64_t>(c.input(0));
  const auto choose = [&](const auto* yes, const auto* no, auto* to) {
    loop.run([&](size_t at, size_t count, const std::array<size_t, 3>& from,
                 const std::array<size_t, 3>& step) {
      for (size_t i = 0; i < count; ++i)
        to[at + i] = condition[from[0] + i * step[0]] ? yes[from[1] + i * step[1]]
                                                      : no[from[2] + i * step[2]];
    });
  };
  if (out.get_element_type() == element::string)
    return choose(c.input(1).data<std::string>(), c.input(2).data<std::string>(),
                  out.data<std::string>());
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> yes = load<T>(c.input(1)), no = load<T>(c.input(2));
    std::vector<T> r(out.get_size());
    choose(yes.data(), no.data(), r.data());
    store(out, r);
  });
}

}  // namespace

VIREO_DEFINE_OP(select_1){"Select",         1,           &kAttrType<Broadcasting>, infer, evaluate,
                          Tolerance::Exact, kElementwise};

}  // namespace vireo::ops
