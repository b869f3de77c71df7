// A conversation as chat templates read it: messages, tools and further variables, each as JSON.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "vireo/api.h"

namespace vireo::genai {

// A JSON value. Copies share it; what changes one first makes it its own.
class VIREO_API JsonContainer {
 public:
  JsonContainer();  // null
  // Throws InvalidArgument for text that is no JSON.
  static JsonContainer from_json_string(const std::string& text);
  static JsonContainer object();
  static JsonContainer array();

  std::string to_json_string(int indent = -1) const;  // -1: on one line
  bool is_null() const;
  bool is_array() const;
  bool is_object() const;
  size_t size() const;
  bool empty() const { return size() == 0; }

  struct Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }
  explicit JsonContainer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

class VIREO_API ChatHistory {
 public:
  ChatHistory() = default;
  // An array of messages. Throws InvalidArgument for anything else.
  explicit ChatHistory(const JsonContainer& messages);

  // {"role": "user", "content": "..."} and what else the template reads of a message.
  ChatHistory& push_back(const JsonContainer& message);
  ChatHistory& push_back(const std::map<std::string, std::string>& message);
  void pop_back();                               // InvalidArgument when it is empty
  JsonContainer operator[](size_t index) const;  // InvalidArgument beyond the end
  JsonContainer last() const;
  size_t size() const;
  bool empty() const { return size() == 0; }
  void clear();

  const JsonContainer& get_messages() const { return messages_; }
  // An array of tool definitions, and an object of variables for the template.
  void set_tools(const JsonContainer& tools);
  const JsonContainer& get_tools() const { return tools_; }
  void set_extra_context(const JsonContainer& context);
  const JsonContainer& get_extra_context() const { return extra_context_; }

 private:
  JsonContainer messages_ = JsonContainer::array();
  JsonContainer tools_ = JsonContainer::array();
  JsonContainer extra_context_ = JsonContainer::object();
};

}  // namespace vireo::genai
