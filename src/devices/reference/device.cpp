// The reference device: evaluate_graph behind the interface of a device.
#include "devices/reference/device.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "core/evaluate.h"
#include "core/text.h"

namespace vireo::reference {

namespace {

Shape start_shape(const PartialShape& shape) {
  if (shape.is_static()) return shape.to_shape();
  Shape out;
  if (!shape.rank_is_static()) return Shape{0};
  for (const Dimension& d : shape) out.push_back(d.is_static() ? size_t(d.get_length()) : 0);
  return out;
}

Tensor zeros(element::Type type, const PartialShape& shape) {
  Tensor t(type.is_dynamic() ? element::Type(element::f32) : type, start_shape(shape));
  if (type != element::string && t.get_byte_size()) std::memset(t.data(), 0, t.get_byte_size());
  return t;
}

Tensor copy_of(const Tensor& t) {
  Tensor copy(t.get_element_type(), t.get_shape());
  t.copy_to(copy);
  return copy;
}

class Store final : public VariableStore {
 public:
  Tensor* find(const std::string& id) override {
    const auto found = values.find(id);
    return found == values.end() ? nullptr : &found->second;
  }
  void assign(const std::string& id, const Tensor& value) override { pending[id] = copy_of(value); }
  std::map<std::string, Tensor> values, pending;
};

struct Compiled {
  std::shared_ptr<const Graph> graph;
  std::unique_ptr<GraphEvaluator> evaluator;
  std::vector<Port> inputs, outputs;
  std::shared_ptr<const void> keep;
};

class ReferenceInference final : public Inference {
 public:
  explicit ReferenceInference(std::shared_ptr<const Compiled> compiled)
      : compiled_(std::move(compiled)),
        inputs_(compiled_->inputs.size()),
        user_outputs_(compiled_->outputs.size()),
        outputs_(compiled_->outputs.size()) {}

  void set_input(size_t index, const Tensor& tensor) override {
    const Port& port = compiled_->inputs.at(index);
    if (!tensor) fail(ErrorCode::InvalidArgument, "input '{}': the tensor is empty", port.name);
    if (port.type.is_static() && tensor.get_element_type() != port.type)
      fail(ErrorCode::InvalidArgument, "input '{}': got element type {}, expected {}", port.name,
           tensor.get_element_type().name(), port.type.name());
    if (!port.shape.compatible(PartialShape(tensor.get_shape())))
      fail(ErrorCode::InvalidArgument, "input '{}': got shape {}, expected {}", port.name,
           tensor.get_shape().to_string(), port.shape.to_string());
    inputs_[index] = tensor;
  }
  void set_output(size_t index, const Tensor& tensor) override {
    user_outputs_.at(index) = outputs_.at(index) = tensor;
  }
  Tensor input(size_t index) override {
    if (!inputs_.at(index))
      inputs_[index] = zeros(compiled_->inputs[index].type, compiled_->inputs[index].shape);
    return inputs_[index];
  }
  Tensor output(size_t index) override {
    if (!outputs_.at(index))
      outputs_[index] = zeros(compiled_->outputs[index].type, compiled_->outputs[index].shape);
    return outputs_[index];
  }

  void run(const std::atomic<bool>* cancel) override {
    if (cancel && cancel->load()) throw Cancelled("the inference was cancelled");
    std::vector<Tensor> in;
    for (size_t i = 0; i < inputs_.size(); ++i) in.push_back(input(i).dense());
    store_.pending.clear();
    EvaluateOptions options;
    options.variables = &store_;
    options.cancelled = [](const void* flag) {
      return flag && static_cast<const std::atomic<bool>*>(flag)->load();
    };
    options.cancel_context = cancel;
    std::vector<Tensor> out = compiled_->evaluator->run(in, options);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!user_outputs_[i]) {
        outputs_[i] = copy_of(out[i]);
        continue;
      }
      if (user_outputs_[i].get_shape() != out[i].get_shape())
        user_outputs_[i].set_shape(out[i].get_shape());
      out[i].copy_to(user_outputs_[i]);
      outputs_[i] = user_outputs_[i];
    }
    for (auto& [id, value] : store_.pending) store_.values[id] = value;
  }

  std::vector<Variable> variables() const override { return compiled_->graph->variables; }
  Tensor get_variable(std::string_view id) override {
    const Variable& v = variable(id);
    if (Tensor* value = store_.find(std::string(id))) return copy_of(*value);
    return zeros(v.type, v.shape);
  }
  void set_variable(std::string_view id, const Tensor& value) override {
    (void)variable(id);
    store_.values[std::string(id)] = copy_of(value);
  }
  void reset_variables() override { store_.values.clear(); }
  void reset_variable(std::string_view id) override {
    (void)variable(id);
    store_.values.erase(std::string(id));
  }
  std::vector<ProfileEntry> profile() const override { return {}; }

 private:
  const Variable& variable(std::string_view id) const {
    for (const Variable& v : compiled_->graph->variables)
      if (v.id == id) return v;
    fail(ErrorCode::NotFound, "there is no variable '{}'", id);
  }
  std::shared_ptr<const Compiled> compiled_;
  std::vector<Tensor> inputs_, user_outputs_, outputs_;
  Store store_;
};

class ReferenceExecutable final : public Executable {
 public:
  ReferenceExecutable(const Graph& imported, const CompileConfig& config)
      : compiled_(std::make_shared<Compiled>()) {
    compiled_->graph = imported.clone();
    compiled_->evaluator = std::make_unique<GraphEvaluator>(*compiled_->graph);
    compiled_->inputs = input_ports(imported);
    compiled_->outputs = output_ports(imported);
    compiled_->keep = config.keep;
  }
  const std::vector<Port>& inputs() const override { return compiled_->inputs; }
  const std::vector<Port>& outputs() const override { return compiled_->outputs; }
  std::unique_ptr<Inference> create() override {
    return std::make_unique<ReferenceInference>(compiled_);
  }
  std::vector<std::pair<std::string, std::string>> properties() const override {
    return {{"EXECUTION_DEVICES", "REFERENCE"},       {"NUM_STREAMS", "1"},
            {"INFERENCE_NUM_THREADS", "1"},           {"INFERENCE_PRECISION_HINT", "f32"},
            {"EXECUTION_MODE_HINT", "ACCURACY"},      {"PERF_COUNT", "NO"},
            {"OPTIMAL_NUMBER_OF_INFER_REQUESTS", "1"}};
  }
  MemoryFigures memory() const override { return {}; }
  std::shared_ptr<const Graph> runtime_graph() const override { return compiled_->graph; }
  std::string dump(std::string_view stage) const override {
    if (stage == "normalised" || stage == "lowered") return to_text(*compiled_->graph, 16);
    fail(ErrorCode::NotFound, "stage '{}' is unknown, expected normalised or lowered", stage);
  }
  SavedExecutable save() const override {
    fail(ErrorCode::NotSupported, "device REFERENCE does not export compiled models");
  }

 private:
  std::shared_ptr<Compiled> compiled_;
};

class ReferenceDevice final : public Device {
 public:
  std::string_view name() const override { return "REFERENCE"; }
  std::string refusal(const Graph&, NodeId) const override { return {}; }
  std::shared_ptr<Executable> compile(const Graph& imported, const CompileConfig& config) override {
    return std::make_shared<ReferenceExecutable>(imported, config);
  }
  std::string compile_key(const CompileConfig&) const override { return {}; }
  std::shared_ptr<Executable> load(span<const uint8_t>, const std::vector<span<const uint8_t>>&,
                                   std::shared_ptr<const void>, const CompileConfig&) override {
    fail(ErrorCode::NotSupported, "device REFERENCE does not import compiled models");
  }
  std::vector<std::pair<std::string, std::string>> properties() const override {
    return {{"AVAILABLE_DEVICES", ""},
            {"FULL_DEVICE_NAME", "reference evaluator"},
            {"OPTIMIZATION_CAPABILITIES", "FP32"}};
  }
};

}  // namespace

std::unique_ptr<Device> make_device() { return std::make_unique<ReferenceDevice>(); }

}  // namespace vireo::reference
