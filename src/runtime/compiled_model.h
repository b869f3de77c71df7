// What stands behind the handles CompiledModel and InferRequest.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/threads/async_queue.h"
#include "core/device.h"
#include "vireo/core.h"

namespace vireo {

struct CompiledModel::Impl {
  std::shared_ptr<const void> core;  // keeps devices and operators alive
  Model imported;                    // its ports are the compiled model's
  std::vector<Output> inputs, outputs;
  std::string device;
  AnyMap properties;
  CompileConfig config;
  bool loaded_from_cache = false;  // or imported
  std::shared_ptr<Executable> executable;
  std::unique_ptr<AsyncQueue> queue;  // last: joins before what its jobs use goes away
};

struct InferRequest::Impl : std::enable_shared_from_this<InferRequest::Impl> {
  explicit Impl(std::shared_ptr<CompiledModel::Impl> m);
  // Marks the request as running; throws Busy if it is.
  void begin();
  void end() noexcept;
  void check_idle() const;
  void run_now();
  void run_async();
  void run_queued(uint64_t number);
  // Under the mutex. The run whose callback asks is over, unless the callback started the next one.
  bool over() const {
    return !pending ||
           (in_callback == std::this_thread::get_id() && !running.load(std::memory_order_acquire));
  }
  size_t port(const Output& port, bool& input) const;
  size_t port(const std::string& name, bool& input) const;
  Tensor get(size_t index, bool input) const;
  void set(size_t index, bool input, const Tensor& tensor);

  std::shared_ptr<CompiledModel::Impl> model;
  std::unique_ptr<Inference> inference;
  std::atomic<bool> running{false}, cancel{false};
  std::function<void(std::exception_ptr)> callback;
  // Of asynchronous runs only.
  mutable std::mutex mutex;
  std::condition_variable done;
  bool pending = false;
  uint64_t started = 0;         // counts runs
  std::thread::id in_callback;  // the thread that runs the callback
  std::exception_ptr error;
};

}  // namespace vireo
