#include "text/jinja/scope.h"

namespace vireo::jinja {
Context::Context(const std::map<std::string, Value, std::less<>>& variables) {
  Scope& globals = new_scope(nullptr);
  add_globals(*this, globals);
  scope_ = &new_scope(&globals);
  scope_->names = variables;
}

// A namespace may hold itself: without this it would never be freed.
Context::~Context() {
  for (const auto& name_space : namespaces_) name_space->attributes.clear();
}

Scope& Context::new_scope(Scope* parent) {
  scopes_.push_back({parent, {}});
  return scopes_.back();
}

Value Context::look_up(std::string_view name) const {
  for (const Scope* scope = scope_; scope; scope = scope->parent) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return found->second;
  }
  return Undefined{"'" + std::string(name) + "' is undefined"};
}

Value Context::make_namespace(Arguments& arguments) {
  auto made = std::make_shared<Namespace>();
  for (const Value& from : arguments.positional) {
    if (!from.is_dict()) fail("namespace() takes a dictionary or named values");
    for (const auto& [key, value] : from.dict().entries()) made->attributes[key.str()] = value;
  }
  for (auto& [name, value] : arguments.named) made->attributes[name] = std::move(value);
  namespaces_.push_back(made);
  return made;
}

void Context::write(std::string_view text) {
  if (output_.size() + text.size() > kMaxText) fail("the output is over the limit");
  output_ += text;
}

}  // namespace vireo::jinja
