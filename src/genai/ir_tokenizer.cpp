#include "genai/ir_tokenizer.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "base/support/parse.h"
#include "text/json.h"
#include "vireo/core.h"

namespace vireo::genai {
namespace {

// --- what the graphs hold ---

Node only_node(const Model& model, const std::set<std::string>& types, const std::string& file) {
  for (const Node& node : model.get_ordered_ops())
    if (types.count(node.get_type_name())) return node;
  fail(ErrorCode::NotSupported, "{}: has no {}", file, *types.begin());
}

Tensor constant_of(const Node& node, size_t input) {
  const Tensor value = node.input_value(input).get_node().get_constant();
  if (!value)
    fail(ErrorCode::NotSupported, "{} '{}': input {} is no constant", node.get_type_name(),
         node.get_friendly_name(), input);
  return value;
}

// A list of strings that a node reads: begins, ends and bytes, or those of a constant of strings.
std::vector<std::string> strings_of(const Node& node, size_t input) {
  const Node source = node.input_value(input).get_node();
  std::vector<std::string> out;
  if (source.get_type_name() == "StringTensorUnpack") {
    const Tensor strings = constant_of(source, 0);
    out.assign(strings.data<std::string>(), strings.data<std::string>() + strings.get_size());
    return out;
  }
  const Tensor begins = constant_of(node, input), ends = constant_of(node, input + 1),
               bytes = constant_of(node, input + 2);
  for (size_t i = 0; i < begins.get_size() && i < ends.get_size(); ++i) {
    const int32_t begin = begins.data<int32_t>()[i], end = ends.data<int32_t>()[i];
    if (begin < 0 || begin > end || size_t(end) > bytes.get_size())
      fail(ErrorCode::InvalidModel, "{} '{}': string {} of input {} is [{}, {}) of {} bytes",
           node.get_type_name(), node.get_friendly_name(), i, input, begin, end, bytes.get_size());
    out.emplace_back(reinterpret_cast<const char*>(bytes.data<uint8_t>()) + begin,
                     size_t(end - begin));
  }
  return out;
}

std::vector<uint32_t> ids_of(const Tensor& ids) {
  return {ids.data<int32_t>(), ids.data<int32_t>() + ids.get_size()};
}

text::Vocab read_vocab(const Node& model) {
  const size_t inputs = model.get_input_size();
  text::Vocab vocab;
  uint32_t id = 0;
  for (const std::string& text : strings_of(model, 5)) vocab.add(text, id++);
  if (model.get_type_name() != "BPETokenizer" || (inputs != 15 && inputs != 18)) return vocab;
  const std::vector<uint32_t> ids = ids_of(constant_of(model, inputs - 1));
  const std::vector<std::string> added = strings_of(model, inputs - 4);
  for (size_t i = 0; i < std::min(ids.size(), added.size()); ++i)
    if (vocab.find(added[i]) == text::Vocab::kNone) vocab.add(added[i], ids[i]);
  return vocab;
}

// In memory of its own, so that its constants may be changed.
std::shared_ptr<Model> read_copy(const std::string& file) {
  const std::string weights = read_text_file(file.substr(0, file.size() - 3) + "bin");
  Tensor copy(element::u8, {weights.size()});
  std::copy(weights.begin(), weights.end(), static_cast<char*>(copy.data()));
  const std::string xml = read_text_file(file);
  return Core().read_model_from_memory(xml.data(), xml.size(), copy);
}

// The tokens that decoding leaves out are the special ones. Who decodes says whether it does: the
// model's own list is emptied.
std::vector<text::AddedToken> take_special(const Model& detokenizer, const text::Vocab& vocab,
                                           const std::string& file) {
  std::vector<text::AddedToken> out;
  const Node decoder = only_node(detokenizer, {"VocabDecoder"}, file);
  if (decoder.get_input_size() < 5) return out;
  Tensor skipped = constant_of(decoder, 4);
  const std::vector<uint32_t> ids = ids_of(skipped);
  std::fill_n(skipped.data<int32_t>(), ids.size(), -1);
  for (const uint32_t id : ids) {
    if (!vocab.has(id) || vocab.text(id).empty()) continue;
    text::AddedToken token;
    token.id = id;
    token.content = vocab.text(id);
    token.normalized = false;
    token.special = true;
    out.push_back(std::move(token));
  }
  return out;
}

// --- special tokens around texts ---

// {"ids": [5, -1, 6], "type_ids": [0, 0, 0]}: -1 is the first text, -2 the second.
text::Template read_template(const text::Json& json) {
  std::vector<int64_t> ids, types;
  const auto read_into = [](std::vector<int64_t>& out) {
    return [&out](const text::Json& id) { out.push_back(id.integer()); };
  };
  json.at("ids").for_each(read_into(ids));
  json.at("type_ids").for_each(read_into(types));
  text::Template out;
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint32_t type = i < types.size() ? uint32_t(types[i]) : 0;
    if (ids[i] < 0)
      out.push_back({int(-1 - ids[i]), {}, type});
    else
      out.push_back({-1, {uint32_t(ids[i])}, type});
  }
  return out;
}

// The segments of CombineSegments: constants are special tokens, the other one is the text.
text::Template template_of(const Node& combine) {
  text::Template out;
  const std::vector<uint32_t> types = ids_of(constant_of(combine, combine.get_input_size() - 1));
  for (size_t s = 0; s < types.size() && 3 * s + 3 < combine.get_input_size(); ++s) {
    const Tensor ids = combine.input_value(3 * s + 2).get_node().get_constant();
    if (!ids)
      out.push_back({0, {}, types[s]});
    else
      out.push_back({-1, ids_of(ids), types[s]});
  }
  return out;
}

text::PostProcessorPtr read_post_processor(const Model& tokenizer, const std::string& file) {
  text::Template single{{0, {}, 0}}, pair{{0, {}, 0}, {1, {}, 0}};
  const std::vector<std::string> path{"processed_post_processor_template"};
  if (tokenizer.has_rt_info(path)) {
    const std::string source = tokenizer.get_rt_info(path);
    text::JsonDocument document(source, file);
    const text::Json root = document.root();
    single = read_template(root.at("single"));
    if (const auto json = root.find("pair")) pair = read_template(*json);
  } else {
    for (const Node& node : tokenizer.get_ordered_ops())
      if (node.get_type_name() == "CombineSegments") single = template_of(node);
  }
  return text::template_processor(std::move(single), std::move(pair));
}

// --- the models as stages ---

// Requests of a compiled model, one for each call that is on its way.
class Requests {
 public:
  explicit Requests(const Model& model)
      : compiled_(Core().compile_model(model, "CPU", {{"INFERENCE_NUM_THREADS", 1}})) {}

  class Loan {
   public:
    explicit Loan(Requests& owner) : owner_(owner) {
      std::lock_guard lock(owner.mutex_);
      if (owner.idle_.empty()) owner.idle_.push_back(owner.compiled_.create_infer_request());
      request_ = std::move(owner.idle_.back());
      owner.idle_.pop_back();
    }
    ~Loan() {
      std::lock_guard lock(owner_.mutex_);
      owner_.idle_.push_back(std::move(request_));
    }
    InferRequest* operator->() { return &request_; }

   private:
    Requests& owner_;
    InferRequest request_;
  };

  element::Type input_type() const { return compiled_.input().get_element_type(); }

 private:
  CompiledModel compiled_;
  std::mutex mutex_;
  std::vector<InferRequest> idle_;
};

class IrModel final : public text::Model {
 public:
  IrModel(text::Vocab vocab, const vireo::Model& encoder)
      : text::Model(std::move(vocab)), requests_(encoder) {}

  void tokenize(std::string_view text, span<const text::Piece> pieces, text::Workspace*,
                std::vector<text::Token>& out) const override {
    Requests::Loan request(requests_);
    Tensor input(element::string, {1});
    for (const text::Piece piece : pieces) {
      *input.data<std::string>() = text.substr(piece.begin, piece.size());
      request->set_input_tensor(input);
      request->infer();
      const Tensor begin = request->get_output_tensor(0), end = request->get_output_tensor(1),
                   ids = request->get_output_tensor(2);
      for (int32_t i = *begin.data<int32_t>(); i < *end.data<int32_t>(); ++i)
        out.push_back({uint32_t(ids.data<int32_t>()[i]), piece});
    }
  }

 private:
  mutable Requests requests_;
};

class IrDecoder final : public text::Decoder {
 public:
  IrDecoder(text::Vocab vocab, const Model& detokenizer)
      : vocab_(std::move(vocab)), requests_(detokenizer) {}

  void apply(std::vector<std::string>& tokens) const override {
    Tensor ids(requests_.input_type(), {1, tokens.size()});
    for (size_t i = 0; i < tokens.size(); ++i) {
      const uint32_t id = vocab_.find(tokens[i]);
      if (ids.get_element_type() == element::i64)
        ids.data<int64_t>()[i] = id;
      else
        ids.data<int32_t>()[i] = int32_t(id);
    }
    Requests::Loan request(requests_);
    request->set_input_tensor(ids);
    request->infer();
    tokens.assign(1, *request->get_output_tensor(0).data<std::string>());
  }

 private:
  const text::Vocab vocab_;
  mutable Requests requests_;
};

// --- what tokenizer_config.json leaves open ---

void fill_token(const Model& model, const char* name, const text::Vocab& vocab,
                std::string& token) {
  if (!token.empty() || !model.has_rt_info({name})) return;
  if (const auto id = parse_i64(model.get_rt_info({name}));
      id && *id >= 0 && *id < int64_t(vocab.end()))
    token = vocab.text(uint32_t(*id));
}

void fill_config(const Model& model, const text::Vocab& vocab, TokenizerConfig& config) {
  fill_token(model, "bos_token_id", vocab, config.bos_token);
  fill_token(model, "eos_token_id", vocab, config.eos_token);
  fill_token(model, "pad_token_id", vocab, config.pad_token);
  if (config.chat_template.empty() && model.has_rt_info({"chat_template"}))
    config.chat_template = model.get_rt_info({"chat_template"});
  for (const Output& output : model.outputs())
    for (const std::string& name : output.get_names())
      config.has_type_ids |= name == "token_type_ids";
  if (!config.padding_side.empty()) return;
  for (const Node& node : model.get_ordered_ops())
    if (node.get_type_name() == "RaggedToDense")
      for (const auto& [name, value] : node.get_attributes())
        if (name == "pad_right") config.padding_side = value == "true" ? "right" : "left";
}

}  // namespace

std::shared_ptr<const text::Tokenizer> read_ir_tokenizer(const std::string& file,
                                                         TokenizerConfig& config) {
  const std::string back = join_path(parent_folder(file), "openvino_detokenizer.xml");
  const Core core;
  const auto tokenizer = core.read_model(file), detokenizer = read_copy(back);
  const Node node =
      only_node(*tokenizer,
                {"BPETokenizer", "TrieTokenizer", "UnigramTokenizer", "WordpieceTokenizer"}, file);
  const text::Vocab vocab = read_vocab(node);
  fill_config(*tokenizer, vocab, config);
  const Model encoder(node.outputs());
  if (encoder.inputs().size() != 1)
    fail(ErrorCode::NotSupported, "{}: has {} inputs, a tokenizer of one is expected", file,
         encoder.inputs().size());

  text::TokenizerParts parts;
  parts.added_tokens = take_special(*detokenizer, vocab, back);
  parts.post_processor = read_post_processor(*tokenizer, file);
  parts.decoder = std::make_unique<IrDecoder>(vocab, *detokenizer);
  parts.model = std::make_unique<IrModel>(vocab, encoder);
  return std::make_shared<const text::Tokenizer>(std::move(parts));
}

}  // namespace vireo::genai
