// The words that language models are built with: thin names over Graph::add.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/graph.h"
#include "ops/fused/block_format.h"

namespace vireo::transformers {

class Words;

// An output of the graph under construction.
struct Value {
  Words* words = nullptr;
  OutputRef ref;
  explicit operator bool() const { return words != nullptr; }
};
using Values = std::vector<Value>;

class Words {
 public:
  explicit Words(Graph& graph) : graph_(graph) {}
  Graph& graph() { return graph_; }

  Values add(std::string_view op, int opset, const Values& inputs, const AttrList& attrs = {},
             std::string name = {});
  Value constant(Tensor value, std::string name = {});
  Value ints(const std::vector<int64_t>& values);  // i64, rank 1
  Value integer(int64_t value);                    // i64 scalar
  Value number(double value);                      // f32 scalar
  Value floats(const std::vector<float>& values, const Shape& shape);
  Value parameter(const std::string& name, element::Type type, const PartialShape& shape);

 private:
  Graph& graph_;
};

Value operator+(const Value& a, const Value& b);
Value operator-(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);
Value operator/(const Value& a, const Value& b);
Value operator*(const Value& a, double b);  // nothing where b is 1

Value unary(const char* op, const Value& x);
Value binary(const char* op, const Value& a, const Value& b);
Value convert(const Value& x, element::Type type);
Value reshape(const Value& x, const std::vector<int64_t>& shape);  // 0 keeps an extent
Value transpose(const Value& x, const std::vector<int64_t>& order);
Value unsqueeze(const Value& x, const std::vector<int64_t>& axes);
Value concat(const Values& parts, int64_t axis);
Values split(const Value& x, int64_t axis, const std::vector<int64_t>& lengths);
Value slice(const Value& x, int64_t axis, int64_t begin, int64_t end);
Value gather(const Value& x, const Value& indices, int64_t axis);
Value broadcast(const Value& x, const Value& shape);
Value dims(const Value& x, const std::vector<int64_t>& axes);  // i64, rank 1
Value matmul(const Value& a, const Value& b, bool transpose_b);
Value mean(const Value& x);  // over the last axis, which stays with extent 1
Value softmax(const Value& x, int64_t axis);
Value from_blocks(const Value& bytes, ops::BlockFormat format, const std::string& name);  // f32

}  // namespace vireo::transformers
