// Node and Output: handles to a graph's nodes. Copies name the same node; == and hash are its
// identity.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vireo/api.h"
#include "vireo/element_type.h"
#include "vireo/shape.h"
#include "vireo/tensor.h"

namespace vireo {

class Arena;
class Output;
struct GraphNode;

class VIREO_API Node {
 public:
  Node() = default;
  Node(std::shared_ptr<Arena> arena, uint32_t id) : arena_(std::move(arena)), id_(id) {}

  explicit operator bool() const { return arena_ != nullptr; }
  const std::string& get_friendly_name() const;
  void set_friendly_name(const std::string& name);
  std::string get_type_name() const;  // "Softmax"
  std::string get_version() const;    // "opset8"
  size_t get_input_size() const;
  size_t get_output_size() const;
  Output input_value(size_t i) const;  // the output that input i reads
  Output output(size_t i) const;
  std::vector<Output> outputs() const;
  // Attributes as name and text, in IR's words.
  std::vector<std::pair<std::string, std::string>> get_attributes() const;
  // Runtime information by name; of a runtime model execType, runtimePrecision, outputLayouts,
  // originalLayersNames and others.
  std::vector<std::pair<std::string, std::string>> get_rt_info() const;
  Tensor get_constant() const;  // a Constant's value, else empty

  bool operator==(const Node& o) const { return identity() == o.identity(); }
  bool operator!=(const Node& o) const { return !(*this == o); }
  uint64_t identity() const;  // unique in the process, stable under edits

  // For Vireo's own layers.
  const std::shared_ptr<Arena>& arena() const;
  uint32_t id() const;

 private:
  GraphNode& data() const;
  void follow() const;  // after the arena was merged into another
  mutable std::shared_ptr<Arena> arena_;
  mutable uint32_t id_ = 0;
};

class VIREO_API Output {
 public:
  Output() = default;
  Output(Node node, size_t index) : node_(std::move(node)), index_(index) {}

  explicit operator bool() const { return bool(node_); }
  const Node& get_node() const { return node_; }
  size_t get_index() const { return index_; }
  element::Type get_element_type() const;
  const PartialShape& get_partial_shape() const;
  Shape get_shape() const;                            // throws if not static
  const std::vector<std::string>& get_names() const;  // tensor names
  const std::string& get_any_name() const;            // throws NotFound if there is none
  void set_names(const std::vector<std::string>& names);
  bool operator==(const Output& o) const { return index_ == o.index_ && node_ == o.node_; }
  bool operator!=(const Output& o) const { return !(*this == o); }

 private:
  Node node_;
  size_t index_ = 0;
};

}  // namespace vireo
