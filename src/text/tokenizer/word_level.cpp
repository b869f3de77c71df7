// A word is a token or unknown.
#include "base/support/error.h"
#include "text/tokenizer/model.h"

namespace vireo::text {
namespace {

class WordLevel final : public Model {
 public:
  WordLevel(Vocab vocab, std::string_view unk_token)
      : Model(std::move(vocab)), unk_(vocab_.find(unk_token)) {}

  void tokenize(std::string_view text, span<const Piece> pieces, Workspace*,
                std::vector<Token>& out) const override {
    for (const Piece piece : pieces) {
      const std::string_view word = text.substr(piece.begin, piece.size());
      uint32_t id = vocab_.find(word);
      if (id == Vocab::kNone) id = unk_;
      if (id == Vocab::kNone)
        fail(ErrorCode::InvalidArgument,
             "word '{}' is not in the vocabulary and there is no unknown token", word);
      out.push_back({id, piece});
    }
  }

 private:
  const uint32_t unk_;
};

}  // namespace

ModelPtr word_level_model(Vocab vocab, std::string unk_token) {
  return std::make_unique<WordLevel>(std::move(vocab), unk_token);
}

}  // namespace vireo::text
