// Types, dimensions, tensors and conversions.
#include <gtest/gtest.h>

#include <limits>

#include "base/support/error.h"
#include "core/values.h"

namespace vireo {
namespace {

TEST(Type, NamesReadBack) {
  for (size_t i = 0; i < element::kTypeCount; ++i) {
    const element::Type type{element::Type_t(i)};
    EXPECT_EQ(element::Type(type.name()), type);
  }
  EXPECT_EQ(element::Type("FP32"), element::f32);
  EXPECT_EQ(element::Type("BOOL"), element::boolean);
  EXPECT_THROW(element::Type("f33"), Error);
}

TEST(Dimension, TextAndArithmetic) {
  EXPECT_EQ(Dimension(std::string_view("1..10")).to_string(), "1..10");
  EXPECT_EQ(Dimension(std::string_view("2..")).to_string(), "2..");
  EXPECT_EQ((Dimension(1, 4) * Dimension(3)).to_string(), "3..12");
  EXPECT_EQ((Dimension() + Dimension(2)).to_string(), "2..");
  EXPECT_THROW(Dimension(std::string_view("99999999999999999999")), Error);
  EXPECT_THROW(Dimension(5, 2), Error);
  Dimension out;
  EXPECT_FALSE(Dimension::merge(out, Dimension(2), Dimension(3)));
  EXPECT_TRUE(Dimension::broadcast_merge(out, Dimension(1), Dimension(7)));
  EXPECT_EQ(out, Dimension(7));
}

TEST(PartialShape, Text) {
  EXPECT_EQ(PartialShape(std::string_view("[?,3,1..10]")).to_string(), "[?,3,1..10]");
  EXPECT_EQ(PartialShape(std::string_view("...")).to_string(), "[...]");
  EXPECT_EQ(PartialShape(std::string_view("")).size(), 0u);
  EXPECT_THROW(PartialShape(std::string_view("1,,2")), Error);
}

TEST(Tensor, RegionsAndStrides) {
  Tensor t = make_tensor(element::i32, Shape{2, 3}, std::vector<int64_t>{0, 1, 2, 3, 4, 5});
  const Tensor column(t, {0, 1}, {2, 2});
  EXPECT_FALSE(column.is_continuous());
  EXPECT_EQ(load<int64_t>(column), (std::vector<int64_t>{1, 4}));
  EXPECT_THROW(Tensor(t, {0, 0}, {2, 4}), Error);
  EXPECT_THROW(t.data<float>(), Error);
  int32_t mine[4] = {};
  Tensor view(element::i32, Shape{4}, mine);
  EXPECT_THROW(view.set_shape({5}), Error);
  view.set_shape({2});
  EXPECT_EQ(view.data<int32_t>(), mine);
}

TEST(Tensor, SizesThatDoNotFitAreRefused) {
  EXPECT_THROW(Tensor(element::f32, Shape{size_t(1) << 40, size_t(1) << 40}), Error);
  EXPECT_THROW(Tensor(element::i4, Shape{2}, nullptr), Error);
}

// Every value of every packed type survives a store and a load, at every position of its bytes.
TEST(Values, PackedTypesReadBack) {
  struct Case {
    element::Type type;
    int64_t low, high;
  };
  for (const Case& c : {Case{element::u1, 0, 1},
                        {element::u2, 0, 3},
                        {element::u3, 0, 7},
                        {element::u4, 0, 15},
                        {element::u6, 0, 63},
                        {element::i4, -8, 7},
                        {element::u8, 0, 255},
                        {element::i8, -128, 127}}) {
    std::vector<int64_t> values;
    for (int64_t v = c.low; v <= c.high; ++v) values.insert(values.end(), 3, v);
    values.push_back(c.high);
    EXPECT_EQ(load<int64_t>(make_tensor(c.type, Shape{values.size()}, values)), values)
        << c.type.name();
  }
}

TEST(Values, ConversionsSaturateAndWrap) {
  const std::vector<double> reals{300.7, -1.5, std::numeric_limits<double>::quiet_NaN(),
                                  std::numeric_limits<double>::infinity()};
  EXPECT_EQ(load<int64_t>(make_tensor(element::u8, Shape{4}, reals)),
            (std::vector<int64_t>{255, 0, 0, 255}));
  EXPECT_EQ(load<int64_t>(make_tensor(element::i8, Shape{2}, std::vector<int64_t>{200, -129})),
            (std::vector<int64_t>{-56, 127}));
  EXPECT_EQ(round_to(element::f16, 65520.0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(round_to(element::bf16, 1.00390625), 1.0);
}

TEST(Values, Strings) {
  const Tensor t = make_strings(Shape{2}, {"one", "two"});
  Tensor copy(element::string, Shape{2});
  t.copy_to(copy);
  EXPECT_TRUE(same_contents(t, copy));
  EXPECT_THROW(load<double>(t), Error);
}

}  // namespace
}  // namespace vireo
