#include "text/tokenizer/tokenizer.h"

#include <algorithm>
#include <atomic>
#include <exception>

#include "base/support/error.h"
#include "base/threads/machine.h"
#include "base/threads/team.h"

namespace vireo::text {

// What encoding one text writes to.
struct Tokenizer::Scratch {
  std::unique_ptr<Workspace> workspace;  // of the model
  std::vector<TextPart> outer, inner;    // between added tokens before and after normalising
  AlignedText text, part;
  std::vector<Piece> pieces;
  std::vector<Token> tokens;
  std::vector<uint32_t> char_of_byte;
};

// A scratch out of the idle ones for the length of a call.
class Tokenizer::Borrowed {
 public:
  explicit Borrowed(const Tokenizer& owner) : owner_(owner) {
    {
      std::lock_guard lock(owner.mutex_);
      if (!owner.idle_.empty()) {
        scratch_ = std::move(owner.idle_.back());
        owner.idle_.pop_back();
        return;
      }
    }
    scratch_ = std::make_unique<Scratch>();
    scratch_->workspace = owner.parts_.model->make_workspace();
  }
  ~Borrowed() {
    std::lock_guard lock(owner_.mutex_);
    owner_.idle_.push_back(std::move(scratch_));
  }
  Scratch& operator*() { return *scratch_; }

 private:
  const Tokenizer& owner_;
  std::unique_ptr<Scratch> scratch_;
};

Tokenizer::Tokenizer(TokenizerParts parts)
    : parts_(std::move(parts)),
      added_(parts_.added_tokens, parts_.normalizer.get()),
      trims_offsets_(parts_.post_processor && parts_.post_processor->trims_offsets()) {}

Tokenizer::~Tokenizer() = default;

void Tokenizer::encode_plain(AlignedText& text, Scratch& scratch) const {
  if (text.view().empty()) return;
  scratch.pieces.assign(1, {0, uint32_t(text.view().size())});
  for (const PreTokenizerPtr& one : parts_.pre_tokenizers) one->apply(text, scratch.pieces);
  parts_.model->tokenize(text.view(), scratch.pieces, scratch.workspace.get(), scratch.tokens);
}

namespace {

// The character that each byte belongs to, and behind the text their count. Empty for ASCII.
void number_chars(std::string_view text, std::vector<uint32_t>& char_of_byte) {
  char_of_byte.clear();
  if (is_ascii(text)) return;
  char_of_byte.resize(text.size() + 1);
  uint32_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    count += !is_continuation(text[i]);
    char_of_byte[i] = count - 1;
  }
  char_of_byte[text.size()] = count;
}

}  // namespace

Encoding Tokenizer::encode_text(std::string_view input, uint32_t type_id, bool offsets,
                                Scratch& scratch) const {
  constexpr size_t kLongest = size_t(1) << 31;
  if (input.size() > kLongest)
    fail(ErrorCode::InvalidArgument, "a text of {} bytes cannot be encoded: at most {}",
         input.size(), kLongest);
  std::string valid;
  if (!is_valid_utf8(input)) input = valid = to_valid_utf8(input);
  if (offsets) number_chars(input, scratch.char_of_byte);
  Encoding out;
  const auto put = [&](uint32_t id, std::string_view token, Origin origin) {
    out.ids.push_back(id);
    if (!offsets) return;
    if (trims_offsets_) out.blanks.push_back(blanks_of(token));
    const auto& chars = scratch.char_of_byte;
    out.offsets.push_back(chars.empty() ? Offsets{origin.begin, origin.end}
                                        : Offsets{chars[origin.begin], chars[origin.end]});
  };
  const Model& model = *parts_.model;
  const auto put_plain = [&](AlignedText& text) {
    scratch.tokens.clear();
    encode_plain(text, scratch);
    for (const Token& token : scratch.tokens)
      put(token.id, model.keeps_text() ? text.view(token.range) : model.vocab().text(token.id),
          offsets ? text.origin(token.range) : Origin{});
  };
  AlignedText& text = scratch.text;
  added_.cut(input, false, scratch.outer);
  for (const TextPart& outer : scratch.outer) {
    if (outer.id != Vocab::kNone) {
      put(outer.id, input.substr(outer.range.begin, outer.range.size()),
          {outer.range.begin, outer.range.end});
      continue;
    }
    text.assign(input.substr(outer.range.begin, outer.range.size()), outer.range.begin, offsets);
    if (parts_.normalizer) parts_.normalizer->apply(text);
    added_.cut(text.view(), true, scratch.inner);
    if (scratch.inner.size() == 1 && scratch.inner[0].id == Vocab::kNone) {
      put_plain(text);
      continue;
    }
    for (const TextPart& inner : scratch.inner) {
      if (inner.id != Vocab::kNone) {
        put(inner.id, text.view(inner.range), offsets ? text.origin(inner.range) : Origin{});
        continue;
      }
      scratch.part.assign(text, inner.range);
      put_plain(scratch.part);
    }
  }
  out.type_ids.assign(out.size(), type_id);
  out.special_mask.assign(out.size(), 0);
  out.attention_mask.assign(out.size(), 1);
  return out;
}

Encoding Tokenizer::encode(const TextInput& input, const EncodeOptions& options,
                           Scratch& scratch) const {
  std::vector<Encoding> texts;
  texts.push_back(encode_text(input.first, 0, options.offsets, scratch));
  if (input.second) texts.push_back(encode_text(*input.second, 1, options.offsets, scratch));
  const PostProcessor* post = parts_.post_processor.get();
  if (options.truncation) {
    Truncation how = *options.truncation;
    const size_t added = post && options.add_special_tokens ? post->added(texts.size() > 1) : 0;
    if (how.max_length < added)
      fail(ErrorCode::InvalidArgument,
           "truncation: max_length {} has no room for the {} special tokens", how.max_length,
           added);
    how.max_length -= added;
    truncate(texts, how);
  }
  if (post) texts = post->apply(std::move(texts), options.add_special_tokens);
  return merge(std::move(texts));
}

Encoding Tokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  Borrowed scratch(*this);
  return encode(input, options, *scratch);
}

std::vector<Encoding> Tokenizer::encode_batch(span<const TextInput> inputs,
                                              const EncodeOptions& options, int threads) const {
  if (threads <= 0) threads = available_cores();
  std::vector<Encoding> out(inputs.size());
  Team team(std::max(1, std::min(threads, int(std::min<size_t>(inputs.size(), 1024)))));
  std::vector<std::exception_ptr> errors(size_t(team.threads()));
  std::atomic<size_t> next{0};
  // Texts differ in length, so each part takes the next few until none is left.
  team.run(team.threads(), [&](int, int, int part) {
    try {
      constexpr size_t kTaken = 4;
      Borrowed scratch(*this);
      for (size_t begin; (begin = next.fetch_add(kTaken)) < inputs.size();)
        for (size_t i = begin; i < std::min(begin + kTaken, inputs.size()); ++i)
          out[i] = encode(inputs[i], options, *scratch);
    } catch (...) {
      errors[size_t(part)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return out;
}

std::string_view Tokenizer::token_text(uint32_t id) const {
  if (const AddedToken* token = added_.find(id)) return token->content;
  return parts_.model->vocab().text(id);
}

uint32_t Tokenizer::token_id(std::string_view text) const {
  const uint32_t id = added_.find(text);
  return id != Vocab::kNone ? id : parts_.model->vocab().find(text);
}

bool Tokenizer::is_special(uint32_t id) const { return added_.is_special(id); }

bool Tokenizer::has_token(uint32_t id) const {
  return added_.find(id) || parts_.model->vocab().has(id);
}

uint32_t Tokenizer::vocab_end() const {
  uint32_t end = parts_.model->vocab().end();
  for (const AddedToken& token : added_.all()) end = std::max(end, token.id + 1);
  return end;
}

std::string Tokenizer::decode(span<const uint32_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const uint32_t id : ids) {
    if (!has_token(id) || (skip_special_tokens && added_.is_special(id))) continue;
    tokens.emplace_back(token_text(id));
  }
  if (parts_.decoder) parts_.decoder->apply(tokens);
  std::string text;
  for (const std::string& token : tokens) {
    if (!parts_.decoder && &token != &tokens[0]) text += ' ';
    text += token;
  }
  return text;
}

std::string StreamDecoder::put(uint32_t id) {
  if (!tokenizer_.has_token(id) || (skip_special_tokens_ && tokenizer_.is_special(id))) return {};
  ids_.push_back(id);
  return advance(false);
}

std::string StreamDecoder::finish() {
  std::string rest = advance(true);
  ids_.clear();
  told_ = held_ = 0;
  return rest;
}

// Decodes the tokens whose text is out, and the same with the new ones: the difference is new. The
// window moves on when text comes, so it stays short.
std::string StreamDecoder::advance(bool flush) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  constexpr size_t kMostHeld = 16;  // more are no character: they stay broken
  constexpr size_t kLongest = 64;   // of a window of tokens that give no text
  const std::string before = tokenizer_.decode({ids_.data(), told_}, skip_special_tokens_);
  const std::string now = tokenizer_.decode(ids_, skip_special_tokens_);
  const bool complete =
      now.size() < kReplacement.size() ||
      now.compare(now.size() - kReplacement.size(), std::string::npos, kReplacement) != 0;
  if (!complete && !flush && ++held_ <= kMostHeld) return {};
  held_ = 0;
  size_t same = 0;
  while (same < std::min(before.size(), now.size()) && before[same] == now[same]) ++same;
  while (same > 0 && same < now.size() && is_continuation(now[same])) --same;
  if (same < now.size() || ids_.size() > kLongest) ids_.erase(ids_.begin(), ids_.begin() + told_);
  told_ = ids_.size();
  return now.substr(same);
}

}  // namespace vireo::text
