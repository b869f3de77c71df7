// Value: an output of the graph under construction, as converters pass it around. Builder: what
// adds nodes to that graph.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/graph.h"

namespace vireo::onnx {

class Builder;

struct Value {
  Builder* builder = nullptr;
  OutputRef ref;
  std::shared_ptr<const std::vector<Value>>
      items;  // set: an ONNX sequence whose elements are known here

  Value() = default;
  Value(Builder& b, OutputRef r) : builder(&b), ref(r) {}

  explicit operator bool() const { return builder != nullptr; }
  bool is_sequence() const { return items != nullptr; }
  const Fact& fact() const;
  element::Type type() const { return fact().type; }
  const PartialShape& shape() const { return fact().shape; }
  bool has_rank() const { return shape().rank_is_static(); }
  int64_t rank() const;               // throws NotSupported if dynamic
  Dimension dim(int64_t axis) const;  // counts from the end if negative; ? if the rank is dynamic
  // The whole value if it is constant.
  std::optional<std::vector<int64_t>> ints() const;
  std::optional<std::vector<double>> doubles() const;
  std::optional<int64_t> scalar_int() const;  // of a tensor of one element
  std::optional<double> scalar() const;
  std::vector<int64_t> need_ints(const char* what) const;  // throws NotSupported if not constant
  int64_t need_int(const char* what) const;
};

using Values = std::vector<Value>;

class Builder {
 public:
  Builder(Graph& graph, const OpRegistry& ops) : graph_(graph), ops_(ops) {}

  Graph& graph() { return graph_; }
  const OpRegistry& ops() const { return ops_; }

  // Adds a node of the newest form up to `opset`; its first output, or all of them.
  Value add(std::string_view op, int opset, const Values& inputs, const AttrList& attrs = {});
  Values add_all(std::string_view op, int opset, const Values& inputs, const AttrList& attrs = {});

  Value constant(Tensor value);
  Value ints(const std::vector<int64_t>& values);  // i64, rank 1
  Value integer(int64_t value);                    // i64 scalar
  Value number(element::Type type, double value);  // scalar of any numeric type
  Value numbers(element::Type type, const std::vector<double>& values);
  // A scalar of the type that `other` has, also where that is not known yet.
  Value like(const Value& other, double value);
  Value at(OutputRef ref) { return Value(*this, ref); }

  // Opens the names of the nodes added from now on.
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
  const std::string& prefix() const { return prefix_; }

 private:
  Graph& graph_;
  const OpRegistry& ops_;
  std::string prefix_;
};

}  // namespace vireo::onnx
