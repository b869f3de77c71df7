// ONNX's messages as views of the file's bytes: strings and tensor data are not copied. Field names
// are onnx.proto's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace vireo::onnx {

enum DataType : int32_t {
  kUndefined,
  kFloat,
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kInt32,
  kInt64,
  kString,
  kBool,
  kFloat16,
  kDouble,
  kUint32,
  kUint64,
  kComplex64,
  kComplex128,
  kBfloat16,
  kFloat8E4M3FN,
  kFloat8E4M3FNUZ,
  kFloat8E5M2,
  kFloat8E5M2FNUZ,
  kUint4,
  kInt4,
  kFloat4E2M1,
  kFloat8E8M0,
  kUint2,
  kInt2,
};

struct TensorProto {
  std::string_view name;
  std::vector<int64_t> dims;
  int64_t data_type = 0;
  bool has_raw = false, external = false;
  std::string_view raw;
  std::string_view message;  // the whole message: typed fields are read from it on demand
  std::vector<std::pair<std::string_view, std::string_view>> external_data;
};

struct SparseTensorProto {
  TensorProto values, indices;
  std::vector<int64_t> dims;
};

struct DimProto {
  int64_t value = -1;  // -1: unknown
  std::string_view param;
};

struct TypeProto {
  enum Kind { Unknown, Tensor, Sequence, Optional, SparseTensor, Map } kind = Unknown;
  int64_t elem_type = 0;  // of the tensor, or of the sequence's or optional's tensors
  bool has_shape = false;
  std::vector<DimProto> dims;
};

struct ValueInfoProto {
  std::string_view name;
  TypeProto type;
};

struct GraphProto;

struct AttributeProto {
  std::string_view name, ref_attr_name;
  int64_t type = 0;
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::optional<TensorProto> t;
  std::optional<SparseTensorProto> sparse_tensor;
  std::vector<GraphProto> g;  // at most one
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
  std::vector<TypeProto> tp;  // at most one
};

struct NodeProto {
  std::vector<std::string_view> input, output;
  std::string_view name, op_type, domain, overload;
  std::vector<AttributeProto> attribute;
};

struct GraphProto {
  std::string_view name;
  std::vector<NodeProto> node;
  std::vector<TensorProto> initializer;
  std::vector<SparseTensorProto> sparse_initializer;
  std::vector<ValueInfoProto> input, output, value_info;
};

struct OpsetId {
  std::string_view domain;
  int64_t version = 0;
};

struct FunctionProto {
  std::string_view name, domain, overload;
  std::vector<std::string_view> input, output, attribute;
  std::vector<AttributeProto> attribute_proto;
  std::vector<NodeProto> node;
  std::vector<OpsetId> opset_import;
};

struct ModelProto {
  int64_t ir_version = 0, model_version = 0;
  std::string_view producer_name, producer_version, domain, doc_string;
  bool has_graph = false;
  GraphProto graph;
  std::vector<OpsetId> opset_import;
  std::vector<std::pair<std::string_view, std::string_view>> metadata_props;
  std::vector<FunctionProto> functions;
};

// Views into `bytes`, which must outlive them. Throws InvalidModel for wrong types of fields, and
// what protozero throws for bytes that are no protobuf; the front door translates that.
ModelProto parse_model(std::string_view bytes);

}  // namespace vireo::onnx
