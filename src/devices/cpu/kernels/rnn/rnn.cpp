// Plans, packing and the walk along positions.
#include "devices/cpu/kernels/rnn/rnn.h"

#include <algorithm>
#include <cstring>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"
#include "devices/cpu/kernels/rnn/panel.h"

namespace vireo::cpu {
namespace {

// Multiply-adds of a position below which its steps are not worth a fork each.
constexpr int64_t kForkWork = 100'000;
constexpr int64_t kRowsAtOnce = 24;

const RnnCellKernel& cell_of(const RnnKernel& kernel, RnnCell cell) {
  return kernel.cells[static_cast<int>(cell)];
}

int64_t panel_units(const RnnKernel& kernel, RnnCell cell) {
  return cell_of(kernel, cell).blocks * int64_t(kernel.lanes);
}

int phases_of(const RnnCellKernel& cell) { return cell.phases[1].run ? 2 : 1; }

// A rectangle of the work of one position: rows of the batch, and panels of the state.
struct Part {
  int64_t direction, row, row_end, panel, panel_end;
};

class Walk {
 public:
  Walk(const RnnPlan& plan, const RnnArgs& args)
      : d_(plan.desc),
        a_(args),
        kernel_(*plan.kernel),
        cell_(cell_of(*plan.kernel, plan.desc.cell)) {}

  // The i-th position of every row, counted from where the row begins.
  void position(int64_t i, int phase, const Part& part) const {
    RnnRow rows[kRowsAtOnce];
    int64_t count = 0;
    for (int64_t b = part.row; b < part.row_end; ++b) {
      const int64_t length = length_of(b);
      if (i < length)
        rows[count++] = row_at(b, i, length, part.direction);
      else if (phase == 0)
        skip(b, i, part);
      if (count == kRowsAtOnce || (b + 1 == part.row_end && count > 0)) {
        run(phase, part, rows, count);
        count = 0;
      }
    }
  }

 private:
  int64_t length_of(int64_t b) const {
    if (!a_.lengths) return d_.length;
    const int64_t n = d_.length_type == DataType::i32 ? static_cast<const int32_t*>(a_.lengths)[b]
                                                      : static_cast<const int64_t*>(a_.lengths)[b];
    return std::clamp<int64_t>(n, 0, d_.length);
  }

  RnnRow row_at(int64_t b, int64_t i, int64_t length, int64_t direction) const {
    const int64_t hidden = d_.hidden, state = (b * d_.directions + direction) * hidden;
    const bool backwards = d_.reverse || direction == 1;
    const int64_t t = backwards ? length - 1 - i : i, before = backwards ? t + 1 : t - 1;
    RnnRow row;
    row.x = a_.x + ((b * d_.length + t) * d_.directions + direction) * rnn_gates(d_.cell) * hidden;
    float* y = a_.y + state * d_.length;
    row.out = y + t * hidden;
    row.state = i == 0 ? a_.state + state : y + before * hidden;
    row.last = a_.last && i + 1 == length ? a_.last + state : nullptr;
    row.cell = !a_.cell ? nullptr : i == 0 ? a_.cell + state : a_.last_cell + state;
    row.new_cell = a_.last_cell ? a_.last_cell + state : nullptr;
    row.gates = a_.gates ? a_.gates + 2 * state : nullptr;
    return row;
  }

  // A position behind the row's end: zeros; a row without any keeps its states.
  void skip(int64_t b, int64_t i, const Part& part) const {
    const int64_t units = panel_units(kernel_, d_.cell), first = part.panel * units;
    const size_t bytes =
        sizeof(float) * static_cast<size_t>(std::min(part.panel_end * units, d_.hidden) - first);
    const int64_t state = (b * d_.directions + part.direction) * d_.hidden;
    std::memset(a_.y + state * d_.length + i * d_.hidden + first, 0, bytes);
    if (i > 0 || length_of(b) > 0) return;
    if (a_.last) std::memcpy(a_.last + state + first, a_.state + state + first, bytes);
    if (a_.cell) std::memcpy(a_.last_cell + state + first, a_.cell + state + first, bytes);
  }

  void run(int phase, const Part& part, const RnnRow* rows, int64_t count) const {
    const int64_t units = panel_units(kernel_, d_.cell), panels = divide_up(d_.hidden, units);
    const float* weights = a_.r + part.direction * rnn_packed_size(kernel_, d_.cell, d_.hidden) +
                           panels * units * d_.hidden * cell_.phases[phase].first_gate;
    RnnPanel panel;
    panel.desc = &d_;
    panel.bias = a_.bias ? a_.bias + part.direction * d_.hidden : nullptr;
    for (int64_t p = part.panel; p < part.panel_end; ++p) {
      panel.weights = weights + p * units * d_.hidden * cell_.phases[phase].gates;
      panel.unit = p * units;
      panel.units = std::min(units, d_.hidden - panel.unit);
      cell_.phases[phase].run(panel, rows, count);
    }
  }

  const RnnDesc& d_;
  const RnnArgs& a_;
  const RnnKernel& kernel_;
  const RnnCellKernel& cell_;
};

}  // namespace

const RnnKernel& get_rnn_kernel(const IsaSet& isa, const char** name) {
  const RnnKernel* kernel = &scalar::rnn_f32;
#define VIREO_RNN_KERNEL(ns, tier) \
  if (kernel == &scalar::rnn_f32 && isa.has(Isa::tier)) kernel = &ns::rnn_f32;
#include "devices/cpu/kernels/rnn/kernels.inc"
#undef VIREO_RNN_KERNEL
  if (name) *name = kernel->name;
  return *kernel;
}

int64_t rnn_packed_size(const RnnKernel& kernel, RnnCell cell, int64_t hidden) {
  return round_up(hidden, panel_units(kernel, cell)) * hidden * rnn_gates(cell);
}

void pack_rnn(const RnnKernel& kernel, RnnCell cell, int64_t hidden, const float* r,
              float* packed) {
  const RnnCellKernel& c = cell_of(kernel, cell);
  const int64_t units = panel_units(kernel, cell);
  for (int phase = 0; phase < phases_of(c); ++phase)
    for (int64_t panel = 0; panel * units < hidden; ++panel)
      for (int64_t k = 0; k < hidden; ++k)
        for (int b = 0; b < c.blocks; ++b)
          for (int g = 0; g < c.phases[phase].gates; ++g)
            for (int lane = 0; lane < kernel.lanes; ++lane) {
              const int64_t unit = panel * units + b * kernel.lanes + lane;
              const int64_t row = (c.phases[phase].first_gate + g) * hidden + unit;
              *packed++ = unit < hidden ? r[row * hidden + k] : 0.0f;
            }
}

RnnPlan plan_rnn(const RnnDesc& desc, const RnnKernel& kernel, int threads) {
  RnnPlan plan;
  plan.desc = desc;
  plan.kernel = &kernel;
  const int64_t parts =
      std::max<int64_t>(1, std::min(desc.batch, divide_up(threads, desc.directions)));
  const int64_t work =
      desc.batch * desc.directions * rnn_gates(desc.cell) * desc.hidden * desc.hidden;
  if (parts * desc.directions >= threads || work < kForkWork) {
    plan.row_parts = parts;
    plan.tasks = parts * desc.directions;
  } else {
    plan.steps = desc.length * phases_of(cell_of(kernel, desc.cell));
    plan.tasks = desc.directions * divide_up(desc.hidden, panel_units(kernel, desc.cell));
  }
  return plan;
}

void run_rnn(const RnnPlan& plan, const RnnArgs& args, int64_t step, int64_t task_begin,
             int64_t task_end) noexcept {
  const Walk walk(plan, args);
  const RnnDesc& d = plan.desc;
  const int64_t panels = divide_up(d.hidden, panel_units(*plan.kernel, d.cell));
  const int phases = phases_of(cell_of(*plan.kernel, d.cell));
  for (int64_t task = task_begin; task < task_end; ++task) {
    if (plan.row_parts == 0) {
      const int64_t panel = task % panels;
      walk.position(step / phases, static_cast<int>(step % phases),
                    {task / panels, 0, d.batch, panel, panel + 1});
      continue;
    }
    const int64_t part = task % plan.row_parts;
    const Part rows = {task / plan.row_parts, part_begin(d.batch, plan.row_parts, part),
                       part_begin(d.batch, plan.row_parts, part + 1), 0, panels};
    for (int64_t i = 0; i < d.length; ++i)
      for (int phase = 0; phase < phases; ++phase) walk.position(i, phase, rows);
  }
}

}  // namespace vireo::cpu
