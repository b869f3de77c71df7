// Core, CompiledModel, InferRequest.
#include "bind.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string_view.h>

#include <sstream>

namespace vireo::python {
namespace {

nb::object to_python(const Any& value) {
  const std::string text = value.as_text();
  if (text == "YES" || text == "NO") return nb::bool_(text == "YES");
  try {
    if (!text.empty()) return nb::int_(value.as_int());
  } catch (const Error&) {
  }
  return nb::str(text.c_str());
}

// Index of a key among ports: an integer, a name or a port.
size_t index_of(const std::vector<Output>& ports, nb::handle key) {
  if (nb::isinstance<nb::int_>(key)) {
    const int64_t i = nb::cast<int64_t>(key);
    if (i < 0 || size_t(i) >= ports.size())
      throw Error(ErrorCode::NotFound, "input " + std::to_string(i) + " does not exist, the model has " + std::to_string(ports.size()));
    return size_t(i);
  }
  if (nb::isinstance<nb::str>(key)) {
    const std::string name = nb::cast<std::string>(key);
    for (size_t i = 0; i < ports.size(); ++i)
      for (const std::string& n : ports[i].get_names())
        if (n == name) return i;
    for (size_t i = 0; i < ports.size(); ++i)
      if (ports[i].get_node().get_friendly_name() == name) return i;
    std::string known;
    for (const Output& p : ports)
      for (const std::string& n : p.get_names()) known += (known.empty() ? "" : ", ") + n;
    throw Error(ErrorCode::NotFound, "the model has no input '" + name + "', there are: " + known);
  }
  const Output port = nb::cast<Output>(key);
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i] == port) return i;
  for (size_t i = 0; i < ports.size(); ++i)
    for (const std::string& n : ports[i].get_names())
      for (const std::string& wanted : port.get_names())
        if (n == wanted) return i;
  throw Error(ErrorCode::NotFound, "the port is not one of this model");
}

// A request with the ports of its model at hand: what a call needs is looked up once.
struct Request {
  InferRequest request;
  std::vector<Output> inputs, outputs;
  CompiledModel compiled;
  nb::object user_data = nb::none();

  void set_one(size_t i, nb::handle value, bool share) {
    const element::Type want = inputs.at(i).get_element_type();
    if (share || nb::isinstance<Tensor>(value)) {
      request.set_input_tensor(i, to_tensor(value, want, share));
      return;
    }
    request.set_input_tensor(i, to_tensor(value, want, false));
  }

  void set_inputs(nb::handle given, bool share) {
    if (given.is_none()) return;
    if (nb::isinstance<nb::dict>(given)) {
      for (auto [key, value] : nb::borrow<nb::dict>(given)) set_one(index_of(inputs, key), value, share);
    } else if (nb::isinstance<nb::tuple>(given) || nb::isinstance<nb::list>(given)) {
      // One input may be given as a bare list of numbers.
      const size_t n = nb::len(given);
      const bool numbers = n > 0 && (nb::isinstance<nb::int_>(given[0]) || nb::isinstance<nb::float_>(given[0]));
      if (numbers && inputs.size() == 1) return set_one(0, given, share);
      if (n > inputs.size())
        throw Error(ErrorCode::InvalidArgument, std::to_string(n) + " inputs are given, the model has " + std::to_string(inputs.size()));
      size_t i = 0;
      for (nb::handle value : given) set_one(i++, value, share);
    } else {
      if (inputs.size() != 1) throw Error(ErrorCode::InvalidArgument, "the model has " + std::to_string(inputs.size()) + " inputs, give a dict or a list");
      set_one(0, given, share);
    }
  }

  nb::list results(bool share) const {
    nb::list out;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor t = request.get_output_tensor(i);
      out.append(share ? to_array(t) : to_array_copy(t));
    }
    return out;
  }

  nb::list infer(nb::handle given, bool share_inputs, bool share_outputs) {
    set_inputs(given, share_inputs);
    {
      nb::gil_scoped_release release;
      request.infer();
    }
    return results(share_outputs);
  }
};

Request make_request(CompiledModel& m) { return {m.create_infer_request(), m.inputs(), m.outputs(), m}; }

void set_callback(Request& r, nb::object function, nb::object data) {
  if (function.is_none()) return r.request.set_callback({});
  // The pair is released with the GIL held, wherever the last copy of the callback dies.
  std::shared_ptr<nb::object> pair(new nb::object(nb::make_tuple(function, data)), [](nb::object* p) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    delete p;
  });
  r.request.set_callback([pair](std::exception_ptr error) {
    nb::gil_scoped_acquire gil;
    nb::object failure = nb::none();
    if (error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        failure = nb::str(e.what());
      }
    }
    (*pair)[0]((*pair)[1], failure);
  });
}

Tensor tensor_by_key(const Request& r, nb::handle key) {
  if (nb::isinstance<nb::str>(key)) return r.request.get_tensor(nb::cast<std::string>(key));
  return r.request.get_tensor(nb::cast<Output>(key));
}

// Keeps a Python object alive from C++, wherever the last holder goes.
std::shared_ptr<const void> keep_alive(nb::handle object) {
  object.inc_ref();
  return std::shared_ptr<const void>(object.ptr(), [](const void* p) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(const_cast<void*>(p)));
  });
}

std::shared_ptr<Model> read_model(const Core& core, nb::object model, nb::object weights, nb::object config) {
  if (nb::isinstance<nb::bytes>(model) || nb::hasattr(model, "SerializeToString") || nb::hasattr(model, "getvalue")) {
    nb::object raw = model;
    if (nb::hasattr(model, "SerializeToString")) raw = model.attr("SerializeToString")();
    else if (nb::hasattr(model, "getvalue")) raw = model.attr("getvalue")();
    nb::bytes bytes = nb::cast<nb::bytes>(raw);
    Tensor w;
    if (nb::isinstance<Tensor>(weights)) w = nb::cast<Tensor>(weights);
    else if (nb::isinstance<nb::bytes>(weights) && nb::len(weights)) w = to_tensor(nb::module_::import_("numpy").attr("frombuffer")(weights, "uint8"), element::u8, true);
    const std::shared_ptr<const void> keep = keep_alive(bytes);
    const char* data = bytes.c_str();
    const size_t size = bytes.size();
    nb::gil_scoped_release release;
    return core.read_model_from_memory(data, size, w, keep);
  }
  const std::string path = to_path(model);
  const std::string bin = weights.is_none() || (nb::isinstance<nb::bytes>(weights) && nb::len(weights) == 0) ? std::string() : to_path(weights);
  const AnyMap properties = to_any_map(config);
  nb::gil_scoped_release release;
  return core.read_model(path, bin, properties);
}

bool is_path(nb::handle object) { return nb::isinstance<nb::str>(object) || nb::hasattr(object, "__fspath__"); }

CompiledModel compile_model(Core& core, nb::object model, nb::object device, nb::object config, nb::object weights) {
  const std::string name = device.is_none() ? "AUTO" : nb::cast<std::string>(device);
  const AnyMap properties = to_any_map(config);
  if (nb::isinstance<Model>(model)) {
    const Model& m = nb::cast<const Model&>(model);
    nb::gil_scoped_release release;
    return core.compile_model(m, name, properties);
  }
  if (is_path(model) && weights.is_none()) {
    const std::string path = to_path(model);
    nb::gil_scoped_release release;
    return core.compile_model(path, name, properties);
  }
  std::shared_ptr<Model> m = read_model(core, model, weights, nb::none());
  nb::gil_scoped_release release;
  return core.compile_model(m, name, properties);
}

// Bytes, or a stream that gets them.
nb::object export_model(const CompiledModel& compiled, nb::object stream) {
  std::ostringstream out(std::ios::binary);
  {
    nb::gil_scoped_release release;
    compiled.export_model(out);
  }
  const std::string bytes = std::move(out).str();
  nb::bytes object(bytes.data(), bytes.size());
  if (stream.is_none()) return object;
  stream.attr("write")(object);
  return nb::none();
}

CompiledModel import_model(Core& core, nb::object source, nb::object device, nb::object config) {
  const std::string name = nb::cast<std::string>(device);
  const AnyMap properties = to_any_map(config);
  if (is_path(source)) {
    const std::string path = to_path(source);
    nb::gil_scoped_release release;
    return core.import_model(path, name, properties);
  }
  Tensor bytes;
  if (nb::isinstance<Tensor>(source)) {
    bytes = nb::cast<Tensor>(source);
  } else {
    const nb::bytes raw = nb::cast<nb::bytes>(nb::hasattr(source, "read") ? source.attr("read")() : source);
    bytes = Tensor(element::u8, {raw.size()}, static_cast<const void*>(raw.c_str()), keep_alive(raw));
  }
  nb::gil_scoped_release release;
  return core.import_model(bytes, name, properties);
}

// "0.1.0": 0, 1, 0.
int version_part(const Version& v, int part) {
  size_t at = 0;
  for (; part > 0 && at != std::string::npos; --part) at = v.build_number.find('.', at + 1);
  return at == std::string::npos ? 0 : std::atoi(v.build_number.c_str() + at + (at ? 1 : 0));
}

void bind_state(nb::module_& m) {
  nb::class_<VariableState>(m, "VariableState", "A variable of a request.")
      .def_prop_ro("name", &VariableState::get_name)
      .def("get_name", &VariableState::get_name)
      .def_prop_rw("state", &VariableState::get_state, &VariableState::set_state)
      .def("reset", &VariableState::reset);
}

void bind_profile(nb::module_& m) {
  nb::class_<ProfilingInfo> info(m, "ProfilingInfo", "One step of the last inference.");
  nb::enum_<ProfilingInfo::Status>(info, "Status")
      .value("NOT_RUN", ProfilingInfo::Status::NOT_RUN)
      .value("OPTIMIZED_OUT", ProfilingInfo::Status::OPTIMIZED_OUT)
      .value("EXECUTED", ProfilingInfo::Status::EXECUTED);
  info.def_ro("node_name", &ProfilingInfo::node_name)
      .def_ro("exec_type", &ProfilingInfo::exec_type)
      .def_ro("node_type", &ProfilingInfo::node_type)
      .def_ro("refused", &ProfilingInfo::refused)
      .def_ro("status", &ProfilingInfo::status)
      .def_ro("microseconds", &ProfilingInfo::microseconds)
      .def_ro("gflop", &ProfilingInfo::gflop)
      .def_ro("bytes", &ProfilingInfo::bytes)
      .def_prop_ro("real_time", [](const ProfilingInfo& p) { return nb::module_::import_("datetime").attr("timedelta")(0, 0, p.microseconds); })
      .def_prop_ro("cpu_time", [](const ProfilingInfo& p) { return nb::module_::import_("datetime").attr("timedelta")(0, 0, p.microseconds); });
}

void bind_request(nb::module_& m) {
  nb::class_<Request>(m, "InferRequest", nb::dynamic_attr(), "One run of a compiled model at a time.")
      .def("_infer", &Request::infer, nb::arg("inputs").none(), nb::arg("share_inputs"), nb::arg("share_outputs"))
      .def("_results", &Request::results, nb::arg("share") = true)
      .def("_start_async", [](Request& r, nb::object inputs, bool share) {
        r.set_inputs(inputs, share);
        nb::gil_scoped_release release;
        r.request.start_async();
      }, nb::arg("inputs").none(), nb::arg("share_inputs"))
      .def("_set_callback", &set_callback, nb::arg("function").none(), nb::arg("data").none())
      .def("wait", [](Request& r) { nb::gil_scoped_release release; r.request.wait(); })
      .def("wait_for", [](Request& r, int64_t ms) {
        nb::gil_scoped_release release;
        return r.request.wait_for(std::chrono::milliseconds(ms));
      }, nb::arg("timeout"))
      .def("cancel", [](Request& r) { r.request.cancel(); })
      .def("get_tensor", &tensor_by_key)
      .def("set_tensor", [](Request& r, nb::object key, const Tensor& t) {
        if (nb::isinstance<nb::str>(key)) r.request.set_tensor(nb::cast<std::string>(key), t);
        else r.request.set_tensor(nb::cast<Output>(key), t);
      })
      .def("set_tensors", [](Request& r, nb::dict tensors) {
        for (auto [key, t] : tensors) {
          if (nb::isinstance<nb::str>(key)) r.request.set_tensor(nb::cast<std::string>(key), nb::cast<Tensor>(t));
          else r.request.set_tensor(nb::cast<Output>(key), nb::cast<Tensor>(t));
        }
      })
      .def("get_input_tensor", [](Request& r) { return r.request.get_input_tensor(); })
      .def("get_input_tensor", [](Request& r, size_t i) { return r.request.get_input_tensor(i); }, nb::arg("index"))
      .def("get_output_tensor", [](Request& r) { return r.request.get_output_tensor(); })
      .def("get_output_tensor", [](Request& r, size_t i) { return r.request.get_output_tensor(i); }, nb::arg("index"))
      .def("set_input_tensor", [](Request& r, const Tensor& t) { r.request.set_input_tensor(t); }, nb::arg("tensor"))
      .def("set_input_tensor", [](Request& r, size_t i, const Tensor& t) { r.request.set_input_tensor(i, t); }, nb::arg("index"), nb::arg("tensor"))
      .def("set_output_tensor", [](Request& r, const Tensor& t) { r.request.set_output_tensor(t); }, nb::arg("tensor"))
      .def("set_output_tensor", [](Request& r, size_t i, const Tensor& t) { r.request.set_output_tensor(i, t); }, nb::arg("index"), nb::arg("tensor"))
      .def("query_state", [](Request& r) { return r.request.query_state(); })
      .def("reset_state", [](Request& r) { r.request.reset_state(); })
      .def_prop_ro("profiling_info", [](Request& r) { return r.request.get_profiling_info(); })
      .def("get_profiling_info", [](Request& r) { return r.request.get_profiling_info(); })
      .def_prop_ro("latency", [](Request& r) {
        double us = 0;
        for (const ProfilingInfo& p : r.request.get_profiling_info()) us += p.microseconds;
        return us / 1000;
      }, "Milliseconds of the last run; needs PERF_COUNT.")
      .def("get_compiled_model", [](const Request& r) { return r.compiled; })
      .def_ro("model_inputs", &Request::inputs)
      .def_ro("model_outputs", &Request::outputs)
      .def_prop_ro("input_tensors", [](Request& r) {
        std::vector<Tensor> out;
        for (size_t i = 0; i < r.inputs.size(); ++i) out.push_back(r.request.get_input_tensor(i));
        return out;
      })
      .def_prop_ro("output_tensors", [](Request& r) {
        std::vector<Tensor> out;
        for (size_t i = 0; i < r.outputs.size(); ++i) out.push_back(r.request.get_output_tensor(i));
        return out;
      })
      .def_rw("userdata", &Request::user_data, nb::for_setter(nb::arg("value").none()));
}

void bind_compiled(nb::module_& m) {
  nb::class_<CompiledModel>(m, "CompiledModel", nb::dynamic_attr(), "A model made ready for a device.")
      .def_prop_ro("inputs", &CompiledModel::inputs)
      .def_prop_ro("outputs", &CompiledModel::outputs)
      .def("input", nb::overload_cast<>(&CompiledModel::input, nb::const_))
      .def("input", nb::overload_cast<size_t>(&CompiledModel::input, nb::const_), nb::arg("index"))
      .def("input", nb::overload_cast<const std::string&>(&CompiledModel::input, nb::const_), nb::arg("tensor_name"))
      .def("output", nb::overload_cast<>(&CompiledModel::output, nb::const_))
      .def("output", nb::overload_cast<size_t>(&CompiledModel::output, nb::const_), nb::arg("index"))
      .def("output", nb::overload_cast<const std::string&>(&CompiledModel::output, nb::const_), nb::arg("tensor_name"))
      .def("create_infer_request", &make_request)
      .def("get_property", [](const CompiledModel& c, nb::object name) -> nb::object {
        const std::string key = nb::cast<std::string>(nb::str(name));
        const Any value = c.get_property(key);
        if (key == "SUPPORTED_PROPERTIES" || key == "EXECUTION_DEVICES") return nb::str(value.as_text().c_str()).attr("split")();
        return to_python(value);
      })
      .def("set_property", [](CompiledModel& c, nb::object properties) { c.set_property(to_any_map(properties)); })
      .def("get_runtime_model", &CompiledModel::get_runtime_model)
      .def("dump", &CompiledModel::dump, nb::arg("stage"), "Text of a stage: imported, normalised, lowered.")
      .def("release_memory", &CompiledModel::release_memory)
      .def("export_model", &export_model, nb::arg("user_stream") = nb::none(),
           "The compiled model as bytes, packed weights included, or written to a stream; for Core.import_model.")
      .def("__repr__", [](const CompiledModel& c) {
        return "<CompiledModel: " + c.get_property("EXECUTION_DEVICES").as_text() + ", " + std::to_string(c.inputs().size()) + " inputs, " +
               std::to_string(c.outputs().size()) + " outputs>";
      });
}

void bind_core(nb::module_& m) {
  nb::class_<Version>(m, "Version")
      .def_ro("build_number", &Version::build_number)
      .def_ro("description", &Version::description)
      .def_prop_ro("major", [](const Version& v) { return version_part(v, 0); })
      .def_prop_ro("minor", [](const Version& v) { return version_part(v, 1); })
      .def_prop_ro("patch", [](const Version& v) { return version_part(v, 2); })
      .def("__repr__", [](const Version& v) { return "<Version: " + v.description + " " + v.build_number + ">"; });

  nb::class_<Core>(m, "Core", "Reads models, knows devices, compiles.")
      .def(nb::init<>())
      .def("read_model", &read_model, nb::arg("model"), nb::arg("weights") = nb::none(), nb::arg("config") = nb::none())
      .def("compile_model", &compile_model, nb::arg("model"), nb::arg("device_name") = nb::none(), nb::arg("config") = nb::none(),
           nb::kw_only(), nb::arg("weights") = nb::none(),
           "A model, a path, bytes or an onnx.ModelProto made ready for a device. With CACHE_DIR set what was compiled before is\n"
           "mapped from there; a path is then not even read.")
      .def("import_model", &import_model, nb::arg("model_stream"), nb::arg("device_name"), nb::arg("config") = nb::none(),
           "What CompiledModel.export_model gave: bytes, a stream, a Tensor, or the path of a file that holds it.")
      .def("query_model", [](const Core& c, const Model& model, const std::string& device, nb::object config) {
        return c.query_model(model, device, to_any_map(config));
      }, nb::arg("model"), nb::arg("device_name"), nb::arg("config") = nb::none())
      .def_prop_ro("available_devices", &Core::get_available_devices)
      .def("get_available_devices", &Core::get_available_devices)
      .def("get_versions", &Core::get_versions, nb::arg("device_name") = "")
      .def("set_property", [](Core& c, nb::object properties) { c.set_property(to_any_map(properties)); }, nb::arg("properties"))
      .def("set_property", [](Core& c, const std::string& device, nb::object properties) { c.set_property(device, to_any_map(properties)); },
           nb::arg("device_name"), nb::arg("properties"))
      .def("get_property", [](const Core& c, const std::string& device, nb::object name) -> nb::object {
        const std::string key = nb::cast<std::string>(nb::str(name));
        const Any value = c.get_property(device, key);
        if (key == "SUPPORTED_PROPERTIES" || key == "OPTIMIZATION_CAPABILITIES") return nb::str(value.as_text().c_str()).attr("split")();
        return to_python(value);
      }, nb::arg("device_name"), nb::arg("property"));
}

void bind_files(nb::module_& m) {
  m.def("save_model", [](const Model& model, nb::object path, bool compress) {
    const std::string p = to_path(path);
    nb::gil_scoped_release release;
    save_model(model, p, compress);
  }, nb::arg("model"), nb::arg("output_model"), nb::arg("compress_to_fp16") = true);
  m.def("serialize", [](const Model& model, nb::object xml, nb::object bin) {
    const std::string x = to_path(xml), b = bin.is_none() ? std::string() : to_path(bin);
    nb::gil_scoped_release release;
    serialize(model, x, b);
  }, nb::arg("model"), nb::arg("xml_path"), nb::arg("bin_path") = nb::none());
  m.def("get_version", [] { return get_version().build_number; });
}

}  // namespace

InferRequest to_request(nb::handle object) {
  Request* request = nullptr;
  return nb::try_cast(object, request) && request ? request->request : InferRequest();
}

void bind_runtime(nb::module_& m) {
  bind_state(m);
  bind_profile(m);
  bind_request(m);
  bind_compiled(m);
  bind_core(m);
  bind_files(m);
}

}  // namespace vireo::python
