// A template of the language that model authors write chat templates in: Jinja, as far as they use
// it (no inclusion, no inheritance). Values, scopes, white space and messages follow Jinja 3 with
// trim_blocks and lstrip_blocks set.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace vireo::jinja {

class Template {
 public:
  // Throws vireo::Error (InvalidModel), one line that says where, when `source` is no template.
  explicit Template(std::string_view source);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // What the template writes with these names set. Throws vireo::Error (InvalidArgument) when the
  // template raises an exception, uses what is not there, or does not end. May be called from
  // several threads at once.
  std::string render(const std::map<std::string, Value, std::less<>>& variables) const;

 private:
  struct Tree;
  std::unique_ptr<const Tree> tree_;
};

}  // namespace vireo::jinja
