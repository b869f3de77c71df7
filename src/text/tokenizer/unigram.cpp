// Unigram: of all ways to cut a word into tokens the one with the greatest sum of scores.
#include <algorithm>

#include "base/support/error.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/trie.h"
#include "text/tokenizer/word_cache.h"

namespace vireo::text {
namespace {

constexpr double kUnknownPenalty = 10;  // below the least score

// The best way to reach a place in the word.
struct Reached {
  double score = 0;
  uint32_t start = Vocab::kNone;  // where its last token starts; kNone: not reached
  uint32_t id = 0;
};

struct UnigramWorkspace final : Workspace {
  WordCache cache;
  std::vector<Symbol> symbols;
  std::vector<Reached> reached;
};

class Unigram final : public Model {
 public:
  explicit Unigram(UnigramOptions options)
      : Model(std::move(options.vocab)),
        scores_(std::move(options.scores)),
        unk_(options.unk_id),
        byte_fallback_(options.byte_fallback) {
    std::vector<Trie::Key> keys;
    double least = 0;
    for (uint32_t id = 0; id < vocab_.end(); ++id) {
      if (!vocab_.has(id)) continue;
      if (vocab_.find(vocab_.text(id)) == id) keys.push_back({vocab_.text(id), id});
      least = keys.size() == 1 ? scores_[id] : std::min(least, scores_[id]);
    }
    unk_score_ = least - kUnknownPenalty;
    trie_ = Trie(std::move(keys));
    for (uint32_t b = 0; b < 256; ++b) byte_ids_[b] = vocab_.find(fmt::format("<0x{:02X}>", b));
  }

  bool keeps_text() const override { return true; }
  std::unique_ptr<Workspace> make_workspace() const override {
    return std::make_unique<UnigramWorkspace>();
  }

  void tokenize(std::string_view text, span<const Piece> pieces, Workspace* workspace,
                std::vector<Token>& out) const override {
    auto& work = static_cast<UnigramWorkspace&>(*workspace);
    for (const Piece piece : pieces) {
      // Byte tokens all stand for the whole character run, which the cache cannot say.
      if (byte_fallback_) {
        tokenize_with_bytes(text, piece, work, out);
        continue;
      }
      const auto split = [&](std::string_view word, std::vector<Symbol>& symbols) {
        this->split(word, work.reached, symbols);
      };
      work.cache.tokenize(text, piece, work.symbols, split, out);
    }
  }

 private:
  uint32_t unknown() const {
    if (unk_ == Vocab::kNone)
      fail(ErrorCode::InvalidArgument, "the Unigram model has no unknown token and needs one here");
    return unk_;
  }

  void reach(Reached& target, double score, uint32_t start, uint32_t id) const {
    if (target.start != Vocab::kNone && score <= target.score) return;
    target = {score, start, id};
  }

  void split(std::string_view word, std::vector<Reached>& reached,
             std::vector<Symbol>& symbols) const {
    reached.assign(word.size() + 1, {});
    for (uint32_t at = 0; at < word.size();) {
      const uint32_t size = decode(word, at).size;
      const double here = reached[at].score;
      bool whole = false;  // the character is a token
      uint32_t node = Trie::kRoot;
      for (size_t i = at; i < word.size(); ++i) {
        node = trie_.step(node, word[i]);
        if (node == Trie::kNone) break;
        const uint32_t id = trie_.value(node);
        if (id == Trie::kNone) continue;
        reach(reached[i + 1], scores_[id] + here, at, id);
        whole |= i + 1 == at + size;
      }
      if (!whole) reach(reached[at + size], unk_score_ + here, at, unknown());
      at += size;
    }
    collect(word, reached, symbols);
  }

  // From the back: neighbouring unknown characters are one token.
  void collect(std::string_view word, const std::vector<Reached>& reached,
               std::vector<Symbol>& symbols) const {
    const size_t first = symbols.size();
    bool unknown_after = false;
    for (auto end = uint32_t(word.size()); end > 0; end = reached[end].start) {
      const Reached& last = reached[end];
      const bool unknown = last.id == unk_;
      const uint32_t size = end - last.start;
      if (unknown && unknown_after)
        symbols.back().size += size;
      else
        symbols.push_back({last.id, size});
      unknown_after = unknown;
    }
    std::reverse(symbols.begin() + first, symbols.end());
    uint32_t at = 0;
    for (size_t i = first; i < symbols.size(); ++i) {  // what was fused may be a token after all
      if (symbols[i].id == unk_) {
        const uint32_t id = vocab_.find(word.substr(at, symbols[i].size));
        if (id != Vocab::kNone) symbols[i].id = id;
      }
      at += symbols[i].size;
    }
  }

  void tokenize_with_bytes(std::string_view text, Piece piece, UnigramWorkspace& work,
                           std::vector<Token>& out) const {
    work.symbols.clear();
    split(text.substr(piece.begin, piece.size()), work.reached, work.symbols);
    uint32_t at = piece.begin;
    for (const Symbol& symbol : work.symbols) {
      const Piece range{at, at + symbol.size};
      at = range.end;
      const std::string_view bytes = text.substr(range.begin, range.size());
      const bool falls = symbol.id == unk_ && vocab_.find(bytes) != unk_ &&
                         std::all_of(bytes.begin(), bytes.end(),
                                     [&](char c) { return byte_ids_[uint8_t(c)] != Vocab::kNone; });
      if (!falls) {
        out.push_back({symbol.id, range});
        continue;
      }
      for (char c : bytes) out.push_back({byte_ids_[uint8_t(c)], range});
    }
  }

  const std::vector<double> scores_;
  const uint32_t unk_;
  const bool byte_fallback_;
  double unk_score_ = 0;
  Trie trie_;
  uint32_t byte_ids_[256];
};

}  // namespace

ModelPtr unigram_model(UnigramOptions options) {
  return std::make_unique<Unigram>(std::move(options));
}

}  // namespace vireo::text
