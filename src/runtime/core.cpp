// Core: devices, properties, reading and compiling; saving.
#include "vireo/core.h"

#include <algorithm>
#include <cstring>
#include <istream>
#include <mutex>
#include <thread>

#include "base/io/path.h"
#include "base/support/aligned_buffer.h"
#include "base/support/error.h"
#include "frontends/ir/ir.h"
#include "ops/registry.h"
#include "runtime/compiled_model.h"
#include "runtime/composition.h"
#include "runtime/config.h"
#include "runtime/model_cache.h"

namespace vireo {

struct Core::Impl {
  OpRegistry ops{{}, &builtin_ops()};
  std::vector<std::unique_ptr<Device>> devices = make_devices();
  mutable std::mutex mutex;  // guards the properties
  AnyMap common;
  std::map<std::string, AnyMap> by_device;

  // "AUTO", "CPU", "CPU.0", "AUTO:CPU" and no name all mean the first device that there is.
  Device& device(const std::string& given) const {
    std::string name = given.empty() ? "AUTO" : given;
    for (const char* prefix : {"AUTO:", "MULTI:", "HETERO:", "BATCH:"})
      if (name.rfind(prefix, 0) == 0) name = name.substr(std::string_view(prefix).size());
    name = name.substr(0, name.find_first_of(".,("));
    if (name == "AUTO" || name == "MULTI" || name == "HETERO") return *devices[0];
    std::string known;
    for (const auto& d : devices) {
      if (d->name() == name) return *d;
      known += (known.empty() ? "" : ", ") + std::string(d->name());
    }
    fail(ErrorCode::NotFound, "device '{}' does not exist, there are: {}", given, known);
  }

  // What applies to a device: common values, then the device's, then those of the call.
  AnyMap merged(const std::string& device, const AnyMap& call) const {
    std::lock_guard<std::mutex> lock(mutex);
    AnyMap all = call;
    if (auto it = by_device.find(device); it != by_device.end())
      all.insert(it->second.begin(), it->second.end());
    all.insert(common.begin(), common.end());
    return all;
  }
};

namespace {

// What every way to a compiled model begins with.
std::shared_ptr<CompiledModel::Impl> begin(const std::shared_ptr<Core::Impl>& core,
                                           const Device& device, const AnyMap& properties) {
  check_properties(properties);
  auto m = std::make_shared<CompiledModel::Impl>();
  m->core = core;
  m->device = device.name();
  m->properties = core->merged(m->device, properties);
  m->config = make_config(m->properties);
  m->config.ops = &core->ops;
  m->config.keep = core;
  return m;
}

// And what it ends with, once model and executable are there.
std::shared_ptr<CompiledModel::Impl> finished(std::shared_ptr<CompiledModel::Impl> m) {
  m->inputs = m->imported.inputs();
  m->outputs = m->imported.outputs();
  m->queue = std::make_unique<AsyncQueue>(m->config.streams);
  return m;
}

// Where compiled models are kept; empty if they are not. OPTIMIZE_SIZE asks for files without
// weights, and without them there is nothing here worth a file.
std::string cache_folder(const CompiledModel::Impl& m, const Device& device) {
  const auto folder = m.properties.find("CACHE_DIR"), mode = m.properties.find("CACHE_MODE");
  if (folder == m.properties.end() || device.compile_key(m.config).empty()) return {};
  if (mode != m.properties.end() && mode->second.as_text() == "OPTIMIZE_SIZE") return {};
  return folder->second.as_text();
}

Tensor read_all(std::istream& in) {
  Tensor bytes(element::u8, {size_t(1) << 20});
  size_t got = 0;
  while (in.read(static_cast<char*>(bytes.data()) + got, std::streamsize(bytes.get_size() - got)) ||
         in.gcount() > 0) {
    got += size_t(in.gcount());
    if (got < bytes.get_size()) continue;
    Tensor larger(element::u8, {2 * got});
    std::memcpy(larger.data(), bytes.data(), got);
    bytes = larger;
  }
  return Tensor(bytes, {0}, {got});
}

span<const uint8_t> bytes_of(const Tensor& t) {
  return {static_cast<const uint8_t*>(t.data()), t.get_byte_size()};
}

std::shared_ptr<CompiledModel::Impl> import_blob(const std::shared_ptr<Core::Impl>& core,
                                                 const Blob& blob, Device& device,
                                                 const AnyMap& properties) {
  auto m = begin(core, device, properties);
  m->executable = load_executable(blob, device, *m);
  return finished(std::move(m));
}

// What decides how a file is read, for the name of its cache file.
std::string read_key(const AnyMap& properties) {
  std::string key;
  for (const char* name : {"TASK", "WEIGHT_FORMAT"})
    if (const auto it = properties.find(name); it != properties.end())
      key += fmt::format(";{}={}", name, it->second.as_text());
  return key;
}

}  // namespace

Core::Core() : impl_(std::make_shared<Impl>()) {}

std::shared_ptr<Model> Core::read_model(const std::string& path, const std::string& weights,
                                        const AnyMap& properties) const {
  check_properties(properties);
  const AnyMap all = impl_->merged("CPU", properties);
  auto it = all.find("ENABLE_MMAP");
  const auto text_of = [&](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string() : found->second.as_text();
  };
  const ReadOptions options{weights, it == all.end() || it->second.as_bool(),
                            text_of("WEIGHT_FORMAT"), text_of("TASK")};
  return std::make_shared<Model>(read_model_file(path, options, impl_->ops));
}

std::shared_ptr<Model> Core::read_model_from_memory(const void* bytes, size_t size,
                                                    const Tensor& weights,
                                                    std::shared_ptr<const void> keep) const {
  return std::make_shared<Model>(
      read_model_bytes(bytes, size, weights, std::move(keep), impl_->ops));
}

CompiledModel Core::compile_model(const Model& model, const std::string& device_name,
                                  const AnyMap& properties) {
  if (!model) fail(ErrorCode::InvalidArgument, "the model to compile is empty");
  Device& device = impl_->device(device_name);
  auto m = begin(impl_, device, properties);
  m->imported = *model.clone();  // the user may go on editing theirs
  if (const std::string folder = cache_folder(*m, device); !folder.empty()) {
    const std::string file =
        cache_file_of_graph(folder, *m->imported.graph(), device.compile_key(m->config));
    m->executable = load_cached(file, device, *m);
    if (!m->executable) {
      m->executable = device.compile(*m->imported.graph(), m->config);
      save_compiled(*m, file, {});
    }
  } else {
    m->executable = device.compile(*m->imported.graph(), m->config);
  }
  return CompiledModel(finished(std::move(m)));
}

CompiledModel Core::compile_model(const std::shared_ptr<Model>& model, const std::string& device,
                                  const AnyMap& properties) {
  if (!model) fail(ErrorCode::InvalidArgument, "the model to compile is empty");
  return compile_model(*model, device, properties);
}

CompiledModel Core::compile_model(const std::string& path, const std::string& device_name,
                                  const AnyMap& properties) {
  Device& device = impl_->device(device_name);
  auto m = begin(impl_, device, properties);
  const std::string folder = cache_folder(*m, device);
  const bool cached = !folder.empty() && path_exists(path);
  const std::string file =
      cached ? cache_file_of_path(folder, path,
                                  device.compile_key(m->config) + read_key(m->properties))
             : std::string();
  if (cached) m->executable = load_cached(file, device, *m);
  if (!m->executable) {
    const OpenedFiles opened;
    m->imported = *read_model(path, {}, properties);
    m->executable = device.compile(*m->imported.graph(), m->config);
    if (cached) save_compiled(*m, file, opened.files());
  }
  return CompiledModel(finished(std::move(m)));
}

CompiledModel Core::import_model(std::istream& in, const std::string& device,
                                 const AnyMap& properties) {
  const Tensor bytes = read_all(in);
  return CompiledModel(import_blob(impl_, read_blob(bytes_of(bytes), bytes.impl()),
                                   impl_->device(device), properties));
}

CompiledModel Core::import_model(const Tensor& tensor, const std::string& device,
                                 const AnyMap& properties) {
  if (!tensor || tensor.get_element_type() == element::string)
    fail(ErrorCode::InvalidArgument, "a compiled model is imported from bytes");
  Tensor bytes = tensor.dense();
  if (reinterpret_cast<uintptr_t>(bytes.data()) % AlignedBuffer::kAlignment != 0) {
    bytes = Tensor(element::u8, {tensor.get_byte_size()});
    std::memcpy(bytes.data(), tensor.data(), tensor.get_byte_size());
  }
  return CompiledModel(import_blob(impl_, read_blob(bytes_of(bytes), bytes.impl()),
                                   impl_->device(device), properties));
}

CompiledModel Core::import_model(const std::string& path, const std::string& device,
                                 const AnyMap& properties) {
  return CompiledModel(import_blob(impl_, open_blob(path), impl_->device(device), properties));
}

SupportedOpsMap Core::query_model(const Model& model, const std::string& device_name,
                                  const AnyMap& properties) const {
  check_properties(properties);
  const Device& device = impl_->device(device_name);
  SupportedOpsMap out;
  for (const Node& node : model.get_ordered_ops())
    if (device.refusal(*model.graph(), node.id()).empty())
      out[node.get_friendly_name()] = std::string(device.name());
  return out;
}

std::vector<std::string> Core::get_available_devices() const {
  std::vector<std::string> out;
  for (const auto& d : impl_->devices)
    if (d->name() != "REFERENCE")
      out.emplace_back(d->name());  // there, but no device that anyone should be offered
  return out;
}

std::map<std::string, Version> Core::get_versions(const std::string& device) const {
  std::map<std::string, Version> out;
  if (!device.empty()) return {{std::string(impl_->device(device).name()), get_version()}};
  for (const auto& d : impl_->devices) out[std::string(d->name())] = get_version();
  return out;
}

void Core::set_property(const AnyMap& properties) {
  check_properties(properties);
  std::lock_guard<std::mutex> lock(impl_->mutex);
  for (const auto& [name, value] : properties) impl_->common[name] = value;
}

void Core::set_property(const std::string& device, const AnyMap& properties) {
  check_properties(properties);
  const std::string name(impl_->device(device).name());
  std::lock_guard<std::mutex> lock(impl_->mutex);
  for (const auto& [key, value] : properties) impl_->by_device[name][key] = value;
}

Any Core::get_property(const std::string& device_name, const std::string& name) const {
  const Device& device = impl_->device(device_name);
  for (const auto& [key, value] : device.properties())
    if (key == name) return value;
  if (name == "SUPPORTED_PROPERTIES") {
    std::string all;
    for (const auto& [key, value] : device.properties()) all += key + " ";
    for (const std::string& n : property_names()) all += n + " ";
    return all;
  }
  const AnyMap set = impl_->merged(std::string(device.name()), {});
  if (auto it = set.find(name); it != set.end()) return it->second;
  check_properties({{name, default_property(name)}});
  return default_property(name);
}

void save_model(const Model& model, const std::string& path, bool compress_to_fp16) {
  if (path.size() < 5 || path.substr(path.size() - 4) != ".xml")
    fail(ErrorCode::InvalidArgument, "'{}' does not end in .xml", path);
  model.graph()->follow();
  write_ir(*model.graph(), path, {}, {compress_to_fp16});
}

void serialize(const Model& model, const std::string& xml_path, const std::string& bin_path) {
  model.graph()->follow();
  write_ir(*model.graph(), xml_path, bin_path, {});
}

Version get_version() { return {VIREO_VERSION, "Vireo"}; }

}  // namespace vireo
