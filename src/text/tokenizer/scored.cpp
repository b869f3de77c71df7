#include "text/tokenizer/scored.h"

#include <algorithm>
#include <numeric>

#include "base/support/error.h"

namespace vireo::text {
namespace {

const std::string kMeta = "\xe2\x96\x81";  // U+2581

// SentencePiece's BPE joins the two neighbours whose union has the greatest score: as merges, every
// way to cut a piece into two, in the order of the scores.
std::vector<Merge> merges_by_score(const Vocab& vocab, const ScoredVocab& scored) {
  std::vector<uint32_t> order(scored.pieces.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return scored.scores[a] > scored.scores[b]; });
  std::vector<Merge> merges;
  for (const uint32_t id : order) {
    const std::string_view piece = scored.pieces[id];
    if (scored.types[id] != GgufVocab::kNormal) continue;
    for (size_t cut = 1; cut < piece.size(); ++cut) {
      if (is_continuation(piece[cut])) continue;
      const uint32_t left = vocab.find(piece.substr(0, cut)), right = vocab.find(piece.substr(cut));
      if (left != Vocab::kNone && right != Vocab::kNone) merges.push_back({left, right, id});
    }
  }
  return merges;
}

// The pieces that text can become; the others have a number and a text, but are not found.
bool is_matched(int32_t type) { return type == GgufVocab::kNormal || type == GgufVocab::kByte; }

NormalizerPtr make_normalizer(const ScoredVocab& scored) {
  std::vector<NormalizerPtr> parts;
  if (!scored.charsmap.empty()) parts.push_back(precompiled_normalizer(scored.charsmap));
  if (scored.remove_extra_whitespaces) {
    parts.push_back(strip_normalizer(true, true));
    parts.push_back(replace_normalizer({"", std::make_shared<const Regex>(" {2,}")}, " "));
  }
  if (scored.add_dummy_prefix) parts.push_back(prepend_normalizer(kMeta));
  parts.push_back(replace_normalizer({" ", nullptr}, kMeta));
  return sequence_normalizer(std::move(parts));
}

ModelPtr make_model(const ScoredVocab& scored) {
  Vocab vocab;
  vocab.reserve(scored.pieces.size(), scored.pieces.size() * 8);
  bool bytes = false;
  for (uint32_t id = 0; id < scored.pieces.size(); ++id) {
    bytes |= scored.types[id] == GgufVocab::kByte;
    if (is_matched(scored.types[id]) || id == scored.unk) vocab.add(scored.pieces[id], id);
  }
  if (scored.kind == ScoredVocab::Kind::Word)
    return word_level_model(std::move(vocab),
                            scored.unk < scored.pieces.size() ? scored.pieces[scored.unk] : "");
  if (scored.kind == ScoredVocab::Kind::Unigram) {
    UnigramOptions options;
    options.vocab = std::move(vocab);
    options.scores.assign(scored.scores.begin(), scored.scores.end());
    options.unk_id = scored.unk;
    options.byte_fallback = bytes;
    return unigram_model(std::move(options));
  }
  BpeOptions options;
  if (scored.kind == ScoredVocab::Kind::Bpe) options.merges = merges_by_score(vocab, scored);
  options.vocab = std::move(vocab);
  if (scored.unk < scored.pieces.size()) options.unk_token = scored.pieces[scored.unk];
  options.fuse_unk = true;
  options.byte_fallback = bytes;
  return bpe_model(std::move(options), false);
}

DecoderPtr make_decoder(bool strips_blank) {
  std::vector<DecoderPtr> parts;
  parts.push_back(replace_decoder({kMeta, nullptr}, " "));
  parts.push_back(byte_fallback_decoder());
  parts.push_back(fuse_decoder());
  if (strips_blank) parts.push_back(strip_decoder(U' ', 1, 0));
  return sequence_decoder(std::move(parts));
}

}  // namespace

std::vector<AddedToken> added_tokens_of(const std::vector<std::string>& tokens,
                                        const std::vector<int32_t>& types) {
  std::vector<AddedToken> added;
  for (uint32_t id = 0; id < tokens.size() && id < types.size(); ++id) {
    const bool control = types[id] == GgufVocab::kControl || types[id] == GgufVocab::kUnknown;
    if (!control && types[id] != GgufVocab::kUserDefined) continue;
    AddedToken token;
    token.id = id;
    token.content = tokens[id];
    token.normalized = false;
    token.special = control;
    if (!token.content.empty()) added.push_back(std::move(token));
  }
  return added;
}

PostProcessorPtr bos_eos_processor(uint32_t bos, uint32_t eos, SpecialTokenFlags flags) {
  const bool begins = flags.add_bos && bos != Vocab::kNone;
  const bool ends = flags.add_eos && eos != Vocab::kNone;
  if (!begins && !ends) return nullptr;
  Template single, pair;
  for (int text = 0; text < 2; ++text) {
    const uint32_t type_id = uint32_t(text);
    if (begins) pair.push_back({-1, {bos}, type_id});
    pair.push_back({text, {}, type_id});
    if (ends) pair.push_back({-1, {eos}, type_id});
    if (text == 0) single = pair;
  }
  return template_processor(std::move(single), std::move(pair));
}

std::unique_ptr<Tokenizer> make_scored_tokenizer(const ScoredVocab& scored,
                                                 const std::string& name) {
  if (scored.scores.size() != scored.pieces.size() || scored.types.size() != scored.pieces.size())
    fail(ErrorCode::InvalidModel, "{}: {} tokens with {} scores and {} types", name,
         scored.pieces.size(), scored.scores.size(), scored.types.size());
  TokenizerParts parts;
  parts.normalizer = make_normalizer(scored);
  if (scored.kind == ScoredVocab::Kind::Word)
    parts.pre_tokenizers.push_back(metaspace_pre_tokenizer(kMeta, PrependScheme::Never, true));
  parts.model = make_model(scored);
  parts.added_tokens = added_tokens_of(scored.pieces, scored.types);
  parts.post_processor = bos_eos_processor(scored.bos, scored.eos, scored.flags);
  parts.decoder = make_decoder(scored.add_dummy_prefix);
  return std::make_unique<Tokenizer>(std::move(parts));
}

}  // namespace vireo::text
