#include "ops/detection/rotated.h"

#include <cmath>
#include <vector>

namespace vireo::ops {
namespace {

struct Point {
  double x, y;
};

std::vector<Point> corners(const RotatedBox& b, double x0, double y0) {
  const double c = std::cos(double(b.angle)), s = std::sin(double(b.angle)), w = b.width / 2.0,
               h = b.height / 2.0;
  std::vector<Point> out;
  for (const Point p : {Point{-w, -h}, Point{w, -h}, Point{w, h}, Point{-w, h}})
    out.push_back({b.x - x0 + p.x * c - p.y * s, b.y - y0 + p.x * s + p.y * c});
  return out;
}

// Positive on the left of the line from a to b.
double side(const Point& a, const Point& b, const Point& p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

// Sutherland and Hodgman: the part of a polygon on the left of an edge.
std::vector<Point> cut(const std::vector<Point>& polygon, const Point& a, const Point& b) {
  std::vector<Point> out;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point &p = polygon[i], &q = polygon[(i + 1) % polygon.size()];
    const double sp = side(a, b, p), sq = side(a, b, q);
    if (sp >= 0) out.push_back(p);
    if ((sp > 0 && sq < 0) || (sp < 0 && sq > 0)) {
      const double t = sp / (sp - sq);
      out.push_back({p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)});
    }
  }
  return out;
}

double area(const std::vector<Point>& polygon) {
  double sum = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point &p = polygon[i], &q = polygon[(i + 1) % polygon.size()];
    sum += p.x * q.y - p.y * q.x;
  }
  return std::abs(sum) / 2;
}

}  // namespace

float overlap(const RotatedBox& a, const RotatedBox& b) {
  const double area_a = double(a.width) * a.height, area_b = double(b.width) * b.height;
  if (!(area_a > 1e-14) || !(area_b > 1e-14)) return 0;
  // About a common origin, so that far-off boxes lose no digits.
  const double x0 = (double(a.x) + b.x) / 2, y0 = (double(a.y) + b.y) / 2;
  std::vector<Point> common = corners(a, x0, y0);
  const std::vector<Point> frame = corners(b, x0, y0);
  for (size_t i = 0; i < frame.size() && !common.empty(); ++i)
    common = cut(common, frame[i], frame[(i + 1) % frame.size()]);
  const double shared = area(common);
  return float(shared / (area_a + area_b - shared));
}

}  // namespace vireo::ops
