// A box as numbers, and how pixels are stored: shared by all kernels, on the CPU and on the GPU.
#pragma once

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#ifdef __CUDACC__
#define MMPOSE_SAT_HOST_DEVICE __host__ __device__
#else
#define MMPOSE_SAT_HOST_DEVICE
#endif

namespace mmpose_sat {

using torch::headeronly::BFloat16;
using torch::headeronly::Half;

// Pixels in memory are V, sums float or wider.
template <class V>
struct Storage {
  using Sum = std::conditional_t<std::is_same_v<V, double>, double, float>;
  V value;
  MMPOSE_SAT_HOST_DEVICE static Sum load(Storage s) { return static_cast<Sum>(s.value); }
  MMPOSE_SAT_HOST_DEVICE static Storage store(Sum sum) { return {static_cast<V>(sum)}; }
};

// The region a box covers, relative to the output pixel: [x_lo, x_hi) x [y_lo, y_hi).
struct Edges {
  double x_lo, x_hi, y_lo, y_hi;
};

// `box` holds x_l, x_h, y_l, y_h, whose pixels count, from the corner of the kernel.
template <class T>
MMPOSE_SAT_HOST_DEVICE Edges edges_of(const T* box, int64_t kernel_size) {
  const double centre = static_cast<double>((kernel_size - 1) / 2);
  return {box[0] - centre, box[1] + 1 - centre, box[2] - centre, box[3] + 1 - centre};
}

// The box that gives the gradient of the input.
MMPOSE_SAT_HOST_DEVICE inline Edges mirrored(const Edges& e) {
  return {1 - e.x_hi, 1 - e.x_lo, 1 - e.y_hi, 1 - e.y_lo};
}

MMPOSE_SAT_HOST_DEVICE inline double clamped(double edge, int64_t limit) {
  const double most = static_cast<double>(limit);
  return edge < -most ? -most : edge > most ? most : edge;
}

MMPOSE_SAT_HOST_DEVICE inline int64_t whole_pixels(double edge, int64_t limit) {
  return std::isnan(edge) ? 0 : static_cast<int64_t>(std::floor(clamped(edge, limit)));
}

// Weights of a 1-D box: head at `first`, 1 strictly between, tail at `last`; all times `sign`.
struct Taps {
  int64_t first, last;
  double head, tail;
  int sign;  // -1 for crossed edges, which count negatively, as differences of prefix sums would
  int64_t reach() const {
    const int64_t most = -first > last ? -first : last;
    return most > 0 ? most : 0;
  }
};

// `limit`: how far a box may reach; with the size of the map, nothing but zeros is cut off.
MMPOSE_SAT_HOST_DEVICE inline Taps make_taps(double lo, double hi, int64_t limit) {
  if (std::isnan(lo) || std::isnan(hi)) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {0, 0, nan, nan, 1};
  }
  const int sign = lo <= hi ? 1 : -1;
  const double a = clamped(sign > 0 ? lo : hi, limit), b = clamped(sign > 0 ? hi : lo, limit);
  const double floor_a = std::floor(a), floor_b = std::floor(b);
  const auto first = static_cast<int64_t>(floor_a), last = static_cast<int64_t>(floor_b);
  if (first == last) return {first, last, b - a, 0, sign};
  return {first, last, 1 - (a - floor_a), b - floor_b, sign};
}

}  // namespace mmpose_sat
