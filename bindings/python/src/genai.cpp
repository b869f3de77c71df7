// Text generation: the tokeniser.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/variant.h>

#include "bind.h"
#include "chat_history.h"
#include "generation.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::python {
namespace {

using genai::Encoding;
using genai::StreamDecoder;
using genai::TokenizedInputs;
using genai::Tokenizer;
using Texts = std::vector<std::string>;
using Lines = std::vector<std::vector<int64_t>>;

// Options given by name; None means not given.
AnyMap to_options(const nb::kwargs& kwargs) {
  nb::dict given;
  for (auto [key, value] : kwargs)
    if (!value.is_none()) given[key] = value;
  return to_any_map(given);
}

template <typename F>
auto without_gil(F&& f) {
  nb::gil_scoped_release release;
  return f();
}

// A text, a list of texts, a list of pairs, or two lists of which one may have a single entry.
TokenizedInputs encode(const Tokenizer& t, nb::object prompts, nb::object second,
                       const nb::kwargs& kwargs) {
  const AnyMap options = to_options(kwargs);
  if (!second.is_none()) {
    const auto texts = [](nb::handle h) {
      return nb::isinstance<nb::str>(h) ? Texts{nb::cast<std::string>(h)} : nb::cast<Texts>(h);
    };
    const Texts a = texts(prompts), b = texts(second);
    const size_t count = std::max(a.size(), b.size());
    if (a.empty() || b.empty() || (a.size() != count && a.size() != 1) ||
        (b.size() != count && b.size() != 1))
      throw Error(ErrorCode::InvalidArgument,
                  "encode: lists of " + std::to_string(a.size()) + " and " +
                      std::to_string(b.size()) +
                      " texts make no pairs: equal sizes, or one text, are needed");
    std::vector<Tokenizer::Pair> pairs;
    for (size_t i = 0; i < count; ++i)
      pairs.emplace_back(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
    return without_gil([&] { return t.encode(pairs, options); });
  }
  if (nb::isinstance<nb::str>(prompts)) {
    const auto text = nb::cast<std::string>(prompts);
    return without_gil([&] { return t.encode(text, options); });
  }
  Texts texts;
  if (nb::try_cast(prompts, texts)) return without_gil([&] { return t.encode(texts, options); });
  std::vector<Tokenizer::Pair> pairs;
  for (nb::handle one : prompts) {
    const auto pair = nb::cast<Texts>(one);
    if (pair.size() != 2)
      throw nb::type_error("encode: a text, a list of texts or a list of pairs of texts is needed");
    pairs.emplace_back(pair[0], pair[1]);
  }
  return without_gil([&] { return t.encode(pairs, options); });
}

std::vector<Encoding> encode_batch(const Tokenizer& t, nb::handle inputs,
                                   const nb::kwargs& kwargs) {
  const AnyMap options = to_options(kwargs);
  std::vector<std::pair<std::string, std::optional<std::string>>> texts;
  for (nb::handle one : inputs) {
    if (nb::isinstance<nb::str>(one)) {
      texts.emplace_back(nb::cast<std::string>(one), std::nullopt);
      continue;
    }
    auto pair = nb::cast<Texts>(one);
    if (pair.size() != 2) throw nb::type_error("encode_batch: texts and pairs of texts are needed");
    texts.emplace_back(std::move(pair[0]), std::move(pair[1]));
  }
  return without_gil([&] { return t.encode_batch(texts, options); });
}

// A list of numbers gives a text; a list of lists or a tensor [batch, length] gives a list of
// texts.
nb::object decode(const Tokenizer& t, nb::object tokens, const nb::kwargs& kwargs) {
  const AnyMap options = to_options(kwargs);
  if (nb::isinstance<nb::list>(tokens) || nb::isinstance<nb::tuple>(tokens)) {
    std::vector<int64_t> ids;
    if (nb::try_cast(tokens, ids)) return nb::cast(t.decode(ids, options));
    return nb::cast(t.decode(nb::cast<Lines>(tokens), options));
  }
  const Tensor tensor = to_tensor(tokens, element::i64, true);
  if (tensor.get_shape().size() == 1) {
    const int64_t* data = tensor.data<int64_t>();
    return nb::cast(t.decode(std::vector<int64_t>(data, data + tensor.get_size()), options));
  }
  return nb::cast(t.decode(tensor, options));
}

std::string apply_chat_template(const Tokenizer& t, nb::handle history, bool add_generation_prompt,
                                const std::string& chat_template, nb::handle tools,
                                nb::handle extra_context) {
  const auto given = [](nb::handle h) {
    return h.is_none() ? std::nullopt : std::optional(to_json_container(h));
  };
  genai::ChatHistory messages = to_chat_history(history);
  return without_gil([&, tool_list = given(tools), context = given(extra_context)] {
    return t.apply_chat_template(messages, add_generation_prompt, chat_template, tool_list,
                                 context);
  });
}

void bind_tokenizer(nb::module_& m) {
  nb::class_<TokenizedInputs>(m, "TokenizedInputs",
                              "What a model is fed: i64 tensors [batch, length].")
      .def(
          "__init__",
          [](TokenizedInputs* t, nb::handle ids, nb::handle mask) {
            new (t) TokenizedInputs{to_tensor(ids, element::i64, true),
                                    to_tensor(mask, element::i64, true), std::nullopt};
          },
          nb::arg("input_ids"), nb::arg("attention_mask"))
      .def_ro("input_ids", &TokenizedInputs::input_ids)
      .def_ro("attention_mask", &TokenizedInputs::attention_mask)
      .def_ro("token_type_ids", &TokenizedInputs::token_type_ids)
      .def("__repr__", [](const TokenizedInputs& t) {
        return "<TokenizedInputs " + t.input_ids.get_shape().to_string() + ">";
      });

  nb::class_<Encoding>(m, "Encoding", "The tokens of a text or a pair, with offsets in characters.")
      .def_ro("ids", &Encoding::ids)
      .def_ro("type_ids", &Encoding::type_ids)
      .def_ro("attention_mask", &Encoding::attention_mask)
      .def_ro("special_tokens_mask", &Encoding::special_tokens_mask)
      .def_ro("offsets", &Encoding::offsets)
      .def_ro("tokens", &Encoding::tokens)
      .def_ro("overflowing", &Encoding::overflowing)
      .def("__len__", [](const Encoding& e) { return e.ids.size(); })
      .def("__repr__", [](const Encoding& e) {
        return "<Encoding of " + std::to_string(e.ids.size()) + " tokens>";
      });

  nb::class_<Tokenizer>(m, "Tokenizer",
                        "Text to token numbers and back, by the tokenizer.json of a model folder.")
      .def(
          "__init__",
          [](Tokenizer* t, nb::object path, nb::object properties, const nb::kwargs&) {
            new (t) Tokenizer(to_path(path), to_any_map(properties));
          },
          nb::arg("tokenizer_path"), nb::arg("properties") = nb::none(), nb::arg("kwargs"))
      .def("encode", &encode, nb::arg("prompts"), nb::arg("prompts_2") = nb::none(),
           nb::arg("kwargs"),
           "Options: add_special_tokens=True, max_length, pad_to_max_length=False, padding_side, "
           "truncation.")
      .def("encode_batch", &encode_batch, nb::arg("inputs"), nb::arg("kwargs"),
           "An Encoding for each text or pair. Options: add_special_tokens, max_length, stride, "
           "strategy, truncation_side, padding ('longest', "
           "'max_length' or a length), padding_side, pad_to_multiple_of.")
      .def("decode", &decode, nb::arg("tokens"), nb::arg("kwargs"),
           "Options: skip_special_tokens=True.")
      .def("get_vocab", &Tokenizer::get_vocab)
      .def("get_vocab_vector", &Tokenizer::get_vocab_vector)
      .def("token_to_id", &Tokenizer::token_to_id, nb::arg("token"))
      .def("supports_paired_input", &Tokenizer::supports_paired_input)
      .def("get_bos_token", &Tokenizer::get_bos_token)
      .def("get_bos_token_id", &Tokenizer::get_bos_token_id)
      .def("get_eos_token", &Tokenizer::get_eos_token)
      .def("get_eos_token_id", &Tokenizer::get_eos_token_id)
      .def("get_pad_token", &Tokenizer::get_pad_token)
      .def("get_pad_token_id", &Tokenizer::get_pad_token_id)
      .def("get_original_chat_template", &Tokenizer::get_original_chat_template)
      .def("get_chat_template", &Tokenizer::get_chat_template)
      .def("set_chat_template", &Tokenizer::set_chat_template, nb::arg("chat_template"))
      .def_prop_rw("chat_template", &Tokenizer::get_chat_template, &Tokenizer::set_chat_template)
      .def("apply_chat_template", &apply_chat_template, nb::arg("history"),
           nb::arg("add_generation_prompt"), nb::arg("chat_template") = "",
           nb::arg("tools") = nb::none(), nb::arg("extra_context") = nb::none(),
           "The conversation, a ChatHistory or a list of dictionaries, as the text that the model "
           "was trained on.");

  nb::class_<StreamDecoder>(m, "StreamDecoder",
                            "Text as tokens come, with constant work per token.")
      .def(nb::init<const Tokenizer&, bool>(), nb::arg("tokenizer"),
           nb::arg("skip_special_tokens") = true)
      .def("put", &StreamDecoder::put, nb::arg("token"),
           "The text that the token adds; empty while a character is not complete.")
      .def("finish", &StreamDecoder::finish);
}

}  // namespace

void bind_genai(nb::module_& m) {
  nb::module_ sub = m.def_submodule("genai");
  bind_chat_history(sub);
  bind_tokenizer(sub);
  bind_generation_config(sub);
  bind_results(sub);
  bind_streamers(sub);
  bind_pipelines(sub);
  bind_text_encoders(sub);
  bind_batching(sub);
}

}  // namespace vireo::python
