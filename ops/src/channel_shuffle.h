// Two halves of the channels joined, in turn (shuffled) or one after the other, and taken apart again, for
// tensors whose channels lie next to each other in memory: one pass, where PyTorch's operators take an
// element at a time.
#pragma once

#include <cstdint>
#include <cstring>

namespace mmpose_sat {

// `step`: elements from one pixel of a half to the next.
template <class U>
void join_pixels(const U* left, int64_t left_step, const U* right, int64_t right_step, U* out,
                 int64_t channels, bool shuffled, int64_t begin, int64_t end) {
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    const U* __restrict a = left + pixel * left_step;
    const U* __restrict b = right + pixel * right_step;
    U* __restrict to = out + pixel * 2 * channels;
    if (!shuffled) {
      std::memcpy(to, a, channels * sizeof(U));
      std::memcpy(to + channels, b, channels * sizeof(U));
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) {
      to[2 * c] = a[c];
      to[2 * c + 1] = b[c];
    }
  }
}

template <class U>
void split_pixels(const U* in, U* left, U* right, int64_t channels, bool shuffled, int64_t begin,
                  int64_t end) {
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    const U* __restrict from = in + pixel * 2 * channels;
    U* __restrict a = left + pixel * channels;
    U* __restrict b = right + pixel * channels;
    if (!shuffled) {
      std::memcpy(a, from, channels * sizeof(U));
      std::memcpy(b, from + channels, channels * sizeof(U));
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) {
      a[c] = from[2 * c];
      b[c] = from[2 * c + 1];
    }
  }
}

}  // namespace mmpose_sat
