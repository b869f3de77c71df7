#include "text/tokenizer/post_processors.h"

#include <algorithm>

#include "text/tokenizer/byte_alphabet.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace vireo::text {
namespace {

Encoding special_tokens(const TemplatePiece& piece, bool with_offsets) {
  const size_t count = piece.ids.size();
  Encoding made;
  made.ids = piece.ids;
  made.type_ids.assign(count, piece.type_id);
  made.special_mask.assign(count, 1);
  made.attention_mask.assign(count, 1);
  if (with_offsets) made.offsets.assign(count, {0, 0});
  return made;
}

void set_type(Encoding& text, uint32_t type_id) {
  std::fill(text.type_ids.begin(), text.type_ids.end(), type_id);
  for (Encoding& window : text.overflowing) set_type(window, type_id);
}

bool has_offsets(const std::vector<Encoding>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Encoding& one) {
    return one.offsets.size() == one.ids.size();
  });
}

class TemplateProcessor final : public PostProcessor {
 public:
  TemplateProcessor(Template single, Template pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}

  std::vector<Encoding> apply(std::vector<Encoding> parts, bool add_special_tokens,
                              const TokenTexts&) const override {
    const bool offsets = has_offsets(parts);
    std::vector<Encoding> out;
    for (const TemplatePiece& piece : parts.size() > 1 ? pair_ : single_) {
      if (piece.text < 0) {
        if (add_special_tokens) out.push_back(special_tokens(piece, offsets));
      } else if (size_t(piece.text) < parts.size()) {
        out.push_back(parts[size_t(piece.text)]);  // a template may name a text twice
        set_type(out.back(), piece.type_id);
      }
    }
    return out;
  }

  size_t added(bool pair) const override {
    size_t count = 0;
    for (const TemplatePiece& piece : pair ? pair_ : single_) count += piece.ids.size();
    return count;
  }

 private:
  const Template single_, pair_;
};

// Takes the blanks at a token's ends out of its offsets.
class OffsetTrimmer final : public PostProcessor {
 public:
  explicit OffsetTrimmer(bool add_prefix_space) : add_prefix_space_(add_prefix_space) {}

  std::vector<Encoding> apply(std::vector<Encoding> parts, bool,
                              const TokenTexts& texts) const override {
    for (Encoding& part : parts) trim(part, texts);
    return parts;
  }

 private:
  static bool is_blank(char32_t c) { return c == char_of_byte(' ') || is_in(c, kSpace); }

  void trim(Encoding& part, const TokenTexts& texts) const {
    for (Encoding& window : part.overflowing) trim(window, texts);
    for (size_t i = 0; i < part.offsets.size(); ++i) {
      const std::string_view token = texts.token_text(part.ids[i]);
      uint32_t leading = 0, trailing = 0;
      for (size_t at = 0; at < token.size() && is_blank(decode(token, at).code); ++leading)
        at += decode(token, at).size;
      for (size_t at = token.size(); at > 0 && is_blank(decode(token, previous(token, at)).code);
           ++trailing)
        at = previous(token, at);
      Offsets& range = part.offsets[i];
      // The first blank may be one that was added and has no place in the input.
      if (leading > 0 && add_prefix_space_ && (i == 0 || range.begin == 0)) --leading;
      range.begin = std::min(range.begin + leading, range.end);
      if (trailing > 0 && range.end >= trailing)
        range.end = std::max(range.end - trailing, range.begin);
    }
  }

  const bool add_prefix_space_;
};

class Nothing final : public PostProcessor {
 public:
  std::vector<Encoding> apply(std::vector<Encoding> parts, bool, const TokenTexts&) const override {
    return parts;
  }
};

class Sequence final : public PostProcessor {
 public:
  explicit Sequence(std::vector<PostProcessorPtr> parts) : parts_(std::move(parts)) {}

  std::vector<Encoding> apply(std::vector<Encoding> encodings, bool add_special_tokens,
                              const TokenTexts& texts) const override {
    for (const PostProcessorPtr& part : parts_)
      encodings = part->apply(std::move(encodings), add_special_tokens, texts);
    return encodings;
  }

  size_t added(bool pair) const override {
    size_t count = 0;
    for (const PostProcessorPtr& part : parts_) count += part->added(pair);
    return count;
  }

 private:
  const std::vector<PostProcessorPtr> parts_;
};

}  // namespace

PostProcessorPtr template_processor(Template single, Template pair) {
  return std::make_unique<TemplateProcessor>(std::move(single), std::move(pair));
}

PostProcessorPtr bert_processor(uint32_t cls, uint32_t sep) {
  return template_processor({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}},
                            {{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}, {1, {}, 1}, {-1, {sep}, 1}});
}

PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space) {
  if (!trim_offsets) return std::make_unique<Nothing>();
  return std::make_unique<OffsetTrimmer>(add_prefix_space);
}

PostProcessorPtr roberta_processor(uint32_t cls, uint32_t sep, bool trim_offsets,
                                   bool add_prefix_space) {
  std::vector<PostProcessorPtr> parts;
  parts.push_back(byte_level_processor(trim_offsets, add_prefix_space));
  parts.push_back(template_processor(
      {{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}},
      {{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep, sep}, 0}, {1, {}, 0}, {-1, {sep}, 0}}));
  return sequence_processor(std::move(parts));
}

PostProcessorPtr sequence_processor(std::vector<PostProcessorPtr> parts) {
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace vireo::text
