// Planning of element-wise programs: simplify the steps, collapse dimensions, choose the strip,
// give registers to values.
#include <cmath>
#include <initializer_list>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/eltwise/eltwise.h"

namespace vireo::cpu {
namespace {

constexpr int kArity[] = {
#define VIREO_ELTWISE(name, operands, expression) operands,
#include "devices/cpu/kernels/eltwise/ops.inc"
#undef VIREO_ELTWISE
};

int arity(const EltwiseStep& step) { return kArity[static_cast<int>(step.op)]; }

const float* constant_of(const EltwiseStep& step, int operand) {
  const int id = step.src[operand];
  return id < 0 ? &step.imm[-1 - id] : nullptr;
}

void set_unary(EltwiseStep* step, EltwiseOp op) {
  step->op = op;
  step->src[1] = 0;
}

void simplify_step(EltwiseStep* step) {
  const float* c = kArity[static_cast<int>(step->op)] > 1 ? constant_of(*step, 1) : nullptr;
  if (!c || step->src[0] < 0) return;
  int exponent;
  switch (step->op) {
    case EltwiseOp::pow:
      if (*c == 2.0f)
        set_unary(step, EltwiseOp::square);
      else if (*c == 0.5f)
        set_unary(step, EltwiseOp::sqrt);
      else if (*c == 1.0f)
        set_unary(step, EltwiseOp::copy);
      else if (*c == -1.0f)
        set_unary(step, EltwiseOp::reciprocal);
      else if (*c == -0.5f)
        set_unary(step, EltwiseOp::rsqrt);
      break;
    case EltwiseOp::div:
      if (std::fabs(std::frexp(*c, &exponent)) == 0.5f && exponent > -120 && exponent < 120) {
        const float inverse = 1.0f / *c;
        step->op = EltwiseOp::mul;
        step->src[1] = -1;
        step->imm[0] = inverse;
      }
      break;
    case EltwiseOp::quantise_by:
      step->op = EltwiseOp::quantise;
      step->imm[1] = 1.0f / *c;
      break;
    default: break;
  }
}

int count_uses(const EltwiseProgram& p, int value) {
  int uses = 0;
  for (int i = 0; i < p.steps; ++i)
    for (int k = 0; k < arity(p.step[i]); ++k) uses += p.step[i].src[k] == value;
  for (int i = 0; i < p.outputs; ++i) uses += p.output[i].value == value;
  return uses;
}

void erase_step(EltwiseProgram* p, int index) {
  const int value = p->inputs + index;
  for (int i = index; i + 1 < p->steps; ++i) p->step[i] = p->step[i + 1];
  --p->steps;
  for (int i = 0; i < p->steps; ++i)
    for (int16_t& id : p->step[i].src) id -= id > value;
  for (int i = 0; i < p->outputs; ++i) p->output[i].value -= p->output[i].value > value;
}

// Copies operand `k` of `from` into operand `to_k` of `to`, moving a constant to the slot of the
// same number.
void move_operand(const EltwiseStep& from, int k, EltwiseStep* to, int to_k) {
  if (const float* c = constant_of(from, k)) {
    to->src[to_k] = static_cast<int16_t>(-1 - to_k);
    to->imm[to_k] = *c;
  } else {
    to->src[to_k] = from.src[k];
  }
}

// mul then add becomes fma, add or mul then relu one pass. True if something changed.
bool fuse_pair(EltwiseProgram* p) {
  for (int i = 0; i < p->steps; ++i) {
    const EltwiseStep second = p->step[i];
    const bool is_add = second.op == EltwiseOp::add, is_relu = second.op == EltwiseOp::relu;
    for (int k = 0; (is_add || is_relu) && k < arity(second); ++k) {
      const int producer = second.src[k] - p->inputs;
      if (producer < 0 || count_uses(*p, second.src[k]) != 1) continue;
      const EltwiseStep first = p->step[producer];
      EltwiseStep fused;
      move_operand(first, 0, &fused, 0);
      move_operand(first, 1, &fused, 1);
      if (is_add && first.op == EltwiseOp::mul) {
        fused.op = EltwiseOp::fma;
        move_operand(second, 1 - k, &fused, 2);
      } else if (is_relu && first.op == EltwiseOp::add) {
        fused.op = EltwiseOp::add_relu;
      } else if (is_relu && first.op == EltwiseOp::mul) {
        fused.op = EltwiseOp::mul_relu;
      } else {
        continue;
      }
      p->step[i] = fused;
      erase_step(p, producer);
      return true;
    }
  }
  return false;
}

bool copy_inputs_that_are_outputs(EltwiseProgram* p) {
  for (int i = 0; i < p->outputs; ++i) {
    if (p->output[i].value >= p->inputs) continue;
    if (p->steps == kEltwiseSteps) return false;
    EltwiseStep copy;
    copy.src[0] = p->output[i].value;
    p->output[i].value = static_cast<int16_t>(p->inputs + p->steps);
    p->step[p->steps++] = copy;
  }
  return true;
}

template <typename Fn>
bool all_strides(const EltwiseProgram& p, Fn fn) {
  for (int i = 0; i < p.inputs; ++i)
    if (!fn(p.input[i].strides)) return false;
  for (int i = 0; i < p.outputs; ++i)
    if (!fn(p.output[i].strides)) return false;
  return true;
}

void erase_dim(EltwiseProgram* p, int dim) {
  auto shift = [&](int64_t* a) {
    for (int d = dim; d + 1 < p->rank; ++d) a[d] = a[d + 1];
  };
  shift(p->dims);
  for (int i = 0; i < p->inputs; ++i) shift(p->input[i].strides);
  for (int i = 0; i < p->outputs; ++i) shift(p->output[i].strides);
  --p->rank;
}

void collapse(EltwiseProgram* p) {
  for (int d = p->rank - 1; d >= 0; --d)
    if (p->dims[d] == 1) erase_dim(p, d);
  for (int d = p->rank - 2; d >= 0; --d) {
    const int64_t inner = p->dims[d + 1];
    if (!all_strides(*p, [&](const int64_t* s) { return s[d] == s[d + 1] * inner; })) continue;
    p->dims[d + 1] = p->dims[d] * inner;
    erase_dim(p, d);
  }
  // Always at least rows and columns.
  while (p->rank < 2) {
    auto shift = [&](int64_t* a, int64_t first) {
      for (int d = p->rank; d > 0; --d) a[d] = a[d - 1];
      a[0] = first;
    };
    const int64_t outer = p->rank == 0 ? 0 : p->dims[0];
    for (int i = 0; i < p->inputs; ++i)
      shift(p->input[i].strides, p->rank == 0 ? 0 : p->input[i].strides[0] * outer);
    for (int i = 0; i < p->outputs; ++i)
      shift(p->output[i].strides, p->rank == 0 ? 1 : p->output[i].strides[0] * outer);
    shift(p->dims, 1);
    ++p->rank;
  }
}

bool collect_constants(EltwisePlan* plan) {
  for (int i = 0; i < plan->program.steps; ++i) {
    EltwiseStep& step = plan->program.step[i];
    for (int k = 0; k < arity(step); ++k) {
      const float* c = constant_of(step, k);
      if (!c) continue;
      if (plan->constants_used == kEltwiseConstants) return false;
      for (float& lane : plan->constants[plan->constants_used]) lane = *c;
      step.src[k] = static_cast<int16_t>(-1 - plan->constants_used++);
    }
  }
  return true;
}

void choose_access(EltwisePlan* plan) {
  const EltwiseProgram& p = plan->program;
  const int64_t rows = p.dims[p.rank - 2], cols = p.dims[p.rank - 1];
  plan->registers = 0;
  for (int i = 0; i < p.inputs; ++i) {
    const int64_t row = p.input[i].strides[p.rank - 2], col = p.input[i].strides[p.rank - 1];
    const bool one_row = plan->rows_per_strip == 1, f32 = p.input[i].type == DataType::f32;
    using Access = EltwisePlan::Access;
    Access access = Access::copied;
    if ((col == 0 || cols == 1) && (one_row || row == 0))
      access = Access::scalar;
    else if (f32 && (col == 1 || cols == 1) && (one_row || row == cols))
      access = Access::in_place;
    else if (!one_row && row == 0 && rows > 1)
      access = Access::tiled;
    plan->access[i] = access;
    if (access >= Access::tiled) plan->input_register[i] = plan->registers++;
  }
}

bool output_in_place(const EltwisePlan& plan, const EltwiseOutput& out) {
  const EltwiseProgram& p = plan.program;
  const int64_t row = out.strides[p.rank - 2], cols = p.dims[p.rank - 1];
  return out.type == DataType::f32 && (plan.rows_per_strip == 1 || row == cols);
}

// Gives every step a register that is free from its step to its last use.
bool assign_registers(EltwisePlan* plan) {
  const EltwiseProgram& p = plan->program;
  plan->output_in_place = -1;
  for (int i = 0; i < p.outputs; ++i)
    if (p.output[i].value == p.inputs + p.steps - 1 && output_in_place(*plan, p.output[i]))
      plan->output_in_place = static_cast<int16_t>(i);
  const int first = plan->registers;
  int last_use[kEltwiseSteps] = {}, owner[kEltwiseRegisters + 1];
  if (first > kEltwiseRegisters) return false;
  for (int i = 0; i < p.steps; ++i)
    for (int k = 0; k < arity(p.step[i]); ++k)
      if (p.step[i].src[k] >= p.inputs) last_use[p.step[i].src[k] - p.inputs] = i;
  for (int i = 0; i < p.outputs; ++i) last_use[p.output[i].value - p.inputs] = p.steps;
  for (int& o : owner) o = -1;
  for (int i = 0; i < p.steps; ++i) {
    plan->step_register[i] = -1;
    if (i == p.steps - 1 && plan->output_in_place >= 0) break;
    int r = first;
    while (r < kEltwiseRegisters && owner[r] >= 0 && last_use[owner[r]] > i) ++r;
    if (r == kEltwiseRegisters) return false;
    owner[r] = i;
    plan->step_register[i] = static_cast<int16_t>(r);
    if (r >= plan->registers) plan->registers = static_cast<int16_t>(r + 1);
  }
  return true;
}

// Strips of `length` elements: parts of one row if rows are long, else several whole rows.
void choose_strip(EltwisePlan* plan, int64_t length) {
  const EltwiseProgram& p = plan->program;
  const int64_t rows = p.dims[p.rank - 2], cols = p.dims[p.rank - 1];
  const bool one_row = rows == 1 || cols * 2 > length;
  plan->cols_per_strip = one_row ? (cols < length ? cols : length) : cols;
  const int64_t fit = one_row || cols == 0 ? 1 : length / cols;
  plan->rows_per_strip = fit < rows ? fit : (rows > 0 ? rows : 1);
  if (one_row) plan->rows_per_strip = 1;
  plan->row_blocks = (rows + plan->rows_per_strip - 1) / plan->rows_per_strip;
  plan->col_blocks =
      plan->cols_per_strip == 0 ? 0 : (cols + plan->cols_per_strip - 1) / plan->cols_per_strip;
}

const EltwiseTable* table_for(const IsaSet& isa) {
#define VIREO_ELTWISE_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::eltwise_table();
#include "devices/cpu/kernels/eltwise/kernels.inc"
#undef VIREO_ELTWISE_TABLE
  return nullptr;
}

}  // namespace

bool plan_eltwise(const EltwiseProgram& program, const IsaSet& isa, EltwisePlan* plan) {
  *plan = EltwisePlan();
  plan->program = program;
  plan->table = table_for(isa);
  EltwiseProgram& p = plan->program;
  for (int i = 0; i < p.steps; ++i) simplify_step(&p.step[i]);
  while (fuse_pair(&p)) {
  }
  if (!copy_inputs_that_are_outputs(&p) || !collect_constants(plan)) return false;
  collapse(&p);
  if (p.rank > 6) return false;
  for (const int64_t length : {4096, 1024, 512, 256}) {
    choose_strip(plan, length);
    choose_access(plan);
    if (!assign_registers(plan)) return false;
    if (plan->registers * length * 4 <= 24 << 10) break;
  }
  int64_t outer = 1;
  for (int d = 0; d + 2 < p.rank; ++d) outer *= p.dims[d];
  plan->tasks = outer * plan->row_blocks * plan->col_blocks;
  const int64_t strip = (plan->rows_per_strip * plan->cols_per_strip + 31) / 16 * 16;
  plan->scratch_bytes = static_cast<size_t>(plan->registers * strip * 4 + p.inputs * 64 + 64);
  return true;
}

const char* name_of(EltwiseOp op) {
  static constexpr const char* kNames[] = {
#define VIREO_ELTWISE(name, operands, expression) #name,
#include "devices/cpu/kernels/eltwise/ops.inc"
#undef VIREO_ELTWISE
  };
  return kNames[static_cast<int>(op)];
}

}  // namespace vireo::cpu
