// The states of a request, and the inputs of a language model that follow from them.
#include <algorithm>

#include "core/values.h"
#include "devices/cpu/inference.h"

namespace vireo::cpu {

uint32_t CpuInference::variable_index(std::string_view id) const {
  for (uint32_t i = 0; i < program_->variables.size(); ++i)
    if (program_->variables[i].id == id) return i;
  fail(ErrorCode::NotFound, "there is no variable '{}'", id);
}

Tensor CpuInference::get_variable(std::string_view id) {
  const uint32_t i = variable_index(id);
  const Variable& variable = program_->variables[i];
  bool values = false;
  if (kv_ && program_->kv.find(i, &values)) {
    const Tensor held = kv_->read(i);
    return held ? held : zeros(variable.type, start_shape(variable.shape));
  }
  const Tensor& value = (*slots_)[i].value;
  if (!value)
    return zeros(variable.type.is_dynamic() ? element::Type(element::f32) : variable.type,
                 start_shape(variable.shape));
  Tensor copy(value.get_element_type(), value.get_shape());
  value.copy_to(copy);
  return copy;
}

void CpuInference::set_variable(std::string_view id, const Tensor& value) {
  const uint32_t i = variable_index(id);
  const Variable& variable = program_->variables[i];
  if (!value) fail(ErrorCode::InvalidArgument, "variable '{}': the tensor is empty", id);
  if (variable.type.is_static() && value.get_element_type() != variable.type)
    fail(ErrorCode::InvalidArgument, "variable '{}': got element type {}, expected {}", id,
         value.get_element_type().name(), variable.type.name());
  if (!variable.shape.compatible(PartialShape(value.get_shape())))
    fail(ErrorCode::InvalidArgument, "variable '{}': got shape {}, expected {}", id,
         value.get_shape().to_string(), variable.shape.to_string());
  bool values = false;
  if (kv_ && program_->kv.find(i, &values)) return kv_->write(i, value);
  Tensor copy(value.get_element_type(), value.get_shape());
  value.copy_to(copy);
  (*slots_)[i].value = copy;
}

void CpuInference::reset_variables() {
  if (kv_) kv_->reset();
  for (VariableSlot& slot : *slots_) slot = VariableSlot();
}
void CpuInference::reset_variable(std::string_view id) {
  const uint32_t i = variable_index(id);
  bool values = false;
  if (kv_ && program_->kv.find(i, &values)) return kv_->write(i, Tensor());
  (*slots_)[i] = VariableSlot();
}

bool CpuInference::is_given(size_t input) const {
  return inputs_[input] && inputs_[input].get_size() > 0;
}

// A run of attention over pages begins: only now is it known what for.
void CpuInference::begin_kv(const Segment& segment) {
  if (kv_->running()) return;
  const KvLayout& kv = program_->kv;
  const auto given = [&](int parameter) {
    return parameter >= 0 && is_given(size_t(parameter)) ? inputs_[size_t(parameter)] : Tensor();
  };
  kv_->begin(segment.kv_batch, segment.kv_fresh, given(kv.beam), given(kv.padding));
  bases_[program_->kv_base()] = reinterpret_cast<uintptr_t>(&kv_->batch());
}

// attention_mask, position_ids and beam_idx may be left out: nothing is hidden, tokens follow those
// that are stored, and rows go on where they are.
void CpuInference::derive_inputs() {
  const auto find = [&](std::string_view name) {
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (program_->graph->arena->producer(program_->values[program_->parameters[i]].ref).name ==
          name)
        return int(i);
    return -1;
  };
  const int ids = find("input_ids"), embedded = find("inputs_embeds"),
            source = ids >= 0 ? ids : embedded;
  if (source < 0 || !is_given(size_t(source)) || inputs_[size_t(source)].get_shape().size() < 2)
    return;
  const Shape& tokens = inputs_[size_t(source)].get_shape();
  const size_t batch = tokens[0], fresh = tokens[1];
  for (const char* name : {"attention_mask", "position_ids", "beam_idx"}) {
    const int i = find(name);
    if (i < 0) continue;
    derived_[size_t(i)] = Tensor();
    const Fact& fact = program_->values[program_->parameters[size_t(i)]].fact;
    const bool beam = i == program_->kv.beam || std::string_view(name) == "beam_idx";
    if (is_given(size_t(i)) || program_->run_time[size_t(i)] ||
        !fact.shape.compatible(PartialShape(beam ? Shape{batch} : tokens)))
      continue;
    derived_[size_t(i)] = derived_input(name, fact.type, batch, fresh);
  }
}

// How many tokens lie before those of this run, by row.
std::vector<int64_t> CpuInference::past_tokens(size_t batch) const {
  if (kv_) {
    const int beam = program_->kv.beam;
    return kv_->past(int64_t(batch),
                     beam >= 0 && is_given(size_t(beam)) ? inputs_[size_t(beam)] : Tensor());
  }
  for (const VariableSlot& slot : *slots_)  // caches are [batch, heads, tokens, size]
    if (slot.value && slot.value.get_shape().size() == 4)
      return std::vector<int64_t>(batch, int64_t(slot.value.get_shape()[2]));
  return std::vector<int64_t>(batch, 0);
}

Tensor CpuInference::derived_input(std::string_view name, element::Type type, size_t batch,
                                   size_t fresh) const {
  const std::vector<int64_t> past = past_tokens(batch);
  std::vector<int64_t> values;
  if (name == "beam_idx") {
    for (size_t b = 0; b < batch; ++b) values.push_back(int64_t(b));
    return make_tensor<int64_t>(type, {batch}, values);
  }
  if (name == "attention_mask") {
    const size_t all = size_t(past.empty() ? 0 : past[0]) + fresh;
    return make_tensor<int64_t>(type, {batch, all}, std::vector<int64_t>(batch * all, 1));
  }
  if (kv_ && kv_->is_bound()) {
    for (size_t r = 0; r < past.size(); ++r)
      for (int64_t t = 0; t < kv_->bound()[r].tokens; ++t) values.push_back(past[r] + t);
    values.resize(batch * fresh);
    return make_tensor<int64_t>(type, {batch, fresh}, values);
  }
  for (size_t b = 0; b < batch; ++b)
    for (size_t t = 0; t < fresh; ++t) values.push_back(past[b] + int64_t(t));
  return make_tensor<int64_t>(type, {batch, fresh}, values);
}

}  // namespace vireo::cpu
