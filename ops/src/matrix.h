// Products of small matrices, written as they are computed. Included by cpu_kernels.cpp, once per instruction
// set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "box_conv.h"

namespace mmpose_sat {
namespace {

// A tile of rows x vectors of sums fills the registers, but for those that feed them.
#if defined(__AVX512F__)
constexpr int64_t kVectorBytes = 64, kRows = 12;
#elif defined(__AVX__)
constexpr int64_t kVectorBytes = 32, kRows = 6;
#else
constexpr int64_t kVectorBytes = 16, kRows = 6;
#endif
constexpr int64_t kColumns = 2;

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
constexpr int64_t kVector = kVectorBytes / sizeof(T);

// Memory that stays with the thread: what was got before is lost when it asks again.
template <class T>
T* aligned_memory(int64_t size) {
  static thread_local std::vector<Vector<T>> memory;
  const size_t vectors = size / kVector<T> + 1;
  if (memory.size() < vectors) memory.resize(vectors);
  return reinterpret_cast<T*>(memory.data());
}

template <class T>
Vector<T> read(const T* from) {
  Vector<T> vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <class T>
void write(const Vector<T>& vector, T* to) {
  std::memcpy(to, &vector, sizeof(vector));
}

// sums[i][j] += sum over k of a[i * row + k * step] * panel[k][j].
template <int64_t columns, class T>
inline __attribute__((always_inline)) void add_products(Vector<T> (&sums)[kRows][columns], int64_t depth,
                                                        const T* a, int64_t row, int64_t step,
                                                        const T* panel) {
  // Distances of up to three rows fit an address: three pointers serve twelve rows.
  const T* from[3] = {a, a + 4 * row, a + 8 * row};
  for (int64_t k = 0; k < depth; ++k, panel += columns * kVector<T>) {
    const Vector<T> first = read(panel), second = read(panel + (columns - 1) * kVector<T>);
#pragma GCC unroll 12
    for (int64_t i = 0; i < kRows; ++i) {
      const T factor = from[i / 4][i % 4 * row];
      sums[i][0] += factor * first;
      if (columns > 1) sums[i][columns - 1] += factor * second;
    }
    for (const T*& pointer : from) pointer += step;
  }
}

template <int64_t columns, class T>
void multiply_tile(bool add, int64_t depth, const T* a, int64_t row, int64_t step, const T* panel, T* c,
                   int64_t c_row) {
  constexpr int64_t last = (columns - 1) * kVector<T>;
  Vector<T> sums[kRows][columns] = {};
  if (add) {
#pragma GCC unroll 12
    for (int64_t i = 0; i < kRows; ++i) {
      sums[i][0] = read(c + i * c_row);
      if (columns > 1) sums[i][columns - 1] = read(c + i * c_row + last);
    }
  }
  add_products(sums, depth, a, row, step, panel);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) {
    write(sums[i][0], c + i * c_row);
    if (columns > 1) write(sums[i][columns - 1], c + i * c_row + last);
  }
}

// The share [begin, end) of `all`: at once, requests would wait for one another.
inline void ask_for(const Soon& soon, int64_t begin, int64_t end, int64_t all) {
  constexpr int64_t line = 64;
  const int64_t lines = (soon.bytes + line - 1) / line;
  for (int64_t i = lines * begin / all; i < lines * end / all; ++i) {
    __builtin_prefetch(static_cast<const char*>(soon.at) + i * line, 0, 2);
  }
}

// Columns [first, first + width) of a product, where one or two vectors hold them.
template <int64_t columns, class T>
void multiply_panel(const Product& p, int64_t first, int64_t width, const Soon* soon) {
  constexpr int64_t full = columns * kVector<T>;
  T* panel = aligned_memory<T>(p.depth * (full + kRows) + kRows * full);
  T *aside = panel + p.depth * full, *a_aside = aside + kRows * full;
  if (width < full) std::fill(panel, aside, T(0));  // columns that do not exist
  // Rows where they are, far apart, would fight for the same lines of the first-level cache.
  const T* b = static_cast<const T*>(p.b) + first;
  for (int64_t k = 0; k < p.depth; ++k, b += p.b_apart) {
    std::memcpy(panel + k * full, b, (width < full ? width : full) * sizeof(T));
  }
  const int64_t row = p.transposed ? 1 : p.a_apart, step = p.transposed ? p.a_apart : 1;
  for (int64_t i = 0; i < p.rows; i += kRows) {
    const T* a = static_cast<const T*>(p.a) + i * row;
    T* c = static_cast<T*>(p.c) + i * p.c_apart + first;
    const int64_t rows = std::min(kRows, p.rows - i), done = first * p.rows + i * width;
    for (int64_t s = 0; s < 2; ++s) ask_for(soon[s], done, done + rows * width, p.rows * p.columns);
    if (rows == kRows && width == full) {
      multiply_tile<columns>(p.add, p.depth, a, row, step, panel, c, p.c_apart);
      continue;
    }
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t k = 0; k < p.depth; ++k)
        a_aside[r * p.depth + k] = r < rows ? a[r * row + k * step] : T(0);
    }
    multiply_tile<columns>(false, p.depth, a_aside, p.depth, 1, panel, aside, full);
    for (int64_t r = 0; r < rows; ++r) {
      T *from = aside + r * full, *to = c + r * p.c_apart;
      for (int64_t j = 0; j < width; ++j) to[j] = p.add ? to[j] + from[j] : from[j];
    }
  }
}

template <class T>
void multiply(const Product& p, Soon one, Soon other) {
  constexpr int64_t full = kColumns * kVector<T>;
  const Soon soon[2] = {one, other};
  for (int64_t first = 0; first < p.columns; first += full) {
    const int64_t width = std::min(full, p.columns - first);
    (width > kVector<T> ? multiply_panel<kColumns, T> : multiply_panel<1, T>)(p, first, width, soon);
  }
}

}  // namespace
}  // namespace mmpose_sat
