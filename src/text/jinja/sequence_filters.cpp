#include <algorithm>
#include <numeric>

#include "base/support/parse.h"
#include "text/jinja/builtins.h"
#include "text/jinja/filter_rows.h"
#include "text/jinja/methods.h"
#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

// `a.b.0` of an item, or the item itself when no attribute is asked for.
Value path_of(const Value& item_value, const Value& path) {
  if (path.is_none()) return item_value;
  if (!path.is_string()) return item(item_value, path);
  Value value = item_value;
  for (const Value& part : split_text(path.string(), ".", -1)) {
    const auto index = parse_i64(part.string());
    value = index ? item(value, *index) : item(value, part);
  }
  return value;
}

Value folded(const Value& v, bool case_sensitive) {
  return v.is_string() && !case_sensitive ? Value(lower(v.string())) : v;
}

// Sorts a copy; equal items keep their order.
List sorted(List items, const Value& path, bool case_sensitive, bool reverse) {
  std::vector<std::pair<Value, size_t>> keys;
  for (size_t i = 0; i < items.size(); ++i) {
    keys.emplace_back(folded(path_of(items[i], path), case_sensitive), i);
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    const int order = compare(a.first, b.first);
    return reverse ? order > 0 : order < 0;
  });
  List result;
  for (const auto& key : keys) result.push_back(items[key.second]);
  return result;
}

Value batch(const Value& v, Arguments& a) {
  const auto size = static_cast<size_t>(std::max<int64_t>(a.get_int(0, "linecount", 1), 1));
  const Value* fill = a.find(1, "fill_with");
  List rows, row;
  for (const Value& one : iterate(v)) {
    if (row.size() == size) rows.emplace_back(std::exchange(row, {}));
    row.push_back(one);
  }
  while (fill && !row.empty() && row.size() < size) row.push_back(*fill);
  if (!row.empty()) rows.emplace_back(std::move(row));
  return rows;
}

Value count(const Value& v, Arguments&) { return length(v); }

Value dictsort(const Value& v, Arguments& a) {
  if (!v.is_dict()) fail(std::string("dictsort: expected a dictionary, got ") + v.type_name());
  const bool case_sensitive = a.get(0, "case_sensitive", false).truth();
  const int64_t by = a.get(1, "by", "key").str() == "value" ? 1 : 0;
  List pairs;
  for (const auto& [key, value] : v.dict().entries()) pairs.emplace_back(List{key, value}, true);
  return sorted(std::move(pairs), by, case_sensitive, a.get(2, "reverse", false).truth());
}

Value first(const Value& v, Arguments&) {
  const List items = iterate(v);
  return items.empty() ? Value(Undefined{"no first item, sequence was empty"}) : items.front();
}

Value last(const Value& v, Arguments&) {
  const List items = iterate(v);
  return items.empty() ? Value(Undefined{"no last item, sequence was empty"}) : items.back();
}

Value groupby(const Value& v, Arguments& a) {
  const Value path = a.need(0, "attribute");
  List groups, group;
  Value key;
  const auto finish = [&] {
    if (group.empty()) return;
    Dict named;
    named.set("grouper", key);
    named.set("list", std::exchange(group, {}));
    groups.emplace_back(std::move(named));
  };
  for (const Value& one : sorted(iterate(v), path, false, false)) {
    const Value own = path_of(one, path);
    if (!group.empty() && !equal(own, key)) finish();
    key = own;
    group.push_back(one);
  }
  finish();
  // A group unpacks as (key, items).
  for (Value& one : groups) {
    one = Value(List{*one.dict().find("grouper"), *one.dict().find("list")}, true);
  }
  return groups;
}

Value items(const Value& v, Arguments&) {
  if (v.is_undefined()) return List{};
  if (!v.is_dict()) fail(std::string("items: expected a dictionary, got ") + v.type_name());
  List pairs;
  for (const auto& [key, value] : v.dict().entries()) pairs.emplace_back(List{key, value}, true);
  return pairs;
}

Value join(const Value& v, Arguments& a) {
  const std::string separator = a.get(0, "d", "").str();
  const Value path = a.get(1, "attribute", None{});
  std::string result;
  bool at_first = true;
  for (const Value& one : iterate(v)) {
    if (!at_first) result += separator;
    result += path_of(one, path).str();
    at_first = false;
    if (result.size() > kMaxText) fail("join: the text is over the limit");
  }
  return result;
}

Value list(const Value& v, Arguments&) { return iterate(v); }

Value map(const Value& v, Arguments& a) {
  List result;
  if (a.positional.empty()) {
    const Value path = a.get(0, "attribute", None{});
    const Value* otherwise = a.find(1, "default");
    for (const Value& one : iterate(v)) {
      Value value = path_of(one, path);
      result.push_back(value.is_undefined() && otherwise ? *otherwise : std::move(value));
    }
    return result;
  }
  Arguments inner{
      a.need_string(0, "filter"), {a.positional.begin() + 1, a.positional.end()}, a.named};
  for (const Value& one : iterate(v)) result.push_back(apply_filter(inner.callee, one, inner));
  return result;
}

template <int kSign>
Value extreme(const Value& v, Arguments& a) {
  const bool case_sensitive = a.get(0, "case_sensitive", false).truth();
  const Value path = a.get(1, "attribute", None{});
  const List all = sorted(iterate(v), path, case_sensitive, kSign > 0);
  return all.empty() ? Value(Undefined{"no item, sequence was empty"}) : all.front();
}

Value reverse(const Value& v, Arguments&) {
  if (v.is_string()) return slice(v, None{}, None{}, int64_t{-1});
  List all = iterate(v);
  std::reverse(all.begin(), all.end());
  return all;
}

// select, reject, selectattr and rejectattr: those items whose value, or attribute, is (not) so.
template <bool kAttribute, bool kWanted>
Value filtered(const Value& v, Arguments& a) {
  const Value path = kAttribute ? a.need(0, "attribute") : Value(None{});
  const size_t at = kAttribute ? 1 : 0;
  const bool has_test = a.positional.size() > at;
  Arguments inner;
  if (has_test) {
    inner = {a.need_string(at, "test"),
             {a.positional.begin() + static_cast<ptrdiff_t>(at) + 1, a.positional.end()},
             a.named};
  }
  List result;
  for (const Value& one : iterate(v)) {
    const Value value = path_of(one, path);
    const bool is = has_test ? apply_test(inner.callee, value, inner) : value.truth();
    if (is == kWanted) result.push_back(one);
  }
  return result;
}

Value slice_filter(const Value& v, Arguments& a) {
  const List all = iterate(v);
  const int64_t asked = a.get_int(0, "slices", 1);
  if (asked < 1 || asked > static_cast<int64_t>(kMaxItems)) fail("slice: expected a count over 0");
  const auto slices = static_cast<size_t>(asked);
  const Value* fill = a.find(1, "fill_with");
  const size_t each = all.size() / slices, extra = all.size() % slices;
  List rows;
  size_t at = 0;
  for (size_t i = 0; i < slices; ++i) {
    const size_t size = each + (i < extra);
    List row(all.begin() + static_cast<ptrdiff_t>(at),
             all.begin() + static_cast<ptrdiff_t>(at + size));
    if (fill && i >= extra && extra) row.push_back(*fill);
    rows.emplace_back(std::move(row));
    at += size;
  }
  return rows;
}

Value sort(const Value& v, Arguments& a) {
  return sorted(iterate(v), a.get(2, "attribute", None{}),
                a.get(1, "case_sensitive", false).truth(), a.get(0, "reverse", false).truth());
}

Value sum(const Value& v, Arguments& a) {
  const Value path = a.get(0, "attribute", None{});
  Value total = a.get(1, "start", int64_t{0});
  for (const Value& one : iterate(v)) total = arithmetic("+", total, path_of(one, path));
  return total;
}

Value unique(const Value& v, Arguments& a) {
  const bool case_sensitive = a.get(0, "case_sensitive", false).truth();
  const Value path = a.get(1, "attribute", None{});
  Dict seen;
  List result;
  for (const Value& one : iterate(v)) {
    const Value key = folded(path_of(one, path), case_sensitive);
    if (seen.find(key)) continue;
    seen.set(key, true);
    result.push_back(one);
  }
  return result;
}

constexpr FilterRow kRows[] = {
    {"batch", batch},
    {"count", count},
    {"dictsort", dictsort},
    {"first", first},
    {"groupby", groupby},
    {"items", items},
    {"join", join},
    {"last", last},
    {"length", count},
    {"list", list},
    {"map", map},
    {"max", extreme<1>},
    {"min", extreme<-1>},
    {"reject", filtered<false, false>},
    {"rejectattr", filtered<true, false>},
    {"reverse", reverse},
    {"select", filtered<false, true>},
    {"selectattr", filtered<true, true>},
    {"slice", slice_filter},
    {"sort", sort},
    {"sum", sum},
    {"unique", unique},
};

}  // namespace

FilterFunction find_sequence_filter(std::string_view name) {
  for (const FilterRow& row : kRows) {
    if (row.name == name) return row.call;
  }
  return nullptr;
}

}  // namespace vireo::jinja
