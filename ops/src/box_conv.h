// What the kernels of the box convolution and the library that registers them share.
#pragma once

#include <cstdint>

#include "box.h"

namespace mmpose_sat {

// A "same" depthwise convolution of N x C planes. Planes are contiguous, one after the other.
struct Shape {
  int64_t batch, channels, height, width, stride;
  MMPOSE_SAT_HOST_DEVICE int64_t out_height() const { return (height + stride - 1) / stride; }
  MMPOSE_SAT_HOST_DEVICE int64_t out_width() const { return (width + stride - 1) / stride; }
  MMPOSE_SAT_HOST_DEVICE int64_t planes() const { return batch * channels; }
};

// The CPU kernels of one instruction set, for the storage types float, double, half and bfloat16 (in
// this order). Each call computes the planes [begin, end); workspace stays with the thread.
struct CpuKernels {
  using Forward = void (*)(Shape, const Edges*, const void* x, void* out, int64_t begin, int64_t end);
  // `grad_edges` receives four sums per plane, in the order of Edges; null when nobody needs them.
  using Backward = void (*)(Shape, const Edges*, const void* grad, const void* x, void* grad_x,
                            double* grad_edges, int64_t begin, int64_t end);
  Forward forward[4];
  Backward backward[4];
};

// How planes are cut and staged on a GPU. Sizes are in elements of the type that sums are taken in.
struct CudaPlan {
  int64_t strips, strip_rows;             // of each plane
  int64_t pitch, input_offset, elements;  // of the buffer of one strip; x lies at the offset
  int64_t threads, planes_per_block, items, blocks;
  int64_t shared_bytes, workspace_bytes;  // a workspace only when a strip does not fit in shared memory
};

struct CudaCall {
  Shape shape;
  int64_t kernel_size;
  int dtype;          // in the order of CpuKernels
  const void* boxes;  // on the device, float or (wide) double
  bool wide_boxes;
  CudaPlan plan;
  void* stream;
};

// For the current device. `with_input`: for cuda_backward, which stages x as well.
CudaPlan make_cuda_plan(const Shape&, int64_t kernel_size, int dtype, bool with_input);

// Both return null, or what went wrong. `mirror`: the gradient of x, given the output's, instead.
const char* cuda_filter(const CudaCall&, bool mirror, const void* x, void* out, void* workspace);
// `partial` holds 4 sums for each channel, strip and image.
const char* cuda_backward(const CudaCall&, const void* grad, const void* x, void* grad_x, double* partial,
                          void* grad_boxes, void* workspace);

int64_t cuda_toolkit_version();
int64_t cuda_driver_version();

}  // namespace mmpose_sat
