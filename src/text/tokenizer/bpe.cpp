// Byte-pair encoding: a word starts as its characters, or bytes, and merges follow one another in
// the order of the list.
#include <algorithm>
#include <array>

#include "base/support/error.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/merges.h"
#include "text/tokenizer/meta_words.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/word_cache.h"

namespace vireo::text {
namespace {

struct BpeWorkspace final : Workspace {
  WordCache cache;
  Merger merger;
  std::vector<Symbol> symbols;
  std::string affixed;  // a character with its prefix or suffix
};

class Bpe final : public Model {
 public:
  Bpe(BpeOptions options, bool byte_level)
      : Model(std::move(options.vocab)),
        merges_(options.merges),
        prefix_(std::move(options.continuing_subword_prefix)),
        suffix_(std::move(options.end_of_word_suffix)),
        has_unk_(!options.unk_token.empty()),
        fuse_unk_(options.fuse_unk),
        byte_fallback_(options.byte_fallback),
        ignore_merges_(options.ignore_merges),
        bytes_(byte_level) {
    if (has_unk_) unk_ = vocab_.find(options.unk_token);
    for (uint32_t b = 0; b < 256; ++b) {
      std::string text = bytes_ ? to_utf8(char_of_byte(uint8_t(b))) : std::string(1, char(b));
      byte_ids_[b] = bytes_ || b < 128 ? vocab_.find(text) : Vocab::kNone;
      fallback_ids_[b] = vocab_.find(fmt::format("<0x{:02X}>", b));
      can_fall_back_[b] = fallback_ids_[b] != Vocab::kNone;
    }
    if (bytes_ && ignore_merges_) make_words();
    cuts_at_meta_ = !bytes_ && prefix_.empty() && suffix_.empty() && !ignore_merges_ &&
                    meta_begins_tokens(options.merges);
  }

  bool reads_bytes() const override { return bytes_; }
  std::unique_ptr<Workspace> make_workspace() const override {
    return std::make_unique<BpeWorkspace>();
  }

  void tokenize(std::string_view text, span<const Piece> pieces, Workspace* workspace,
                std::vector<Token>& out) const override {
    auto& work = static_cast<BpeWorkspace&>(*workspace);
    for (const Piece piece : pieces) {
      if (cuts_at_meta_)
        for_each_meta_word(text, piece, [&](Piece word) { tokenize_word(text, word, work, out); });
      else
        tokenize_word(text, piece, work, out);
    }
  }

 private:
  // The tokens by their bytes, for looking up words that are given as bytes.
  void make_words() {
    words_.reserve(vocab_.size(), vocab_.size() * 8);
    for (uint32_t id = 0; id < vocab_.end(); ++id) {
      std::string bytes;
      const std::string_view text = vocab_.text(id);
      bool whole = vocab_.has(id);
      for (size_t at = 0; whole && at < text.size();) {
        const Char c = decode(text, at);
        const int byte = byte_of_char(c.code);
        whole = byte >= 0;
        bytes += char(byte);
        at += c.size;
      }
      if (whole) words_.add(bytes, id);
    }
  }

  bool meta_begins_tokens(const std::vector<Merge>& merges) const {
    return vocab_.find(kMeta) != Vocab::kNone &&
           std::all_of(merges.begin(), merges.end(), [&](const Merge& merge) {
             return meta_begins_only(vocab_.text(merge.result));
           });
  }

  void tokenize_word(std::string_view text, Piece word, BpeWorkspace& work,
                     std::vector<Token>& out) const {
    const auto split = [&](std::string_view bytes, std::vector<Symbol>&) {
      this->split(bytes, work);
    };
    work.cache.tokenize(text, word, work.symbols, split, out);
  }

  // The tokens of a word, in work.symbols.
  void split(std::string_view word, BpeWorkspace& work) const {
    if (ignore_merges_) {
      const uint32_t id = (bytes_ ? words_ : vocab_).find(word);
      if (id != Vocab::kNone) {
        work.symbols.push_back({id, uint32_t(word.size())});
        return;
      }
    }
    start(word, work);
    work.merger.run(merges_, work.symbols);
  }

  void start(std::string_view word, BpeWorkspace& work) const {
    Symbol unk{Vocab::kNone, 0};  // one or, fused, many characters that are no token
    for (size_t at = 0; at < word.size();) {
      const uint32_t size = bytes_ ? 1 : decode(word, at).size;
      const bool first = at == 0, last = at + size == word.size();
      std::string_view symbol = word.substr(at, size);
      at += size;
      uint32_t id = byte_ids_[uint8_t(symbol[0])];
      if ((!first && !prefix_.empty()) || (last && !suffix_.empty())) {
        work.affixed = (first ? "" : prefix_) + std::string(symbol) + (last ? suffix_ : "");
        symbol = work.affixed;
        id = vocab_.find(symbol);
      } else if (!bytes_ && size > 1) {
        id = vocab_.find(symbol);
      }
      if (id != Vocab::kNone) {
        if (unk.size) work.symbols.push_back(unk);
        unk.size = 0;
        work.symbols.push_back({id, size});
      } else if (!fall_back(symbol, work.symbols) && has_unk_) {
        add_unk(size, unk, work.symbols);
      }
    }
    if (unk.size) work.symbols.push_back(unk);
  }

  bool fall_back(std::string_view symbol, std::vector<Symbol>& symbols) const {
    if (!byte_fallback_ || bytes_) return false;
    for (char c : symbol)
      if (!can_fall_back_[uint8_t(c)]) return false;
    for (char c : symbol) symbols.push_back({fallback_ids_[uint8_t(c)], 1});
    return true;
  }

  void add_unk(uint32_t size, Symbol& unk, std::vector<Symbol>& symbols) const {
    if (unk_ == Vocab::kNone)
      fail(ErrorCode::InvalidArgument,
           "the unknown token of the BPE model is not in its vocabulary");
    if (unk.size && fuse_unk_) {
      unk.size += size;
      return;
    }
    if (unk.size) symbols.push_back(unk);
    unk = {unk_, size};
  }

  const MergeTable merges_;
  const std::string prefix_, suffix_;
  const bool has_unk_, fuse_unk_, byte_fallback_, ignore_merges_, bytes_;
  bool cuts_at_meta_ = false;
  uint32_t unk_ = Vocab::kNone;
  std::array<uint32_t, 256> byte_ids_;  // of bytes, or of ASCII characters
  std::array<uint32_t, 256> fallback_ids_;
  std::array<bool, 256> can_fall_back_;
  Vocab words_;
};

}  // namespace

Merge make_merge(const Vocab& vocab, std::string_view left, std::string_view right,
                 size_t prefix_size) {
  const auto find = [&](std::string_view text) {
    const uint32_t id = vocab.find(text);
    if (id == Vocab::kNone)
      fail(ErrorCode::InvalidArgument, "merge '{} {}': '{}' is not in the vocabulary", shown(left),
           shown(right), shown(text));
    return id;
  };
  if (right.size() < prefix_size) prefix_size = 0;
  std::string both(left);
  both += right.substr(prefix_size);
  return {find(left), find(right), find(both)};
}

ModelPtr bpe_model(BpeOptions options, bool byte_level) {
  return std::make_unique<Bpe>(std::move(options), byte_level);
}

}  // namespace vireo::text
