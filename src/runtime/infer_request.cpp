// InferRequest: tensors in and out, runs, asynchronous runs, states.
#include <algorithm>

#include "base/support/error.h"
#include "runtime/compiled_model.h"

namespace vireo {

namespace {

InferRequest::Impl& checked(const std::shared_ptr<InferRequest::Impl>& impl) {
  if (!impl) fail(ErrorCode::InvalidArgument, "the infer request is empty");
  return *impl;
}

size_t only(const std::vector<Output>& ports, const char* kind) {
  if (ports.size() != 1)
    fail(ErrorCode::InvalidArgument, "the model has {} {}s, name one of them", ports.size(), kind);
  return 0;
}

// A port of another handle to the same network (the model that was compiled) is known by its names.
bool same_names(const Output& a, const Output& b) {
  const auto& names = a.get_names();
  return std::any_of(b.get_names().begin(), b.get_names().end(), [&](const std::string& n) {
    return std::find(names.begin(), names.end(), n) != names.end();
  });
}

bool names_port(const Output& port, const std::string& name) {
  const auto& names = port.get_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  const Node& node = port.get_node();
  return node.get_friendly_name() == name ||
         (node.get_type_name() == "Result" &&
          node.input_value(0).get_node().get_friendly_name() == name);
}

}  // namespace

InferRequest::Impl::Impl(std::shared_ptr<CompiledModel::Impl> m)
    : model(std::move(m)), inference(model->executable->create()) {}

void InferRequest::Impl::begin() {
  if (running.exchange(true, std::memory_order_acquire)) throw Busy("the infer request is running");
  cancel.store(false, std::memory_order_relaxed);  // one that came after the last run ended
}
void InferRequest::Impl::end() noexcept { running.store(false, std::memory_order_release); }
void InferRequest::Impl::check_idle() const {
  if (running.load(std::memory_order_acquire)) throw Busy("the infer request is running");
}

void InferRequest::Impl::run_now() {
  begin();
  try {
    inference->run(&cancel);
  } catch (...) {
    end();
    throw;
  }
  end();
}

void InferRequest::Impl::run_async() {
  begin();
  uint64_t number;
  {
    std::lock_guard<std::mutex> lock(mutex);
    number = ++started;
    pending = true;
    error = nullptr;
  }
  try {
    model->queue->push([self = shared_from_this(), number] { self->run_queued(number); });
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex);
    pending = false;
    end();
    throw;
  }
}

void InferRequest::Impl::run_queued(uint64_t number) {
  std::exception_ptr failure;
  try {
    inference->run(&cancel);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto call = callback;
  if (call) {
    std::lock_guard<std::mutex> lock(mutex);
    in_callback = std::this_thread::get_id();
  }
  end();
  // The callback comes before the waiters: what it does is part of the run. It may start the next
  // run of this request, and wait for others.
  if (call) {
    model->queue->step_aside();
    try {
      call(failure);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  std::lock_guard<std::mutex> lock(mutex);
  if (in_callback == std::this_thread::get_id()) in_callback = {};
  if (started != number) return;  // the callback started it again: waiters wait for that
  pending = false;
  error = failure;
  done.notify_all();
}

size_t InferRequest::Impl::port(const Output& p, bool& input) const {
  for (bool by_identity : {true, false})
    for (bool in : {true, false}) {
      const auto& ports = in ? model->inputs : model->outputs;
      for (size_t i = 0; i < ports.size(); ++i)
        if (by_identity ? ports[i] == p : same_names(ports[i], p)) {
          input = in;
          return i;
        }
    }
  fail(ErrorCode::NotFound, "the port of '{}' is not one of this model",
       p.get_node().get_friendly_name());
}

size_t InferRequest::Impl::port(const std::string& name, bool& input) const {
  for (bool in : {true, false}) {
    const auto& ports = in ? model->inputs : model->outputs;
    for (size_t i = 0; i < ports.size(); ++i)
      if (names_port(ports[i], name)) {
        input = in;
        return i;
      }
  }
  fail(ErrorCode::NotFound, "the model has no input or output '{}'", name);
}

Tensor InferRequest::Impl::get(size_t index, bool input) const {
  check_idle();
  const auto& ports = input ? model->inputs : model->outputs;
  if (index >= ports.size())
    fail(ErrorCode::NotFound, "{} {} does not exist, the model has {}", input ? "input" : "output",
         index, ports.size());
  return input ? inference->input(index) : inference->output(index);
}

void InferRequest::Impl::set(size_t index, bool input, const Tensor& tensor) {
  check_idle();
  const auto& ports = input ? model->inputs : model->outputs;
  if (index >= ports.size())
    fail(ErrorCode::NotFound, "{} {} does not exist, the model has {}", input ? "input" : "output",
         index, ports.size());
  if (!tensor)
    fail(ErrorCode::InvalidArgument, "the tensor for {} {} is empty", input ? "input" : "output",
         index);
  if (input)
    inference->set_input(index, tensor);
  else
    inference->set_output(index, tensor);
}

void InferRequest::set_tensor(const Output& port, const Tensor& tensor) {
  bool input;
  const size_t index = checked(impl_).port(port, input);
  impl_->set(index, input, tensor);
}
void InferRequest::set_tensor(const std::string& name, const Tensor& tensor) {
  bool input;
  const size_t index = checked(impl_).port(name, input);
  impl_->set(index, input, tensor);
}
void InferRequest::set_input_tensor(size_t index, const Tensor& tensor) {
  checked(impl_).set(index, true, tensor);
}
void InferRequest::set_input_tensor(const Tensor& tensor) {
  checked(impl_).set(only(impl_->model->inputs, "input"), true, tensor);
}
void InferRequest::set_output_tensor(size_t index, const Tensor& tensor) {
  checked(impl_).set(index, false, tensor);
}
void InferRequest::set_output_tensor(const Tensor& tensor) {
  checked(impl_).set(only(impl_->model->outputs, "output"), false, tensor);
}
Tensor InferRequest::get_tensor(const Output& port) const {
  bool input;
  const size_t index = checked(impl_).port(port, input);
  return impl_->get(index, input);
}
Tensor InferRequest::get_tensor(const std::string& name) const {
  bool input;
  const size_t index = checked(impl_).port(name, input);
  return impl_->get(index, input);
}
Tensor InferRequest::get_input_tensor(size_t index) const {
  return checked(impl_).get(index, true);
}
Tensor InferRequest::get_input_tensor() const {
  return checked(impl_).get(only(impl_->model->inputs, "input"), true);
}
Tensor InferRequest::get_output_tensor(size_t index) const {
  return checked(impl_).get(index, false);
}
Tensor InferRequest::get_output_tensor() const {
  return checked(impl_).get(only(impl_->model->outputs, "output"), false);
}

void InferRequest::infer() { checked(impl_).run_now(); }
void InferRequest::start_async() { checked(impl_).run_async(); }

void InferRequest::wait() {
  std::unique_lock<std::mutex> lock(checked(impl_).mutex);
  impl_->done.wait(lock, [this] { return impl_->over(); });
  if (std::exception_ptr error = std::exchange(impl_->error, nullptr))
    std::rethrow_exception(error);
}

bool InferRequest::wait_for(std::chrono::milliseconds timeout) {
  std::unique_lock<std::mutex> lock(checked(impl_).mutex);
  if (!impl_->done.wait_for(lock, timeout, [this] { return impl_->over(); })) return false;
  if (std::exception_ptr error = std::exchange(impl_->error, nullptr))
    std::rethrow_exception(error);
  return true;
}

void InferRequest::cancel() {
  if (checked(impl_).running.load(std::memory_order_acquire))
    impl_->cancel.store(true, std::memory_order_relaxed);
}

void InferRequest::set_callback(std::function<void(std::exception_ptr)> callback) {
  checked(impl_).check_idle();
  impl_->callback = std::move(callback);
}

std::vector<VariableState> InferRequest::query_state() const {
  checked(impl_).check_idle();
  std::vector<VariableState> out;
  for (const Variable& v : impl_->inference->variables()) {
    VariableState s;
    s.name_ = v.id;
    s.request_ = impl_;
    out.push_back(std::move(s));
  }
  return out;
}

void InferRequest::reset_state() {
  checked(impl_).check_idle();
  impl_->inference->reset_variables();
}

std::vector<ProfilingInfo> InferRequest::get_profiling_info() const {
  checked(impl_).check_idle();
  std::vector<ProfilingInfo> out;
  for (ProfileEntry& e : impl_->inference->profile()) {
    ProfilingInfo p;
    p.status = e.exec_type == "view" || e.exec_type == "not run"
                   ? ProfilingInfo::Status::OPTIMIZED_OUT
                   : ProfilingInfo::Status::EXECUTED;
    p.microseconds = e.microseconds;
    p.real_time = p.cpu_time = std::chrono::microseconds(int64_t(e.microseconds + 0.5));
    p.node_name = std::move(e.node);
    p.node_type = std::move(e.node_type);
    p.exec_type = std::move(e.exec_type);
    p.refused = std::move(e.refused);
    p.gflop = e.gflop;
    p.bytes = e.bytes;
    out.push_back(std::move(p));
  }
  return out;
}

Tensor VariableState::get_state() const {
  return static_cast<InferRequest::Impl*>(request_.get())->inference->get_variable(name_);
}
void VariableState::set_state(const Tensor& value) {
  static_cast<InferRequest::Impl*>(request_.get())->inference->set_variable(name_, value);
}
void VariableState::reset() {
  static_cast<InferRequest::Impl*>(request_.get())->inference->reset_variable(name_);
}

SequenceStore* sequence_store(const InferRequest& request) {
  return checked(request.impl_).inference->sequences();
}

}  // namespace vireo
