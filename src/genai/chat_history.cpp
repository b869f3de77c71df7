#include "vireo/genai/chat_history.h"

#include "base/support/error.h"
#include "genai/json.h"

namespace vireo::genai {
namespace {

void expect(bool holds, const char* what, const char* expected, const JsonContainer& got) {
  if (holds) return;
  fail(ErrorCode::InvalidArgument, "chat history: {} is a {}, expected {}", what,
       got.impl()->json.type_name(), expected);
}

}  // namespace

JsonContainer::JsonContainer() : impl_(std::make_shared<Impl>()) {}
JsonContainer JsonContainer::object() { return container(Json::object()); }
JsonContainer JsonContainer::array() { return container(Json::array()); }

JsonContainer JsonContainer::from_json_string(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    fail(ErrorCode::InvalidArgument, "'{}' is no JSON", text.substr(0, 60));
  }
  return container(std::move(json));
}

std::string JsonContainer::to_json_string(int indent) const {
  return impl_->json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

bool JsonContainer::is_null() const { return impl_->json.is_null(); }
bool JsonContainer::is_array() const { return impl_->json.is_array(); }
bool JsonContainer::is_object() const { return impl_->json.is_object(); }
size_t JsonContainer::size() const { return impl_->json.size(); }

ChatHistory::ChatHistory(const JsonContainer& messages) {
  expect(messages.is_array(), "what is given", "an array of messages", messages);
  for (const Json& message : messages.impl()->json) push_back(container(message));
}

ChatHistory& ChatHistory::push_back(const JsonContainer& message) {
  expect(message.is_object(), "a message", "an object", message);
  Json all = messages_.impl()->json;
  all.push_back(message.impl()->json);
  messages_ = container(std::move(all));
  return *this;
}

ChatHistory& ChatHistory::push_back(const std::map<std::string, std::string>& message) {
  return push_back(container(Json(message)));
}

void ChatHistory::pop_back() {
  if (empty()) fail(ErrorCode::InvalidArgument, "chat history: there is no message to remove");
  Json all = messages_.impl()->json;
  all.erase(all.size() - 1);
  messages_ = container(std::move(all));
}

JsonContainer ChatHistory::operator[](size_t index) const {
  if (index >= size()) {
    fail(ErrorCode::InvalidArgument, "chat history: message {} of {}", index, size());
  }
  return container(messages_.impl()->json[index]);
}

JsonContainer ChatHistory::last() const {
  if (empty()) fail(ErrorCode::InvalidArgument, "chat history: there is no message");
  return (*this)[size() - 1];
}

size_t ChatHistory::size() const { return messages_.size(); }
void ChatHistory::clear() { messages_ = JsonContainer::array(); }

void ChatHistory::set_tools(const JsonContainer& tools) {
  expect(tools.is_array(), "the tools", "an array", tools);
  tools_ = tools;
}

void ChatHistory::set_extra_context(const JsonContainer& context) {
  expect(context.is_object(), "the extra context", "an object", context);
  extra_context_ = context;
}

}  // namespace vireo::genai
