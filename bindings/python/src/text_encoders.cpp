// TextEmbeddingPipeline and TextRerankPipeline.
#include <nanobind/stl/optional.h>

#include "generation.h"
#include "vireo/genai/text_embedding_pipeline.h"
#include "vireo/genai/text_rerank_pipeline.h"

namespace vireo::python {

using namespace genai;

namespace {

// Fields of a configuration given by name; those that it has not are left in `rest`.
template <typename Config>
Config config_from(nb::object config, const nb::kwargs& given, nb::dict* rest) {
  nb::object object = config.is_none() ? nb::cast(Config()) : nb::cast(nb::cast<Config>(config));
  for (auto [name, value] : given) {
    if (nb::hasattr(object, name) && !nb::cast<std::string>(name).empty())
      nb::setattr(object, name, value);
    else if (rest)
      (*rest)[name] = value;
    else
      throw nb::type_error(("Config: there is no '" + nb::cast<std::string>(name) + "'").c_str());
  }
  return nb::cast<Config>(object);
}

template <typename Pipeline>
void construct(Pipeline* p, nb::object path, const std::string& device, nb::object config,
               const nb::kwargs& kwargs) {
  nb::dict rest;
  const auto parsed = config_from<typename Pipeline::Config>(config, kwargs, &rest);
  const AnyMap properties = to_any_map(rest);
  const std::string folder = to_path(path);
  nb::gil_scoped_release release;
  new (p) Pipeline(folder, device, parsed, properties);
}

template <typename Config, typename Class>
void bind_config(Class& c) {
  c.def(nb::init<>())
      .def(
          "__init__",
          [](Config* self, const nb::kwargs& kwargs) {
            new (self) Config(config_from<Config>(nb::none(), kwargs, nullptr));
          },
          nb::arg("kwargs"))
      .def_rw("max_length", &Config::max_length, nb::arg().none())
      .def_rw("pad_to_max_length", &Config::pad_to_max_length, nb::arg().none())
      .def_rw("padding_side", &Config::padding_side, nb::arg().none())
      .def("validate", &Config::validate);
}

void bind_embedding(nb::module_& m) {
  using P = TextEmbeddingPipeline;
  using Release = nb::call_guard<nb::gil_scoped_release>;
  nb::class_<P> pipeline(m, "TextEmbeddingPipeline",
                         "Texts as vectors that are near where their meanings are.");
  nb::enum_<P::PoolingType>(pipeline, "PoolingType",
                            "Which of the tokens' hidden states make the text's.")
      .value("CLS", P::PoolingType::CLS)
      .value("MEAN", P::PoolingType::MEAN)
      .value("LAST_TOKEN", P::PoolingType::LAST_TOKEN);
  nb::class_<P::Config> config(pipeline, "Config");
  bind_config<P::Config>(config);
  config.def_rw("batch_size", &P::Config::batch_size, nb::arg().none())
      .def_rw("pooling_type", &P::Config::pooling_type)
      .def_rw("normalize", &P::Config::normalize)
      .def_rw("query_instruction", &P::Config::query_instruction, nb::arg().none())
      .def_rw("embed_instruction", &P::Config::embed_instruction, nb::arg().none());
  pipeline
      .def("__init__", &construct<P>, nb::arg("models_path"), nb::arg("device") = "CPU",
           nb::arg("config") = nb::none(), nb::arg("kwargs"),
           "A folder with a model and its tokenizer.json; fields of Config and properties by name.")
      .def("embed_documents", &P::embed_documents, nb::arg("texts"), Release())
      .def("embed_query", &P::embed_query, nb::arg("text"), Release())
      .def("start_embed_documents_async", &P::start_embed_documents_async, nb::arg("texts"),
           Release())
      .def("wait_embed_documents", &P::wait_embed_documents, Release())
      .def("start_embed_query_async", &P::start_embed_query_async, nb::arg("text"), Release())
      .def("wait_embed_query", &P::wait_embed_query, Release());
}

void bind_rerank(nb::module_& m) {
  using P = TextRerankPipeline;
  using Release = nb::call_guard<nb::gil_scoped_release>;
  nb::class_<P> pipeline(m, "TextRerankPipeline", "Which texts answer a query best.");
  nb::class_<P::Config> config(pipeline, "Config");
  bind_config<P::Config>(config);
  config.def_rw("top_n", &P::Config::top_n);
  pipeline
      .def("__init__", &construct<P>, nb::arg("models_path"), nb::arg("device") = "CPU",
           nb::arg("config") = nb::none(), nb::arg("kwargs"),
           "A folder with a model and its tokenizer.json; fields of Config and properties by name.")
      .def("rerank", &P::rerank, nb::arg("query"), nb::arg("texts"), Release(),
           "Numbers of texts and scores from 0 to 1, best first.")
      .def("start_rerank_async", &P::start_rerank_async, nb::arg("query"), nb::arg("texts"),
           Release())
      .def("wait_rerank", &P::wait_rerank, Release());
}

}  // namespace

void bind_text_encoders(nb::module_& m) {
  bind_embedding(m);
  bind_rerank(m);
}

}  // namespace vireo::python
