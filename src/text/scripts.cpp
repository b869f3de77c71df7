#include "text/scripts.h"

#include <algorithm>
#include <vector>

#include "text/regex.h"
#include "text/utf8.h"

namespace vireo::text {
namespace {

constexpr const char* kNames[] = {"Common",
                                  "Inherited",
                                  "Latin",
                                  "Greek",
                                  "Cyrillic",
                                  "Han",
                                  "Hiragana",
                                  "Katakana",
                                  "Hangul",
                                  "Arabic",
                                  "Hebrew",
                                  "Devanagari",
                                  "Thai",
                                  "Adlam",
                                  "Ahom",
                                  "Anatolian_Hieroglyphs",
                                  "Armenian",
                                  "Avestan",
                                  "Balinese",
                                  "Bamum",
                                  "Bassa_Vah",
                                  "Batak",
                                  "Bengali",
                                  "Bhaiksuki",
                                  "Bopomofo",
                                  "Brahmi",
                                  "Braille",
                                  "Buginese",
                                  "Buhid",
                                  "Canadian_Aboriginal",
                                  "Carian",
                                  "Caucasian_Albanian",
                                  "Chakma",
                                  "Cham",
                                  "Cherokee",
                                  "Chorasmian",
                                  "Coptic",
                                  "Cuneiform",
                                  "Cypriot",
                                  "Cypro_Minoan",
                                  "Deseret",
                                  "Dives_Akuru",
                                  "Dogra",
                                  "Duployan",
                                  "Egyptian_Hieroglyphs",
                                  "Elbasan",
                                  "Elymaic",
                                  "Ethiopic",
                                  "Georgian",
                                  "Glagolitic",
                                  "Gothic",
                                  "Grantha",
                                  "Gujarati",
                                  "Gunjala_Gondi",
                                  "Gurmukhi",
                                  "Hanifi_Rohingya",
                                  "Hanunoo",
                                  "Hatran",
                                  "Imperial_Aramaic",
                                  "Inscriptional_Pahlavi",
                                  "Inscriptional_Parthian",
                                  "Javanese",
                                  "Kaithi",
                                  "Kannada",
                                  "Kayah_Li",
                                  "Kharoshthi",
                                  "Khitan_Small_Script",
                                  "Khmer",
                                  "Khojki",
                                  "Khudawadi",
                                  "Lao",
                                  "Lepcha",
                                  "Limbu",
                                  "Linear_A",
                                  "Linear_B",
                                  "Lisu",
                                  "Lycian",
                                  "Lydian",
                                  "Mahajani",
                                  "Makasar",
                                  "Malayalam",
                                  "Mandaic",
                                  "Manichaean",
                                  "Marchen",
                                  "Masaram_Gondi",
                                  "Medefaidrin",
                                  "Meetei_Mayek",
                                  "Mende_Kikakui",
                                  "Meroitic_Cursive",
                                  "Meroitic_Hieroglyphs",
                                  "Miao",
                                  "Modi",
                                  "Mongolian",
                                  "Mro",
                                  "Multani",
                                  "Myanmar",
                                  "Nabataean",
                                  "Nandinagari",
                                  "New_Tai_Lue",
                                  "Newa",
                                  "Nko",
                                  "Nushu",
                                  "Nyiakeng_Puachue_Hmong",
                                  "Ogham",
                                  "Ol_Chiki",
                                  "Old_Hungarian",
                                  "Old_Italic",
                                  "Old_North_Arabian",
                                  "Old_Permic",
                                  "Old_Persian",
                                  "Old_Sogdian",
                                  "Old_South_Arabian",
                                  "Old_Turkic",
                                  "Old_Uyghur",
                                  "Oriya",
                                  "Osage",
                                  "Osmanya",
                                  "Pahawh_Hmong",
                                  "Palmyrene",
                                  "Pau_Cin_Hau",
                                  "Phags_Pa",
                                  "Phoenician",
                                  "Psalter_Pahlavi",
                                  "Rejang",
                                  "Runic",
                                  "Samaritan",
                                  "Saurashtra",
                                  "Sharada",
                                  "Shavian",
                                  "Siddham",
                                  "SignWriting",
                                  "Sinhala",
                                  "Sogdian",
                                  "Sora_Sompeng",
                                  "Soyombo",
                                  "Sundanese",
                                  "Syloti_Nagri",
                                  "Syriac",
                                  "Tagalog",
                                  "Tagbanwa",
                                  "Tai_Le",
                                  "Tai_Tham",
                                  "Tai_Viet",
                                  "Takri",
                                  "Tamil",
                                  "Tangsa",
                                  "Tangut",
                                  "Telugu",
                                  "Thaana",
                                  "Tibetan",
                                  "Tifinagh",
                                  "Tirhuta",
                                  "Toto",
                                  "Ugaritic",
                                  "Vai",
                                  "Vithkuqi",
                                  "Wancho",
                                  "Warang_Citi",
                                  "Yezidi",
                                  "Yi",
                                  "Zanabazar_Square"};
constexpr int kHan = 5, kHiragana = 6, kKatakana = 7;

struct Range {
  char32_t first, last;
  int script;
};

// PCRE2 knows the scripts but has no call that tells one: the runs of equal script among all
// characters are found by one expression, and the script of each by trying.
std::vector<Range> make_ranges() {
  std::string all, any;
  for (char32_t c = 0; c < 0x110000; ++c)
    if (c < 0xd800 || c > 0xdfff) append(all, c);
  std::vector<std::unique_ptr<Regex>> scripts;
  for (const char* name : kNames) {
    const std::string one = std::string("\\p{sc:") + name + "}";
    scripts.push_back(std::make_unique<Regex>("\\A" + one));
    any += (any.empty() ? "" : "|") + one + "+";
  }
  std::vector<Range> ranges;
  Regex(any).for_each(all, [&](Match run) {
    const Char first = decode(all, run.begin);
    const std::string_view text = std::string_view(all).substr(run.begin, first.size);
    int script = 0;
    while (!scripts[size_t(script)]->found_in(text)) ++script;
    const char32_t last = decode(all, previous(all, run.end)).code;
    ranges.push_back({first.code, last, script});
  });
  return ranges;
}

}  // namespace

int script_of(char32_t c) {
  static const std::vector<Range> ranges = make_ranges();
  if (c == ' ') return kAnyScript;
  if (c == 0x30fc) return kHan;
  auto it = std::lower_bound(ranges.begin(), ranges.end(), c,
                             [](const Range& range, char32_t at) { return range.last < at; });
  if (it == ranges.end() || c < it->first) return kAnyScript;  // not assigned
  return it->script == kHiragana || it->script == kKatakana ? kHan : it->script;
}

}  // namespace vireo::text
