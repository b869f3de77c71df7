// Core, CompiledModel, InferRequest: read a model, compile it for a device, run it.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vireo/any.h"
#include "vireo/error.h"
#include "vireo/model.h"
#include "vireo/properties.h"
#include "vireo/tensor.h"

namespace vireo {

class SequenceStore;

struct Version {
  std::string build_number;
  std::string description;
};

struct ProfilingInfo {
  enum class Status { NOT_RUN, OPTIMIZED_OUT, EXECUTED };
  Status status = Status::NOT_RUN;
  std::chrono::microseconds real_time{0};
  std::chrono::microseconds cpu_time{0};
  double microseconds = 0;  // real time without rounding
  std::string node_name, exec_type, node_type;
  std::string refused;          // why better kernels were not taken
  double gflop = 0, bytes = 0;  // estimates of the work; 0 where they make no sense
};

// One variable of a request.
class VIREO_API VariableState {
 public:
  std::string get_name() const { return name_; }
  Tensor get_state() const;  // a copy in the declared type and shape
  void set_state(const Tensor& value);
  void reset();

 private:
  friend class InferRequest;
  std::string name_;
  std::shared_ptr<void> request_;
};

// One run at a time: set inputs, infer, read outputs. Methods throw Busy while a run is on its way.
class VIREO_API InferRequest {
 public:
  InferRequest() = default;
  explicit operator bool() const { return impl_ != nullptr; }

  // Inputs and outputs by port, by tensor name, or by index. The tensor is shared, not copied.
  void set_tensor(const Output& port, const Tensor& tensor);
  void set_tensor(const std::string& name, const Tensor& tensor);
  void set_input_tensor(size_t index, const Tensor& tensor);
  void set_input_tensor(const Tensor& tensor);  // the only input
  void set_output_tensor(size_t index, const Tensor& tensor);
  void set_output_tensor(const Tensor& tensor);
  Tensor get_tensor(const Output& port) const;
  Tensor get_tensor(const std::string& name) const;
  Tensor get_input_tensor(size_t index) const;
  Tensor get_input_tensor() const;
  // Valid and unchanged until the next run of this request.
  Tensor get_output_tensor(size_t index) const;
  Tensor get_output_tensor() const;

  void infer();
  void start_async();                                // queues; returns at once
  void wait();                                       // rethrows what the run threw
  bool wait_for(std::chrono::milliseconds timeout);  // true if it ended
  // Ends a run between two steps: its wait() or infer() throws Cancelled; states are as before it.
  void cancel();
  // Called when an asynchronous run ended, outside of any stream: it may start inferences.
  void set_callback(std::function<void(std::exception_ptr)> callback);

  std::vector<VariableState> query_state() const;
  void reset_state();
  std::vector<ProfilingInfo> get_profiling_info() const;  // needs PERF_COUNT

  struct Impl;

 private:
  friend class CompiledModel;
  friend SequenceStore* sequence_store(const InferRequest& request);  // for continuous batching
  explicit InferRequest(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

// A model made ready for a device. Thread-safe; requests of one compiled model share its weights.
class VIREO_API CompiledModel {
 public:
  CompiledModel() = default;
  explicit operator bool() const { return impl_ != nullptr; }
  std::vector<Output> inputs() const;
  std::vector<Output> outputs() const;
  Output input() const;
  Output input(size_t index) const;
  Output input(const std::string& name) const;
  Output output() const;
  Output output(size_t index) const;
  Output output(const std::string& name) const;

  InferRequest create_infer_request();
  Any get_property(const std::string& name) const;
  void set_property(const AnyMap& properties);
  Model get_runtime_model() const;                   // the graph as executed
  std::string dump(const std::string& stage) const;  // "imported", "normalised", "lowered"
  // Writes what Core::import_model reads: packed weights included, for machines with these
  // instruction sets. Throws NotSupported for devices that cannot.
  void export_model(std::ostream& out) const;
  void release_memory();

  struct Impl;

 private:
  friend class Core;
  explicit CompiledModel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

using SupportedOpsMap = std::map<std::string, std::string>;  // friendly name to device

class VIREO_API Core {
 public:
  Core();

  // .xml (with its .bin beside it, or `weights`), .onnx, config.json (with safetensors beside it),
  // or a folder with one model.
  std::shared_ptr<Model> read_model(const std::string& path, const std::string& weights = {},
                                    const AnyMap& properties = {}) const;
  // IR's XML or an ONNX model in memory. What the model refers to in `weights` and in `bytes` is
  // shared: `keep` holds it alive.
  std::shared_ptr<Model> read_model_from_memory(const void* bytes, size_t size,
                                                const Tensor& weights = {},
                                                std::shared_ptr<const void> keep = nullptr) const;

  CompiledModel compile_model(const Model& model, const std::string& device = "AUTO",
                              const AnyMap& properties = {});
  CompiledModel compile_model(const std::shared_ptr<Model>& model,
                              const std::string& device = "AUTO", const AnyMap& properties = {});
  CompiledModel compile_model(const std::string& path, const std::string& device = "AUTO",
                              const AnyMap& properties = {});

  // What export_model wrote: from a stream, from memory (used as it is if it begins on 64 bytes),
  // or from a file, which is mapped. Precision and mode are those of the exported model. Throws
  // InvalidModel for anything else, for what another build of Vireo wrote, and for instruction sets
  // that are not here.
  CompiledModel import_model(std::istream& in, const std::string& device,
                             const AnyMap& properties = {});
  CompiledModel import_model(const Tensor& bytes, const std::string& device,
                             const AnyMap& properties = {});
  CompiledModel import_model(const std::string& path, const std::string& device,
                             const AnyMap& properties = {});

  SupportedOpsMap query_model(const Model& model, const std::string& device,
                              const AnyMap& properties = {}) const;
  std::vector<std::string> get_available_devices() const;
  // Of one device, or of all without a name.
  std::map<std::string, Version> get_versions(const std::string& device = {}) const;
  void set_property(const AnyMap& properties);
  void set_property(const std::string& device, const AnyMap& properties);
  Any get_property(const std::string& device, const std::string& name) const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

// Writes IR v11: `path` ends in .xml, the weights go beside it. With compress_to_fp16 f32 and f64
// weights are stored as f16.
VIREO_API void save_model(const Model& model, const std::string& path,
                          bool compress_to_fp16 = true);
VIREO_API void serialize(const Model& model, const std::string& xml_path,
                         const std::string& bin_path = {});
VIREO_API Version get_version();

}  // namespace vireo
