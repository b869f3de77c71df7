// The abstract device: compiles a graph into an executable, which makes inferences. The runtime
// knows devices by this alone.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sequences/sequence_store.h"
#include "core/graph.h"

namespace vireo {

enum class ExecutionMode { Performance, Accuracy };

// What a compile is asked for, already parsed: the runtime reads property texts, devices read this.
struct CompileConfig {
  int threads = 0;  // of all streams together; 0: the device's choice
  int streams = 1;
  // INFERENCE_PRECISION_HINT; dynamic: the device's choice
  element::Type precision = element::dynamic;
  ExecutionMode mode = ExecutionMode::Performance;
  // DYNAMIC_QUANTIZATION_GROUP_SIZE: activations that meet compressed weights are quantised in
  // groups of so many; 0: they stay as they are; unset: the device's choice.
  std::optional<uint64_t> quantised_group;
  bool perf_count = false;
  // What keys and values of language models are kept in (KEY_ and VALUE_CACHE_PRECISION); dynamic:
  // the device's choice.
  element::Type key_cache = element::dynamic, value_cache = element::dynamic;
  std::optional<bool> flush_denormals;  // unset: by the mode
  bool pin_threads = false;
  std::string isa_cap;               // as VIREO_CPU_ISA; empty: all that the machine has
  const OpRegistry* ops = nullptr;   // the Core's, with its extensions; null: the built-in ones
  std::shared_ptr<const void> keep;  // lives as long as the executable: the registry's owner
};

// One input or output of an executable, in the order of the graph's parameters and results.
struct Port {
  element::Type type;
  PartialShape shape;
  std::string name;  // friendly name of the parameter, or of the node that a result reads
  std::vector<std::string> names;  // tensor names
};

std::vector<Port> input_ports(const Graph& graph);
std::vector<Port> output_ports(const Graph& graph);

struct ProfileEntry {
  std::string node;       // friendly name of a node of the imported graph
  std::string node_type;  // operator name
  std::string exec_type;  // kernel taken; "evaluate", "view", "not run" for what no kernel did
  std::string refused;    // why better kernels were not taken
  double microseconds = 0;
  double gflop = 0;                // estimate; 0 if it makes no sense
  double bytes = 0;                // read and written
  std::vector<std::string> fused;  // the original nodes that this step stands for, `node` included
};

struct MemoryFigures {
  size_t weights = 0;   // packed, and constants used as they are, once per executable
  size_t arena = 0;     // per request: the largest plan so far
  size_t requests = 0;  // inferences alive
};

// The state of one request. Not thread-safe; several inferences of one executable may run at once.
class Inference {
 public:
  virtual ~Inference() = default;

  // Shares the tensor, no copy: it must stay valid and unchanged while run() works. Throws
  // InvalidArgument on a wrong type or shape.
  virtual void set_input(size_t index, const Tensor& tensor) = 0;
  // A buffer of the user's for output `index`; run() writes there if the shape fits, reshapes it if
  // it owns its memory, else throws. An empty tensor takes the buffer back.
  virtual void set_output(size_t index, const Tensor& tensor) = 0;
  // Throws Cancelled when `cancel` becomes true; then and after any error variables are as before
  // the call.
  virtual void run(const std::atomic<bool>* cancel = nullptr) = 0;
  // What the last run gave: the user's buffer, or a view that is valid until the next run. Before
  // the first run a tensor of the port's shape if that is static, else of zero elements.
  virtual Tensor output(size_t index) = 0;
  // The tensor set as input, or one made by the inference for the user to fill: zeros, of no
  // elements where the shape is dynamic.
  virtual Tensor input(size_t index) = 0;

  virtual std::vector<Variable> variables() const = 0;
  virtual Tensor get_variable(
      std::string_view id) = 0;  // a copy; throws NotFound. Never assigned: what reset() gives
  virtual void set_variable(std::string_view id, const Tensor& value) = 0;
  virtual void reset_variables() = 0;
  virtual void reset_variable(std::string_view id) = 0;

  // The sequences of a language model; null where no state is kept in pages.
  virtual SequenceStore* sequences() { return nullptr; }

  // Of the last run, in order of execution; empty without perf_count.
  virtual std::vector<ProfileEntry> profile() const = 0;
};

// An executable as bytes: what its device needs to make it again, without passes and packing. Valid
// while the executable lives.
struct SavedExecutable {
  std::string head;
  std::vector<span<const uint8_t>> sections;  // large things: constants, packed weights
  std::vector<Tensor> keep;                   // owns sections that the executable does not
};

class Executable {
 public:
  virtual ~Executable() = default;
  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;
  virtual std::unique_ptr<Inference> create() = 0;  // thread-safe
  // What the device settled on: {"INFERENCE_NUM_THREADS", "2"}, {"INFERENCE_PRECISION_HINT", "f32"}
  // ...
  virtual std::vector<std::pair<std::string, std::string>> properties() const = 0;
  virtual MemoryFigures memory() const = 0;
  // The graph as executed: nodes with exec types in rt_info, for get_runtime_model and dump.
  virtual std::shared_ptr<const Graph> runtime_graph() const = 0;
  // "normalised": text of the graph after the passes; "lowered": steps, buffers and symbols of the
  // plan. Throws NotFound otherwise.
  virtual std::string dump(std::string_view stage) const = 0;
  // For export_model and the cache. Throws NotSupported if the device cannot.
  virtual SavedExecutable save() const = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;  // "CPU", "REFERENCE"
  // Why the device cannot run a node; empty: it can.
  virtual std::string refusal(const Graph& graph, NodeId node) const = 0;
  // Never changes the graph; shares its constants.
  virtual std::shared_ptr<Executable> compile(const Graph& imported,
                                              const CompileConfig& config) = 0;
  // All of the device and the config that compile's result hangs on, as text: saved executables of
  // another are not for this one. Empty: executables cannot be saved.
  virtual std::string compile_key(const CompileConfig& config) const = 0;
  // An executable that save() wrote; `head` and `sections` lie in memory that `keep` owns, which is
  // used as it is. Throws InvalidModel if it does not fit this device. Precision and mode are those
  // of the saved one.
  virtual std::shared_ptr<Executable> load(span<const uint8_t> head,
                                           const std::vector<span<const uint8_t>>& sections,
                                           std::shared_ptr<const void> keep,
                                           const CompileConfig& config) = 0;
  // Read-only properties by name: {"FULL_DEVICE_NAME", ...}, {"OPTIMIZATION_CAPABILITIES", "FP32
  // ..."}, {"AVAILABLE_DEVICES", ""}.
  virtual std::vector<std::pair<std::string, std::string>> properties() const = 0;
};

}  // namespace vireo
