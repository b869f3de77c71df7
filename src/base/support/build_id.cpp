// Reads the build-id note of the module that this code is in.
#include "base/support/build_id.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstring>

namespace vireo {

namespace {

std::string find_note(const uint8_t* at, size_t size) {
  const uint8_t* end = at + size;
  while (size_t(end - at) >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    const uint8_t* name = at + sizeof note;
    const uint8_t* text = name + (note.n_namesz + 3) / 4 * 4;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      std::string hex;
      for (uint32_t i = 0; i < note.n_descsz; ++i) hex += fmt::format("{:02x}", text[i]);
      return hex;
    }
    at = text + (note.n_descsz + 3) / 4 * 4;
  }
  return {};
}

int look_at_module(dl_phdr_info* info, size_t, void* out) {
  const auto here = reinterpret_cast<uintptr_t>(&build_id);
  bool holds_us = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + part.p_vaddr;
    holds_us |= part.p_type == PT_LOAD && here >= begin && here - begin < part.p_memsz;
  }
  if (!holds_us) return 0;
  auto* id = static_cast<std::string*>(out);
  for (int i = 0; i < info->dlpi_phnum && id->empty(); ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_NOTE)
      *id =
          find_note(reinterpret_cast<const uint8_t*>(info->dlpi_addr + part.p_vaddr), part.p_memsz);
  }
  return 1;
}

}  // namespace

const std::string& build_id() {
  static const std::string id = [] {
    std::string found;
    dl_iterate_phdr(look_at_module, &found);
    return found;
  }();
  return id;
}

}  // namespace vireo
