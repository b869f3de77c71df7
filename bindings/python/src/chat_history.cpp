#include "chat_history.h"

namespace vireo::python {

using genai::ChatHistory;
using genai::JsonContainer;

JsonContainer to_json_container(nb::handle value) {
  const nb::object dumps = nb::module_::import_("json").attr("dumps");
  return JsonContainer::from_json_string(
      nb::cast<std::string>(dumps(value, nb::arg("ensure_ascii") = false)));
}

nb::object from_json_container(const JsonContainer& json) {
  return nb::module_::import_("json").attr("loads")(json.to_json_string());
}

ChatHistory to_chat_history(nb::handle history) {
  ChatHistory* given = nullptr;
  if (nb::try_cast(history, given)) return *given;
  return ChatHistory(to_json_container(history));
}

namespace {

size_t position(const ChatHistory& h, int64_t index) {
  const auto size = static_cast<int64_t>(h.size());
  if (index < -size || index >= size) throw nb::index_error("message of the chat history");
  return static_cast<size_t>(index < 0 ? index + size : index);
}

}  // namespace

void bind_chat_history(nb::module_& m) {
  nb::class_<ChatHistory>(m, "ChatHistory",
                          "A conversation: messages as dictionaries, tools and further variables.")
      .def(nb::init<>())
      .def(
          "__init__",
          [](ChatHistory* h, nb::handle messages) {
            new (h) ChatHistory(to_json_container(messages));
          },
          nb::arg("messages"))
      .def(
          "append",
          [](ChatHistory& h, nb::handle message) { h.push_back(to_json_container(message)); },
          nb::arg("message"))
      .def("pop",
           [](ChatHistory& h) {
             nb::object last = from_json_container(h.last());
             h.pop_back();
             return last;
           })
      .def("clear", &ChatHistory::clear)
      .def("__len__", &ChatHistory::size)
      .def("__bool__", [](const ChatHistory& h) { return !h.empty(); })
      .def(
          "__getitem__",
          [](const ChatHistory& h, int64_t index) {
            return from_json_container(h[position(h, index)]);
          },
          nb::arg("index"))
      .def("__iter__",
           [](const ChatHistory& h) {
             return from_json_container(h.get_messages()).attr("__iter__")();
           })
      .def("get_messages",
           [](const ChatHistory& h) { return from_json_container(h.get_messages()); })
      .def(
          "set_tools",
          [](ChatHistory& h, nb::handle tools) { h.set_tools(to_json_container(tools)); },
          nb::arg("tools"))
      .def("get_tools", [](const ChatHistory& h) { return from_json_container(h.get_tools()); })
      .def(
          "set_extra_context",
          [](ChatHistory& h, nb::handle context) {
            h.set_extra_context(to_json_container(context));
          },
          nb::arg("extra_context"))
      .def("get_extra_context",
           [](const ChatHistory& h) { return from_json_container(h.get_extra_context()); })
      .def("__repr__", [](const ChatHistory& h) {
        return "<ChatHistory of " + std::to_string(h.size()) + " messages>";
      });
}

}  // namespace vireo::python
