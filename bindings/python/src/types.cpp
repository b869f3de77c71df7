// Type, Shape, Dimension, PartialShape, and Python objects as such.
#include "bind.h"

#include <nanobind/make_iterator.h>
#include <nanobind/operators.h>

#include <algorithm>

namespace vireo::python {
namespace {

size_t position(int64_t i, size_t size) {
  if (i < 0) i += int64_t(size);
  if (i < 0 || size_t(i) >= size) throw nb::index_error("shape index out of range");
  return size_t(i);
}

Dimension to_dimension(nb::handle object) {
  if (nb::isinstance<Dimension>(object)) return nb::cast<Dimension>(object);
  if (nb::isinstance<nb::str>(object))
    return Dimension(std::string_view(nb::cast<std::string>(object)));
  if (nb::isinstance<nb::tuple>(object) || nb::isinstance<nb::list>(object)) {
    if (nb::len(object) != 2) throw nb::type_error("a dimension interval is a pair (min, max)");
    return Dimension(nb::cast<int64_t>(object[0]), nb::cast<int64_t>(object[1]));
  }
  return Dimension(nb::cast<int64_t>(nb::int_(nb::borrow(object))));
}

// NumPy's name of a dtype, or of what np.dtype() makes of the object.
std::string dtype_name(nb::handle object) {
  nb::object dtype = nb::module_::import_("numpy").attr("dtype")(object);
  const std::string kind = nb::cast<std::string>(dtype.attr("kind"));
  if (kind == "U" || kind == "S") return "string";
  return nb::cast<std::string>(dtype.attr("name"));
}

}  // namespace

Shape to_shape(nb::handle object) {
  if (nb::isinstance<Shape>(object)) return nb::cast<Shape>(object);
  Shape shape;
  for (nb::handle d : object) {
    const int64_t v = nb::cast<int64_t>(nb::int_(nb::borrow(d)));
    if (v < 0)
      throw Error(ErrorCode::InvalidArgument,
                  "a shape cannot have the dimension " + std::to_string(v));
    shape.push_back(size_t(v));
  }
  return shape;
}

PartialShape to_partial_shape(nb::handle object) {
  if (nb::isinstance<PartialShape>(object)) return nb::cast<PartialShape>(object);
  if (nb::isinstance<Shape>(object)) return nb::cast<Shape>(object);
  if (nb::isinstance<nb::str>(object))
    return PartialShape(std::string_view(nb::cast<std::string>(object)));
  std::vector<Dimension> dims;
  for (nb::handle d : object) dims.push_back(to_dimension(d));
  return PartialShape(std::move(dims));
}

element::Type to_type(nb::handle object) {
  if (nb::isinstance<element::Type>(object)) return nb::cast<element::Type>(object);
  if (nb::isinstance<nb::str>(object)) return element::Type(nb::cast<std::string>(object));
  return element::Type(dtype_name(object));
}

AnyMap to_any_map(nb::handle object) {
  AnyMap map;
  if (object.is_none()) return map;
  for (auto [key, value] : nb::cast<nb::dict>(object)) {
    const std::string name = nb::cast<std::string>(nb::str(key));
    if (nb::isinstance<nb::bool_>(value))
      map[name] = nb::cast<bool>(value);
    else if (nb::isinstance<nb::int_>(value))
      map[name] = nb::cast<int64_t>(value);
    else if (nb::isinstance<nb::float_>(value))
      map[name] = nb::cast<double>(value);
    else if (nb::isinstance<element::Type>(value))
      map[name] = nb::cast<element::Type>(value);
    else
      map[name] = nb::cast<std::string>(nb::str(value));
  }
  return map;
}

std::string to_path(nb::handle object) {
  nb::object path = nb::module_::import_("os").attr("fspath")(object);
  if (nb::isinstance<nb::bytes>(path)) return nb::cast<nb::bytes>(path).c_str();
  return nb::cast<std::string>(path);
}

namespace {

void bind_type(nb::module_& m) {
  nb::class_<element::Type> type(m, "Type", "Element type of a tensor.");
  type.def(nb::init<>())
      .def(
          "__init__",
          [](element::Type* t, nb::object dtype) { new (t) element::Type(to_type(dtype)); },
          nb::arg("dtype"))
      .def("get_type_name", &element::Type::get_type_name)
      .def("to_string", &element::Type::get_type_name)
      .def_prop_ro("type_name", &element::Type::get_type_name)
      .def_prop_ro("bitwidth", &element::Type::bitwidth)
      .def_prop_ro("size", &element::Type::size)
      .def("get_size", &element::Type::size)
      .def("get_bitwidth", &element::Type::bitwidth)
      .def("is_static", &element::Type::is_static)
      .def("is_dynamic", &element::Type::is_dynamic)
      .def("is_real", &element::Type::is_real)
      .def("is_integral", &element::Type::is_integral)
      .def("is_integral_number", &element::Type::is_integral_number)
      .def("is_signed", &element::Type::is_signed)
      .def("is_quantized", &element::Type::is_quantized)
      .def_prop_ro("real", &element::Type::is_real)
      .def_prop_ro("integral", &element::Type::is_integral)
      .def_prop_ro("integral_number", &element::Type::is_integral_number)
      .def_prop_ro("signed", &element::Type::is_signed)
      .def_prop_ro("quantized", &element::Type::is_quantized)
      .def(
          "compatible",
          [](element::Type a, element::Type b) {
            return a.is_dynamic() || b.is_dynamic() || a == b;
          },
          nb::arg("other"))
      .def(
          "merge",
          [](element::Type a, element::Type b) -> nb::object {
            if (a.is_static() && b.is_static() && a != b) return nb::none();
            return nb::cast(a.is_static() ? a : b);
          },
          nb::arg("other"), "The type that both can be; None if there is none.")
      .def(
          "to_dtype",
          [](element::Type t) {
            static const std::map<std::string, const char*> names = {
                {"boolean", "bool"}, {"f16", "float16"}, {"bf16", "float16"}, {"f32", "float32"},
                {"f64", "float64"},  {"i8", "int8"},     {"i16", "int16"},    {"i32", "int32"},
                {"i64", "int64"},    {"u16", "uint16"},  {"u32", "uint32"},   {"u64", "uint64"},
                {"string", "str_"}};
            auto it = names.find(t.get_type_name());
            nb::object np = nb::module_::import_("numpy");
            return np.attr("dtype")(np.attr(it == names.end() ? "uint8" : it->second));
          },
          "The NumPy dtype of an array that holds the values, or the packed bytes of types that "
          "NumPy lacks.")
      .def("__eq__",
           [](element::Type a, nb::handle b) {
             return nb::isinstance<element::Type>(b) ? a == nb::cast<element::Type>(b)
                                                     : !b.is_none() && a == to_type(b);
           })
      .def("__hash__", [](element::Type t) { return size_t(element::Type_t(t)); })
      .def("__str__", [](element::Type t) { return "<Type: '" + t.get_type_name() + "'>"; })
      .def("__repr__", [](element::Type t) { return "<Type: '" + t.get_type_name() + "'>"; });
  for (size_t i = 0; i < element::kTypeCount; ++i) {
    const element::Type t{element::Type_t(i)};
    type.attr(t.get_type_name().c_str()) = t;
  }
  type.attr("undefined") = element::dynamic;
}

void bind_dimension(nb::module_& m) {
  nb::class_<Dimension>(m, "Dimension", "An extent: a length, an interval, or unknown (-1, '?').")
      .def(nb::init<>())
      .def(nb::init<int64_t>(), nb::arg("length"))
      .def(nb::init<int64_t, int64_t>(), nb::arg("min"), nb::arg("max"))
      .def("__init__",
           [](Dimension* d, const std::string& text) { new (d) Dimension(std::string_view(text)); })
      .def_static("dynamic", &Dimension::dynamic)
      .def_prop_ro("is_static", &Dimension::is_static)
      .def_prop_ro("is_dynamic", &Dimension::is_dynamic)
      .def("get_length", &Dimension::get_length)
      .def("get_min_length", &Dimension::get_min_length)
      .def("get_max_length", &Dimension::get_max_length)
      .def_prop_ro("min_length", &Dimension::get_min_length)
      .def_prop_ro("max_length", &Dimension::get_max_length)
      .def("compatible", &Dimension::compatible)
      .def("refines", &Dimension::refines)
      .def("relaxes", &Dimension::relaxes)
      .def("same_scheme", [](const Dimension& a, const Dimension& b) { return a == b; })
      .def("__eq__",
           [](const Dimension& a, nb::handle b) { return !b.is_none() && a == to_dimension(b); })
      .def("__hash__", [](const Dimension& d) { return std::hash<std::string>()(d.to_string()); })
      .def("__len__", &Dimension::get_length)
      .def("__str__", &Dimension::to_string)
      .def("to_string", &Dimension::to_string)
      .def("__repr__", [](const Dimension& d) { return "<Dimension: " + d.to_string() + ">"; });
}

void bind_shape(nb::module_& m) {
  nb::class_<Shape>(m, "Shape", "A static shape: a list of lengths.")
      .def(nb::init<>())
      .def(
          "__init__", [](Shape* s, nb::object dims) { new (s) Shape(to_shape(dims)); },
          nb::arg("dims"))
      .def("__len__", [](const Shape& s) { return s.size(); })
      .def("__getitem__", [](const Shape& s, int64_t i) { return s[position(i, s.size())]; })
      .def("__getitem__",
           [](const Shape& s, nb::slice slice) {
             auto [start, stop, step, count] = slice.compute(s.size());
             Shape out;
             for (size_t i = 0; i < count; ++i, start += step) out.push_back(s[size_t(start)]);
             return out;
           })
      .def("__setitem__", [](Shape& s, int64_t i, size_t v) { s[position(i, s.size())] = v; })
      .def(
          "__iter__",
          [](const Shape& s) {
            return nb::make_iterator(nb::type<Shape>(), "iterator", s.begin(), s.end());
          },
          nb::keep_alive<0, 1>())
      .def("__eq__",
           [](const Shape& a, nb::handle b) {
             try {
               return a == to_shape(b);
             } catch (...) {
               PyErr_Clear();
               return false;
             }
           })
      .def("__hash__", [](const Shape& s) { return std::hash<std::string>()(s.to_string()); })
      .def("to_string", &Shape::to_string)
      .def("__str__", &Shape::to_string)
      .def("__repr__", [](const Shape& s) { return "<Shape: " + s.to_string() + ">"; });
}

void bind_partial_shape(nb::module_& m) {
  nb::class_<PartialShape>(m, "PartialShape",
                           "A shape known in part: intervals, or an unknown rank ('...').")
      .def(
          "__init__",
          [](PartialShape* s, nb::object dims) { new (s) PartialShape(to_partial_shape(dims)); },
          nb::arg("shape"))
      .def_static(
          "dynamic",
          [](nb::object rank) {
            return rank.is_none() ? PartialShape::dynamic()
                                  : PartialShape::dynamic(to_dimension(rank).get_length());
          },
          nb::arg("rank") = nb::none())
      .def_prop_ro("is_static", &PartialShape::is_static)
      .def_prop_ro("is_dynamic", &PartialShape::is_dynamic)
      .def_prop_ro("rank", &PartialShape::rank)
      .def_prop_ro("all_non_negative",
                   [](const PartialShape& s) {
                     return s.rank_is_static() &&
                            std::all_of(s.begin(), s.end(),
                                        [](const Dimension& d) { return d.is_static(); });
                   })
      .def("__copy__", [](const PartialShape& s) { return s; })
      .def(
          "__deepcopy__", [](const PartialShape& s, nb::handle) { return s; }, nb::arg("memo"))
      .def("to_shape", &PartialShape::to_shape)
      .def("get_shape", &PartialShape::to_shape)
      .def("get_min_shape", &PartialShape::get_min_shape)
      .def("get_max_shape", &PartialShape::get_max_shape)
      .def("get_dimension",
           [](const PartialShape& s, size_t i) { return s[position(int64_t(i), s.size())]; })
      .def("compatible", &PartialShape::compatible)
      .def("refines", &PartialShape::refines)
      .def("relaxes", &PartialShape::relaxes)
      .def("same_scheme", &PartialShape::same_scheme)
      .def("__len__", [](const PartialShape& s) { return s.size(); })
      .def("__getitem__", [](const PartialShape& s, int64_t i) { return s[position(i, s.size())]; })
      .def("__setitem__", [](PartialShape& s, int64_t i,
                             nb::object d) { s[position(i, s.size())] = to_dimension(d); })
      .def(
          "__iter__",
          [](const PartialShape& s) {
            return nb::make_iterator(nb::type<PartialShape>(), "iterator", s.begin(), s.end());
          },
          nb::keep_alive<0, 1>())
      .def("__eq__",
           [](const PartialShape& a, nb::handle b) {
             try {
               return a == to_partial_shape(b);
             } catch (...) {
               PyErr_Clear();
               return false;
             }
           })
      .def("__hash__",
           [](const PartialShape& s) { return std::hash<std::string>()(s.to_string()); })
      .def("to_string", &PartialShape::to_string)
      .def("__str__", &PartialShape::to_string)
      .def("__repr__",
           [](const PartialShape& s) { return "<PartialShape: " + s.to_string() + ">"; });
}

}  // namespace

void bind_types(nb::module_& m) {
  bind_type(m);
  bind_dimension(m);
  bind_shape(m);
  bind_partial_shape(m);
}

}  // namespace vireo::python
