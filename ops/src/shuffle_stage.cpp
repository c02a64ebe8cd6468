// A whole stage of BoxConvNet at inference: image by image and in place, so that what its layers hand on
// stays in the caches. The channel shuffle moves pointers to planes, not pixels.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "box_conv.h"
#include "tensors.h"

namespace mmpose_sat {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

// A 1 x 1 convolution with ReLU, or a depthwise operator: nine weights or a box for each channel.
struct Layer {
  int64_t in_channels, out_channels;
  std::vector<float> weights, bias;
  std::vector<Edges> edges;
  bool depthwise;
};

const float* numbers(const Tensor& x, std::initializer_list<int64_t> shape) {
  STD_TORCH_CHECK(x.scalar_type() == ScalarType::Float && x.is_cpu() && x.is_contiguous() &&
                      std::equal(shape.begin(), shape.end(), x.sizes().begin(), x.sizes().end()),
                  "shuffle_stage: weights must be float32, dense and fit the layers before them");
  return x.const_data_ptr<float>();
}

// Output channels of a tile next to each other, for one input channel after the other.
std::vector<float> packed(const float* weights, int64_t out_channels, int64_t in_channels, int64_t rows) {
  std::vector<float> to((out_channels + rows - 1) / rows * rows * in_channels);
  for (int64_t m = 0; m < out_channels; ++m) {
    float* column = &to[m / rows * rows * in_channels + m % rows];
    for (int64_t k = 0; k < in_channels; ++k) column[k * rows] = weights[m * in_channels + k];
  }
  return to;
}

std::vector<Layer> layers_of(const std::vector<Tensor>& tensors, int64_t channels, int64_t kernel_size) {
  const int64_t rows = cpu_kernels().pointwise.rows;
  std::vector<Layer> layers;
  for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
    Layer layer{channels, channels, {}, {}, {}, true};
    if (tensor->dim() == 2) {
      const float* box = numbers(*tensor, {channels, 4});
      for (int64_t c = 0; c < channels; ++c) layer.edges.push_back(edges_of(box + 4 * c, kernel_size));
    } else {
      STD_TORCH_CHECK(tensor->dim() == 4 && tensor + 1 != tensors.end(),
                      "shuffle_stage: a convolution needs weights and biases");
      layer.depthwise = tensor->size(2) == 3;
      if (layer.depthwise) {
        const float* weights = numbers(*tensor, {channels, 1, 3, 3});
        layer.weights.assign(weights, weights + 9 * channels);
      } else {
        layer.out_channels = tensor->size(0);
        const float* weights = numbers(*tensor, {layer.out_channels, channels, 1, 1});
        layer.weights = packed(weights, layer.out_channels, channels, rows);
      }
      const float* bias = numbers(*++tensor, {layer.out_channels});
      layer.bias.assign(bias, bias + layer.out_channels);
      layer.bias.resize((layer.out_channels + rows - 1) / rows * rows);
    }
    channels = layer.out_channels;
    layers.push_back(std::move(layer));
  }
  return layers;
}

// The planes of `out` may be those of `in`.
void apply(const Layer& layer, const Shape& s, const float* const* in, float* const* out) {
  const CpuKernels& kernels = cpu_kernels();
  const int64_t pixels = s.height * s.width;
  if (!layer.depthwise) {
    const int64_t panel = kernels.pointwise.pixels, work = layer.in_channels * layer.out_channels * panel;
    const Pointwise view{layer.in_channels, layer.out_channels, layer.weights.data(), layer.bias.data()};
    torch::stable::parallel_for(0, (pixels + panel - 1) / panel, (int64_t{1} << 20) / work + 1,
                                [&](int64_t begin, int64_t end) {
                                  kernels.pointwise.run(view, in, out, pixels, begin, end);
                                });
    return;
  }
  torch::stable::parallel_for(0, layer.in_channels, 32768 / pixels + 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      if (layer.edges.empty()) {
        kernels.conv3x3(s, &layer.weights[9 * c], layer.bias[c], in[c], out[c]);
      } else {
        kernels.forward[0](s, layer.edges[c], in[c], out[c]);
      }
    }
  });
}

// a_0, ..., a_n, b_0, ..., b_n -> a_0, b_0, ..., a_n, b_n.
template <class T>
void interleave(std::vector<T>& values) {
  const std::vector<T> old = values;
  const size_t half = values.size() / 2;
  for (size_t i = 0; i < values.size(); ++i) values[i] = old[i % 2 * half + i / 2];
}

template <class T>
std::vector<T*> planes_from(T* first, int64_t count, int64_t pixels) {
  std::vector<T*> planes;
  for (int64_t c = 0; c < count; ++c) planes.push_back(first + c * pixels);
  return planes;
}

Tensor shuffle_stage_cpu(const Tensor& x, std::vector<Tensor> left, std::vector<Tensor> right,
                         std::vector<Tensor> units, int64_t kernel_size) {
  STD_TORCH_CHECK(x.dim() == 4 && x.scalar_type() == ScalarType::Float,
                  "shuffle_stage: x must be (N, C, H, W), float32");
  const Shape s{x.size(0), x.size(1), x.size(2), x.size(3), 1};
  const std::vector<Layer> to_left = layers_of(left, s.channels, kernel_size);
  const std::vector<Layer> to_right = layers_of(right, s.channels, kernel_size);
  STD_TORCH_CHECK(to_left.size() == 2 && to_left[0].depthwise && !to_left[1].depthwise &&
                      to_right.size() == 3 && !to_right[0].depthwise && to_right[1].depthwise &&
                      to_left[1].out_channels == to_right[2].out_channels,
                  "shuffle_stage: the two branches do not fit together");
  const int64_t half = to_left[1].out_channels, pixels = s.height * s.width;
  const std::vector<Layer> of_units = layers_of(units, half, kernel_size);
  for (const Layer& layer : of_units) {
    STD_TORCH_CHECK(layer.out_channels == half, "shuffle_stage: units keep the number of channels");
  }
  STD_TORCH_CHECK(of_units.size() % 3 == 0, "shuffle_stage: a unit has three layers");
  Tensor out = torch::stable::new_empty(x, {s.batch, 2 * half, s.height, s.width});
  if (out.numel() == 0) return out;
  // Planes start where the shuffles to come leave them in order.
  std::vector<int64_t> places(2 * half), starts(2 * half);
  std::iota(places.begin(), places.end(), 0);
  for (size_t i = 0; i <= of_units.size(); i += 3) interleave(places);
  for (int64_t i = 0; i < 2 * half; ++i) starts[places[i]] = i;

  const int64_t threads = torch::stable::get_num_threads();
  const int64_t apart = s.batch - s.batch % threads;  // images that one thread works on alone
  const Tensor dense = torch::stable::contiguous(x);
  Tensor spare = torch::stable::new_empty(x, {apart > 0 ? threads : 1, s.channels * pixels});
  const float* source = dense.const_data_ptr<float>();
  float *target = out.mutable_data_ptr<float>(), *workspace = spare.mutable_data_ptr<float>();
  const auto run = [&](int64_t image, int64_t worker) {
    const auto in = planes_from(source + image * s.channels * pixels, s.channels, pixels);
    const auto filtered = planes_from(workspace + worker * s.channels * pixels, s.channels, pixels);
    std::vector<float*> planes(2 * half);
    for (int64_t i = 0; i < 2 * half; ++i) planes[i] = target + (image * 2 * half + starts[i]) * pixels;
    float* const* moved = planes.data() + half;
    apply(to_left[0], s, in.data(), filtered.data());
    apply(to_left[1], s, filtered.data(), planes.data());
    apply(to_right[0], s, in.data(), moved);
    for (size_t i = 1; i < 3; ++i) apply(to_right[i], s, moved, moved);
    for (size_t i = 0; i < of_units.size(); ++i) {
      if (i % 3 == 0) interleave(planes);
      apply(of_units[i], s, moved, moved);
    }
  };
  torch::stable::parallel_for(0, apart > 0 ? threads : 0, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; ++worker) {
      for (int64_t image = worker; image < apart; image += threads) run(image, worker);
    }
  });
  for (int64_t image = apart; image < s.batch; ++image) run(image, 0);
  return out;
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(mmpose_sat, m) {
  m.def(
      "shuffle_stage(Tensor x, Tensor[] left, Tensor[] right, Tensor[] units, int kernel_size) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CPU, m) { m.impl("shuffle_stage", TORCH_BOX(&shuffle_stage_cpu)); }

}  // namespace mmpose_sat
