#include "text/tokenizer/post_processors.h"

#include <algorithm>

#include "base/support/span.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace vireo::text {
namespace {

// Special tokens beside a text that has, or has not, offsets and blanks.
Encoding special_tokens(span<const uint32_t> ids, uint32_t type_id, const Encoding& beside) {
  Encoding made;
  made.ids.assign(ids.begin(), ids.end());
  made.type_ids.assign(ids.size(), type_id);
  made.special_mask.assign(ids.size(), 1);
  made.attention_mask.assign(ids.size(), 1);
  if (beside.offsets.size() == beside.ids.size()) made.offsets.assign(ids.size(), {0, 0});
  if (beside.blanks.size() == beside.ids.size()) made.blanks.assign(ids.size(), {});
  return made;
}

void set_type(Encoding& text, uint32_t type_id) {
  std::fill(text.type_ids.begin(), text.type_ids.end(), type_id);
  for (Encoding& window : text.overflowing) set_type(window, type_id);
}

class TemplateProcessor final : public PostProcessor {
 public:
  TemplateProcessor(Template single, Template pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}

  std::vector<Encoding> apply(std::vector<Encoding> parts, bool add_special_tokens) const override {
    std::vector<Encoding> out;
    for (const TemplatePiece& piece : parts.size() > 1 ? pair_ : single_) {
      if (piece.text < 0) {
        if (add_special_tokens) out.push_back(special_tokens(piece.ids, piece.type_id, parts[0]));
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

// BERT's and RoBERTa's: start, text, end; further texts have an end of their own, RoBERTa's a start
// too.
class ModelProcessor final : public PostProcessor {
 public:
  ModelProcessor(uint32_t cls, uint32_t sep, bool roberta)
      : cls_(cls), sep_(sep), roberta_(roberta) {}

  std::vector<Encoding> apply(std::vector<Encoding> parts, bool add_special_tokens) const override {
    for (size_t i = 0; i < parts.size(); ++i) {
      const uint32_t type_id = i > 0 && !roberta_;
      set_type(parts[i], type_id);
      if (!add_special_tokens) continue;
      std::vector<Encoding> around;
      if (i == 0)
        around.push_back(special_tokens({&cls_, 1}, type_id, parts[i]));
      else if (roberta_)
        around.push_back(special_tokens({&sep_, 1}, type_id, parts[i]));
      Encoding end = special_tokens({&sep_, 1}, type_id, parts[i]);
      around.push_back(std::move(parts[i]));
      around.push_back(std::move(end));
      parts[i] = merge(std::move(around));
    }
    return parts;
  }

  size_t added(bool pair) const override { return !pair ? 2 : roberta_ ? 4 : 3; }

 private:
  const uint32_t cls_, sep_;
  const bool roberta_;
};

// Takes the blanks at a token's ends out of its offsets.
class OffsetTrimmer final : public PostProcessor {
 public:
  explicit OffsetTrimmer(bool add_prefix_space) : add_prefix_space_(add_prefix_space) {}

  std::vector<Encoding> apply(std::vector<Encoding> parts, bool) const override {
    for (Encoding& part : parts) trim(part);
    return parts;
  }

  bool trims_offsets() const override { return true; }

 private:
  void trim(Encoding& part) const {
    for (Encoding& window : part.overflowing) trim(window);
    for (size_t i = 0; i < part.blanks.size(); ++i) {
      uint32_t leading = part.blanks[i].leading;
      const uint32_t trailing = part.blanks[i].trailing;
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
  std::vector<Encoding> apply(std::vector<Encoding> parts, bool) const override { return parts; }
};

class Sequence final : public PostProcessor {
 public:
  explicit Sequence(std::vector<PostProcessorPtr> parts) : parts_(std::move(parts)) {}

  std::vector<Encoding> apply(std::vector<Encoding> encodings,
                              bool add_special_tokens) const override {
    for (const PostProcessorPtr& part : parts_)
      encodings = part->apply(std::move(encodings), add_special_tokens);
    return encodings;
  }

  size_t added(bool pair) const override {
    size_t count = 0;
    for (const PostProcessorPtr& part : parts_) count += part->added(pair);
    return count;
  }

  bool trims_offsets() const override {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const PostProcessorPtr& part) { return part->trims_offsets(); });
  }

 private:
  const std::vector<PostProcessorPtr> parts_;
};

bool is_blank(char32_t c) { return c == char_of_byte(' ') || is_in(c, kSpace); }

}  // namespace

Blanks blanks_of(std::string_view token) {
  Blanks blanks;
  for (size_t at = 0; at < token.size() && is_blank(decode(token, at).code); ++blanks.leading)
    at += decode(token, at).size;
  for (size_t at = token.size(); at > 0; ++blanks.trailing) {
    at = previous(token, at);
    if (!is_blank(decode(token, at).code)) break;
  }
  return blanks;
}

PostProcessorPtr template_processor(Template single, Template pair) {
  return std::make_unique<TemplateProcessor>(std::move(single), std::move(pair));
}

PostProcessorPtr bert_processor(uint32_t cls, uint32_t sep) {
  return std::make_unique<ModelProcessor>(cls, sep, false);
}

PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space) {
  if (!trim_offsets) return std::make_unique<Nothing>();
  return std::make_unique<OffsetTrimmer>(add_prefix_space);
}

PostProcessorPtr roberta_processor(uint32_t cls, uint32_t sep, bool trim_offsets,
                                   bool add_prefix_space) {
  std::vector<PostProcessorPtr> parts;
  parts.push_back(byte_level_processor(trim_offsets, add_prefix_space));
  parts.push_back(std::make_unique<ModelProcessor>(cls, sep, true));
  return sequence_processor(std::move(parts));
}

PostProcessorPtr sequence_processor(std::vector<PostProcessorPtr> parts) {
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace vireo::text
