// CompiledModel: ports, properties, requests.
#include "runtime/compiled_model.h"

#include <algorithm>
#include <ostream>

#include "base/support/error.h"
#include "core/text.h"
#include "runtime/config.h"
#include "runtime/model_cache.h"

namespace vireo {

namespace {

CompiledModel::Impl& checked(const std::shared_ptr<CompiledModel::Impl>& impl) {
  if (!impl) fail(ErrorCode::InvalidArgument, "the compiled model is empty");
  return *impl;
}

}  // namespace

std::vector<Output> CompiledModel::inputs() const { return checked(impl_).inputs; }
std::vector<Output> CompiledModel::outputs() const { return checked(impl_).outputs; }
Output CompiledModel::input() const { return checked(impl_).imported.input(); }
Output CompiledModel::input(size_t index) const { return checked(impl_).imported.input(index); }
Output CompiledModel::input(const std::string& name) const {
  return checked(impl_).imported.input(name);
}
Output CompiledModel::output() const { return checked(impl_).imported.output(); }
Output CompiledModel::output(size_t index) const { return checked(impl_).imported.output(index); }
Output CompiledModel::output(const std::string& name) const {
  return checked(impl_).imported.output(name);
}

InferRequest CompiledModel::create_infer_request() {
  checked(impl_);
  return InferRequest(std::make_shared<InferRequest::Impl>(impl_));
}

Any CompiledModel::get_property(const std::string& name) const {
  const Impl& m = checked(impl_);
  if (name == "NETWORK_NAME") return m.imported.get_friendly_name();
  if (name == "EXECUTION_DEVICES") return m.device;
  if (name == "OPTIMAL_NUMBER_OF_INFER_REQUESTS") return m.config.streams;
  if (name == "LOADED_FROM_CACHE") return m.loaded_from_cache;
  if (name == "NUM_STREAMS") return m.config.streams;
  if (name == "VIREO_WEIGHTS_BYTES") return uint64_t(m.executable->memory().weights);
  if (name == "VIREO_ARENA_BYTES") return uint64_t(m.executable->memory().arena);
  if (name == "SUPPORTED_PROPERTIES") {
    std::string all =
        "NETWORK_NAME EXECUTION_DEVICES OPTIMAL_NUMBER_OF_INFER_REQUESTS LOADED_FROM_CACHE "
        "VIREO_WEIGHTS_BYTES "
        "VIREO_ARENA_BYTES";
    for (const std::string& n : property_names()) all += " " + n;
    return all;
  }
  for (const auto& [key, value] : m.executable->properties())
    if (key == name) return value;
  if (auto it = m.properties.find(name); it != m.properties.end()) return it->second;
  check_properties({{name, default_property(name)}});
  return default_property(name);
}

void CompiledModel::set_property(const AnyMap& properties) {
  check_properties(properties);
  for (const auto& [name, value] : properties)
    fail(ErrorCode::NotSupported,
         "property {} of a compiled model cannot change, give it to compile_model", name);
}

Model CompiledModel::get_runtime_model() const {
  return Model(std::const_pointer_cast<Graph>(checked(impl_).executable->runtime_graph()));
}

std::string CompiledModel::dump(const std::string& stage) const {
  return stage == "imported" ? to_text(*checked(impl_).imported.graph())
                             : checked(impl_).executable->dump(stage);
}

void CompiledModel::export_model(std::ostream& out) const {
  export_compiled(checked(impl_), [&out](const void* data, size_t size) {
    if (!out.write(static_cast<const char*>(data), std::streamsize(size)))
      fail(ErrorCode::Io, "the stream took not all of the compiled model");
  });
}

void CompiledModel::release_memory() { checked(impl_); }

}  // namespace vireo
