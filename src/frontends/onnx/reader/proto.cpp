// Parses the protobuf wire format into the views of proto.h.
#include "frontends/onnx/reader/proto.h"

#include "frontends/onnx/reader/fields.h"

namespace vireo::onnx {
namespace {

// Graphs nest in attributes of If, Loop and Scan. Real models stay below ten.
constexpr int kMaxDepth = 40;

GraphProto parse_graph(std::string_view bytes, int depth);

std::pair<std::string_view, std::string_view> parse_entry(std::string_view bytes) {
  std::pair<std::string_view, std::string_view> entry;
  for (Fields f(bytes, "StringStringEntryProto"); f.next();) {
    if (f.number() == 1)
      entry.first = f.bytes();
    else if (f.number() == 2)
      entry.second = f.bytes();
  }
  return entry;
}

TensorProto parse_tensor(std::string_view bytes) {
  TensorProto t;
  t.message = bytes;
  for (Fields f(bytes, "TensorProto"); f.next();) {
    switch (f.number()) {
      case 1: f.integers(t.dims); break;
      case 2: t.data_type = f.integer(); break;
      case 3: f.malformed("segmented tensors are not supported");
      case 8: t.name = f.bytes(); break;
      case 9:
        t.raw = f.bytes();
        t.has_raw = true;
        break;
      case 13: t.external_data.push_back(parse_entry(f.bytes())); break;
      case 14: t.external = f.integer() == 1; break;
      default: break;
    }
  }
  return t;
}

SparseTensorProto parse_sparse(std::string_view bytes) {
  SparseTensorProto t;
  for (Fields f(bytes, "SparseTensorProto"); f.next();) {
    switch (f.number()) {
      case 1: t.values = parse_tensor(f.bytes()); break;
      case 2: t.indices = parse_tensor(f.bytes()); break;
      case 3: f.integers(t.dims); break;
      default: break;
    }
  }
  return t;
}

DimProto parse_dim(std::string_view bytes) {
  DimProto d;
  for (Fields f(bytes, "Dimension"); f.next();) {
    if (f.number() == 1)
      d.value = f.integer();
    else if (f.number() == 2)
      d.param = f.bytes();
  }
  return d;
}

void parse_tensor_type(std::string_view bytes, TypeProto& type) {
  for (Fields f(bytes, "TypeProto.Tensor"); f.next();) {
    if (f.number() == 1) {
      type.elem_type = f.integer();
    } else if (f.number() == 2) {
      type.has_shape = true;
      for (Fields s(f.bytes(), "TensorShapeProto"); s.next();)
        if (s.number() == 1) type.dims.push_back(parse_dim(s.bytes()));
    }
  }
}

TypeProto parse_type(std::string_view bytes, int depth) {
  if (depth > kMaxDepth) fail(ErrorCode::InvalidModel, "types nest more than {} deep", kMaxDepth);
  TypeProto type;
  for (Fields f(bytes, "TypeProto"); f.next();) {
    switch (f.number()) {
      case 1:
        type.kind = TypeProto::Tensor;
        parse_tensor_type(f.bytes(), type);
        break;
      case 8:
        type.kind = TypeProto::SparseTensor;
        parse_tensor_type(f.bytes(), type);
        break;
      case 5: type.kind = TypeProto::Map; break;
      case 4:
      case 9: {
        const TypeProto::Kind kind = f.number() == 4 ? TypeProto::Sequence : TypeProto::Optional;
        for (Fields e(f.bytes(), "TypeProto.Sequence"); e.next();)
          if (e.number() == 1) type = parse_type(e.bytes(), depth + 1);
        type.kind = kind;
        break;
      }
      default: break;
    }
  }
  return type;
}

ValueInfoProto parse_value_info(std::string_view bytes) {
  ValueInfoProto v;
  for (Fields f(bytes, "ValueInfoProto"); f.next();) {
    if (f.number() == 1)
      v.name = f.bytes();
    else if (f.number() == 2)
      v.type = parse_type(f.bytes(), 0);
  }
  return v;
}

AttributeProto parse_attribute(std::string_view bytes, int depth) {
  AttributeProto a;
  for (Fields f(bytes, "AttributeProto"); f.next();) {
    switch (f.number()) {
      case 1: a.name = f.bytes(); break;
      case 2: a.f = f.real(); break;
      case 3: a.i = f.integer(); break;
      case 4: a.s = f.bytes(); break;
      case 5: a.t = parse_tensor(f.bytes()); break;
      case 6: a.g.assign(1, parse_graph(f.bytes(), depth + 1)); break;
      case 7: f.reals(a.floats); break;
      case 8: f.integers(a.ints); break;
      case 9: a.strings.push_back(f.bytes()); break;
      case 14: a.tp.assign(1, parse_type(f.bytes(), 0)); break;
      case 20: a.type = f.integer(); break;
      case 21: a.ref_attr_name = f.bytes(); break;
      case 22: a.sparse_tensor = parse_sparse(f.bytes()); break;
      default: break;
    }
  }
  return a;
}

NodeProto parse_node(std::string_view bytes, int depth) {
  NodeProto n;
  for (Fields f(bytes, "NodeProto"); f.next();) {
    switch (f.number()) {
      case 1: n.input.push_back(f.bytes()); break;
      case 2: n.output.push_back(f.bytes()); break;
      case 3: n.name = f.bytes(); break;
      case 4: n.op_type = f.bytes(); break;
      case 5: n.attribute.push_back(parse_attribute(f.bytes(), depth)); break;
      case 7: n.domain = f.bytes(); break;
      case 8: n.overload = f.bytes(); break;
      default: break;
    }
  }
  if (n.domain == "ai.onnx") n.domain = {};
  return n;
}

GraphProto parse_graph(std::string_view bytes, int depth) {
  if (depth > kMaxDepth)
    fail(ErrorCode::InvalidModel, "subgraphs nest more than {} deep", kMaxDepth);
  GraphProto g;
  for (Fields f(bytes, "GraphProto"); f.next();) {
    switch (f.number()) {
      case 1: g.node.push_back(parse_node(f.bytes(), depth)); break;
      case 2: g.name = f.bytes(); break;
      case 5: g.initializer.push_back(parse_tensor(f.bytes())); break;
      case 11: g.input.push_back(parse_value_info(f.bytes())); break;
      case 12: g.output.push_back(parse_value_info(f.bytes())); break;
      case 13: g.value_info.push_back(parse_value_info(f.bytes())); break;
      case 15: g.sparse_initializer.push_back(parse_sparse(f.bytes())); break;
      default: break;
    }
  }
  return g;
}

OpsetId parse_opset(std::string_view bytes) {
  OpsetId o;
  for (Fields f(bytes, "OperatorSetIdProto"); f.next();) {
    if (f.number() == 1)
      o.domain = f.bytes();
    else if (f.number() == 2)
      o.version = f.integer();
  }
  if (o.domain == "ai.onnx") o.domain = {};
  return o;
}

FunctionProto parse_function(std::string_view bytes) {
  FunctionProto fn;
  for (Fields f(bytes, "FunctionProto"); f.next();) {
    switch (f.number()) {
      case 1: fn.name = f.bytes(); break;
      case 4: fn.input.push_back(f.bytes()); break;
      case 5: fn.output.push_back(f.bytes()); break;
      case 6: fn.attribute.push_back(f.bytes()); break;
      case 7: fn.node.push_back(parse_node(f.bytes(), 0)); break;
      case 9: fn.opset_import.push_back(parse_opset(f.bytes())); break;
      case 10: fn.domain = f.bytes(); break;
      case 11: fn.attribute_proto.push_back(parse_attribute(f.bytes(), 0)); break;
      case 13: fn.overload = f.bytes(); break;
      default: break;
    }
  }
  return fn;
}

}  // namespace

ModelProto parse_model(std::string_view bytes) {
  ModelProto m;
  for (Fields f(bytes, "ModelProto"); f.next();) {
    switch (f.number()) {
      case 1: m.ir_version = f.integer(); break;
      case 2: m.producer_name = f.bytes(); break;
      case 3: m.producer_version = f.bytes(); break;
      case 4: m.domain = f.bytes(); break;
      case 5: m.model_version = f.integer(); break;
      case 6: m.doc_string = f.bytes(); break;
      case 7:
        m.graph = parse_graph(f.bytes(), 0);
        m.has_graph = true;
        break;
      case 8: m.opset_import.push_back(parse_opset(f.bytes())); break;
      case 14: m.metadata_props.push_back(parse_entry(f.bytes())); break;
      case 25: m.functions.push_back(parse_function(f.bytes())); break;
      default: break;
    }
  }
  return m;
}

}  // namespace vireo::onnx
