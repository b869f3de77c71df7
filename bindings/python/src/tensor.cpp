// Tensor, from and to NumPy.
#include "bind.h"

#include <cstring>

namespace vireo::python {
namespace {

using element::Type_t;

// NumPy arrays speak DLPack's type codes here; false for types that NumPy lacks, which are seen as
// bytes or 16-bit words.
bool dlpack_type(element::Type type, nb::dlpack::dtype& out) {
  using C = nb::dlpack::dtype_code;
  auto set = [&](C code, size_t bits) {
    out = {uint8_t(code), uint8_t(bits), 1};
    return true;
  };
  switch (type) {
    case Type_t::boolean: return set(C::Bool, 8);
    case Type_t::f16: return set(C::Float, 16);
    case Type_t::f32: return set(C::Float, 32);
    case Type_t::f64: return set(C::Float, 64);
    case Type_t::i8:
    case Type_t::i16:
    case Type_t::i32:
    case Type_t::i64: return set(C::Int, type.bitwidth());
    case Type_t::u8:
    case Type_t::u16:
    case Type_t::u32:
    case Type_t::u64: return set(C::UInt, type.bitwidth());
    default: return false;
  }
}

element::Type type_of(nb::dlpack::dtype d) {
  using C = nb::dlpack::dtype_code;
  const C code = C(d.code);
  if (d.lanes != 1) return element::dynamic;
  if (code == C::Bool) return element::boolean;
  if (code == C::Float)
    return d.bits == 16   ? element::f16
           : d.bits == 32 ? element::f32
           : d.bits == 64 ? element::f64
                          : element::dynamic;
  if (code == C::Int)
    return d.bits == 8    ? element::i8
           : d.bits == 16 ? element::i16
           : d.bits == 32 ? element::i32
                          : element::i64;
  if (code == C::UInt)
    return d.bits == 8    ? element::u8
           : d.bits == 16 ? element::u16
           : d.bits == 32 ? element::u32
                          : element::u64;
  return element::dynamic;
}

using Array = nb::ndarray<nb::ro, nb::device::cpu>;

// Keeps a Python object alive from any thread.
std::shared_ptr<const void> keep(nb::handle object) {
  object.inc_ref();
  return std::shared_ptr<const void>(object.ptr(), [](const void* p) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(const_cast<void*>(p)));
  });
}

bool view_array(nb::handle object, Tensor& out) {
  Array array;
  if (!nb::try_cast<Array>(object, array, false)) return false;
  const element::Type type = type_of(array.dtype());
  if (type.is_dynamic()) return false;
  Shape shape(array.ndim());
  int64_t step = 1;
  for (size_t i = array.ndim(); i-- > 0;) {
    shape[i] = array.shape(i);
    if (array.size() && shape[i] > 1 && array.stride(i) != step) return false;
    step *= int64_t(shape[i]);
  }
  static char nothing;
  out = Tensor(type, shape, array.size() ? array.data() : &nothing, keep(object));
  return true;
}

Tensor string_tensor(nb::handle array) {
  Tensor t(element::string, to_shape(array.attr("shape")));
  std::string* out = t.data<std::string>();
  for (nb::handle item : nb::object(array.attr("ravel")().attr("tolist")())) {
    if (nb::isinstance<nb::bytes>(item)) {
      nb::bytes b = nb::cast<nb::bytes>(item);
      *out++ = std::string(b.c_str(), b.size());
    } else {
      *out++ = nb::cast<std::string>(nb::str(item));
    }
  }
  return t;
}

// An array as raw storage of another type: the packed types, f8 and bf16.
Tensor raw_tensor(nb::handle object, const Shape& shape, element::Type type, bool share) {
  nb::object np = nb::module_::import_("numpy");
  Tensor bytes;
  nb::object flat =
      np.attr("ascontiguousarray")(object).attr("reshape")(-1).attr("view")(np.attr("uint8"));
  if (!view_array(flat, bytes)) throw nb::type_error("an array of numbers is needed");
  const size_t need = dense_byte_size(type, shape);
  if (bytes.get_byte_size() < need)
    throw Error(ErrorCode::InvalidArgument,
                "the array has " + std::to_string(bytes.get_byte_size()) + " bytes, a tensor " +
                    type.get_type_name() + shape.to_string() + " needs " + std::to_string(need));
  if (share) return Tensor(type, shape, bytes.data(), {}, keep(flat));
  Tensor t(type, shape);
  if (need) std::memcpy(t.data(), bytes.data(), need);
  return t;
}

nb::object strings_to_array(const Tensor& t, bool bytes) {
  nb::list items;
  const std::string* p = t.data<std::string>();
  for (size_t i = 0; i < t.get_size(); ++i) {
    if (bytes)
      items.append(nb::bytes(p[i].data(), p[i].size()));
    else
      items.append(
          nb::steal(PyUnicode_DecodeUTF8(p[i].data(), Py_ssize_t(p[i].size()), "replace")));
  }
  nb::object np = nb::module_::import_("numpy");
  nb::list dims;
  for (size_t d : t.get_shape()) dims.append(d);
  if (t.get_size() == 0) return np.attr("empty")(dims, bytes ? "S1" : "U1");
  return np.attr("array")(items).attr("reshape")(dims);
}

void set_data(Tensor& t, nb::handle value) {
  if (t.get_element_type() == element::string) {
    string_tensor(nb::module_::import_("numpy").attr("asarray")(value)).copy_to(t);
    return;
  }
  to_array(t)[nb::ellipsis()] = nb::borrow(value);
}

}  // namespace

Tensor to_tensor(nb::handle object, element::Type want, bool share) {
  if (nb::isinstance<Tensor>(object)) return nb::cast<Tensor>(object);
  Tensor view;
  if (view_array(object, view) && (want.is_dynamic() || want == view.get_element_type())) {
    if (share) return view;
    Tensor copy(view.get_element_type(), view.get_shape());
    view.copy_to(copy);
    return copy;
  }
  nb::object np = nb::module_::import_("numpy");
  nb::object array = np.attr("asarray")(object);
  const std::string kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
  if (kind == "U" || kind == "S" || (kind == "O" && want == element::string))
    return string_tensor(array);
  nb::dlpack::dtype d;
  if (want.is_static() && !dlpack_type(want, d)) {
    if (nb::cast<std::string>(array.attr("dtype").attr("name")) == "float32" || kind == "f")
      throw Error(ErrorCode::InvalidArgument,
                  "an array of " + nb::cast<std::string>(array.attr("dtype").attr("name")) +
                      " cannot feed an input of type " + want.get_type_name() +
                      ": give a Tensor of that type");
    return raw_tensor(array, to_shape(array.attr("shape")), want, false);
  }
  if (want.is_static())
    array = np.attr("ascontiguousarray")(array, nb::cast(want).attr("to_dtype")())
                .attr("reshape")(array.attr("shape"));
  else
    array = np.attr("array")(array, nb::arg("order") = "C");
  if (!view_array(array, view)) throw nb::type_error("an array of numbers or strings is needed");
  return view;  // of the converted array, which nobody else has
}

nb::object to_array(const Tensor& t) {
  const element::Type type = t.get_element_type();
  if (type == element::string) return strings_to_array(t, false);
  nb::dlpack::dtype dtype{uint8_t(nb::dlpack::dtype_code::UInt), 8, 1};
  std::vector<size_t> shape(t.get_shape().begin(), t.get_shape().end());
  std::vector<int64_t> strides;
  if (type == element::bf16)
    dtype = {uint8_t(nb::dlpack::dtype_code::Float), 16, 1};
  else if (!dlpack_type(type, dtype) && type.is_packed())
    shape = {t.get_byte_size()};
  if (!type.is_packed())
    for (size_t s : t.get_strides()) strides.push_back(int64_t(s / type.size()));
  auto* owner = new Tensor(t);
  nb::capsule capsule(owner, [](void* p) noexcept { delete static_cast<Tensor*>(p); });
  nb::ndarray<nb::numpy> array(const_cast<void*>(t.data()), shape.size(), shape.data(), capsule,
                               strides.empty() ? nullptr : strides.data(), dtype);
  return nb::cast(array, nb::rv_policy::reference);
}

nb::object to_array_copy(const Tensor& t) {
  if (t.get_element_type() == element::string) return to_array(t);
  Tensor copy(t.get_element_type(), t.get_shape());
  t.copy_to(copy);
  return to_array(copy);
}

void bind_tensor(nb::module_& m) {
  nb::class_<Tensor>(m, "Tensor", "A typed, shaped piece of memory. `data` is a NumPy view of it.")
      .def(
          "__init__",
          [](Tensor* t, element::Type type, nb::object shape) {
            new (t) Tensor(type, to_shape(shape));
          },
          nb::arg("type"), nb::arg("shape"))
      .def(
          "__init__",
          [](Tensor* t, const Tensor& other, nb::object begin, nb::object end) {
            new (t) Tensor(other, to_shape(begin), to_shape(end));
          },
          nb::arg("other"), nb::arg("begin"), nb::arg("end"))
      .def(
          "__init__",
          [](Tensor* t, nb::object array, nb::object shape, nb::object type) {
            new (t) Tensor(raw_tensor(array, to_shape(shape),
                                      type.is_none() ? to_type(array.attr("dtype")) : to_type(type),
                                      true));
          },
          nb::arg("array"), nb::arg("shape"), nb::arg("type") = nb::none(),
          "The bytes of the array, shared, under a shape and type.")
      .def(
          "__init__",
          [](Tensor* t, nb::object array, bool shared_memory) {
            if (nb::isinstance<nb::list>(array) || nb::isinstance<nb::tuple>(array) ||
                nb::isinstance<nb::int_>(array) || nb::isinstance<nb::float_>(array))
              array = nb::module_::import_("numpy").attr("array")(array);
            Tensor made = to_tensor(array, element::dynamic, shared_memory);
            if (shared_memory && made.get_element_type() != element::string) {
              Tensor direct;
              if (!view_array(array, direct))
                throw Error(ErrorCode::InvalidArgument,
                            "only a C-contiguous array can share its memory with a tensor");
            }
            new (t) Tensor(std::move(made));
          },
          nb::arg("array"), nb::arg("shared_memory") = false)
      .def_prop_rw(
          "data", [](const Tensor& t) { return to_array(t); },
          [](Tensor& t, nb::object v) { set_data(t, v); })
      .def_prop_ro("str_data", [](const Tensor& t) { return strings_to_array(t, false); })
      .def_prop_ro("bytes_data", [](const Tensor& t) { return strings_to_array(t, true); })
      .def_prop_rw("shape", &Tensor::get_shape,
                   [](Tensor& t, nb::object s) { t.set_shape(to_shape(s)); })
      .def("get_shape", &Tensor::get_shape)
      .def("set_shape", [](Tensor& t, nb::object s) { t.set_shape(to_shape(s)); })
      .def_prop_ro("element_type", &Tensor::get_element_type)
      .def("get_element_type", &Tensor::get_element_type)
      .def_prop_ro("size", &Tensor::get_size)
      .def("get_size", &Tensor::get_size)
      .def_prop_ro("byte_size", &Tensor::get_byte_size)
      .def("get_byte_size", &Tensor::get_byte_size)
      .def_prop_ro("strides", &Tensor::get_strides)
      .def("get_strides", &Tensor::get_strides)
      .def("is_continuous", &Tensor::is_continuous)
      .def("copy_to", [](const Tensor& t, Tensor& dst) { t.copy_to(dst); })
      .def("copy_from",
           [](Tensor& t, nb::object src) { to_tensor(src, t.get_element_type(), true).copy_to(t); })
      .def(
          "__array__", [](const Tensor& t, nb::object, nb::object) { return to_array(t); },
          nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__dlpack__", [](const Tensor& t,
                            nb::kwargs kwargs) { return to_array(t).attr("__dlpack__")(**kwargs); })
      .def("__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); })
      .def("__copy__", [](const Tensor& t) { return t; })
      .def(
          "__deepcopy__",
          [](const Tensor& t, nb::handle) {
            Tensor copy(t.get_element_type(), t.get_shape());
            t.copy_to(copy);
            return copy;
          },
          nb::arg("memo"))
      .def("__len__", [](const Tensor& t) { return t.get_shape().empty() ? 0 : t.get_shape()[0]; })
      .def("__repr__", [](const Tensor& t) {
        return "<Tensor: " + t.get_element_type().get_type_name() + t.get_shape().to_string() + ">";
      });
}

}  // namespace vireo::python
