#include "text/tokenizer/added_tokens.h"

#include <algorithm>

namespace vireo::text {
namespace {

bool ends_in_word(std::string_view text) {
  return !text.empty() && is_in(decode(text, previous(text, text.size())).code, kWord);
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && is_in(decode(text, 0).code, kWord);
}

size_t blanks_before(std::string_view text, size_t end) {
  while (end > 0 && is_in(decode(text, previous(text, end)).code, kSpace))
    end = previous(text, end);
  return end;
}

size_t blanks_behind(std::string_view text, size_t at) {
  while (at < text.size() && is_in(decode(text, at).code, kSpace)) at += decode(text, at).size;
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer)
    : tokens_(std::move(tokens)) {
  std::vector<std::string> contents(tokens_.size());
  std::vector<Trie::Key> plain, normalized;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    if (token.id >= place_of_id_.size()) place_of_id_.resize(token.id + 1, Vocab::kNone);
    place_of_id_[token.id] = uint32_t(i);
    contents[i] = token.content;
    if (token.normalized && normalizer) {
      AlignedText text;
      text.assign(token.content, 0, false);
      normalizer->apply(text);
      contents[i] = text.view();
    }
    (token.normalized ? normalized : plain).push_back({contents[i], uint32_t(i)});
  }
  plain_.make(plain);
  normalized_.make(normalized);
}

void AddedTokens::Set::make(const std::vector<Trie::Key>& keys) {
  if (keys.empty()) return;
  trie = Trie(keys);
  first_bytes.resize(256);
  for (const Trie::Key& key : keys)
    if (!key.text.empty()) first_bytes[uint8_t(key.text[0])] = true;
  if (std::count(first_bytes.begin(), first_bytes.end(), true) == 1)
    only_first =
        char(std::find(first_bytes.begin(), first_bytes.end(), true) - first_bytes.begin());
}

// Where a token may start, at or behind `at`.
size_t AddedTokens::Set::next_candidate(std::string_view text, size_t at) const {
  if (only_first) return std::min(text.find(only_first, at), text.size());
  while (at < text.size() && !first_bytes[uint8_t(text[at])]) ++at;
  return at;
}

void AddedTokens::cut(std::string_view text, bool normalized, std::vector<TextPart>& parts) const {
  parts.clear();
  const Set& set = normalized ? normalized_ : plain_;
  size_t done = 0;  // what lies before is in parts
  size_t at = 0;
  while (!set.first_bytes.empty() && (at = set.next_candidate(text, at)) < text.size()) {
    const Trie::Longest match = set.trie.longest(text.substr(at));
    if (match.value == Trie::kNone) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[match.value];
    size_t begin = at, end = at + match.size;
    at = end;
    if (token.single_word &&
        (ends_in_word(text.substr(0, begin)) || starts_with_word(text.substr(end))))
      continue;
    if (token.lstrip) begin = std::max(blanks_before(text, begin), done);
    if (token.rstrip) end = blanks_behind(text, end);
    if (done < begin) parts.push_back({{uint32_t(done), uint32_t(begin)}});
    parts.push_back({{uint32_t(begin), uint32_t(end)}, token.id});
    done = end;
  }
  if (done < text.size()) parts.push_back({{uint32_t(done), uint32_t(text.size())}});
}

const AddedToken* AddedTokens::find(uint32_t id) const {
  if (id >= place_of_id_.size() || place_of_id_[id] == Vocab::kNone) return nullptr;
  return &tokens_[place_of_id_[id]];
}

uint32_t AddedTokens::find(std::string_view content) const {
  for (const AddedToken& token : tokens_)
    if (token.content == content) return token.id;
  return Vocab::kNone;
}

bool AddedTokens::is_special(uint32_t id) const {
  const AddedToken* token = find(id);
  return token && token->special;
}

}  // namespace vireo::text
