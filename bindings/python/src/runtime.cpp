// Core and CompiledModel, and files.
#include "request.h"

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

// Keeps a Python object alive from C++, wherever the last holder goes.
std::shared_ptr<const void> keep_alive(nb::handle object) {
  object.inc_ref();
  return std::shared_ptr<const void>(object.ptr(), [](const void* p) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(const_cast<void*>(p)));
  });
}

std::shared_ptr<Model> read_model(const Core& core, nb::object model, nb::object weights,
                                  nb::object config) {
  if (nb::isinstance<nb::bytes>(model) || nb::hasattr(model, "SerializeToString") ||
      nb::hasattr(model, "getvalue")) {
    nb::object raw = model;
    if (nb::hasattr(model, "SerializeToString"))
      raw = model.attr("SerializeToString")();
    else if (nb::hasattr(model, "getvalue"))
      raw = model.attr("getvalue")();
    nb::bytes bytes = nb::cast<nb::bytes>(raw);
    Tensor w;
    if (nb::isinstance<Tensor>(weights))
      w = nb::cast<Tensor>(weights);
    else if (nb::isinstance<nb::bytes>(weights) && nb::len(weights))
      w = to_tensor(nb::module_::import_("numpy").attr("frombuffer")(weights, "uint8"), element::u8,
                    true);
    const std::shared_ptr<const void> keep = keep_alive(bytes);
    const char* data = bytes.c_str();
    const size_t size = bytes.size();
    nb::gil_scoped_release release;
    return core.read_model_from_memory(data, size, w, keep);
  }
  const std::string path = to_path(model);
  const std::string bin =
      weights.is_none() || (nb::isinstance<nb::bytes>(weights) && nb::len(weights) == 0)
          ? std::string()
          : to_path(weights);
  const AnyMap properties = to_any_map(config);
  nb::gil_scoped_release release;
  return core.read_model(path, bin, properties);
}

bool is_path(nb::handle object) {
  return nb::isinstance<nb::str>(object) || nb::hasattr(object, "__fspath__");
}

CompiledModel compile_model(Core& core, nb::object model, nb::object device, nb::object config,
                            nb::object weights) {
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
    const nb::bytes raw =
        nb::cast<nb::bytes>(nb::hasattr(source, "read") ? source.attr("read")() : source);
    bytes =
        Tensor(element::u8, {raw.size()}, static_cast<const void*>(raw.c_str()), keep_alive(raw));
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

void bind_compiled(nb::module_& m) {
  nb::class_<CompiledModel>(m, "CompiledModel", nb::dynamic_attr(),
                            "A model made ready for a device.")
      .def_prop_ro("inputs", &CompiledModel::inputs)
      .def_prop_ro("outputs", &CompiledModel::outputs)
      .def("input", nb::overload_cast<>(&CompiledModel::input, nb::const_))
      .def("input", nb::overload_cast<size_t>(&CompiledModel::input, nb::const_), nb::arg("index"))
      .def("input", nb::overload_cast<const std::string&>(&CompiledModel::input, nb::const_),
           nb::arg("tensor_name"))
      .def("output", nb::overload_cast<>(&CompiledModel::output, nb::const_))
      .def("output", nb::overload_cast<size_t>(&CompiledModel::output, nb::const_),
           nb::arg("index"))
      .def("output", nb::overload_cast<const std::string&>(&CompiledModel::output, nb::const_),
           nb::arg("tensor_name"))
      .def("create_infer_request", &make_request)
      .def("get_property",
           [](const CompiledModel& c, nb::object name) -> nb::object {
             const std::string key = nb::cast<std::string>(nb::str(name));
             const Any value = c.get_property(key);
             if (key == "SUPPORTED_PROPERTIES" || key == "EXECUTION_DEVICES")
               return nb::str(value.as_text().c_str()).attr("split")();
             return to_python(value);
           })
      .def("set_property",
           [](CompiledModel& c, nb::object properties) { c.set_property(to_any_map(properties)); })
      .def("get_runtime_model", &CompiledModel::get_runtime_model)
      .def("dump", &CompiledModel::dump, nb::arg("stage"),
           "Text of a stage: imported, normalised, lowered.")
      .def("release_memory", &CompiledModel::release_memory)
      .def("export_model", &export_model, nb::arg("user_stream") = nb::none(),
           "The compiled model as bytes, packed weights included, or written to a stream; for "
           "Core.import_model.")
      .def("__repr__", [](const CompiledModel& c) {
        return "<CompiledModel: " + c.get_property("EXECUTION_DEVICES").as_text() + ", " +
               std::to_string(c.inputs().size()) + " inputs, " +
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
      .def("__repr__", [](const Version& v) {
        return "<Version: " + v.description + " " + v.build_number + ">";
      });

  nb::class_<Core>(m, "Core", "Reads models, knows devices, compiles.")
      .def(nb::init<>())
      .def("read_model", &read_model, nb::arg("model"), nb::arg("weights") = nb::none(),
           nb::arg("config") = nb::none())
      .def("compile_model", &compile_model, nb::arg("model"), nb::arg("device_name") = nb::none(),
           nb::arg("config") = nb::none(), nb::kw_only(), nb::arg("weights") = nb::none(),
           "A model, a path, bytes or an onnx.ModelProto made ready for a device. With CACHE_DIR "
           "set what was compiled before is\n"
           "mapped from there; a path is then not even read.")
      .def("import_model", &import_model, nb::arg("model_stream"), nb::arg("device_name"),
           nb::arg("config") = nb::none(),
           "What CompiledModel.export_model gave: bytes, a stream, a Tensor, or the path of a file "
           "that holds it.")
      .def(
          "query_model",
          [](const Core& c, const Model& model, const std::string& device, nb::object config) {
            return c.query_model(model, device, to_any_map(config));
          },
          nb::arg("model"), nb::arg("device_name"), nb::arg("config") = nb::none())
      .def_prop_ro("available_devices", &Core::get_available_devices)
      .def("get_available_devices", &Core::get_available_devices)
      .def("get_versions", &Core::get_versions, nb::arg("device_name") = "")
      .def(
          "set_property",
          [](Core& c, nb::object properties) { c.set_property(to_any_map(properties)); },
          nb::arg("properties"))
      .def(
          "set_property",
          [](Core& c, const std::string& device, nb::object properties) {
            c.set_property(device, to_any_map(properties));
          },
          nb::arg("device_name"), nb::arg("properties"))
      .def(
          "get_property",
          [](const Core& c, const std::string& device, nb::object name) -> nb::object {
            const std::string key = nb::cast<std::string>(nb::str(name));
            const Any value = c.get_property(device, key);
            if (key == "SUPPORTED_PROPERTIES" || key == "OPTIMIZATION_CAPABILITIES")
              return nb::str(value.as_text().c_str()).attr("split")();
            return to_python(value);
          },
          nb::arg("device_name"), nb::arg("property"));
}

void bind_files(nb::module_& m) {
  m.def(
      "save_model",
      [](const Model& model, nb::object path, bool compress) {
        const std::string p = to_path(path);
        nb::gil_scoped_release release;
        save_model(model, p, compress);
      },
      nb::arg("model"), nb::arg("output_model"), nb::arg("compress_to_fp16") = true);
  m.def(
      "serialize",
      [](const Model& model, nb::object xml, nb::object bin) {
        const std::string x = to_path(xml), b = bin.is_none() ? std::string() : to_path(bin);
        nb::gil_scoped_release release;
        serialize(model, x, b);
      },
      nb::arg("model"), nb::arg("xml_path"), nb::arg("bin_path") = nb::none());
  m.def("get_version", [] { return get_version().build_number; });
}

}  // namespace

void bind_runtime(nb::module_& m) {
  bind_requests(m);
  bind_compiled(m);
  bind_core(m);
  bind_files(m);
}

}  // namespace vireo::python
