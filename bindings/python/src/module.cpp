// The module and its exceptions.
#include "bind.h"

NB_MODULE(_vireo, m) {
  using namespace vireo;
  m.doc() = "The engine of the vireo package.";
  nb::set_leak_warnings(false);

  // RuntimeError is what users of OpenVINO's Python API catch.
  static nb::object error = nb::steal(PyErr_NewExceptionWithDoc(
      "vireo.Error", "What went wrong, in one line.", PyExc_RuntimeError, nullptr));
  static nb::object cancelled = nb::steal(PyErr_NewExceptionWithDoc(
      "vireo.Cancelled", "The inference was cancelled.", error.ptr(), nullptr));
  static nb::object busy = nb::steal(
      PyErr_NewExceptionWithDoc("vireo.Busy", "The request is running.", error.ptr(), nullptr));
  m.attr("Error") = error;
  m.attr("Cancelled") = cancelled;
  m.attr("Busy") = busy;
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const Cancelled& e) {
      PyErr_SetString(cancelled.ptr(), e.what());
    } catch (const Busy& e) {
      PyErr_SetString(busy.ptr(), e.what());
    } catch (const Error& e) {
      PyErr_SetString(error.ptr(), e.what());
    }
  });

  python::bind_types(m);
  python::bind_tensor(m);
  python::bind_model(m);
  python::bind_runtime(m);
  python::bind_genai(m);
}
