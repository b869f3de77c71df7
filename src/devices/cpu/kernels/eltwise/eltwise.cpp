// Runs element-wise programs: walks the strips, brings inputs that cannot be read in place into
// registers, calls primitives.
#include "devices/cpu/kernels/eltwise/eltwise.h"

namespace vireo::cpu {
namespace {

using Access = EltwisePlan::Access;

struct Strip {
  int64_t rows, cols;  // extent of this one
};

class Runner {
 public:
  Runner(const EltwisePlan& plan, const EltwiseArgs& args, void* scratch)
      : plan_(plan), p_(plan.program), args_(args), table_(*plan.table) {
    const uintptr_t aligned = (reinterpret_cast<uintptr_t>(scratch) + 63) & ~uintptr_t{63};
    registers_ = reinterpret_cast<float*>(aligned);
    register_size_ = (plan.rows_per_strip * plan.cols_per_strip + 31) / 16 * 16;
    scalars_ = registers_ + plan.registers * register_size_;
    for (int i = 0; i < p_.inputs; ++i) {
      last_source_[i] = nullptr;
      value_[i] = {plan.access[i] == Access::scalar ? scalars_ + i * 16
                                                    : register_at(plan.input_register[i]),
                   plan.access[i] == Access::scalar ? 0 : -1};
    }
    for (int i = 0; i < p_.steps; ++i)
      value_[p_.inputs + i] = {register_at(plan.step_register[i]), -1};
  }

  void run(int64_t begin, int64_t end) {
    const int64_t per_outer = plan_.row_blocks * plan_.col_blocks;
    int64_t outer = begin / per_outer, rest = begin % per_outer;
    int64_t row_block = rest / plan_.col_blocks, col_block = rest % plan_.col_blocks;
    set_outer(outer);
    for (int64_t task = begin; task < end; ++task) {
      run_strip(row_block, col_block);
      if (++col_block < plan_.col_blocks) continue;
      col_block = 0;
      if (++row_block < plan_.row_blocks) continue;
      row_block = 0;
      if (task + 1 < end) set_outer(++outer);
    }
  }

 private:
  float* register_at(int index) { return registers_ + index * register_size_; }

  void set_outer(int64_t outer) {
    for (int i = 0; i < p_.inputs; ++i) input_base_[i] = 0;
    for (int i = 0; i < p_.outputs; ++i) output_base_[i] = 0;
    for (int d = p_.rank - 3; d >= 0; --d) {
      const int64_t at = outer % p_.dims[d];
      outer /= p_.dims[d];
      for (int i = 0; i < p_.inputs; ++i) input_base_[i] += at * p_.input[i].strides[d];
      for (int i = 0; i < p_.outputs; ++i) output_base_[i] += at * p_.output[i].strides[d];
    }
  }

  void run_strip(int64_t row_block, int64_t col_block) {
    const int64_t row = row_block * plan_.rows_per_strip, col = col_block * plan_.cols_per_strip;
    const int64_t rows_left = p_.dims[p_.rank - 2] - row, cols_left = p_.dims[p_.rank - 1] - col;
    const Strip strip = {rows_left < plan_.rows_per_strip ? rows_left : plan_.rows_per_strip,
                         cols_left < plan_.cols_per_strip ? cols_left : plan_.cols_per_strip};
    for (int i = 0; i < p_.inputs; ++i) fetch(i, row, col, strip);
    float* direct = nullptr;
    if (plan_.output_in_place >= 0) {
      direct = static_cast<float*>(output_at(plan_.output_in_place, row, col));
      value_[p_.inputs + p_.steps - 1] = {direct, -1};
    }
    const int64_t n = strip.rows * strip.cols;
    for (int i = 0; i < p_.steps; ++i) {
      const EltwiseStep& step = p_.step[i];
      EltwiseOperand operands[5];
      for (int k = 0; k < 5; ++k)
        operands[k] = step.src[k] < 0 ? EltwiseOperand{plan_.constants[-1 - step.src[k]], 0}
                                      : value_[step.src[k]];
      float* dst = const_cast<float*>(value_[p_.inputs + i].data);
      table_.map[static_cast<int>(step.op)](dst, operands, n, step.imm);
    }
    for (int i = 0; i < p_.outputs; ++i)
      if (i != plan_.output_in_place) flush(i, row, col, strip);
  }

  const char* input_at(int i, int64_t row, int64_t col) const {
    const EltwiseInput& in = p_.input[i];
    const int64_t at =
        input_base_[i] + row * in.strides[p_.rank - 2] + col * in.strides[p_.rank - 1];
    return static_cast<const char*>(args_.src[i]) + at * size_of(in.type);
  }
  void* output_at(int i, int64_t row, int64_t col) const {
    const EltwiseOutput& out = p_.output[i];
    const int64_t at = output_base_[i] + row * out.strides[p_.rank - 2] + col;
    return static_cast<char*>(args_.dst[i]) + at * size_of(out.type);
  }

  // A tiled or scalar input is brought in again only when it starts elsewhere than for the strip
  // before.
  void fetch(int i, int64_t row, int64_t col, Strip strip) {
    const char* source = input_at(i, row, col);
    switch (plan_.access[i]) {
      case Access::in_place: value_[i].data = reinterpret_cast<const float*>(source); return;
      case Access::scalar:
        if (source == last_source_[i]) return;
        last_source_[i] = source;
        spread(scalars_ + i * 16, source, p_.input[i].type, 16);
        return;
      case Access::tiled:
        if (source == last_source_[i]) return;
        last_source_[i] = source;
        strip.rows = plan_.rows_per_strip;
        break;
      case Access::copied: break;
    }
    gather(i, source, strip, const_cast<float*>(value_[i].data));
  }

  void spread(float* dst, const char* source, DataType type, int64_t n) {
    alignas(64) float one[16] = {};
    table_.load[static_cast<int>(type)](one, source, 1);
    for (float& lane : one) lane = one[0];
    const EltwiseOperand operand = {one, 0};
    const float params[5] = {};
    table_.map[static_cast<int>(EltwiseOp::copy)](dst, &operand, n, params);
  }

  void gather(int i, const char* source, Strip strip, float* dst) {
    const EltwiseInput& in = p_.input[i];
    const int64_t size = size_of(in.type);
    const int64_t row = in.strides[p_.rank - 2] * size, col = in.strides[p_.rank - 1] * size;
    auto load = table_.load[static_cast<int>(in.type)];
    if (col == size && row == strip.cols * size) return load(dst, source, strip.rows * strip.cols);
    for (int64_t r = 0; r < strip.rows; ++r, source += row, dst += strip.cols) {
      if (col == size) {
        load(dst, source, strip.cols);
      } else if (col == 0) {
        spread(dst, source, in.type, strip.cols);
      } else if (in.type == DataType::f32) {
        for (int64_t c = 0; c < strip.cols; ++c)
          dst[c] = *reinterpret_cast<const float*>(source + c * col);
      } else {
        for (int64_t c = 0; c < strip.cols; ++c) load(dst + c, source + c * col, 1);
      }
    }
  }

  void flush(int i, int64_t row, int64_t col, Strip strip) {
    const EltwiseOutput& out = p_.output[i];
    const float* src = value_[out.value].data;
    auto store = table_.store[static_cast<int>(out.type)];
    char* dst = static_cast<char*>(output_at(i, row, col));
    const int64_t stride = out.strides[p_.rank - 2];
    if (stride == strip.cols) return store(dst, src, strip.rows * strip.cols);
    for (int64_t r = 0; r < strip.rows; ++r)
      store(dst + r * stride * size_of(out.type), src + r * strip.cols, strip.cols);
  }

  const EltwisePlan& plan_;
  const EltwiseProgram& p_;
  const EltwiseArgs& args_;
  const EltwiseTable& table_;
  float* registers_;
  float* scalars_;
  int64_t register_size_;
  EltwiseOperand value_[kEltwiseInputs + kEltwiseSteps];
  const char* last_source_[kEltwiseInputs];
  int64_t input_base_[kEltwiseInputs], output_base_[kEltwiseOutputs];
};

}  // namespace

void run_eltwise(const EltwisePlan& plan, const EltwiseArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept {
  if (task_begin < task_end) Runner(plan, args, scratch).run(task_begin, task_end);
}

}  // namespace vireo::cpu
