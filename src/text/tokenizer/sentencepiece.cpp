// SentencePiece's ModelProto (sentencepiece_model.proto): pieces, and of the specifications what a
// text meets.
#include <protozero/pbf_reader.hpp>

#include "base/support/error.h"
#include "text/tokenizer/scored.h"

namespace vireo::text {
namespace {

void read_piece(protozero::pbf_reader message, ScoredVocab& out) {
  std::string piece;
  float score = 0;
  int32_t type = GgufVocab::kNormal;
  while (message.next()) {
    switch (message.tag()) {
      case 1: piece = message.get_string(); break;
      case 2: score = message.get_float(); break;
      case 3: type = message.get_enum(); break;
      default: message.skip();
    }
  }
  out.pieces.push_back(is_valid_utf8(piece) ? std::move(piece) : to_valid_utf8(piece));
  out.scores.push_back(score);
  out.types.push_back(type);
}

void read_trainer(protozero::pbf_reader message, ScoredVocab& out, const std::string& name) {
  // -1 means that the model has no such token.
  const auto id = [&] {
    const int32_t value = message.get_int32();
    return value < 0 ? Vocab::kNone : uint32_t(value);
  };
  out.unk = 0;
  out.bos = 1;
  out.eos = 2;
  while (message.next()) {
    switch (message.tag()) {
      case 3: {
        const int32_t kind = message.get_enum();
        if (kind < 1 || kind > 4)
          fail(ErrorCode::InvalidModel, "{}: model type {} is not known", name, kind);
        out.kind = ScoredVocab::Kind(kind - 1);
        break;
      }
      case 24:
        if (message.get_bool())
          fail(ErrorCode::NotSupported, "{}: blanks as suffixes are not supported", name);
        break;
      case 40: out.unk = id(); break;
      case 41: out.bos = id(); break;
      case 42: out.eos = id(); break;
      default: message.skip();
    }
  }
}

void read_normalizer_spec(protozero::pbf_reader message, ScoredVocab& out) {
  while (message.next()) {
    switch (message.tag()) {
      case 2: out.charsmap = message.get_string(); break;
      case 3: out.add_dummy_prefix = message.get_bool(); break;
      case 4: out.remove_extra_whitespaces = message.get_bool(); break;
      default: message.skip();
    }
  }
}

ScoredVocab read_model_proto(std::string_view model, const std::string& name) {
  ScoredVocab out;
  out.remove_extra_whitespaces = true;  // the format's own default
  protozero::pbf_reader message(model.data(), model.size());
  while (message.next()) {
    switch (message.tag()) {
      case 1: read_piece(message.get_message(), out); break;
      case 2: read_trainer(message.get_message(), out, name); break;
      case 3: read_normalizer_spec(message.get_message(), out); break;
      default: message.skip();
    }
  }
  return out;
}

}  // namespace

std::unique_ptr<Tokenizer> read_sentencepiece(std::string_view model, const std::string& name,
                                              SpecialTokenFlags flags) {
  ScoredVocab vocab;
  try {
    vocab = read_model_proto(model, name);
  } catch (const protozero::exception& error) {
    fail(ErrorCode::InvalidModel, "{}: no SentencePiece model: {}", name, error.what());
  }
  if (vocab.pieces.empty())
    fail(ErrorCode::InvalidModel, "{}: a SentencePiece model without pieces", name);
  for (uint32_t id = 0; id < vocab.pieces.size(); ++id)
    if (vocab.types[id] == GgufVocab::kUnknown) vocab.unk = id;
  vocab.flags = flags;
  return make_scored_tokenizer(vocab, name);
}

}  // namespace vireo::text
