// 1 x 1 convolutions of float32 planes, written as they are computed: bias, sums, ReLU. Included by
// cpu_kernels.cpp, once per instruction set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "box_conv.h"
#include "matrix.h"

namespace mmpose_sat {
namespace {

constexpr int64_t kPanel = kColumns * kVector<float>;

// to[i] = ReLU(bias[i] + sum over c of weights[c][i] * panel[c]), for kRows output channels.
void rectified_tile(const float* weights, const float* bias, const float* panel, int64_t channels,
                    float* const* to) {
  Vector<float> sums[kRows][kColumns];
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) sums[i][0] = sums[i][1] = bias[i] - Vector<float>{};
  add_products(sums, channels, weights, 1, kRows, panel);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) {
    for (Vector<float>& sum : sums[i]) sum = sum < 0 ? Vector<float>{} : sum;  // NaN stays
    std::memcpy(to[i], sums[i], sizeof(sums[i]));
  }
}

// Pixels of all input channels are first gathered in a panel, which stays in the first-level cache. They may
// then be overwritten: `out` may be `in`.
void pointwise(const Pointwise& layer, const float* const* in, float* const* out, int64_t pixels,
               int64_t begin, int64_t end) {
  float* panel = aligned_memory<float>((layer.in_channels + kRows) * kPanel);
  float* aside = panel + layer.in_channels * kPanel;  // rows of a tile that lie outside
  for (int64_t pixel = begin * kPanel; pixel < std::min(end * kPanel, pixels); pixel += kPanel) {
    const int64_t n = std::min(kPanel, pixels - pixel);
    for (int64_t c = 0; c < layer.in_channels; ++c) {
      const float* from = in[c] + pixel;
      float* to = panel + c * kPanel;
      if (n == kPanel) {
        std::memcpy(to, from, kPanel * sizeof(float));
      } else {
        std::fill(std::copy(from, from + n, to), to + kPanel, 0.0f);
      }
    }
    for (int64_t row = 0; row < layer.out_channels; row += kRows) {
      const int64_t rows = std::min(kRows, layer.out_channels - row);
      // The next panel is asked for bit by bit: all at once, requests would wait for one another.
      const int64_t asked = (row + rows) * layer.in_channels / layer.out_channels;
      for (int64_t c = row * layer.in_channels / layer.out_channels; c < asked; ++c) {
        for (int64_t i = 0; i < kPanel; i += 16) __builtin_prefetch(in[c] + pixel + kPanel + i, 0, 2);
      }
      float* to[kRows];
      for (int64_t i = 0; i < kRows; ++i) {
        to[i] = i < rows && n == kPanel ? out[row + i] + pixel : aside + i * kPanel;
      }
      rectified_tile(layer.weights + row * layer.in_channels, layer.bias + row, panel, layer.in_channels, to);
      for (int64_t i = 0; i < rows && n < kPanel; ++i) std::copy(to[i], to[i] + n, out[row + i] + pixel);
    }
  }
}

}  // namespace
}  // namespace mmpose_sat
