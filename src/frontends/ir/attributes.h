// Attributes of a layer from and to the XML attributes of its <data> element.
#pragma once

#include <pugixml.hpp>
#include <string>

#include "core/op.h"

namespace vireo::ir {

// What is absent keeps its default. Throws InvalidModel naming the layer, the attribute, its text
// and what is expected. Bodies and constants are not read here: the reader gives them.
class AttributeReader : public AttrVisitor {
 public:
  AttributeReader(pugi::xml_node data, std::string where) : data_(data), where_(std::move(where)) {}
  void on(const char* name, bool& value) override;
  void on(const char* name, int64_t& value) override;
  void on(const char* name, double& value) override;
  void on(const char* name, std::string& value) override;
  void on(const char* name, element::Type& value) override;
  void on(const char* name, PartialShape& value) override;
  void on(const char* name, std::vector<int64_t>& value) override;
  void on(const char* name, std::vector<double>& value) override;
  void on(const char* name, std::vector<std::string>& value) override;
  void on(const char* name, Tensor&) override {}
  void on(const char* name, Body&) override {}
  void on_enum(const char* name, int& value, span<const char* const> names) override;

 private:
  bool find(const char* name, std::string_view& text) const;
  [[noreturn]] void wrong(const char* name, std::string_view text, std::string_view expected) const;
  pugi::xml_node data_;
  std::string where_;
};

class AttributeWriter : public AttrVisitor {
 public:
  explicit AttributeWriter(pugi::xml_node data) : data_(data) {}
  void on(const char* name, bool& value) override;
  void on(const char* name, int64_t& value) override;
  void on(const char* name, double& value) override;
  void on(const char* name, std::string& value) override;
  void on(const char* name, element::Type& value) override;
  void on(const char* name, PartialShape& value) override;
  void on(const char* name, std::vector<int64_t>& value) override;
  void on(const char* name, std::vector<double>& value) override;
  void on(const char* name, std::vector<std::string>& value) override;
  void on(const char* name, Tensor&) override {}
  void on(const char* name, Body&) override {}
  void on_enum(const char* name, int& value, span<const char* const> names) override;

 private:
  void put(const char* name, const std::string& text);
  pugi::xml_node data_;
};

// "?,3,1..10": as IR writes shapes, without brackets.
std::string shape_text(const PartialShape& shape);

}  // namespace vireo::ir
