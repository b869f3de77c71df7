// Streamers, which Python may derive from.
#include <nanobind/stl/function.h>
#include <nanobind/trampoline.h>

#include "generation.h"

namespace vireo::python {

using genai::StreamerBase;
using genai::StreamerVariant;
using genai::StreamingStatus;
using genai::TextStreamer;
using genai::Tokenizer;

namespace {

StreamingStatus to_status(nb::handle answer) {
  if (answer.is_none()) return StreamingStatus::RUNNING;
  if (nb::isinstance<StreamingStatus>(answer)) return nb::cast<StreamingStatus>(answer);
  return nb::cast<bool>(answer.attr("__bool__")()) ? StreamingStatus::STOP
                                                   : StreamingStatus::RUNNING;
}

std::function<StreamingStatus(std::string)> to_callback(nb::object callable) {
  // The last reference may go on a thread that does not hold the GIL.
  std::shared_ptr<nb::object> held(new nb::object(std::move(callable)), [](nb::object* object) {
    nb::gil_scoped_acquire acquire;
    delete object;
  });
  return [held](std::string text) {
    nb::gil_scoped_acquire acquire;
    return to_status(
        (*held)(nb::bytes(text.data(), text.size()).attr("decode")("utf-8", "replace")));
  };
}

// Calls go to the Python class, if it is one that Python derived.
template <typename Base>
class Derived : public Base {
 public:
  NB_TRAMPOLINE(Base, 2);

  StreamingStatus write(int64_t token) override {
    nb::gil_scoped_acquire acquire;
    return to_status(nb_trampoline.base().attr("write")(token));
  }
  void end() override {
    nb::gil_scoped_acquire acquire;
    nb_trampoline.base().attr("end")();
  }
};

[[noreturn]] void not_defined(const char* name) {
  PyErr_SetString(PyExc_NotImplementedError, name);
  throw nb::python_error();
}

}  // namespace

StreamerVariant to_streamer(nb::handle streamer) {
  if (streamer.is_none()) return std::monostate();
  if (nb::isinstance<StreamerBase>(streamer))
    return nb::cast<std::shared_ptr<StreamerBase>>(streamer);
  if (!nb::isinstance<nb::callable>(streamer))
    throw nb::type_error("streamer: a function or a StreamerBase is needed");
  return to_callback(nb::borrow(streamer));
}

void bind_streamers(nb::module_& m) {
  nb::enum_<StreamingStatus>(m, "StreamingStatus", "What generation does next.")
      .value("RUNNING", StreamingStatus::RUNNING, "it goes on")
      .value("STOP", StreamingStatus::STOP, "it ends")
      .value("CANCEL", StreamingStatus::CANCEL, "it ends, and a chat forgets the turn");

  nb::class_<StreamerBase, Derived<StreamerBase>>(
      m, "StreamerBase", "Derive from it to get tokens as they are generated.")
      .def(nb::init<>())
      .def(
          "write", [](StreamerBase&, nb::handle) { not_defined("StreamerBase.write"); },
          nb::arg("token"), "Gets a token; answers a StreamingStatus, True to stop, or nothing.")
      .def(
          "end", [](StreamerBase&) { not_defined("StreamerBase.end"); },
          "No token comes any more.");

  nb::class_<TextStreamer, StreamerBase, Derived<TextStreamer>>(
      m, "TextStreamer", "Text as it comes, whole characters only.")
      .def(
          "__init__",
          [](TextStreamer* s, const Tokenizer& tokenizer, nb::object callback, nb::object options) {
            new (static_cast<void*>(s)) Derived<TextStreamer>(
                tokenizer, to_callback(std::move(callback)), to_any_map(options));
          },
          nb::arg("tokenizer"), nb::arg("callback"), nb::arg("detokenization_params") = nb::none())
      .def(
          "write",
          [](TextStreamer& s, nb::handle tokens) {
            std::vector<int64_t> ids;
            if (!nb::try_cast(tokens, ids)) ids = {nb::cast<int64_t>(tokens)};
            for (const int64_t id : ids)
              if (const StreamingStatus status = s.TextStreamer::write(id);
                  status != StreamingStatus::RUNNING)
                return status;
            return StreamingStatus::RUNNING;
          },
          nb::arg("token"))
      .def("end", [](TextStreamer& s) { s.TextStreamer::end(); });
}

}  // namespace vireo::python
