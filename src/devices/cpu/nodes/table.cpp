// Functions of codes.
#include "devices/cpu/kernels/table/table.h"

#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  return node.out_type() == element::u8
             ? std::string()
             : "the kernel gives u8, not " + std::string(node.out_type().name());
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const TableArgs args{static_cast<const uint8_t*>(o[2]), static_cast<const uint8_t*>(o[1]),
                       static_cast<uint8_t*>(o[0])};
  run_table(*static_cast<const TablePlan*>(params), args, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const double count = double(elements(c.out_shape()));
  const Place operands[] = {c.output_in_place(0, 0, true), c.input(0), c.input(1)};
  const TablePlan plan = plan_table(int64_t(count), c.isa());
  c.step(spec_of(plan, run, std::string("table_u8_") + tier_name(c.isa()),
                 estimate(2 * count, 4 * count)),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind table_node = {"vireo.Table", refusal, nullptr, plan};

}  // namespace vireo::cpu
