// Kernels over tensors whose channels lie next to each other in memory (channels_last). Like those in
// cpu_kernels.cpp, which includes this file, plain loops that the compiler vectorises.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "box_conv.h"

namespace mmpose_sat {
namespace {

// Asks for the memory of the next few pixels: the processor itself sees too late that several tensors are
// read and written in step. Reaching beyond a tensor is harmless.
template <bool write, class U>
void prefetch(const U* at, int64_t n) {
  constexpr int64_t ahead = 4096 / sizeof(U), line = 64 / sizeof(U);
  for (int64_t i = ahead; i < ahead + n; i += line) __builtin_prefetch(at + i, write);
}

// ---- batch normalisation ----------------------------------------------------------------------------
// A tensor is a run of elements, in which channels repeat with a period. The period may be several pixels,
// so that vectors are filled where there are few channels; per-channel numbers are then repeated as well.

// Sums over some elements, from a few periods at a time: float for these, double for all.
// term(i, j, a, b): adds the terms of element i, j-th of its period.
template <class T, class Term>
void sum_periods(int64_t period, int64_t begin, int64_t end, double* sums, const Term& term) {
  constexpr int64_t few = 32;
  static thread_local std::vector<T> memory;
  memory.resize(2 * period);
  T *a = memory.data(), *b = a + period;
  for (int64_t first = begin; first < end; first += few * period) {
    const int64_t last = std::min(end, first + few * period);
    std::fill(a, b + period, T(0));
    for (int64_t i = first; i < last; i += period) term(i, std::min(period, last - i), a, b);
    for (int64_t j = 0; j < 2 * period; ++j) sums[j] += static_cast<double>(a[j]);
  }
}

template <class S>
void load(const void* in, void* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    static_cast<typename S::Sum*>(out)[i] = S::load(static_cast<const S*>(in)[i]);
  }
}

// sums[j] += x - centre[j], sums[period + j] += (x - centre[j])^2.
template <class S>
void moments(const void* x, int64_t period, int64_t begin, int64_t end, const void* centre, double* sums) {
  using T = typename S::Sum;
  sum_periods<T>(period, begin, end, sums,
                 [in = static_cast<const S*>(x), c = static_cast<const T*>(centre)](
                     int64_t i, int64_t n, T* __restrict a, T* __restrict b) {
                   prefetch<false>(in + i, n);
                   for (int64_t j = 0; j < n; ++j) {
                     const T d = S::load(in[i + j]) - c[j];
                     a[j] += d;
                     b[j] += d * d;
                   }
                 });
}

template <class T>
T rectified(T value) {
  return value < 0 ? T(0) : value;  // NaN stays
}

template <class S>
void apply(const AffineView& map, const void* x, void* out, int64_t begin, int64_t end) {
  using T = typename S::Sum;
  const auto* __restrict scale = static_cast<const T*>(map.scale);
  const auto* __restrict shift = static_cast<const T*>(map.shift);
  for (int64_t i = begin; i < end; i += map.period) {
    const int64_t n = std::min(map.period, end - i);
    const S* __restrict in = static_cast<const S*>(x) + i;
    S* __restrict to = static_cast<S*>(out) + i;
    prefetch<false>(in, n);
    prefetch<true>(to, n);
    if (map.relu) {
      for (int64_t j = 0; j < n; ++j) to[j] = S::store(rectified(S::load(in[j]) * scale[j] + shift[j]));
    } else {
      for (int64_t j = 0; j < n; ++j) to[j] = S::store(S::load(in[j]) * scale[j] + shift[j]);
    }
  }
}

// With g the gradient that the ReLU lets pass: sums[j] += g, sums[period + j] += g (x - centre[j]).
template <class S>
void gradient_sums(const AffineView& map, const void* grad, const void* x, int64_t begin, int64_t end,
                   double* sums) {
  using T = typename S::Sum;
  const auto* centre = static_cast<const T*>(map.centre);
  const auto* scale = static_cast<const T*>(map.scale);
  const auto* shift = static_cast<const T*>(map.shift);
  sum_periods<T>(map.period, begin, end, sums, [&](int64_t i, int64_t n, T* __restrict a, T* __restrict b) {
    const S* in = static_cast<const S*>(x) + i;
    const S* g_in = static_cast<const S*>(grad) + i;
    prefetch<false>(in, n);
    prefetch<false>(g_in, n);
    for (int64_t j = 0; j < n; ++j) {
      const T value = S::load(in[j]), g = S::load(g_in[j]);
      const T passed = !map.relu || value * scale[j] + shift[j] > 0 ? g : T(0);
      a[j] += passed;
      b[j] += passed * (value - centre[j]);
    }
  });
}

// out = scale g + slope (x - centre) + offset, with g as above; `out` may be `grad`.
template <class S>
void gradient(const AffineView& map, const void* slopes, const void* offsets, const void* grad, const void* x,
              void* out, int64_t begin, int64_t end) {
  using T = typename S::Sum;
  const auto* __restrict centre = static_cast<const T*>(map.centre);
  const auto* __restrict scale = static_cast<const T*>(map.scale);
  const auto* __restrict shift = static_cast<const T*>(map.shift);
  const auto* __restrict slope = static_cast<const T*>(slopes);
  const auto* __restrict offset = static_cast<const T*>(offsets);
  for (int64_t i = begin; i < end; i += map.period) {
    const int64_t n = std::min(map.period, end - i);
    const S* in = static_cast<const S*>(x) + i;
    const S* g_in = static_cast<const S*>(grad) + i;
    S* to = static_cast<S*>(out) + i;
    prefetch<false>(in, n);
    prefetch<false>(g_in, n);
    prefetch<true>(to, n);
#pragma omp simd
    for (int64_t j = 0; j < n; ++j) {
      const T value = S::load(in[j]), g = S::load(g_in[j]);
      const T passed = !map.relu || value * scale[j] + shift[j] > 0 ? g : T(0);
      to[j] = S::store(scale[j] * passed + (slope[j] * (value - centre[j]) + offset[j]));
    }
  }
}

// ---- the channel shuffle of two halves --------------------------------------------------------------

// Channels of two halves, taken in turn (a_0, b_0, a_1, ...) and cut into two halves again, which may be
// those of one tensor: `step` elements lie between their pixels.
template <class U>
void shuffle(const void* left, const void* right, void* new_left, void* new_right, int64_t channels,
             int64_t step, int64_t begin, int64_t end) {
  const int64_t half = channels / 2;
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    const U* __restrict a = static_cast<const U*>(left) + pixel * channels;
    const U* __restrict b = static_cast<const U*>(right) + pixel * channels;
    U* __restrict to = static_cast<U*>(new_left) + pixel * step;
    U* __restrict to_right = static_cast<U*>(new_right) + pixel * step;
    prefetch<false>(a, channels);
    prefetch<false>(b, channels);
    prefetch<true>(to, channels);
    prefetch<true>(to_right, channels);
    for (int64_t c = 0; c < half; ++c) {
      to[2 * c] = a[c];
      to[2 * c + 1] = b[c];
    }
    if (channels % 2) {
      to[channels - 1] = a[half];
      *to_right++ = b[half];
    }
    a += channels - half;
    b += channels - half;
    for (int64_t c = 0; c < half; ++c) {
      to_right[2 * c] = a[c];
      to_right[2 * c + 1] = b[c];
    }
  }
}

// What `shuffle` did, undone.
template <class U>
void unshuffle(const void* new_left, const void* new_right, void* left, void* right, int64_t channels,
               int64_t step, int64_t begin, int64_t end) {
  const int64_t half = channels / 2;
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    const U* __restrict from = static_cast<const U*>(new_left) + pixel * step;
    const U* __restrict from_right = static_cast<const U*>(new_right) + pixel * step;
    U* __restrict a = static_cast<U*>(left) + pixel * channels;
    U* __restrict b = static_cast<U*>(right) + pixel * channels;
    prefetch<false>(from, channels);
    prefetch<false>(from_right, channels);
    prefetch<true>(a, channels);
    prefetch<true>(b, channels);
    for (int64_t c = 0; c < half; ++c) {
      a[c] = from[2 * c];
      b[c] = from[2 * c + 1];
    }
    if (channels % 2) {
      a[half] = from[channels - 1];
      b[half] = *from_right++;
    }
    a += channels - half;
    b += channels - half;
    for (int64_t c = 0; c < half; ++c) {
      a[c] = from_right[2 * c];
      b[c] = from_right[2 * c + 1];
    }
  }
}

// The same as `shuffle` where the halves are: a third less to move, as nothing new is written to.
template <class U>
void shuffle_in_place(void* left, void* right, int64_t channels, int64_t begin, int64_t end) {
  static thread_local std::vector<U> memory;
  memory.resize(2 * channels);
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    U* a = static_cast<U*>(left) + pixel * channels;
    U* b = static_cast<U*>(right) + pixel * channels;
    std::copy(a, a + channels, memory.data());
    std::copy(b, b + channels, memory.data() + channels);
    prefetch<true>(a, channels);
    prefetch<true>(b, channels);
    shuffle<U>(memory.data(), memory.data() + channels, a, b, channels, channels, 0, 1);
  }
}

}  // namespace
}  // namespace mmpose_sat
