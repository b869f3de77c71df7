#include "text/jinja/template.h"

#include "text/jinja/parser.h"
#include "text/utf8.h"
#include "vireo/error.h"

namespace vireo::jinja {
namespace {

// Messages may hold pieces of the template, and so its line ends.
[[noreturn]] void raise(ErrorCode code, const std::string& message) {
  std::string line = message;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  throw Error(code, "chat template, " + line);
}

}  // namespace

struct Template::Tree {
  Body body;
};

Template::Template(std::string_view source) {
  try {
    tree_ = std::make_unique<const Tree>(Tree{parse(text::to_valid_utf8(source))});
  } catch (const TemplateError& error) {
    raise(ErrorCode::InvalidModel, error.what);
  }
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const std::map<std::string, Value, std::less<>>& variables) const {
  Context context(variables);
  try {
    run(tree_->body, context);
  } catch (const TemplateError& error) {
    raise(ErrorCode::InvalidArgument, "line " + std::to_string(context.line()) + ": " + error.what);
  }
  return context.take_output();
}

}  // namespace vireo::jinja
