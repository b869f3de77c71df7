// Byte-pair encoding as openvino_tokenizers has it: tokens are bytes, and what no merge makes are
// the symbols that a word begins as.
#include <algorithm>
#include <array>

#include "base/support/error.h"
#include "text/tokenizer/merges.h"
#include "text/tokenizer/meta_words.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/trie.h"
#include "text/tokenizer/word_cache.h"

namespace vireo::text {
namespace {

struct SeededWorkspace final : Workspace {
  WordCache cache;
  Merger merger;
  std::vector<Symbol> symbols;
  std::string suffixed;
};

// Bytes of the character at text[at], of which nothing is known; 1 for what is none.
uint32_t char_size(std::string_view text, size_t at) {
  const auto lead = uint8_t(text[at]);
  const size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size > text.size() - at) return 1;
  return is_valid_utf8(text.substr(at, size)) ? uint32_t(size) : 1;
}

class SeededBpe final : public Model {
 public:
  explicit SeededBpe(BpeOptions options)
      : Model(std::move(options.vocab)),
        merges_(options.merges),
        suffix_(std::move(options.end_of_word_suffix)),
        fuse_unk_(options.fuse_unk) {
    if (!options.unk_token.empty()) unk_ = vocab_.find(options.unk_token);
    for (uint32_t b = 0; b < 256; ++b)
      byte_ids_[b] =
          options.byte_fallback ? vocab_.find(fmt::format("<0x{:02X}>", b)) : Vocab::kNone;
    make_seeds(options);
    cuts_at_meta_ = options.continuing_subword_prefix.empty() && suffix_.empty() &&
                    vocab_.find(kMeta) != Vocab::kNone && all_begin_with_meta_only();
  }

  bool reads_bytes() const override { return true; }
  std::unique_ptr<Workspace> make_workspace() const override {
    return std::make_unique<SeededWorkspace>();
  }

  void tokenize(std::string_view text, span<const Piece> pieces, Workspace* workspace,
                std::vector<Token>& out) const override {
    auto& work = static_cast<SeededWorkspace&>(*workspace);
    const auto split = [&](std::string_view word, std::vector<Symbol>&) {
      this->split(word, work);
    };
    const auto tokenize_word = [&](Piece word) {
      work.cache.tokenize(text, word, work.symbols, split, out);
    };
    for (const Piece piece : pieces) {
      if (cuts_at_meta_)
        for_each_meta_word(text, piece, tokenize_word);
      else
        tokenize_word(piece);
    }
  }

 private:
  bool all_begin_with_meta_only() const {
    for (uint32_t id = 0; id < vocab_.end(); ++id)
      if (!meta_begins_only(vocab_.text(id))) return false;
    return true;
  }

  void make_seeds(const BpeOptions& options) {
    std::vector<bool> merged(vocab_.end());
    for (const Merge& merge : options.merges) merged[merge.result] = true;
    const std::string_view prefix = options.continuing_subword_prefix;
    std::vector<Trie::Key> starts, inner;
    for (const uint32_t id : byte_ids_)  // "<0x0A>" in a text is no line feed
      if (id != Vocab::kNone) merged[id] = true;
    for (uint32_t id = 0; id < vocab_.end(); ++id) {
      if (!vocab_.has(id) || merged[id]) continue;
      const std::string_view text = vocab_.text(id);
      starts.push_back({text, id});
      if (text.substr(0, prefix.size()) == prefix)
        inner.push_back({text.substr(prefix.size()), id});
    }
    starts_ = Trie(std::move(starts));
    inner_ = Trie(std::move(inner));
  }

  void split(std::string_view word, SeededWorkspace& work) const {
    if (!suffix_.empty()) {
      work.suffixed.assign(word).append(suffix_);
      word = work.suffixed;
    }
    bool fuses = false;  // an unknown character goes into the token before
    for (size_t at = 0; at < word.size();) {
      const Trie::Longest token = (at ? inner_ : starts_).longest(word.substr(at));
      if (token.value != Trie::kNone) {
        work.symbols.push_back({token.value, uint32_t(token.size)});
        at += token.size;
        fuses = false;
        continue;
      }
      const uint32_t size = char_size(word, at);
      if (fall_back(word.substr(at, size), work.symbols)) {
        fuses = false;
      } else if (unk_ == Vocab::kNone) {
        ++at;  // of a character that is no token a byte may still be one
        continue;
      } else if (fuses) {
        work.symbols.back().size += size;
      } else {
        work.symbols.push_back({unk_, size});
        fuses = fuse_unk_;
      }
      at += size;
    }
    work.merger.run(merges_, work.symbols);
  }

  bool fall_back(std::string_view bytes, std::vector<Symbol>& symbols) const {
    for (char c : bytes)
      if (byte_ids_[uint8_t(c)] == Vocab::kNone) return false;
    for (char c : bytes) symbols.push_back({byte_ids_[uint8_t(c)], 1});
    return true;
  }

  const MergeTable merges_;
  const std::string suffix_;
  const bool fuse_unk_;
  bool cuts_at_meta_ = false;
  uint32_t unk_ = Vocab::kNone;
  std::array<uint32_t, 256> byte_ids_;
  Trie starts_, inner_;  // where a word begins, and further on, without the prefix
};

}  // namespace

ModelPtr seeded_bpe_model(BpeOptions options) {
  return std::make_unique<SeededBpe>(std::move(options));
}

}  // namespace vireo::text
