#include "frontends/ir/names.h"

namespace vireo::ir {

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i) out += ',';
    for (char c : names[i]) {
      if (c == ',') out += '\\';
      out += c;
    }
  }
  return out;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> out(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',')
      out.back() += text[++i];
    else if (text[i] == ',')
      out.emplace_back();
    else
      out.back() += text[i];
  }
  std::vector<std::string> named;
  for (std::string& name : out)
    if (!name.empty()) named.push_back(std::move(name));
  return named;
}

}  // namespace vireo::ir
