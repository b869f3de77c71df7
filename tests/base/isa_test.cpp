// Instruction-set tiers, their caps, and the floating-point state.
#include "base/arch/isa_text.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/arch/float_environment.h"
#include "vireo/error.h"

namespace vireo {
namespace {

std::string names(IsaSet set) {
  std::string text;
  for (int i = 0; i < kIsaCount; ++i) {
    if (set.has(static_cast<Isa>(i)))
      text += std::string(text.empty() ? "" : " ") + isa_name(static_cast<Isa>(i));
  }
  return text;
}

TEST(Isa, ACapIsATierWithAllThatItImplies) {
  EXPECT_EQ(names(parse_isa_cap("scalar")), "scalar");
  EXPECT_EQ(names(parse_isa_cap("avx2_vnni")), "scalar avx2 avx2_vnni");
  EXPECT_EQ(names(parse_isa_cap("avx512_bf16")), "scalar avx2 avx512 avx512_vnni avx512_bf16");
  EXPECT_EQ(names(parse_isa_cap("amx_bf16")),
            "scalar avx2 avx512 avx512_vnni avx512_bf16 amx_int8 amx_bf16");
}

TEST(Isa, ACapMayBeAList) {
  EXPECT_EQ(names(parse_isa_cap("avx512_bf16,-avx512_bf16")), "scalar avx2 avx512 avx512_vnni");
  EXPECT_EQ(names(parse_isa_cap("-avx512")), "scalar avx2 avx2_vnni");
  EXPECT_EQ(names(parse_isa_cap("avx512,avx2_vnni")), "scalar avx2 avx2_vnni avx512");
}

TEST(Isa, UnknownTiersAreNamed) {
  try {
    parse_isa_cap("avx2,sse9");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::InvalidArgument);
    EXPECT_NE(std::strstr(e.what(), "'sse9'"), nullptr);
  }
}

TEST(Isa, TheCapBoundsWhatIsActive) {
  set_isa_cap("scalar");
  EXPECT_EQ(names(active_isa()), "scalar");
  if (machine_isa().has(Isa::Avx2)) {
    EXPECT_STREQ(isa_refusal(Isa::Avx2), "capped by VIREO_CPU_ISA");
  }
  set_isa_cap("");
  EXPECT_EQ(active_isa().bits(), machine_isa().bits());
  EXPECT_TRUE(has(Isa::Scalar));
  EXPECT_GE(cache_sizes().l2, cache_sizes().l1);
}

TEST(FloatEnvironment, FlushesDenormalsForAScope) {
  volatile float tiny = 1e-39f, half = 0.5f;
  {
    const FloatEnvironment environment(Denormals::Flush);
#ifdef __x86_64__
    EXPECT_EQ(tiny * half, 0.0f);
#endif
    const FloatEnvironment inner(Denormals::Keep);
    EXPECT_NE(tiny * half, 0.0f);
  }
  EXPECT_NE(tiny * half, 0.0f);
}

}  // namespace
}  // namespace vireo
