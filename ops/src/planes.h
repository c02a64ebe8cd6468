// Planes of tensors whose channels lie next to each other in memory (channels_last), a few at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mmpose_sat {

// How the planes of a batch lie in memory; `bytes` of an element.
struct PlaneLayout {
  int64_t channels, size, bytes;
  bool channels_last;
  int64_t offset(int64_t n, int64_t c) const {
    return bytes * (n * channels * size + (channels_last ? c : c * size));
  }
  // Elements (`step`: bytes) from a plane to the next where kernels find them. Staged planes are a line of
  // the cache out of step: with sizes that are powers of two, all would fall on the same few lines.
  int64_t pitch() const { return channels_last ? (size + 15) / 16 * 16 + 16 : size; }
  int64_t step() const { return bytes * pitch(); }
};

// Channels that are taken together.
constexpr int64_t kChannelGroup = 32;

// to[j * to_step + i] = from[i * from_step + j] for i, j in [0, 4).
template <class U>
inline void transpose4(const U* __restrict from, int64_t from_step, U* __restrict to, int64_t to_step) {
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
  typedef U V __attribute__((vector_size(4 * sizeof(U))));
  V a, b, c, d;
  std::memcpy(&a, from, sizeof(V));
  std::memcpy(&b, from + from_step, sizeof(V));
  std::memcpy(&c, from + 2 * from_step, sizeof(V));
  std::memcpy(&d, from + 3 * from_step, sizeof(V));
  const V ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const V ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  c = __builtin_shufflevector(ef, gh, 0, 1, 4, 5);
  d = __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
  std::memcpy(to, &a, sizeof(V));
  std::memcpy(to + to_step, &b, sizeof(V));
  std::memcpy(to + 2 * to_step, &c, sizeof(V));
  std::memcpy(to + 3 * to_step, &d, sizeof(V));
#else
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 4; ++j) to[j * to_step + i] = from[i * from_step + j];
  }
#endif
}

// A matrix of `rows` x `columns`, transposed. Rows are `from_step` elements apart, in the result `to_step`.
template <class U>
void transpose(const U* __restrict from, int64_t from_step, int64_t rows, int64_t columns, U* __restrict to,
               int64_t to_step) {
  constexpr int64_t size = 16;                 // whole lines of the cache on both sides, in float32
  const bool pixels_in_rows = rows > columns;  // there are more pixels than channels in a group
  const auto block = [&](int64_t i0, int64_t j0) {
    const int64_t i_end = std::min(i0 + size, rows), j_end = std::min(j0 + size, columns);
    // Pixels are too far apart for the processor to guess the next ones.
    for (int64_t r = size; r < 2 * size; ++r) {
      if (pixels_in_rows) {
        __builtin_prefetch(from + std::min(i0 + r, rows - 1) * from_step + j0);
      } else {
        __builtin_prefetch(to + std::min(j0 + r, columns - 1) * to_step + i0, 1);
      }
    }
    int64_t j = j0;
    for (; j + 4 <= j_end; j += 4) {
      int64_t i = i0;
      for (; i + 4 <= i_end; i += 4)
        transpose4(from + i * from_step + j, from_step, to + j * to_step + i, to_step);
      for (; i < i_end; ++i) {
        for (int64_t v = j; v < j + 4; ++v) to[v * to_step + i] = from[i * from_step + v];
      }
    }
    for (; j < j_end; ++j) {
      for (int64_t i = i0; i < i_end; ++i) to[j * to_step + i] = from[i * from_step + j];
    }
  };
  // The channels innermost: they are neighbours in memory.
  if (pixels_in_rows) {
    for (int64_t i = 0; i < rows; i += size) {
      for (int64_t j = 0; j < columns; j += size) block(i, j);
    }
  } else {
    for (int64_t j = 0; j < columns; j += size) {
      for (int64_t i = 0; i < rows; i += size) block(i, j);
    }
  }
}

template <class Call>
void with_type_of(int64_t bytes, const Call& call) {
  bytes == 2 ? call(uint16_t{}) : bytes == 4 ? call(uint32_t{}) : call(uint64_t{});
}

// `count` planes from channel c of image n on, at their pitch: where they are, or copied to `stage`.
inline const char* read_planes(const void* tensor, const PlaneLayout& at, int64_t n, int64_t c, int64_t count,
                               std::vector<char>& stage) {
  const char* from = static_cast<const char*>(tensor) + at.offset(n, c);
  if (!at.channels_last) return from;
  stage.resize(count * at.step());
  with_type_of(at.bytes, [&](auto type) {
    using U = decltype(type);
    transpose(reinterpret_cast<const U*>(from), at.channels, at.size, count,
              reinterpret_cast<U*>(stage.data()), at.pitch());
  });
  return stage.data();
}

// The same for writing: fill what this returns, then call `write_planes`.
inline char* place_for_planes(void* tensor, const PlaneLayout& at, int64_t n, int64_t c, int64_t count,
                              std::vector<char>& stage) {
  if (!at.channels_last) return static_cast<char*>(tensor) + at.offset(n, c);
  stage.resize(count * at.step());
  return stage.data();
}

inline void write_planes(void* tensor, const PlaneLayout& at, int64_t n, int64_t c, int64_t count,
                         const std::vector<char>& stage) {
  if (!at.channels_last) return;
  char* to = static_cast<char*>(tensor) + at.offset(n, c);
  with_type_of(at.bytes, [&](auto type) {
    using U = decltype(type);
    transpose(reinterpret_cast<const U*>(stage.data()), at.pitch(), count, at.size, reinterpret_cast<U*>(to),
              at.channels);
  });
}

}  // namespace mmpose_sat
