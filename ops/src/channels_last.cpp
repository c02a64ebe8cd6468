// Operators for tensors on the CPU whose channels lie next to each other in memory (channels_last): what
// BoxConvNet does between its convolutions, in fewer passes than PyTorch takes.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "box_conv.h"
#include "tensors.h"

namespace mmpose_sat {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

constexpr int64_t kElementsPerTask = 65536;

bool like(const Tensor& x, const Tensor& model) {
  return is_channels_last(x) && x.scalar_type() == model.scalar_type() && x.size(0) == model.size(0) &&
         x.size(1) == model.size(1) && x.size(2) == model.size(2) && x.size(3) == model.size(3);
}

// ---- batch normalisation ----------------------------------------------------------------------------

// Channels repeat with a period in a run of elements. It may be several pixels, to fill the vectors.
struct Run {
  int64_t elements, channels, pixels, period;
};

Run run_of(const Tensor& x) {
  STD_TORCH_CHECK(is_channels_last(x) && x.numel() > 0,
                  "batch_norm: x must be (N, C, H, W), dense, channels last in memory, not empty");
  const int64_t channels = x.size(1);
  return {x.numel(), channels, x.numel() / channels, channels * std::max<int64_t>(1, 64 / channels)};
}

// A number for each channel, as kernels read it: in the type that sums are taken in, repeated.
template <class T, class Number>
std::vector<T> repeated(const Run& run, const Number& number) {
  std::vector<T> values(run.period);
  for (int64_t j = 0; j < run.period; ++j) values[j] = static_cast<T>(number(j % run.channels));
  return values;
}

// Two sums for each channel: kernel(begin, end, sums) adds those of some elements. The order does not depend
// on the number of threads.
template <class Kernel>
std::vector<double> sums_of(const Run& run, const Kernel& kernel) {
  const int64_t periods = (run.elements + run.period - 1) / run.period;
  const int64_t size = run.period * std::max(kElementsPerTask / run.period + 1, periods / 64 + 1);
  const int64_t tasks = (run.elements + size - 1) / size, width = 2 * run.period;
  std::vector<double> partial(tasks * width), sums(2 * run.channels);
  torch::stable::parallel_for(0, tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      kernel(task * size, std::min((task + 1) * size, run.elements), &partial[task * width]);
    }
  });
  for (int64_t i = 0; i < tasks * width; ++i) {
    const int64_t j = i % width;
    sums[j / run.period * run.channels + j % run.period % run.channels] += partial[i];
  }
  return sums;
}

// work(begin, end) for all elements, in runs that are worth waking a thread.
template <class Work>
void for_elements(const Run& run, const Work& work) {
  const int64_t size = run.period * (kElementsPerTask / run.period + 1);
  torch::stable::parallel_for(0, (run.elements + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
    work(begin * size, std::min(end * size, run.elements));
  });
}

// The affine map a normalisation is, for each channel.
template <class T>
struct Affine {
  std::vector<T> centre, scale, shift;
  Affine(const Run& run, const T* mean, const T* var, const T* weight, const T* bias, double eps) {
    const auto of = [&](int64_t c) { return weight[c] / std::sqrt(var[c] + eps); };
    centre = repeated<T>(run, [&](int64_t c) { return mean[c]; });
    scale = repeated<T>(run, of);
    shift = repeated<T>(run, [&](int64_t c) { return bias[c] - mean[c] * of(c); });
  }
};

template <class T>
std::tuple<Tensor, Tensor, Tensor> normalize(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                             double eps, bool relu) {
  const Run run = run_of(x);
  const NormKernels& kernels = cpu_kernels().norm[index_of(x.scalar_type())];
  const void* in = x.const_data_ptr();
  Tensor out = torch::stable::empty_like(x), mean = torch::stable::empty_like(weight),
         var = torch::stable::empty_like(weight);
  T *means = mean.mutable_data_ptr<T>(), *vars = var.mutable_data_ptr<T>();
  // Distances to the first pixel keep digits that squares of large values would lose.
  std::vector<T> first(run.channels);
  kernels.load(in, first.data(), run.channels);
  const std::vector<T> centre = repeated<T>(run, [&](int64_t c) { return first[c]; });
  const std::vector<double> sums = sums_of(run, [&](int64_t begin, int64_t end, double* to) {
    kernels.moments(in, run.period, begin, end, centre.data(), to);
  });
  for (int64_t c = 0; c < run.channels; ++c) {
    const double distance = sums[c] / run.pixels;
    means[c] = static_cast<T>(first[c] + distance);
    vars[c] = static_cast<T>(sums[run.channels + c] / run.pixels - distance * distance);
    if (vars[c] < 0) vars[c] = 0;
  }
  const Affine<T> map(run, means, vars, weight.const_data_ptr<T>(), bias.const_data_ptr<T>(), eps);
  const AffineView view{run.period, relu, map.centre.data(), map.scale.data(), map.shift.data()};
  void* to = out.mutable_data_ptr();
  for_elements(run, [&](int64_t begin, int64_t end) { kernels.apply(view, in, to, begin, end); });
  return {out, mean, var};
}

template <class T>
std::tuple<Tensor, Tensor, Tensor> normalize_backward(const Tensor& grad, const Tensor& x, const Tensor& mean,
                                                      const Tensor& var, const Tensor& weight,
                                                      const Tensor& bias, double eps, bool relu) {
  const Run run = run_of(x);
  const NormKernels& kernels = cpu_kernels().norm[index_of(x.scalar_type())];
  const void *in = x.const_data_ptr(), *grad_in = grad.const_data_ptr();
  const T* vars = var.const_data_ptr<T>();
  const Affine<T> map(run, mean.const_data_ptr<T>(), vars, weight.const_data_ptr<T>(),
                      bias.const_data_ptr<T>(), eps);
  const AffineView view{run.period, relu, map.centre.data(), map.scale.data(), map.shift.data()};
  const std::vector<double> sums = sums_of(run, [&](int64_t begin, int64_t end, double* to) {
    kernels.gradient_sums(view, grad_in, in, begin, end, to);
  });
  Tensor grad_x = torch::stable::empty_like(x), grad_weight = torch::stable::empty_like(weight),
         grad_bias = torch::stable::empty_like(bias);
  T *to_weight = grad_weight.mutable_data_ptr<T>(), *to_bias = grad_bias.mutable_data_ptr<T>();
  for (int64_t c = 0; c < run.channels; ++c) {
    to_bias[c] = static_cast<T>(sums[c]);
    to_weight[c] = static_cast<T>(sums[run.channels + c] / std::sqrt(vars[c] + eps));
  }
  // How the output answers to the mean and to the variance, which all pixels of x have a share in.
  const auto slope = repeated<T>(
      run, [&](int64_t c) { return -map.scale[c] / (vars[c] + eps) * sums[run.channels + c] / run.pixels; });
  const auto offset = repeated<T>(run, [&](int64_t c) { return -map.scale[c] * sums[c] / run.pixels; });
  void* to = grad_x.mutable_data_ptr();
  for_elements(run, [&](int64_t begin, int64_t end) {
    kernels.gradient(view, slope.data(), offset.data(), grad_in, in, to, begin, end);
  });
  return {grad_x, grad_weight, grad_bias};
}

// Numbers of channels are in the type that sums are taken in.
bool is_wide(const Tensor& x, std::initializer_list<const Tensor*> of_channels) {
  const bool wide = x.scalar_type() == ScalarType::Double;
  for (const Tensor* t : of_channels) {
    STD_TORCH_CHECK(t->dim() == 1 && t->size(0) == x.size(1) && t->is_contiguous() &&
                        t->scalar_type() == (wide ? ScalarType::Double : ScalarType::Float),
                    "batch_norm: weight and bias must be (C,), float32, or float64 as x is");
  }
  return wide;
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_cpu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                                  double eps, bool relu) {
  return (is_wide(x, {&weight, &bias}) ? normalize<double> : normalize<float>)(x, weight, bias, eps, relu);
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_backward_cpu(const Tensor& grad, const Tensor& x,
                                                           const Tensor& mean, const Tensor& var,
                                                           const Tensor& weight, const Tensor& bias,
                                                           double eps, bool relu) {
  STD_TORCH_CHECK(like(grad, x), "batch_norm: the gradient must be like x");
  const bool wide = is_wide(x, {&mean, &var, &weight, &bias});
  return (wide ? normalize_backward<double> : normalize_backward<float>)(grad, x, mean, var, weight, bias,
                                                                         eps, relu);
}

// ---- the channel shuffle of two halves --------------------------------------------------------------

const void* at(const Tensor& x, int64_t offset) {
  return static_cast<const char*>(x.const_data_ptr()) + offset * x.element_size();
}

void* at(Tensor& x, int64_t offset) {
  return static_cast<char*>(x.mutable_data_ptr()) + offset * x.element_size();
}

// work(begin, end, which) for all pixels of a half; `which` kernel of those for 2, 4 and 8 bytes.
template <class Work>
void for_pixels(const Tensor& x, int64_t channels, const Work& work) {
  const int64_t pixels = x.size(0) * x.size(2) * x.size(3), which = x.element_size() / 4;
  torch::stable::parallel_for(0, pixels, kElementsPerTask / std::max<int64_t>(1, channels) + 1,
                              [&](int64_t begin, int64_t end) { work(begin, end, which); });
}

void check_halves(const Tensor& left, const Tensor& right) {
  STD_TORCH_CHECK(is_channels_last(left) && like(right, left),
                  "both halves must be (N, C, H, W) of one shape and dtype, dense, channels last in memory");
}

std::tuple<Tensor, Tensor> shuffle_halves_cpu(const Tensor& left, const Tensor& right, bool inverse) {
  check_halves(left, right);
  Tensor new_left = torch::stable::empty_like(left), new_right = torch::stable::empty_like(right);
  const int64_t channels = left.size(1);
  const void *a = at(left, 0), *b = at(right, 0);
  void *to_a = at(new_left, 0), *to_b = at(new_right, 0);
  const auto& kernels = inverse ? cpu_kernels().unshuffle : cpu_kernels().shuffle;
  for_pixels(left, channels, [&](int64_t begin, int64_t end, int64_t which) {
    kernels[which](a, b, to_a, to_b, channels, channels, begin, end);
  });
  return {new_left, new_right};
}

void shuffle_halves_in_place_cpu(Tensor left, Tensor right) {
  check_halves(left, right);
  const int64_t channels = left.size(1);
  void *a = at(left, 0), *b = at(right, 0);
  for_pixels(left, channels, [&](int64_t begin, int64_t end, int64_t which) {
    cpu_kernels().shuffle_in_place[which](a, b, channels, begin, end);
  });
}

Tensor new_pixels(const Tensor& like, int64_t channels) {
  const Tensor pixels = torch::stable::new_empty(like, {like.size(0), like.size(2), like.size(3), channels});
  return torch::stable::transpose(torch::stable::transpose(pixels, 1, 3), 2, 3);
}

Tensor interleave_cpu(const Tensor& left, const Tensor& right) {
  check_halves(left, right);
  const int64_t channels = left.size(1);
  Tensor out = new_pixels(left, 2 * channels);
  const void *a = at(left, 0), *b = at(right, 0);
  void *to_a = at(out, 0), *to_b = at(out, channels);
  for_pixels(left, channels, [&](int64_t begin, int64_t end, int64_t which) {
    cpu_kernels().shuffle[which](a, b, to_a, to_b, channels, 2 * channels, begin, end);
  });
  return out;
}

std::tuple<Tensor, Tensor> deinterleave_cpu(const Tensor& x) {
  STD_TORCH_CHECK(is_channels_last(x) && x.size(1) % 2 == 0,
                  "deinterleave: x must be (N, 2 C, H, W), dense, channels last in memory");
  const int64_t channels = x.size(1) / 2;
  Tensor left = new_pixels(x, channels), right = new_pixels(x, channels);
  const void *a = at(x, 0), *b = at(x, channels);
  void *to_a = at(left, 0), *to_b = at(right, 0);
  for_pixels(x, channels, [&](int64_t begin, int64_t end, int64_t which) {
    cpu_kernels().unshuffle[which](a, b, to_a, to_b, channels, 2 * channels, begin, end);
  });
  return {left, right};
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(mmpose_sat, m) {
  m.def("shuffle_halves(Tensor left, Tensor right, bool inverse) -> (Tensor, Tensor)");
  m.def("shuffle_halves_(Tensor(a!) left, Tensor(b!) right) -> ()");
  m.def("interleave(Tensor left, Tensor right) -> Tensor");
  m.def("deinterleave(Tensor x) -> (Tensor, Tensor)");
  m.def("batch_norm(Tensor x, Tensor weight, Tensor bias, float eps, bool relu) -> (Tensor, Tensor, Tensor)");
  m.def(
      "batch_norm_backward(Tensor grad, Tensor x, Tensor mean, Tensor var, Tensor weight, Tensor bias,"
      " float eps, bool relu) -> (Tensor, Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CPU, m) {
  m.impl("shuffle_halves", TORCH_BOX(&shuffle_halves_cpu));
  m.impl("shuffle_halves_", TORCH_BOX(&shuffle_halves_in_place_cpu));
  m.impl("interleave", TORCH_BOX(&interleave_cpu));
  m.impl("deinterleave", TORCH_BOX(&deinterleave_cpu));
  m.impl("batch_norm", TORCH_BOX(&batch_norm_cpu));
  m.impl("batch_norm_backward", TORCH_BOX(&batch_norm_backward_cpu));
}

}  // namespace mmpose_sat
