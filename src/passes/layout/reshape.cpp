// Transpose, Reshape, Squeeze and Unsqueeze on values in another order.
#include <algorithm>

#include "core/values.h"
#include "ops/movement/movement.h"
#include "passes/layout/layout.h"
#include "passes/match.h"

namespace vireo::passes {

namespace {

// Axes [in, in_end) of the input hold the elements of axes [out, out_end) of the output. Either may
// be empty: an extent of 1.
struct Group {
  size_t in, in_end, out, out_end;
};

// Cuts a reshape into the smallest groups that extents prove. What cannot be told apart is one
// group.
std::vector<Group> find_groups(const PartialShape& a, const PartialShape& b) {
  std::vector<Group> front, back;
  size_t i = 0, j = 0, ie = a.size(), je = b.size();
  const Dimension one(1);
  while (i < ie && j < je) {
    if (a[i].same(b[j])) {
      front.push_back({i, i + 1, j, j + 1});
      ++i, ++j;
    } else if (a[i] == one) {
      front.push_back({i, i + 1, j, j});
      ++i;
    } else if (b[j] == one) {
      front.push_back({i, i, j, j + 1});
      ++j;
    } else {
      size_t p = i, q = j;
      int64_t x = 1, y = 1;
      bool known = true;
      const auto take = [&known](int64_t& product, const Dimension& d) {
        known = known && d.is_static() && d.get_length() > 0;
        if (known) product *= d.get_length();
      };
      take(x, a[p++]);
      take(y, b[q++]);
      while (known && x != y) {
        if (x < y && p < ie)
          take(x, a[p++]);
        else if (y < x && q < je)
          take(y, b[q++]);
        else
          known = false;
      }
      if (!known) break;
      front.push_back({i, p, j, q});
      i = p, j = q;
    }
  }
  while (ie > i && je > j && a[ie - 1].same(b[je - 1])) {
    --ie, --je;
    back.push_back({ie, ie + 1, je, je + 1});
  }
  if (i < ie || j < je) front.push_back({i, ie, j, je});
  front.insert(front.end(), back.rbegin(), back.rend());
  return front;
}

// The groups in the order in which they are stored; false if one of them does not lie in one piece.
bool stored_groups(const std::vector<Group>& groups, const PartialShape& in, const Order& order,
                   std::vector<size_t>& sequence) {
  std::vector<size_t> owner(in.size());
  for (size_t g = 0; g < groups.size(); ++g)
    for (size_t i = groups[g].in; i < groups[g].in_end; ++i) owner[i] = g;
  int64_t last = -1;
  bool whole = true;
  for (int64_t axis : order) {
    if (in[size_t(axis)] == Dimension(1)) continue;
    const size_t g = owner[size_t(axis)];
    if (!sequence.empty() && sequence.back() == g) {
      whole = whole && axis > last;
    } else if (std::find(sequence.begin(), sequence.end(), g) != sequence.end()) {
      whole = false;
    } else {
      sequence.push_back(g);
    }
    last = axis;
  }
  return whole;
}

// Where groups lie in pieces: each moves to where its innermost axis is.
Order gathered_order(const std::vector<Group>& groups, const PartialShape& in, const Order& order) {
  const Order at = positions(order);
  std::vector<std::pair<int64_t, size_t>> keys;
  for (size_t g = 0; g < groups.size(); ++g) {
    int64_t key = -1;
    for (size_t i = groups[g].in; i < groups[g].in_end; ++i)
      if (in[i] != Dimension(1) || key < 0) key = std::max(key, at[i]);
    keys.emplace_back(key, g);
  }
  std::stable_sort(keys.begin(), keys.end());
  Order out;
  for (const auto& [key, g] : keys)
    for (size_t i = groups[g].in; i < groups[g].in_end; ++i) out.push_back(int64_t(i));
  return out;
}

// The output's order: groups as stored; extents of 1 that come new lie behind the axis before them.
Order output_order(const std::vector<Group>& groups, const std::vector<size_t>& sequence) {
  std::vector<std::vector<int64_t>> pieces(groups.size() + 1);
  size_t home = groups.size();  // in front of all
  for (size_t g = 0; g < groups.size(); ++g) {
    if (std::find(sequence.begin(), sequence.end(), g) != sequence.end()) home = g;
    for (size_t j = groups[g].out; j < groups[g].out_end; ++j) pieces[home].push_back(int64_t(j));
  }
  Order out = pieces.back();
  for (size_t g : sequence) out.insert(out.end(), pieces[g].begin(), pieces[g].end());
  return out;
}

// A pattern that gives `out` in that order from `in`: numbers, copied extents (0) and one -1.
bool pattern_for(const PartialShape& in, const PartialShape& out, const Order& order,
                 std::vector<int64_t>& pattern, bool& copies) {
  int unknown = 0;
  copies = false;
  for (size_t i = 0; i < order.size(); ++i) {
    const Dimension& d = out[size_t(order[i])];
    if (d.is_static()) {
      if (d.get_length() == 0) return false;
      pattern.push_back(d.get_length());
    } else if (i < in.size() && in[i].same(d)) {
      pattern.push_back(0);
      copies = true;
    } else {
      pattern.push_back(-1);
      if (++unknown > 1) return false;
    }
  }
  return true;
}

bool reshape(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const OutputRef value = n.inputs[0];
  const PartialShape &in = l.fact(value).shape, out = n.fact().shape;
  if (!l.is_moved(value) || !in.rank_is_static() || !out.rank_is_static()) return false;
  const std::vector<Group> groups = find_groups(in, out);
  Order order = l.stored(value).order;
  std::vector<size_t> sequence;
  if (!stored_groups(groups, in, order, sequence)) {
    order = gathered_order(groups, in, order);
    sequence.clear();
    if (is_identity(order) || !stored_groups(groups, in, order, sequence)) return false;
  }
  Order result = output_order(groups, sequence);
  if (same_but_ones(result, {}, out)) {
    result.resize(out.size());
    for (size_t i = 0; i < result.size(); ++i) result[i] = int64_t(i);
  }
  PartialShape stored_in;
  for (int64_t axis : order) stored_in.push_back(in[size_t(axis)]);
  std::vector<int64_t> pattern;
  bool copies;
  if (!pattern_for(stored_in, out, result, pattern, copies)) return false;
  const NodeId made =
      l.emit(id, ops::reshape_1, ops::Reshape{copies}, {l.as(value, order), l.i64(pattern)});
  l.set({id, 0}, {made, 0}, result);
  return true;
}

}  // namespace

bool layout_transpose(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const PartialShape& in = l.fact(n.inputs[0]).shape;
  auto moves = ints(l.graph(), n.inputs[1]);
  if (!moves || !in.rank_is_static()) return false;
  if (moves->empty())
    for (size_t i = in.size(); i-- > 0;) moves->push_back(int64_t(i));
  const Stored s = l.stored(n.inputs[0]);
  const Order at = inverse(*moves);
  Order order;
  for (size_t i = 0; i < in.size(); ++i)
    order.push_back(at[size_t(s.order.empty() ? int64_t(i) : s.order[i])]);
  l.set({id, 0}, s.ref, order);
  return true;
}

bool layout_reshape(Layout& l, NodeId id) { return reshape(l, id); }

bool layout_squeeze(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const PartialShape& in = l.fact(n.inputs[0]).shape;
  if (!l.is_moved(n.inputs[0]) || !in.rank_is_static() || !n.fact().shape.rank_is_static())
    return false;
  std::vector<bool> gone(in.size(), false);
  const auto axes = n.inputs.size() > 1 ? ints(l.graph(), n.inputs[1]) : std::vector<int64_t>{};
  if (!axes) return false;
  for (int64_t axis : *axes) gone[size_t(axis < 0 ? axis + int64_t(in.size()) : axis)] = true;
  for (size_t i = 0; axes->empty() && i < in.size(); ++i) gone[i] = in[i] == Dimension(1);
  const Stored s = l.stored(n.inputs[0]);
  const Order at = positions(s.order), rest = without_axes(s.order, gone);
  if (rest.size() != n.fact().shape.size()) return false;
  std::vector<int64_t> where;
  for (size_t i = 0; i < in.size(); ++i)
    if (gone[i]) where.push_back(at[i]);
  const NodeId made = l.emit_same(id, {s.ref, l.i64(where)});
  l.set({id, 0}, {made, 0}, rest);
  return true;
}

bool layout_unsqueeze(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const PartialShape& out = n.fact().shape;
  const auto axes = ints(l.graph(), n.inputs[1]);
  if (!l.is_moved(n.inputs[0]) || !axes || !out.rank_is_static()) return false;
  std::vector<bool> fresh(out.size(), false);
  for (int64_t axis : *axes) fresh[size_t(axis < 0 ? axis + int64_t(out.size()) : axis)] = true;
  // Numbers of the old axes in the output.
  std::vector<int64_t> number;
  for (size_t i = 0; i < out.size(); ++i)
    if (!fresh[i]) number.push_back(int64_t(i));
  const Stored s = l.stored(n.inputs[0]);
  Order order;
  for (int64_t axis : s.order) order.push_back(number[size_t(axis)]);
  for (size_t i = 0; i < out.size(); ++i)
    if (fresh[i])
      order.insert(
          i == 0 ? order.begin() : std::find(order.begin(), order.end(), int64_t(i) - 1) + 1,
          int64_t(i));
  const Order at = positions(order);
  std::vector<int64_t> where;
  for (size_t i = 0; i < out.size(); ++i)
    if (fresh[i]) where.push_back(at[i]);
  std::sort(where.begin(), where.end());
  const NodeId made = l.emit_same(id, {s.ref, l.i64(where)});
  l.set({id, 0}, {made, 0}, order);
  return true;
}

}  // namespace vireo::passes
