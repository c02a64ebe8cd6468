// What the kernels of the box convolution and the library that registers them share.
#pragma once

#include <cstdint>

namespace mmpose_sat {

// A "same" depthwise convolution of N x C planes. Planes are contiguous, one after the other.
struct Shape {
  int64_t batch, channels, height, width, stride;
  int64_t out_height() const { return (height + stride - 1) / stride; }
  int64_t out_width() const { return (width + stride - 1) / stride; }
  int64_t planes() const { return batch * channels; }
};

// The region a box covers, relative to the output pixel: [x_lo, x_hi) x [y_lo, y_hi).
struct Edges {
  double x_lo, x_hi, y_lo, y_hi;
};

// The CPU kernels of one instruction set, for the storage types float, double, half and bfloat16 (in
// this order). Each call computes the planes [begin, end) and allocates its own workspace.
struct CpuKernels {
  using Forward = void (*)(Shape, const Edges*, const void* x, void* out, int64_t begin, int64_t end);
  // `grad_edges` receives four sums per plane, in the order of Edges; null when nobody needs them.
  using Backward = void (*)(Shape, const Edges*, const void* grad, const void* x, void* grad_x,
                            double* grad_edges, int64_t begin, int64_t end);
  Forward forward[4];
  Backward backward[4];
};

}  // namespace mmpose_sat
