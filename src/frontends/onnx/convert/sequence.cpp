// Sequences and optionals whose structure is known when the model is read: they leave no trace in
// the graph.
#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {
namespace {

Value sequence_of(Builder& b, Values items) {
  Value v(b, {});
  v.items = std::make_shared<const Values>(std::move(items));
  return v;
}

const Values& items_of(const Value& v) {
  if (!v.items)
    fail(ErrorCode::NotSupported, "a sequence that is not made in the graph is not supported");
  return *v.items;
}

size_t position(const Value& v, size_t count, bool end_allowed) {
  const int64_t at = as_scalar(v).need_int("a position in a sequence"), size = int64_t(count);
  const int64_t i = at < 0 ? at + size : at;
  if (i < 0 || i >= size + (end_allowed ? 1 : 0))
    fail(ErrorCode::InvalidModel, "position {} is out of range for a sequence of {}", at, count);
  return size_t(i);
}

}  // namespace

Outputs sequence_empty(Node& n) { return sequence_of(n.b, {}); }
Outputs sequence_construct(Node& n) { return sequence_of(n.b, n.all()); }
Outputs sequence_length(Node& n) { return n.b.integer(int64_t(items_of(n.in(0)).size())); }

Outputs sequence_at(Node& n) {
  const Values& items = items_of(n.in(0));
  return items[position(n.in(1), items.size(), false)];
}

Outputs sequence_insert(Node& n) {
  Values items = items_of(n.in(0));
  const size_t at = n.has(2) ? position(n.in(2), items.size(), true) : items.size();
  items.insert(items.begin() + int64_t(at), n.in(1));
  return sequence_of(n.b, items);
}

Outputs sequence_erase(Node& n) {
  Values items = items_of(n.in(0));
  if (items.empty()) fail(ErrorCode::InvalidModel, "the sequence is empty");
  items.erase(items.begin() +
              int64_t(n.has(1) ? position(n.in(1), items.size(), false) : items.size() - 1));
  return sequence_of(n.b, items);
}

Outputs split_to_sequence(Node& n) {
  const Value x = n.in(0);
  const int64_t axis = normal_axis(n.integer("axis", 0), x.rank());
  const Dimension extent = x.dim(axis);
  if (extent.is_dynamic())
    fail(ErrorCode::NotSupported, "splitting an axis of unknown extent is not supported");
  const int64_t total = extent.get_length();
  if (total > (1 << 16))
    fail(ErrorCode::NotSupported, "a sequence of {} tensors is not supported", total);
  std::vector<int64_t> lengths(size_t(total), 1);
  if (n.has(1)) {
    lengths = n.in(1).need_ints("lengths");
    if (n.in(1).rank() == 0) {
      const int64_t part = lengths.at(0);
      if (part < 1) fail(ErrorCode::InvalidModel, "parts of {} elements", part);
      lengths.assign(size_t((total + part - 1) / part), part);
      if (!lengths.empty()) lengths.back() = total - part * int64_t(lengths.size() - 1);
    }
  }
  Values parts = split(x, axis, lengths);
  if (!n.has(1) && n.integer("keepdims", 1) == 0)
    for (Value& v : parts) v = squeeze(v, {axis});
  return sequence_of(n.b, parts);
}

Outputs concat_from_sequence(Node& n) {
  Values items = items_of(n.in(0));
  if (items.empty()) fail(ErrorCode::InvalidModel, "the sequence is empty");
  const int64_t axis = n.integer("axis");
  if (n.integer("new_axis", 0))
    for (Value& v : items) v = unsqueeze(v, {axis});
  return n.b.add("Concat", 1, items, {{"axis", axis}});
}

Outputs sequence_map(Node& n) {
  const GraphProto& body = n.graph("body");
  const size_t count = items_of(n.in(0)).size();
  std::vector<Values> outputs(body.output.size());
  for (size_t i = 0; i < count; ++i) {
    Values in;
    for (size_t k = 0; k < n.inputs(); ++k)
      in.push_back(n.in(k).items ? n.in(k).items->at(i) : n.in(k));
    const Values out = n.session.inlined(n, body, in);
    for (size_t k = 0; k < out.size(); ++k) outputs[k].push_back(out[k]);
  }
  Values sequences;
  for (Values& o : outputs) sequences.push_back(sequence_of(n.b, std::move(o)));
  return sequences;
}

// An optional is its value, or nothing.
Outputs optional(Node& n) { return n.has(0) ? n.in(0) : Value(); }
Outputs optional_get_element(Node& n) { return n.in(0); }
Outputs optional_has_element(Node& n) {
  Tensor t(element::boolean, Shape{});
  *static_cast<uint8_t*>(t.data()) = n.has(0);
  return n.b.constant(t);
}

}  // namespace vireo::onnx
