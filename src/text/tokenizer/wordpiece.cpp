// WordPiece: a word is cut, from its front, into the longest tokens there are; a word that cannot
// be cut so is unknown.
#include "base/support/error.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/trie.h"
#include "text/tokenizer/word_cache.h"

namespace vireo::text {
namespace {

struct WordPieceWorkspace final : Workspace {
  WordCache cache;
  std::vector<Symbol> symbols;
};

class WordPiece final : public Model {
 public:
  explicit WordPiece(WordPieceOptions options)
      : Model(std::move(options.vocab)),
        unk_token_(std::move(options.unk_token)),
        unk_(vocab_.find(unk_token_)),
        max_chars_(options.max_input_chars_per_word) {
    const std::string_view prefix = options.continuing_subword_prefix;
    std::vector<Trie::Key> starts, inner;
    for (uint32_t id = 0; id < vocab_.end(); ++id) {
      if (!vocab_.has(id)) continue;
      const std::string_view text = vocab_.text(id);
      starts.push_back({text, id});
      if (text.substr(0, prefix.size()) == prefix)
        inner.push_back({text.substr(prefix.size()), id});
    }
    starts_ = Trie(std::move(starts));
    inner_ = Trie(std::move(inner));
  }

  std::unique_ptr<Workspace> make_workspace() const override {
    return std::make_unique<WordPieceWorkspace>();
  }

  void tokenize(std::string_view text, span<const Piece> pieces, Workspace* workspace,
                std::vector<Token>& out) const override {
    auto& work = static_cast<WordPieceWorkspace&>(*workspace);
    const auto split = [&](std::string_view word, std::vector<Symbol>& symbols) {
      this->split(word, symbols);
    };
    for (const Piece piece : pieces) work.cache.tokenize(text, piece, work.symbols, split, out);
  }

 private:
  void split(std::string_view word, std::vector<Symbol>& symbols) const {
    bool known = word.size() <= max_chars_ || count_chars(word) <= max_chars_;
    for (size_t at = 0; known && at < word.size();) {
      const Trie::Longest token = (at ? inner_ : starts_).longest(word.substr(at));
      known = token.value != Trie::kNone;
      symbols.push_back({token.value, uint32_t(token.size)});
      at += token.size;
    }
    if (known) return;
    if (unk_ == Vocab::kNone)
      fail(ErrorCode::InvalidArgument,
           "the unknown token '{}' of the WordPiece model is not in its vocabulary", unk_token_);
    symbols.assign(1, {unk_, uint32_t(word.size())});
  }

  const std::string unk_token_;
  const uint32_t unk_;
  const size_t max_chars_;
  Trie starts_, inner_;  // of whole tokens, and of those that go on a word, without their prefix
};

}  // namespace

ModelPtr wordpiece_model(WordPieceOptions options) {
  return std::make_unique<WordPiece>(std::move(options));
}

}  // namespace vireo::text
