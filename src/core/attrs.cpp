// Attributes: listing, building by name, comparing and hashing, each one visitor.
#include "core/attrs.h"

#include <fmt/format.h>

#include "base/support/error.h"
#include "core/graph.h"
#include "core/text.h"
#include "core/values.h"

namespace vireo {
namespace {

// Lists what a struct holds.
class Lister : public AttrVisitor {
 public:
  AttrList list;
  void on(const char* n, bool& v) override { list.emplace_back(n, v); }
  void on(const char* n, int64_t& v) override { list.emplace_back(n, v); }
  void on(const char* n, double& v) override { list.emplace_back(n, v); }
  void on(const char* n, std::string& v) override { list.emplace_back(n, v); }
  void on(const char* n, element::Type& v) override { list.emplace_back(n, v); }
  void on(const char* n, PartialShape& v) override { list.emplace_back(n, v); }
  void on(const char* n, std::vector<int64_t>& v) override { list.emplace_back(n, v); }
  void on(const char* n, std::vector<double>& v) override { list.emplace_back(n, v); }
  void on(const char* n, std::vector<std::string>& v) override { list.emplace_back(n, v); }
  void on(const char* n, Tensor& v) override { list.emplace_back(n, v); }
  void on(const char* n, Body& v) override { list.emplace_back(n, v); }
  void on_enum(const char* n, int& v, span<const char* const> names) override {
    list.emplace_back(n, names[size_t(v)]);
  }
};

// Sets members by name.
class Setter : public AttrVisitor {
 public:
  Setter(const AttrList& values, std::string_view where)
      : values_(values), where_(where), used_(values.size()) {}

  void on(const char* n, bool& v) override {
    if (auto* i = find<int64_t>(n, true))
      v = *i != 0;
    else
      take(n, v);
  }
  void on(const char* n, int64_t& v) override { take(n, v); }
  void on(const char* n, double& v) override {
    if (auto* i = find<int64_t>(n, true))
      v = double(*i);
    else
      take(n, v);
  }
  void on(const char* n, std::string& v) override { take(n, v); }
  void on(const char* n, element::Type& v) override {
    if (auto* s = find<std::string>(n, true))
      v = element::Type(*s);
    else
      take(n, v);
  }
  void on(const char* n, PartialShape& v) override {
    if (auto* s = find<std::string>(n, true))
      v = PartialShape(std::string_view(*s));
    else if (auto* i = find<std::vector<int64_t>>(n, true))
      v = PartialShape(std::vector<Dimension>(i->begin(), i->end()));
    else
      take(n, v);
  }
  void on(const char* n, std::vector<int64_t>& v) override { take(n, v); }
  void on(const char* n, std::vector<double>& v) override {
    if (auto* i = find<std::vector<int64_t>>(n, true))
      v.assign(i->begin(), i->end());
    else
      take(n, v);
  }
  void on(const char* n, std::vector<std::string>& v) override {
    if (auto* i = find<std::vector<int64_t>>(n, true); i && i->empty())
      v.clear();
    else
      take(n, v);
  }
  void on(const char* n, Tensor& v) override { take(n, v); }
  void on(const char* n, Body& v) override { take(n, v); }
  void on_enum(const char* n, int& v, span<const char* const> names) override {
    const std::string* s = find<std::string>(n, false);
    if (!s) return;
    for (size_t i = 0; i < names.size(); ++i)
      if (*s == names[i]) {
        v = int(i);
        return;
      }
    fail(ErrorCode::InvalidArgument, "{}: attribute {} is '{}', expected one of {}", where_, n,
         s->substr(0, 60), fmt::join(names.begin(), names.end(), ", "));
  }

  void check_all_used() const {
    for (size_t i = 0; i < values_.size(); ++i)
      if (!used_[i])
        fail(ErrorCode::InvalidArgument, "{}: attribute {} is unknown", where_, values_[i].first);
  }

 private:
  template <typename T>
  const T* find(const char* name, bool or_other) {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (values_[i].first != name) continue;
      used_[i] = true;
      const T* v = std::get_if<T>(&values_[i].second.value);
      if (!v && !or_other)
        fail(ErrorCode::InvalidArgument, "{}: attribute {} has a value of the wrong kind: {}",
             where_, name, to_text(values_[i].second).substr(0, 60));
      return v;
    }
    return nullptr;
  }
  template <typename T>
  void take(const char* name, T& v) {
    if (const T* value = find<T>(name, false)) v = *value;
  }

  const AttrList& values_;
  std::string_view where_;
  std::vector<bool> used_;
};

bool same(const Body& a, const Body& b) { return a.graph == b.graph; }
bool same(const Tensor& a, const Tensor& b) { return (!a && !b) || same_contents(a, b); }
template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}

}  // namespace

Attrs Attrs::visited(AttrVisitor& visitor) const {
  std::shared_ptr<void> copy = type_->copy(data_.get());
  type_->visit(visitor, copy.get());
  return Attrs(type_, std::move(copy));
}

const void* Attrs::checked(const AttrType* type) const {
  VIREO_ASSERT(type_ == type);
  return data_.get();
}

bool Attrs::operator==(const Attrs& o) const {
  if (type_ != o.type_) return false;
  if (data_ == o.data_) return true;
  const AttrList a = list_attrs(*this), b = list_attrs(o);
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool equal = std::visit(
        [&](const auto& v) {
          auto* w = std::get_if<std::decay_t<decltype(v)>>(&b[i].second.value);
          return w && same(v, *w);
        },
        a[i].second.value);
    if (!equal || a[i].first != b[i].first) return false;
  }
  return true;
}

uint64_t Attrs::hash() const {
  uint64_t h = 0;
  for (const auto& [name, value] : list_attrs(*this)) {
    const Tensor* t = std::get_if<Tensor>(&value.value);
    const uint64_t v = t && *t ? content_hash(*t) : std::hash<std::string>()(to_text(value));
    h = (h ^ v) * 0x9e3779b97f4a7c15ull + std::hash<std::string>()(name);
  }
  return h;
}

Attrs make_attrs(const AttrType* type, const AttrList& values, std::string_view where) {
  std::shared_ptr<void> data = type->make();
  Setter setter(values, where);
  type->visit(setter, data.get());
  setter.check_all_used();
  return Attrs(type, std::move(data));
}

AttrList list_attrs(const Attrs& attrs) {
  Lister lister;
  attrs.visit(lister);
  return std::move(lister.list);
}

std::string to_text(const AttrValue& value) {
  struct Writer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const {
      std::string s = fmt::format("{}", v);
      return s.find_first_of(".eni") == std::string::npos ? s + ".0" : s;
    }
    std::string operator()(const std::string& v) const {
      std::string s = "\"";
      for (char c : v)
        (c == '"' || c == '\\') ? (s += '\\', s += c) : c == '\n' ? s += "\\n" : s += c;
      return s + "\"";
    }
    std::string operator()(const std::vector<int64_t>& v) const {
      return fmt::format("[{}]", fmt::join(v, ","));
    }
    std::string operator()(const std::vector<double>& v) const {
      std::string s;
      for (double d : v) s += (s.empty() ? "" : ",") + (*this)(d);
      return "[" + s + "]";
    }
    std::string operator()(const std::vector<std::string>& v) const {
      std::string s;
      for (const std::string& t : v) s += (s.empty() ? "" : ",") + (*this)(t);
      return "[" + s + "]";
    }
    std::string operator()(element::Type v) const { return std::string(v.name()); }
    std::string operator()(const PartialShape& v) const { return v.to_string(); }
    std::string operator()(const Tensor& v) const {
      return v ? fmt::format("{}{}", v.get_element_type().name(), v.get_shape().to_string())
               : "none";
    }
    std::string operator()(const Body& v) const { return v.graph ? "{body}" : "none"; }
  };
  return std::visit(Writer{}, value.value);
}

}  // namespace vireo
