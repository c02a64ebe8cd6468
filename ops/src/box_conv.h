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

// out = scale x + shift, rectified if relu: a normalisation around centre. Arrays of one period, in the type
// that sums are taken in.
struct AffineView {
  int64_t period;
  bool relu;
  const void *centre, *scale, *shift;
};

// Batch normalisation of elements [begin, end) of a tensor in which channels repeat with a period; `begin` is
// a multiple of it. Sums are added to 2 * period numbers.
struct NormKernels {
  void (*load)(const void* in, void* out, int64_t n);
  void (*moments)(const void* x, int64_t period, int64_t begin, int64_t end, const void* centre,
                  double* sums);
  void (*apply)(const AffineView&, const void* x, void* out, int64_t begin, int64_t end);
  void (*gradient_sums)(const AffineView&, const void* grad, const void* x, int64_t begin, int64_t end,
                        double* sums);
  void (*gradient)(const AffineView&, const void* slopes, const void* offsets, const void* grad,
                   const void* x, void* out, int64_t begin, int64_t end);
};

// Memory that will be needed next.
struct Soon {
  const void* at;
  int64_t bytes;
};

// c = a b, or c += a b: rows x columns, sums of depth products. a may be given transposed. Rows are so many
// elements apart.
struct Product {
  int64_t rows, columns, depth;
  bool transposed, add;
  const void* a;
  int64_t a_apart;
  const void* b;
  int64_t b_apart;
  void* c;
  int64_t c_apart;
};

// Planes are given by their addresses. Weights: for each `rows` output channels, those of the first input
// channel, then those of the next; filled up with zeros, as biases are.
struct Pointwise {
  int64_t in_channels, out_channels;
  const float *weights, *bias;
};

// A 1 x 1 convolution with ReLU for panels [begin, end) of that many pixels.
struct PointwiseKernels {
  int64_t rows, pixels;
  void (*run)(const Pointwise&, const float* const* in, float* const* out, int64_t pixels, int64_t begin,
              int64_t end);
};

// The CPU kernels of one instruction set, for the storage types float, double, half and bfloat16 (in
// this order). Workspace stays with the thread.
struct CpuKernels {
  // One plane of a box convolution, which `out` may overwrite unless strided; of the shape, batch and
  // channels are not looked at.
  using Forward = void (*)(Shape, const Edges&, const void* x, void* out);
  // `grad_edges` receives four sums, in the order of Edges; null when nobody needs them.
  using Backward = void (*)(Shape, const Edges&, const void* grad, const void* x, void* grad_x,
                            double* grad_edges);
  // Pixels [begin, end) of two halves with `channels` each; the pixels of the shuffled ones are `step`
  // elements apart.
  using Shuffle = void (*)(const void* left, const void* right, void* new_left, void* new_right,
                           int64_t channels, int64_t step, int64_t begin, int64_t end);
  using Unshuffle = void (*)(const void* new_left, const void* new_right, void* left, void* right,
                             int64_t channels, int64_t step, int64_t begin, int64_t end);
  using ShuffleInPlace = void (*)(void* left, void* right, int64_t channels, int64_t begin, int64_t end);
  // The same of a 3 x 3 convolution in float32.
  using Conv3x3 = void (*)(const Shape&, const float* weights, float bias, const float* x, float* out);
  Forward forward[4];
  Backward backward[4];
  NormKernels norm[4];
  Shuffle shuffle[3];  // of 2, 4 and 8 bytes
  Unshuffle unshuffle[3];
  ShuffleInPlace shuffle_in_place[3];
  void (*multiply[2])(const Product&, Soon, Soon);  // of float and double; meanwhile asks for memory
  PointwiseKernels pointwise;
  Conv3x3 conv3x3;
};

// Those for the processor this runs on.
const CpuKernels& cpu_kernels();

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
