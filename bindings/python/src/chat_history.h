// Conversations between Python's lists and dictionaries and C++.
#pragma once

#include "bind.h"
#include "vireo/genai/chat_history.h"

namespace vireo::python {

genai::JsonContainer to_json_container(nb::handle value);
nb::object from_json_container(const genai::JsonContainer& json);
// A ChatHistory, or a list of messages.
genai::ChatHistory to_chat_history(nb::handle history);
void bind_chat_history(nb::module_& m);

}  // namespace vireo::python
