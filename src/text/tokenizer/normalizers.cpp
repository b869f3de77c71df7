#include "text/tokenizer/normalizers.h"

#include <algorithm>

#include "text/tokenizer/byte_alphabet.h"

namespace vireo::text {
namespace {

// Drops the characters that keep() refuses and writes the others as map() has them.
template <typename Keep, typename Map>
void filter_map(AlignedText& text, Keep&& keep, Map&& map) {
  Rewrite rewrite(text);
  for (size_t at = 0; at < text.view().size();) {
    const Char c = decode(text.view(), at);
    if (keep(c.code)) {
      const char32_t mapped = map(c.code);
      if (mapped == c.code)
        rewrite.keep(at, at + c.size);
      else
        rewrite.put(mapped, at);
    }
    at += c.size;
  }
  rewrite.finish();
}

template <typename Keep>
void filter(AlignedText& text, Keep&& keep) {
  filter_map(text, keep, [](char32_t c) { return c; });
}

void lowercase(AlignedText& text) {
  if (is_ascii(text.view())) {
    char* bytes = text.bytes();
    for (size_t i = 0; i < text.view().size(); ++i)
      if (bytes[i] >= 'A' && bytes[i] <= 'Z') bytes[i] += 'a' - 'A';
    return;
  }
  Rewrite rewrite(text);
  for (size_t at = 0; at < text.view().size();) {
    const Char c = decode(text.view(), at);
    const LowerCase lower = to_lower(c.code);
    for (uint32_t i = 0; i < lower.count; ++i) rewrite.put(lower.chars[i], at);
    at += c.size;
  }
  rewrite.finish();
}

void to_normal_form(AlignedText& text, NormalForm form) {
  if (is_surely_normal(text.view(), form)) return;
  std::vector<Changed> chars;
  normalize(text.view(), form, chars);
  Rewrite rewrite(text);
  transform(rewrite, text, {0, uint32_t(text.view().size())}, chars);
  rewrite.finish();
}

class Bert final : public Normalizer {
 public:
  explicit Bert(BertOptions options) : options_(options) {
    for (int c = 0; c < 128; ++c) {
      ascii_[c] = char(c);
      if (options.lowercase && c >= 'A' && c <= 'Z') ascii_[c] = char(c + 'a' - 'A');
      if (options.clean_text && (c < 0x20 || c == 0x7f)) ascii_[c] = 0;
      if (options.clean_text && (c == '\t' || c == '\n' || c == '\r')) ascii_[c] = ' ';
    }
  }

  void apply(AlignedText& text) const override {
    if (is_ascii(text.view())) return apply_ascii(text);
    if (options_.clean_text) clean(text);
    if (options_.handle_chinese_chars) set_chinese_apart(text);
    if (options_.strip_accents) {
      to_normal_form(text, NormalForm::NFD);
      filter(text, [](char32_t c) { return !is_in(c, kNonspacingMark); });
    }
    if (options_.lowercase) lowercase(text);
  }

 private:
  void apply_ascii(AlignedText& text) const {
    bool drops = false;
    char* bytes = text.bytes();
    const size_t size = text.view().size();
    for (size_t i = 0; i < size; ++i) {
      const char mapped = ascii_[uint8_t(bytes[i])];
      drops |= mapped == 0;
      bytes[i] = mapped;
    }
    if (drops && options_.clean_text) filter(text, [](char32_t c) { return c != 0; });
  }

  static void clean(AlignedText& text) {
    auto is_blank = [](char32_t c) { return c == '\t' || c == '\n' || c == '\r'; };
    filter_map(
        text,
        [&](char32_t c) { return is_blank(c) || (c != 0 && c != 0xfffd && !is_in(c, kOther)); },
        [](char32_t c) { return is_in(c, kSpace) ? U' ' : c; });
  }

  static void set_chinese_apart(AlignedText& text) {
    Rewrite rewrite(text);
    for (size_t at = 0; at < text.view().size();) {
      const Char c = decode(text.view(), at);
      const bool apart = is_in(c.code, kChinese);
      if (apart) rewrite.put(U' ', at);
      rewrite.keep(at, at + c.size);
      if (apart) rewrite.put(U' ', at);
      at += c.size;
    }
    rewrite.finish();
  }

  const BertOptions options_;
  char ascii_[128];  // what becomes of an ASCII character; 0: it goes
};

class Unicode final : public Normalizer {
 public:
  explicit Unicode(NormalForm form) : form_(form) {}
  void apply(AlignedText& text) const override { to_normal_form(text, form_); }

 private:
  const NormalForm form_;
};

class Lowercase final : public Normalizer {
 public:
  void apply(AlignedText& text) const override { lowercase(text); }
};

class StripAccents final : public Normalizer {
 public:
  void apply(AlignedText& text) const override {
    filter(text, [](char32_t c) { return !is_in(c, kMark); });
  }
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(AlignedText& text) const override {
    const std::string_view view = text.view();
    size_t begin = 0, end = view.size();
    while (left_ && begin < end && is_in(decode(view, begin).code, kSpace))
      begin += decode(view, begin).size;
    while (right_ && end > begin && is_in(decode(view, previous(view, end)).code, kSpace))
      end = previous(view, end);
    if (begin == 0 && end == view.size()) return;
    Rewrite rewrite(text);
    rewrite.keep(begin, end);
    rewrite.finish();
  }

 private:
  const bool left_, right_;
};

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(AlignedText& text) const override {
    Rewrite rewrite(text);
    size_t done = 0;
    bool any = false;
    pattern_.for_each(text.view(), [&](Match match) {
      any = true;
      rewrite.keep(done, match.begin);
      // The content's origin is the last character that it replaces.
      if (!text.view().empty()) rewrite.put(content_, match.end > 0 ? match.end - 1 : 0);
      done = match.end;
    });
    if (!any) return;
    rewrite.keep(done, text.view().size());
    rewrite.finish();
  }

 private:
  const Pattern pattern_;
  const std::string content_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}

  void apply(AlignedText& text) const override {
    if (text.view().empty()) return;
    Rewrite rewrite(text);
    rewrite.put(prefix_, 0);
    rewrite.keep(0, text.view().size());
    rewrite.finish();
  }

 private:
  const std::string prefix_;
};

class Nmt final : public Normalizer {
 public:
  void apply(AlignedText& text) const override {
    filter_map(
        text,
        [](char32_t c) {
          return !((c >= 0x01 && c <= 0x08) || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f ||
                   c == 0x8f || c == 0x9f);
        },
        [](char32_t c) {
          const bool blank = c == 0x09 || c == 0x0a || c == 0x0c || c == 0x0d || c == 0x1680 ||
                             (c >= 0x200b && c <= 0x200f) || c == 0x2028 || c == 0x2029 ||
                             c == 0x2581 || c == 0xfeff || c == 0xfffd;
          return blank ? U' ' : c;
        });
  }
};

class ByteLevel final : public Normalizer {
 public:
  void apply(AlignedText& text) const override {
    Rewrite rewrite(text);
    put_byte_level(rewrite, text, {0, uint32_t(text.view().size())});
    rewrite.finish();
  }
};

class Sequence final : public Normalizer {
 public:
  explicit Sequence(std::vector<NormalizerPtr> parts) : parts_(std::move(parts)) {}
  void apply(AlignedText& text) const override {
    for (const NormalizerPtr& part : parts_) part->apply(text);
  }

 private:
  const std::vector<NormalizerPtr> parts_;
};

}  // namespace

void put_byte_level(Rewrite& rewrite, const AlignedText& text, Piece range) {
  for (size_t at = range.begin; at < range.end; ++at)
    rewrite.put(char_of_byte(uint8_t(text.view()[at])), at);
}

NormalizerPtr bert_normalizer(BertOptions options) { return std::make_unique<Bert>(options); }
NormalizerPtr unicode_normalizer(NormalForm form) { return std::make_unique<Unicode>(form); }
NormalizerPtr lowercase_normalizer() { return std::make_unique<Lowercase>(); }
NormalizerPtr strip_accents_normalizer() { return std::make_unique<StripAccents>(); }
NormalizerPtr strip_normalizer(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}
NormalizerPtr replace_normalizer(Pattern pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
NormalizerPtr prepend_normalizer(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}
NormalizerPtr nmt_normalizer() { return std::make_unique<Nmt>(); }
NormalizerPtr byte_level_normalizer() { return std::make_unique<ByteLevel>(); }
NormalizerPtr sequence_normalizer(std::vector<NormalizerPtr> parts) {
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace vireo::text
