#include "frontends/ir/rt_info.h"

#include <cctype>

#include "frontends/ir/names.h"

namespace vireo::ir {
namespace {

constexpr std::string_view kUserData = "user_data/";

bool is_xml_name(const std::string& s) {
  if (s.empty() || !(std::isalpha(static_cast<unsigned char>(s[0])) || s[0] == '_')) return false;
  for (char c : s)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.')
      return false;
  return s != "info";
}

}  // namespace

void read_rt_info(pugi::xml_node element, RtInfo& out) {
  for (pugi::xml_node e : element.children()) {
    const std::string tag = e.name(), name = e.attribute("name").value();
    if (tag == "user_data") {
      out.at(std::string(kUserData) + name).value = e.attribute("value").value();
      continue;
    }
    if (tag != "attribute") continue;
    RtInfo& info = out.at(name + "_" + e.attribute("version").as_string("0"));
    for (pugi::xml_attribute a : e.attributes()) {
      const std::string key = a.name();
      if (key == "value")
        info.value = a.value();
      else if (key != "name" && key != "version")
        info.at(key).value = a.value();
    }
  }
}

void write_rt_info(pugi::xml_node parent, const RtInfo& info) {
  if (info.children.empty()) return;
  pugi::xml_node rt = parent.append_child("rt_info");
  for (const auto& [key, value] : info.children) {
    if (key.compare(0, kUserData.size(), kUserData) == 0) {
      pugi::xml_node e = rt.append_child("user_data");
      e.append_attribute("name") = key.substr(kUserData.size()).c_str();
      e.append_attribute("value") = value.value.c_str();
      continue;
    }
    const size_t bar = key.rfind('_');
    pugi::xml_node e = rt.append_child("attribute");
    e.append_attribute("name") = key.substr(0, bar).c_str();
    e.append_attribute("version") = bar == std::string::npos ? "0" : key.substr(bar + 1).c_str();
    if (!value.value.empty() || value.children.empty())
      e.append_attribute("value") = value.value.c_str();
    for (const auto& [name, child] : value.children)
      e.append_attribute(name.c_str()) = child.value.c_str();
  }
}

void read_model_rt_info(pugi::xml_node element, RtInfo& out, int depth) {
  if (depth > kMaxRtInfoDepth)
    fail(ErrorCode::InvalidModel, "rt_info of the model is nested deeper than {}", kMaxRtInfoDepth);
  for (pugi::xml_node e : element.children()) {
    if (e.type() != pugi::node_element) continue;
    const bool named = std::string_view(e.name()) == "info";
    RtInfo& info = out.at(named ? e.attribute("name").value() : e.name());
    info.value = e.attribute("value").value();
    read_model_rt_info(e, info, depth + 1);
  }
}

void write_model_rt_info(pugi::xml_node parent, const RtInfo& info) {
  for (const auto& [key, child] : info.children) {
    pugi::xml_node e;
    if (is_xml_name(key)) {
      e = parent.append_child(key.c_str());
    } else {
      e = parent.append_child("info");
      e.append_attribute("name") = key.c_str();
    }
    if (child.children.empty() || !child.value.empty())
      e.append_attribute("value") = child.value.c_str();
    write_model_rt_info(e, child);
  }
}

}  // namespace vireo::ir
