#include "text/tokenizer/vocab.h"

#include "base/support/error.h"
#include "text/utf8.h"

namespace vireo::text {

void Vocab::reserve(size_t tokens, size_t bytes) {
  block_.reserve(bytes);
  places_.reserve(tokens);
  size_t slots = 16;
  while (slots < 2 * tokens) slots *= 2;
  if (slots_.empty()) slots_.resize(slots);
}

Vocab::Slot& Vocab::slot_of(std::string_view text, uint64_t hash) {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.id == kNone) return slot;
    if (slot.hash == uint32_t(hash >> 32) && slot.size == text.size() &&
        std::memcmp(block_.data() + slot.begin, text.data(), text.size()) == 0)
      return slot;
  }
}

void Vocab::grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.id == kNone) continue;
    const std::string_view text = std::string_view(block_).substr(slot.begin, slot.size);
    slot_of(text, hash_of(text)) = slot;
  }
}

void Vocab::add(std::string_view text, uint32_t id) {
  if (id >= kMostIds)
    fail(ErrorCode::InvalidArgument, "token '{}' has the number {}: at most {} are read",
         shown(text), id, kMostIds - 1);
  if (2 * (count_ + 1) > slots_.size()) grow();
  if (id >= places_.size()) places_.resize(id + 1, Place{0, 0, 0});
  const uint64_t hash = hash_of(text);
  Slot& slot = slot_of(text, hash);
  if (slot.id == kNone) {
    slot = {uint32_t(hash >> 32), id, uint32_t(block_.size()), uint32_t(text.size())};
    block_.append(text);
    ++count_;
  }
  slot.id = id;
  places_[id] = {slot.begin, slot.size, 1};
}

uint32_t Vocab::find(std::string_view text) const {
  if (slots_.empty()) return kNone;
  return const_cast<Vocab*>(this)->slot_of(text, hash_of(text)).id;
}

}  // namespace vireo::text
