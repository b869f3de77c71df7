// InferRequest: inputs, outputs, callbacks, states, profiles.
#include "request.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string_view.h>

namespace vireo::python {

size_t index_of(const std::vector<Output>& ports, nb::handle key) {
  if (nb::isinstance<nb::int_>(key)) {
    const int64_t i = nb::cast<int64_t>(key);
    if (i < 0 || size_t(i) >= ports.size())
      throw Error(ErrorCode::NotFound, "input " + std::to_string(i) +
                                           " does not exist, the model has " +
                                           std::to_string(ports.size()));
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

Request make_request(CompiledModel& m) {
  return {m.create_infer_request(), m.inputs(), m.outputs(), m};
}

namespace {

void set_callback(Request& r, nb::object function, nb::object data) {
  if (function.is_none()) return r.request.set_callback({});
  // The pair is released with the GIL held, wherever the last copy of the callback dies.
  std::shared_ptr<nb::object> pair(new nb::object(nb::make_tuple(function, data)),
                                   [](nb::object* p) {
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
      .def_prop_ro(
          "real_time",
          [](const ProfilingInfo& p) {
            return nb::module_::import_("datetime").attr("timedelta")(0, 0, p.microseconds);
          })
      .def_prop_ro("cpu_time", [](const ProfilingInfo& p) {
        return nb::module_::import_("datetime").attr("timedelta")(0, 0, p.microseconds);
      });
}

void bind_request(nb::module_& m) {
  nb::class_<Request>(m, "InferRequest", nb::dynamic_attr(),
                      "One run of a compiled model at a time.")
      .def("_infer", &Request::infer, nb::arg("inputs").none(), nb::arg("share_inputs"),
           nb::arg("share_outputs"))
      .def("_results", &Request::results, nb::arg("share") = true)
      .def(
          "_start_async",
          [](Request& r, nb::object inputs, bool share) {
            r.set_inputs(inputs, share);
            nb::gil_scoped_release release;
            r.request.start_async();
          },
          nb::arg("inputs").none(), nb::arg("share_inputs"))
      .def("_set_callback", &set_callback, nb::arg("function").none(), nb::arg("data").none())
      .def("wait",
           [](Request& r) {
             nb::gil_scoped_release release;
             r.request.wait();
           })
      .def(
          "wait_for",
          [](Request& r, int64_t ms) {
            nb::gil_scoped_release release;
            return r.request.wait_for(std::chrono::milliseconds(ms));
          },
          nb::arg("timeout"))
      .def("cancel", [](Request& r) { r.request.cancel(); })
      .def("get_tensor", &tensor_by_key)
      .def("set_tensor",
           [](Request& r, nb::object key, const Tensor& t) {
             if (nb::isinstance<nb::str>(key))
               r.request.set_tensor(nb::cast<std::string>(key), t);
             else
               r.request.set_tensor(nb::cast<Output>(key), t);
           })
      .def("set_tensors",
           [](Request& r, nb::dict tensors) {
             for (auto [key, t] : tensors) {
               if (nb::isinstance<nb::str>(key))
                 r.request.set_tensor(nb::cast<std::string>(key), nb::cast<Tensor>(t));
               else
                 r.request.set_tensor(nb::cast<Output>(key), nb::cast<Tensor>(t));
             }
           })
      .def("get_input_tensor", [](Request& r) { return r.request.get_input_tensor(); })
      .def(
          "get_input_tensor", [](Request& r, size_t i) { return r.request.get_input_tensor(i); },
          nb::arg("index"))
      .def("get_output_tensor", [](Request& r) { return r.request.get_output_tensor(); })
      .def(
          "get_output_tensor", [](Request& r, size_t i) { return r.request.get_output_tensor(i); },
          nb::arg("index"))
      .def(
          "set_input_tensor", [](Request& r, const Tensor& t) { r.request.set_input_tensor(t); },
          nb::arg("tensor"))
      .def(
          "set_input_tensor",
          [](Request& r, size_t i, const Tensor& t) { r.request.set_input_tensor(i, t); },
          nb::arg("index"), nb::arg("tensor"))
      .def(
          "set_output_tensor", [](Request& r, const Tensor& t) { r.request.set_output_tensor(t); },
          nb::arg("tensor"))
      .def(
          "set_output_tensor",
          [](Request& r, size_t i, const Tensor& t) { r.request.set_output_tensor(i, t); },
          nb::arg("index"), nb::arg("tensor"))
      .def("query_state", [](Request& r) { return r.request.query_state(); })
      .def("reset_state", [](Request& r) { r.request.reset_state(); })
      .def_prop_ro("profiling_info", [](Request& r) { return r.request.get_profiling_info(); })
      .def("get_profiling_info", [](Request& r) { return r.request.get_profiling_info(); })
      .def_prop_ro(
          "latency",
          [](Request& r) {
            double us = 0;
            for (const ProfilingInfo& p : r.request.get_profiling_info()) us += p.microseconds;
            return us / 1000;
          },
          "Milliseconds of the last run; needs PERF_COUNT.")
      .def("get_compiled_model", [](const Request& r) { return r.compiled; })
      .def_ro("model_inputs", &Request::inputs)
      .def_ro("model_outputs", &Request::outputs)
      .def_prop_ro("input_tensors",
                   [](Request& r) {
                     std::vector<Tensor> out;
                     for (size_t i = 0; i < r.inputs.size(); ++i)
                       out.push_back(r.request.get_input_tensor(i));
                     return out;
                   })
      .def_prop_ro("output_tensors",
                   [](Request& r) {
                     std::vector<Tensor> out;
                     for (size_t i = 0; i < r.outputs.size(); ++i)
                       out.push_back(r.request.get_output_tensor(i));
                     return out;
                   })
      .def_rw("userdata", &Request::user_data, nb::for_setter(nb::arg("value").none()));
}

}  // namespace

InferRequest to_request(nb::handle object) {
  Request* request = nullptr;
  return nb::try_cast(object, request) && request ? request->request : InferRequest();
}

void bind_requests(nb::module_& m) {
  bind_state(m);
  bind_profile(m);
  bind_request(m);
}

}  // namespace vireo::python
