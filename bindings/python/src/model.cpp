// Node, Output, Model.
#include "bind.h"

#include <algorithm>

namespace vireo::python {
namespace {

std::vector<std::string> path_of(nb::handle path) {
  if (nb::isinstance<nb::str>(path)) return {nb::cast<std::string>(path)};
  return nb::cast<std::vector<std::string>>(path);
}

std::string describe(const Output& o) {
  std::string names;
  for (const std::string& n : o.get_names()) names += (names.empty() ? "" : ", ") + n;
  return "<Output: names[" + names + "] shape" + o.get_partial_shape().to_string() +
         " type: " + o.get_element_type().get_type_name() + ">";
}

std::string describe(const Model& m) {
  std::string s = "<Model: '" + m.get_friendly_name() + "'\ninputs[\n";
  for (const Output& o : m.inputs()) s += describe(o) + "\n";
  s += "]\noutputs[\n";
  for (const Output& o : m.outputs()) s += describe(o) + "\n";
  return s + "]>";
}

nb::set names_of(const Output& o) {
  nb::set names;
  for (const std::string& n : o.get_names()) names.add(nb::str(n.c_str()));
  return names;
}

void reshape(Model& m, nb::handle shapes) {
  if (!nb::isinstance<nb::dict>(shapes)) return m.reshape(to_partial_shape(shapes));
  std::vector<std::pair<size_t, PartialShape>> by_index;
  const auto inputs = m.inputs();
  for (auto [key, value] : nb::cast<nb::dict>(shapes)) {
    size_t index = 0;
    if (nb::isinstance<nb::int_>(key)) {
      index = nb::cast<size_t>(key);
    } else {
      const Output port =
          nb::isinstance<Output>(key) ? nb::cast<Output>(key) : m.input(nb::cast<std::string>(key));
      while (index < inputs.size() && inputs[index] != port) ++index;
    }
    by_index.emplace_back(index, to_partial_shape(value));
  }
  m.reshape(by_index);
}

Node only_result(const Model& m) {
  const auto results = m.get_results();
  if (results.size() != 1)
    throw Error(ErrorCode::InvalidArgument,
                "the model has " + std::to_string(results.size()) + " results, expected one");
  return results[0];
}

// -1 if it is not among them.
int64_t index_of(const std::vector<Node>& nodes, const Node& node) {
  const auto found = std::find(nodes.begin(), nodes.end(), node);
  return found == nodes.end() ? -1 : found - nodes.begin();
}

void bind_node(nb::module_& m) {
  nb::class_<Node>(m, "Node", "An operator of a model.")
      .def_prop_rw("friendly_name", &Node::get_friendly_name, &Node::set_friendly_name)
      .def("get_friendly_name", &Node::get_friendly_name)
      .def("set_friendly_name", &Node::set_friendly_name)
      .def_prop_ro("name", &Node::get_friendly_name)
      .def("get_name", &Node::get_friendly_name)
      .def("get_type_name", &Node::get_type_name)
      .def("get_version", &Node::get_version)
      .def("get_input_size", &Node::get_input_size)
      .def("get_output_size", &Node::get_output_size)
      .def("input_value", &Node::input_value)
      .def("input_values",
           [](const Node& n) {
             std::vector<Output> out;
             for (size_t i = 0; i < n.get_input_size(); ++i) out.push_back(n.input_value(i));
             return out;
           })
      .def("output", &Node::output, nb::arg("index") = 0)
      .def("outputs", &Node::outputs)
      .def("get_output_partial_shape",
           [](const Node& n, size_t i) { return n.output(i).get_partial_shape(); })
      .def("get_output_shape", [](const Node& n, size_t i) { return n.output(i).get_shape(); })
      .def("get_output_element_type",
           [](const Node& n, size_t i) { return n.output(i).get_element_type(); })
      .def("get_input_partial_shape",
           [](const Node& n, size_t i) { return n.input_value(i).get_partial_shape(); })
      .def("get_input_shape", [](const Node& n, size_t i) { return n.input_value(i).get_shape(); })
      .def("get_input_element_type",
           [](const Node& n, size_t i) { return n.input_value(i).get_element_type(); })
      .def("get_element_type", [](const Node& n) { return n.output(0).get_element_type(); })
      .def_prop_ro("element_type", [](const Node& n) { return n.output(0).get_element_type(); })
      .def("get_partial_shape", [](const Node& n) { return n.output(0).get_partial_shape(); })
      .def_prop_ro("partial_shape", [](const Node& n) { return n.output(0).get_partial_shape(); })
      .def_prop_ro("shape", [](const Node& n) { return n.output(0).get_shape(); })
      .def("get_shape", [](const Node& n) { return n.output(0).get_shape(); })
      .def("get_instance_id", &Node::identity)
      .def(
          "get_attributes",
          [](const Node& n) {
            nb::dict d;
            for (const auto& [name, text] : n.get_attributes()) d[name.c_str()] = text;
            return d;
          },
          "Attributes as text, in IR's words.")
      .def(
          "get_rt_info",
          [](const Node& n) {
            nb::dict d;
            for (const auto& [name, text] : n.get_rt_info()) d[name.c_str()] = text;
            return d;
          },
          "Runtime information as text; of a runtime model what each node became: execType, "
          "runtimePrecision ...")
      .def_prop_ro("data",
                   [](const Node& n) -> nb::object {
                     Tensor t = n.get_constant();
                     return t ? to_array(t) : nb::none();
                   })
      .def("__eq__", [](const Node& a,
                        nb::handle b) { return nb::isinstance<Node>(b) && a == nb::cast<Node>(b); })
      .def("__hash__", &Node::identity)
      .def("__repr__", [](const Node& n) {
        return "<" + n.get_type_name() + ": '" + n.get_friendly_name() + "' " + n.get_version() +
               ">";
      });
}

void bind_output(nb::module_& m) {
  nb::class_<Output> output(m, "Output",
                            "An output of a node; inputs and outputs of models are such.");
  output.def_prop_ro("any_name", &Output::get_any_name)
      .def("get_any_name", &Output::get_any_name)
      .def_prop_ro("names", &names_of)
      .def("get_names", &names_of)
      .def("add_names",
           [](Output& o, nb::object names) {
             std::vector<std::string> all = o.get_names();
             for (nb::handle name : nb::list(names)) all.push_back(nb::cast<std::string>(name));
             o.set_names(all);
           })
      .def("__copy__", [](const Output& o) { return o; })
      .def("set_names",
           [](Output& o, nb::object names) {
             o.set_names(nb::cast<std::vector<std::string>>(nb::list(names)));
           })
      .def_prop_ro("shape", &Output::get_shape)
      .def("get_shape", &Output::get_shape)
      .def_prop_ro("partial_shape", &Output::get_partial_shape)
      .def("get_partial_shape", &Output::get_partial_shape)
      .def_prop_ro("element_type", &Output::get_element_type)
      .def("get_element_type", &Output::get_element_type)
      .def_prop_ro("node", &Output::get_node)
      .def("get_node", &Output::get_node)
      .def_prop_ro("index", &Output::get_index)
      .def("get_index", &Output::get_index)
      .def("__eq__",
           [](const Output& a, nb::handle b) {
             return nb::isinstance<Output>(b) && a == nb::cast<Output>(b);
           })
      .def("__hash__", [](const Output& o) { return o.get_node().identity() * 31 + o.get_index(); })
      .def("__repr__", [](const Output& o) { return describe(o); });
  m.attr("ConstOutput") = output;
}

// The nodes, the shapes and the information of a model.
void bind_graph_content(nb::class_<Model>& model) {
  model.def("get_ops", &Model::get_ordered_ops)
      .def("get_ordered_ops", &Model::get_ordered_ops)
      .def_prop_ro("parameters", &Model::get_parameters)
      .def("get_parameters", &Model::get_parameters)
      .def_prop_ro("results", &Model::get_results)
      .def("get_results", &Model::get_results)
      .def_prop_ro("sinks", &Model::get_sinks)
      .def("get_sinks", &Model::get_sinks)
      .def("get_variable_ids", &Model::get_variable_ids)
      .def("is_dynamic", &Model::is_dynamic)
      .def_prop_ro("dynamic", &Model::is_dynamic)
      .def("reshape", &reshape, nb::arg("shapes"),
           "A shape for the only input, or a dict of shapes by name, index or port.")
      .def("validate_nodes_and_infer_types", &Model::validate_nodes_and_infer_types)
      .def("add_outputs",
           [](Model& model, nb::object given) {
             std::vector<Output> out;
             nb::list list = nb::isinstance<nb::list>(given) ? nb::cast<nb::list>(given)
                                                             : nb::list(nb::make_tuple(given));
             for (nb::handle o : list)
               out.push_back(nb::isinstance<Output>(o)
                                 ? model.add_output(nb::cast<Output>(o))
                                 : model.add_output(nb::cast<std::string>(o)));
             return out;
           })
      .def("clone", &Model::clone)
      .def(
          "__deepcopy__", [](const Model& model, nb::object) { return model.clone(); },
          nb::arg("memo"))
      .def("__copy__",
           [](const Model&) {
             throw nb::type_error(
                 "a Model cannot be copied shallowly: use copy.deepcopy or clone()");
           })
      .def("has_rt_info",
           [](const Model& model, nb::object path) { return model.has_rt_info(path_of(path)); })
      .def("get_rt_info",
           [](const Model& model, nb::object path) { return model.get_rt_info(path_of(path)); })
      .def("set_rt_info",
           [](Model& model, nb::object value, nb::object path) {
             model.set_rt_info(nb::cast<std::string>(nb::str(value)), path_of(path));
           })
      .def("to_text", &Model::to_text, "The text form of the graph.")
      .def("__enter__", [](nb::object self) { return self; })
      .def("__exit__", [](Model&, nb::args) {})
      .def("__repr__", [](const Model& model) { return describe(model); });
}

void bind_graph(nb::module_& m) {
  nb::class_<Model> model(
      m, "Model",
      "A network in operators of the public opsets, as it was read and as it is saved.");
  model
      .def(
          "__init__",
          [](Model* model, const std::vector<Output>& outputs, const std::string& name) {
            new (model) Model(outputs, name);
          },
          nb::arg("outputs"), nb::kw_only(), nb::arg("name") = "",
          "The part of a graph that these outputs need, over the same nodes.")
      .def("get_output_size", [](const Model& g) { return g.outputs().size(); })
      .def("get_output_op", [](const Model& g, size_t i) { return g.output(i).get_node(); })
      .def("get_output_element_type",
           [](const Model& g, size_t i) { return g.output(i).get_element_type(); })
      .def("get_output_partial_shape",
           [](const Model& g, size_t i) { return g.output(i).get_partial_shape(); })
      .def("get_output_shape", [](const Model& g, size_t i) { return g.output(i).get_shape(); })
      .def("get_result", &only_result)
      .def_prop_ro("result", &only_result)
      .def("get_parameter_index",
           [](const Model& g, const Node& node) { return index_of(g.get_parameters(), node); })
      .def("get_result_index",
           [](const Model& g, const Node& node) { return index_of(g.get_results(), node); })
      .def("get_result_index",
           [](const Model& g, const Output& port) {
             const auto ports = g.outputs();
             const auto found = std::find(ports.begin(), ports.end(), port);
             return found == ports.end() ? int64_t(-1) : int64_t(found - ports.begin());
           })
      .def_prop_rw("friendly_name", &Model::get_friendly_name, &Model::set_friendly_name)
      .def("get_friendly_name", &Model::get_friendly_name)
      .def("set_friendly_name", &Model::set_friendly_name)
      .def("get_name", &Model::get_friendly_name)
      .def_prop_ro("name", &Model::get_friendly_name)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("outputs", &Model::outputs)
      .def("input", nb::overload_cast<>(&Model::input, nb::const_))
      .def("input", nb::overload_cast<size_t>(&Model::input, nb::const_), nb::arg("index"))
      .def("input", nb::overload_cast<const std::string&>(&Model::input, nb::const_),
           nb::arg("tensor_name"))
      .def("output", nb::overload_cast<>(&Model::output, nb::const_))
      .def("output", nb::overload_cast<size_t>(&Model::output, nb::const_), nb::arg("index"))
      .def("output", nb::overload_cast<const std::string&>(&Model::output, nb::const_),
           nb::arg("tensor_name"));
  bind_graph_content(model);
}

}  // namespace

void bind_model(nb::module_& m) {
  bind_node(m);
  bind_output(m);
  bind_graph(m);
}

}  // namespace vireo::python
