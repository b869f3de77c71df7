// One request: its tensors, arenas and variables, and the walk over the plan.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/arch/float_environment.h"
#include "base/support/aligned_buffer.h"
#include "base/threads/streams.h"
#include "devices/cpu/kv_store.h"
#include "devices/cpu/planner.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

struct VariableSlot {
  Tensor value;    // empty: never assigned
  Tensor pending;  // assigned by the run under way
  bool assigned = false;
};
using VariableSlots = std::vector<VariableSlot>;

// What a tensor has before anything was put in: unknown extents are 0.
Shape start_shape(const PartialShape& shape);
Tensor zeros(element::Type type, const Shape& shape);

class CpuInference final : public Inference {
 public:
  // Bodies share the variables of the request that runs them, and leave commit and threads to it.
  CpuInference(std::shared_ptr<const Program> program, std::shared_ptr<Streams> streams,
               std::shared_ptr<VariableSlots> outer = nullptr);
  ~CpuInference() override;

  void set_input(size_t index, const Tensor& tensor) override;
  void set_output(size_t index, const Tensor& tensor) override;
  void run(const std::atomic<bool>* cancel) override;
  Tensor output(size_t index) override;
  Tensor input(size_t index) override;
  std::vector<Variable> variables() const override { return program_->variables; }
  Tensor get_variable(std::string_view id) override;
  void set_variable(std::string_view id, const Tensor& value) override;
  void reset_variables() override;
  void reset_variable(std::string_view id) override;
  SequenceStore* sequences() override { return kv_.get(); }
  std::vector<ProfileEntry> profile() const override;

  // Gives output `index` away, so that the next run does not write over it; `own` tells that
  // recycle() may take it back.
  Tensor take_output(size_t index, bool* own);
  void recycle(size_t index, Tensor tensor);

 private:
  struct PathEntry {
    PlanKey key;
    std::shared_ptr<const Segment> segment;
  };

  void bind();
  void run_segments();
  void walk(const Segment& segment);
  void walk_timed(const Segment& segment);
  void run_path();
  const Segment& segment_at(size_t depth);
  void root_key();
  void answer_key(const Segment& asked);
  std::vector<std::pair<ValueId, Fact>> answers(const Segment& asked) const;
  PlanInputs plan_inputs() const;
  void activate(const Segment& segment);
  void collect_outputs(const Segment& segment);
  void run_step(const Step& step, const Segment& segment);
  void run_tasks(const Step& step, void* const* operands);
  void host_call(const HostCall& call);
  void host_evaluate(const HostCall& call, std::vector<Tensor> inputs);
  Tensor view_of(const PlacedValue& value) const;
  void keep_on_heap(ValueId v, Tensor tensor, const std::vector<Tensor>& borrowed);
  CpuInference& body(const BoundNode& node, size_t which);
  void run_body(CpuInference& body);
  void commit();
  void begin_kv(const Segment& segment);
  void derive_inputs();
  std::vector<int64_t> past_tokens(size_t batch) const;
  Tensor derived_input(std::string_view name, element::Type type, size_t batch, size_t fresh) const;
  bool is_given(size_t input) const;
  void fill_dead_arena(const Segment& segment, uint32_t step);
  uint32_t variable_index(std::string_view id) const;

  // Control flow, in control_flow.cpp.
  std::vector<Tensor> run_control(const HostCall& call, const std::vector<Tensor>& inputs);
  std::vector<Tensor> run_if(const HostCall& call, const std::vector<Tensor>& inputs);
  std::vector<Tensor> run_loop(const HostCall& call, const std::vector<Tensor>& inputs);

  std::shared_ptr<const Program> program_;
  std::shared_ptr<VariableSlots> slots_;
  std::shared_ptr<Streams> streams_;
  bool is_body_ = false;
  Denormals denormals_ = Denormals::Keep;
  Team* team_ = nullptr;  // while a run is under way
  std::vector<Tensor> inputs_;
  std::vector<Shape> input_shapes_;   // of this run
  std::vector<Tensor> dense_inputs_;  // copies of strided ones
  std::vector<Tensor> derived_;       // inputs of a language model that were left out
  std::unique_ptr<KvStore> kv_;       // if the program keeps states in pages
  std::vector<Tensor> user_outputs_, own_outputs_, current_outputs_;
  std::vector<uintptr_t> bases_;  // see Program
  std::vector<Tensor> heap_;      // by value
  std::vector<AlignedBuffer> arenas_;
  std::vector<AlignedBuffer> scratch_;  // by thread
  std::vector<void*> operands_;
  std::vector<PathEntry> path_;  // of the last run
  PlanKey key_;
  std::map<std::pair<const BoundNode*, size_t>, std::unique_ptr<CpuInference>> bodies_;
  const std::atomic<bool>* cancel_ = nullptr;
  struct Timed {
    const StepInfo* info;
    double microseconds;               // without the bodies inside
    std::vector<ProfileEntry> inside;  // of the bodies that a step of control flow ran
  };
  std::vector<Timed> times_;
  std::vector<ProfileEntry> inside_;  // of the step under way
  std::vector<std::shared_ptr<const Segment>> timed_;
};

}  // namespace vireo::cpu
