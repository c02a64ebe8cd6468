// CPU kernels of the box convolution. Plain loops over long arrays, which the compiler vectorises; the
// file is compiled once per instruction set, with MMPOSE_SAT_ISA naming the table it defines.
//
// A box is the outer product of a row and a column of weights (1 inside, fractions at both ends), so
// a plane is filtered along x, then along y, by one and the same 1-D filter. Rows are stored with a
// gap of zeros between them: the filter then runs over the whole plane as one array, with a step of
// one element along x and of one padded row along y.
//
// Sums of 4, 16, 64, ... neighbours build the window: its length costs only the logarithm, and nothing
// is ever subtracted, so that no precision is lost the way differences of prefix sums lose it.

#include <algorithm>
#include <vector>

#include "box_conv.h"
#include "channels_last.h"
#include "matrix.h"
#include "pointwise.h"

namespace mmpose_sat {
namespace {

template <class S, class T>
void load_row(const S* __restrict in, T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = S::load(in[i]);
}

template <class S, class T>
void store_row(const T* __restrict in, S* __restrict out, int64_t n, int64_t stride) {
  if (stride == 1) {
    for (int64_t i = 0; i < n; ++i) out[i] = S::store(in[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = S::store(in[i * stride]);
  }
}

// ---- the 1-D filter ---------------------------------------------------------------------------------

template <class T>
void weigh(const T* __restrict a, const T* __restrict b, T* __restrict out, int64_t n, T wa, T wb) {
  for (int64_t i = 0; i < n; ++i) out[i] = wa * a[i] + wb * b[i];
}

template <class T>
void add1(const T* __restrict a, T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] += a[i];
}

template <class T>
void add2(const T* __restrict a, int64_t step, T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] += a[i] + a[i + step];
}

template <class T>
void add3(const T* __restrict a, int64_t step, T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] += (a[i] + a[i + step]) + a[i + 2 * step];
}

template <class T>
void sum4(const T* __restrict a, int64_t step, T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = (a[i] + a[i + step]) + (a[i + 2 * step] + a[i + 3 * step]);
}

// out[i] = sum over j of taps[j] * in[i + j * step], for i in [0, n). `in` must be readable for
// taps.reach() steps on both sides; `spare` holds two arrays of n + 2 * reach * step elements.
template <class T>
void filter(const Taps& taps, const T* in, T* out, int64_t n, int64_t step, T* spare[2]) {
  weigh<T>(in + taps.first * step, in + taps.last * step, out, n, static_cast<T>(taps.head),
           static_cast<T>(taps.tail));
  int64_t count = taps.last - taps.first - 1;  // pixels fully covered
  const T* sums = in + (taps.first + 1) * step;
  int64_t size = n + (count - 1) * step;  // how many of `sums` are in use
  for (int which = 0; count > 0; which ^= 1) {
    const int64_t digit = count & 3;
    if (digit == 1) add1<T>(sums, out, n);
    if (digit == 2) add2<T>(sums, step, out, n);
    if (digit == 3) add3<T>(sums, step, out, n);
    count >>= 2;
    if (count == 0) break;
    size -= (digit + 3) * step;
    sum4<T>(sums + digit * step, step, spare[which], size);
    sums = spare[which];
    step *= 4;
  }
  if (taps.sign < 0) {
    for (int64_t i = 0; i < n; ++i) out[i] = -out[i];
  }
}

template <class T>
void dot2(const T* __restrict a, const T* __restrict b, const T* __restrict c, int64_t n, double& ab,
          double& ac) {
  T sum_b = 0, sum_c = 0;
#pragma omp simd reduction(+ : sum_b, sum_c)
  for (int64_t i = 0; i < n; ++i) {
    sum_b += a[i] * b[i];
    sum_c += a[i] * c[i];
  }
  ab += sum_b;
  ac += sum_c;
}

// ---- planes -----------------------------------------------------------------------------------------

// Buffers of one strip of rows: `above` rows over the strip, the strip, `above` rows under it, each row
// with its gap of zeros, and one more gap in front.
template <class T>
struct Layout {
  int64_t gap, above, pitch, rows;
  int64_t size() const { return (rows + 2 * above + 1) * pitch + gap; }
  T* row(T* buffer, int64_t y) const { return buffer + gap + (above + y) * pitch; }
};

// Strips are as high as lets all buffers stay in the second-level cache.
template <class T>
Layout<T> make_layout(const Shape& s, int64_t reach_x, int64_t reach_y) {
  const int64_t pitch = s.width + reach_x;
  const int64_t fitting = (128 << 10) / static_cast<int64_t>(sizeof(T)) / pitch;
  const int64_t rows = std::max({fitting - 2 * reach_y, 2 * reach_y, int64_t{16}});
  return {reach_x, reach_y, pitch, std::min(rows, s.height)};
}

template <class T>
T* claim(std::vector<T>& memory, int64_t count, int64_t size) {
  if (static_cast<int64_t>(memory.size()) < count * size) memory.resize(count * size);
  return memory.data();
}

// Rows [y0 - above, y0 + rows + above) of a plane, zeros around it. With a stride, `plane` is the
// output's grid: its rows and columns are spread, zeros between them.
template <class S, class T>
void load_strip(const Layout<T>& at, const S* plane, const Shape& s, int64_t stride, int64_t y0, T* to) {
  const int64_t width = (s.width + stride - 1) / stride;
  std::fill(to, to + at.gap, T(0));
  for (int64_t r = -at.above; r < at.rows + at.above; ++r) {
    T* row = at.row(to, r);
    const int64_t y = y0 + r;
    if (y < 0 || y >= s.height || y % stride != 0) {
      std::fill(row, row + at.pitch, T(0));
      continue;
    }
    const S* source = plane + y / stride * width;
    if (stride == 1) {
      prefetch<false>(source, width);
      load_row(source, row, width);
    } else {
      std::fill(row, row + s.width, T(0));
      for (int64_t i = 0; i < width; ++i) row[i * stride] = S::load(source[i]);
    }
    std::fill(row + s.width, row + at.pitch, T(0));
  }
  std::fill(at.row(to, at.rows + at.above), to + at.size(), T(0));
}

// The plane, or a copy of it where the result would overwrite what later strips read.
template <class S, class T>
const S* readable(const Layout<T>& at, const Shape& s, const S* plane, const void* out) {
  static thread_local std::vector<S> copy;
  if (plane != out || at.rows == s.height) return plane;
  copy.assign(plane, plane + s.height * s.width);
  return copy.data();
}

// Along x, the rows of a strip that lie in the plane; zeros in the others.
template <class T>
void filter_rows(const Layout<T>& at, const Taps& taps, const Shape& s, int64_t y0, T* from, T* to,
                 T* spare[2]) {
  const int64_t begin = std::max(-at.above, -y0), end = std::min(at.rows + at.above, s.height - y0);
  std::fill(to, at.row(to, begin), T(0));
  filter(taps, at.row(from, begin), at.row(to, begin), (end - begin) * at.pitch, 1, spare);
  std::fill(at.row(to, end), to + at.size(), T(0));
}

template <class T>
void filter_columns(const Layout<T>& at, const Taps& taps, T* from, T* to, T* spare[2]) {
  filter(taps, at.row(from, 0), at.row(to, 0), at.rows * at.pitch, at.pitch, spare);
}

template <class S>
void forward(Shape s, const Edges& e, const void* x, void* out) {
  using T = typename S::Sum;
  static thread_local std::vector<T> memory;
  const Taps along_x = make_taps(e.x_lo, e.x_hi, s.width), along_y = make_taps(e.y_lo, e.y_hi, s.height);
  const Layout<T> at = make_layout<T>(s, along_x.reach(), along_y.reach());
  T* buffer = claim(memory, 4, at.size());
  T* filtered = buffer + at.size();
  T* spare[2] = {filtered + at.size(), filtered + 2 * at.size()};
  const S* source = readable(at, s, static_cast<const S*>(x), out);
  S* target = static_cast<S*>(out);
  for (int64_t y0 = 0; y0 < s.height; y0 += at.rows) {
    load_strip(at, source, s, 1, y0, buffer);
    filter_rows(at, along_x, s, y0, buffer, filtered, spare);
    filter_columns(at, along_y, filtered, buffer, spare);
    const int64_t first = (y0 + s.stride - 1) / s.stride * s.stride;
    for (int64_t y = first; y < std::min(y0 + at.rows, s.height); y += s.stride) {
      prefetch<true>(target + y / s.stride * s.out_width(), s.out_width());
      store_row(at.row(buffer, y - y0), target + y / s.stride * s.out_width(), s.out_width(), s.stride);
    }
  }
}

// The gradient of the input is the gradient of the output filtered by the mirrored box. An edge moves
// one column (row) of the box: its gradient pairs the input with the output's gradient filtered along
// the other axis only, shifted to that column (row).
template <class S>
void backward(Shape s, const Edges& e, const void* grad, const void* x, void* grad_x, double* grad_edges) {
  using T = typename S::Sum;
  static thread_local std::vector<T> memory;
  const Edges m = mirrored(e);
  const Taps along_x = make_taps(m.x_lo, m.x_hi, s.width), along_y = make_taps(m.y_lo, m.y_hi, s.height);
  const int64_t x_lo = whole_pixels(e.x_lo, s.width), x_hi = whole_pixels(e.x_hi, s.width);
  const int64_t y_lo = whole_pixels(e.y_lo, s.height), y_hi = whole_pixels(e.y_hi, s.height);
  const int64_t reach_x = std::max({along_x.reach(), std::abs(x_lo), std::abs(x_hi)});
  const int64_t reach_y = std::max({along_y.reach(), std::abs(y_lo), std::abs(y_hi)});
  const Layout<T> at = make_layout<T>(s, reach_x, reach_y);
  T* output_grad = claim(memory, 6, at.size());
  T* input = output_grad + at.size();
  T* by_row = input + at.size();
  T* by_column = by_row + at.size();
  T* spare[2] = {by_column + at.size(), by_column + 2 * at.size()};
  const S* grad_plane = static_cast<const S*>(grad);
  const S* x_plane = static_cast<const S*>(x);
  S* target = static_cast<S*>(grad_x);
  double left = 0, right = 0, top = 0, bottom = 0;
  for (int64_t y0 = 0; y0 < s.height; y0 += at.rows) {
    load_strip(at, grad_plane, s, s.stride, y0, output_grad);
    filter_rows(at, along_x, s, y0, output_grad, by_row, spare);
    filter_columns(at, along_y, by_row, by_column, spare);
    const int64_t rows = std::min(at.rows, s.height - y0), n = rows * at.pitch;
    for (int64_t y = 0; y < rows; ++y) {
      prefetch<true>(target + (y0 + y) * s.width, s.width);
      store_row(at.row(by_column, y), target + (y0 + y) * s.width, s.width, 1);
    }
    if (grad_edges == nullptr) continue;
    load_strip(at, x_plane, s, 1, y0, input);
    dot2<T>(at.row(by_row, 0), at.row(input, y_lo), at.row(input, y_hi), n, top, bottom);
    std::fill(by_column, at.row(by_column, 0), T(0));
    std::fill(at.row(by_column, rows), by_column + at.size(), T(0));
    filter(along_y, at.row(output_grad, 0), at.row(by_column, 0), n, at.pitch, spare);
    dot2<T>(at.row(input, 0), at.row(by_column, 0) - x_lo, at.row(by_column, 0) - x_hi, n, left, right);
  }
  if (grad_edges == nullptr) return;
  const double sums[4] = {-left, right, -top, bottom};
  std::copy(sums, sums + 4, grad_edges);
}

void conv3x3(const Shape& s, const float* weights, float bias, const float* x, float* out) {
  using S = Storage<float>;
  static thread_local std::vector<float> memory;
  const Layout<float> at = make_layout<float>(s, 1, 1);
  float* buffer = claim(memory, 1, at.size());
  const S* source = readable(at, s, reinterpret_cast<const S*>(x), out);
  for (int64_t y0 = 0; y0 < s.height; y0 += at.rows) {
    load_strip(at, source, s, 1, y0, buffer);
    for (int64_t y = y0; y < std::min(y0 + at.rows, s.height); ++y) {
      const float* __restrict above = at.row(buffer, y - y0 - 1) - 1;
      const float *__restrict level = above + at.pitch, *__restrict below = level + at.pitch;
      const float* __restrict w = weights;
      float* __restrict to = out + y * s.width;
      for (int64_t i = 0; i < s.width; ++i) {
        to[i] = (w[0] * above[i] + w[1] * above[i + 1] + w[2] * above[i + 2] + bias) +
                (w[3] * level[i] + w[4] * level[i + 1] + w[5] * level[i + 2]) +
                (w[6] * below[i] + w[7] * below[i + 1] + w[8] * below[i + 2]);
      }
    }
  }
}

template <class S>
constexpr NormKernels norm_kernels{load<S>, moments<S>, apply<S>, gradient_sums<S>, gradient<S>};

}  // namespace

extern const CpuKernels MMPOSE_SAT_ISA;
const CpuKernels MMPOSE_SAT_ISA = {
    {forward<Storage<float>>, forward<Storage<double>>, forward<Storage<Half>>, forward<Storage<BFloat16>>},
    {backward<Storage<float>>, backward<Storage<double>>, backward<Storage<Half>>,
     backward<Storage<BFloat16>>},
    {norm_kernels<Storage<float>>, norm_kernels<Storage<double>>, norm_kernels<Storage<Half>>,
     norm_kernels<Storage<BFloat16>>},
    {shuffle<uint16_t>, shuffle<uint32_t>, shuffle<uint64_t>},
    {unshuffle<uint16_t>, unshuffle<uint32_t>, unshuffle<uint64_t>},
    {shuffle_in_place<uint16_t>, shuffle_in_place<uint32_t>, shuffle_in_place<uint64_t>},
    {multiply<float>, multiply<double>},
    {kRows, kPanel, pointwise},
    conv3x3};

}  // namespace mmpose_sat
