// Model: a network as the user sees and edits it, in operators of the public opsets. Copies are
// handles to the same model; clone() makes another one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vireo/node.h"

namespace vireo {

struct Graph;

class VIREO_API Model {
 public:
  Model() = default;
  explicit Model(std::shared_ptr<Graph> graph) : graph_(std::move(graph)) {}
  // The part of a graph that these outputs need, over the same nodes: parameters in the order in
  // which they are met. Results are taken as they are. Throws InvalidArgument without outputs or
  // with those of different graphs.
  explicit Model(const std::vector<Output>& outputs, const std::string& name = {});

  explicit operator bool() const { return graph_ != nullptr; }
  const std::string& get_friendly_name() const;
  void set_friendly_name(const std::string& name);

  std::vector<Output> inputs() const;
  std::vector<Output> outputs() const;
  // The only one, one by index, or one by tensor or friendly name. Throw NotFound with the names
  // that there are.
  Output input() const;
  Output input(size_t index) const;
  Output input(const std::string& name) const;
  Output output() const;
  Output output(size_t index) const;
  Output output(const std::string& name) const;

  std::vector<Node> get_ordered_ops() const;  // sources first
  std::vector<Node> get_parameters() const;
  std::vector<Node> get_results() const;
  std::vector<Node> get_sinks() const;
  std::vector<std::string> get_variable_ids() const;
  bool is_dynamic() const;  // some output of some node is not static

  // New shapes for inputs, by name or for the only one. On error the model stays as it was.
  void reshape(const PartialShape& shape);
  void reshape(const std::vector<std::pair<std::string, PartialShape>>& shapes);
  void reshape(const std::vector<std::pair<size_t, PartialShape>>& shapes);
  void validate_nodes_and_infer_types();
  Output add_output(const std::string& tensor_name);
  Output add_output(const Output& source);
  std::shared_ptr<Model> clone() const;  // constants are shared

  // Runtime information as text by path: {"nncf", "quantization", "mode"}.
  bool has_rt_info(const std::vector<std::string>& path) const;
  std::string get_rt_info(const std::vector<std::string>& path) const;
  void set_rt_info(const std::string& value, const std::vector<std::string>& path);

  std::string to_text() const;  // the text form, for people

  const std::shared_ptr<Graph>& graph() const { return graph_; }  // for Vireo's own layers

 private:
  std::shared_ptr<Graph> graph_;
};

}  // namespace vireo
