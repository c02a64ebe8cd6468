// Batch normalisation on the CPU of tensors whose channels lie next to each other in memory (channels_last),
// alone and around 1 x 1 convolutions, in fewer passes over memory than PyTorch takes.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "box_conv.h"
#include "tensors.h"

namespace mmpose_sat {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

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

// Pixels from all over a run.
std::array<int64_t, 5> few_pixels(const Run& run) {
  std::array<int64_t, 5> pixels;
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = run.pixels * (2 * i + 1) / (2 * pixels.size());
  return pixels;
}

// A number for each channel, as kernels read it: in the type that sums are taken in, repeated.
template <class T, class Number>
std::vector<T> repeated(const Run& run, const Number& number) {
  std::vector<T> values(run.period);
  for (int64_t j = 0; j < run.period; ++j) values[j] = static_cast<T>(number(j % run.channels));
  return values;
}

// Adds the sums of each channel that kernels left for each element of a period.
void add_sums(const Run& run, const std::vector<double>& of_period, std::vector<double>& sums) {
  for (auto at = of_period.begin(); at != of_period.end(); at += run.channels) {
    const int64_t which = (at - of_period.begin()) / run.period % 2;
    for (int64_t c = 0; c < run.channels; ++c) sums[which * run.channels + c] += at[c];
  }
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
  add_sums(run, partial, sums);
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

// A normalisation of x by its own mean and variance. T is the type that sums are taken in.
template <class T>
struct Norm {
  Norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps, bool relu)
      : run(run_of(x)),
        kernels(cpu_kernels().norm[index_of(x.scalar_type())]),
        weight(checked(x, weight)),
        bias(checked(x, bias)),
        bytes(static_cast<int64_t>(x.element_size())),
        eps(eps),
        relu(relu) {}

  Norm(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& weight, const Tensor& bias,
       double eps, bool relu)
      : Norm(x, weight, bias, eps, relu) {
    this->mean = checked(x, mean);
    this->var = checked(x, var);
    set_map();
  }

  // Where sums of moments start: distances to a pixel keep digits that squares of large values would lose. The
  // median of a few, as one of them may itself be far off.
  void start(const void* x) {
    constexpr size_t count = std::tuple_size_v<decltype(few_pixels(run))>;
    std::vector<T> values(count * run.channels);
    size_t row = 0;
    for (const int64_t pixel : few_pixels(run)) {
      kernels.load(static_cast<const char*>(x) + pixel * run.channels * bytes,
                   &values[row++ * run.channels], run.channels);
    }
    centre = repeated<T>(run, [&](int64_t c) {
      std::array<T, count> few;
      for (size_t i = 0; i < count; ++i) few[i] = values[i * run.channels + c];
      std::nth_element(few.begin(), few.begin() + count / 2, few.end());
      return few[count / 2];
    });
  }

  void set_statistics(const std::vector<double>& sums) {
    mean = torch::stable::empty_like(weight);
    var = torch::stable::empty_like(weight);
    T *means = mean.template mutable_data_ptr<T>(), *vars = var.template mutable_data_ptr<T>();
    for (int64_t c = 0; c < run.channels; ++c) {
      const double distance = sums[c] / run.pixels;
      means[c] = static_cast<T>(centre[c] + distance);
      const double square = sums[run.channels + c] / run.pixels - distance * distance;
      vars[c] = static_cast<T>(std::max(square, 0.0));
    }
    set_map();
  }

  void measure(const void* x) {
    start(x);
    set_statistics(sums_of(run, [&](int64_t begin, int64_t end, double* to) {
      kernels.moments(x, run.period, begin, end, centre.data(), to);
    }));
  }

  AffineView view() const { return {run.period, relu, centre.data(), scale.data(), shift.data()}; }

  // With the sums of `gradient_sums`: gradients of weight and bias, and how the output answers to the mean
  // and to the variance, which all pixels of x have a share in.
  void set_gradients(const std::vector<double>& sums) {
    grad_weight = torch::stable::empty_like(weight);
    grad_bias = torch::stable::empty_like(bias);
    T* to_weight = grad_weight.template mutable_data_ptr<T>();
    T* to_bias = grad_bias.template mutable_data_ptr<T>();
    const T* vars = var.template const_data_ptr<T>();
    for (int64_t c = 0; c < run.channels; ++c) {
      to_bias[c] = static_cast<T>(sums[c]);
      to_weight[c] = static_cast<T>(sums[run.channels + c] / std::sqrt(vars[c] + eps));
    }
    slope = repeated<T>(
        run, [&](int64_t c) { return -scale[c] / (vars[c] + eps) * sums[run.channels + c] / run.pixels; });
    offset = repeated<T>(run, [&](int64_t c) { return -scale[c] * sums[c] / run.pixels; });
  }

  // Gradients of elements [begin, end) of x; `to` may be `grad`.
  void gradient(const void* grad, const void* x, void* to, int64_t begin, int64_t end) const {
    kernels.gradient(view(), slope.data(), offset.data(), grad, x, to, begin, end);
  }

  Run run;
  const NormKernels& kernels;
  Tensor mean, var, weight, bias, grad_weight, grad_bias;
  int64_t bytes;  // of an element of x
  double eps;
  bool relu;
  std::vector<T> centre, scale, shift, slope, offset;

 private:
  static Tensor checked(const Tensor& x, const Tensor& of_channels) {
    constexpr auto dtype = sizeof(T) == sizeof(double) ? ScalarType::Double : ScalarType::Float;
    STD_TORCH_CHECK(of_channels.dim() == 1 && of_channels.size(0) == x.size(1) &&
                        of_channels.is_contiguous() && of_channels.scalar_type() == dtype,
                    "batch_norm: weight and bias must be (C,), float32, or float64 as x is");
    return of_channels;
  }

  void set_map() {
    const T *means = mean.template const_data_ptr<T>(), *vars = var.template const_data_ptr<T>();
    const T *w = weight.template const_data_ptr<T>(), *b = bias.template const_data_ptr<T>();
    const auto of = [&](int64_t c) { return w[c] / std::sqrt(vars[c] + eps); };
    centre = repeated<T>(run, [&](int64_t c) { return means[c]; });
    scale = repeated<T>(run, of);
    shift = repeated<T>(run, [&](int64_t c) { return b[c] - means[c] * of(c); });
  }
};

template <class T>
std::tuple<Tensor, Tensor, Tensor> normalize(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                             double eps, bool relu) {
  Norm<T> norm(x, weight, bias, eps, relu);
  Tensor out = torch::stable::empty_like(x);
  const void* in = x.const_data_ptr();
  void* to = out.mutable_data_ptr();
  norm.measure(in);
  for_elements(norm.run,
               [&](int64_t begin, int64_t end) { norm.kernels.apply(norm.view(), in, to, begin, end); });
  return {out, norm.mean, norm.var};
}

template <class T>
std::tuple<Tensor, Tensor, Tensor> normalize_backward(const Tensor& grad, const Tensor& x, const Tensor& mean,
                                                      const Tensor& var, const Tensor& weight,
                                                      const Tensor& bias, double eps, bool relu) {
  Norm<T> norm(x, mean, var, weight, bias, eps, relu);
  Tensor grad_x = torch::stable::empty_like(x);
  const void *in = x.const_data_ptr(), *grad_in = grad.const_data_ptr();
  void* to = grad_x.mutable_data_ptr();
  norm.set_gradients(sums_of(norm.run, [&](int64_t begin, int64_t end, double* sums) {
    norm.kernels.gradient_sums(norm.view(), grad_in, in, begin, end, sums);
  }));
  for_elements(norm.run, [&](int64_t begin, int64_t end) { norm.gradient(grad_in, in, to, begin, end); });
  return {grad_x, norm.grad_weight, norm.grad_bias};
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_cpu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                                  double eps, bool relu) {
  const bool wide = x.scalar_type() == ScalarType::Double;
  return (wide ? normalize<double> : normalize<float>)(x, weight, bias, eps, relu);
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_backward_cpu(const Tensor& grad, const Tensor& x,
                                                           const Tensor& mean, const Tensor& var,
                                                           const Tensor& weight, const Tensor& bias,
                                                           double eps, bool relu) {
  STD_TORCH_CHECK(is_like(grad, x), "batch_norm: the gradient must be like x");
  const bool wide = x.scalar_type() == ScalarType::Double;
  return (wide ? normalize_backward<double> : normalize_backward<float>)(grad, x, mean, var, weight, bias,
                                                                         eps, relu);
}

// ---- a 1 x 1 convolution between normalisations ------------------------------------------------------
// A few pixels at a time are convolved, and stay in the caches for what else is done with them.

constexpr int64_t kPixels = 96;

// Pixels in tasks, each of which may have a matrix of its own: few of them, as matrices may be large.
struct Tasks {
  int64_t pixels, size, count;

  Tasks(int64_t pixels, int64_t channels) : pixels(pixels) {
    const int64_t least = std::max({std::min(16 * channels, pixels / 8), pixels / 64, int64_t{1}});
    size = (least + kPixels - 1) / kPixels * kPixels;
    count = (pixels + size - 1) / size;
  }

  // work(task, first, n) for a few pixels after the other.
  template <class Work>
  void run(const Work& work) const {
    torch::stable::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t last = std::min((task + 1) * size, pixels);
        for (int64_t first = task * size; first < last; first += kPixels) {
          work(task, first, std::min(kPixels, last - first));
        }
      }
    });
  }
};

template <class T>
void multiply(const Product& product, Soon one, Soon other) {
  cpu_kernels().multiply[sizeof(T) == sizeof(double)](product, one, other);
}

// The pixels behind n of them, as many again: the next to be worked on.
template <class T>
Soon behind(const T* first, int64_t n, int64_t channels) {
  return {first + n * channels, static_cast<int64_t>(n * channels * sizeof(T))};
}

template <class T>
const T* checked_kernel(const Tensor& x, const Tensor& kernel) {
  run_of(x);
  STD_TORCH_CHECK(kernel.dim() == 4 && kernel.size(1) == x.size(1) && kernel.size(2) == 1 &&
                      kernel.size(3) == 1 && kernel.is_contiguous() &&
                      kernel.scalar_type() == x.scalar_type(),
                  "pointwise_batch_norm: kernel must be (C_out, C, 1, 1), dense, of the dtype of x");
  return kernel.const_data_ptr<T>();
}

// n elements of x, normalised first if there is something to do so with.
template <class T>
const T* normalized(const std::optional<Norm<T>>& norm, const T* x, int64_t n, std::vector<T>& memory) {
  if (!norm) return x;
  memory.resize(n);
  norm->kernels.apply(norm->view(), x, memory.data(), 0, n);
  return memory.data();
}

Tensor nothing(const Tensor& like) { return torch::stable::new_empty(like, {0}); }

using Results = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>;

template <class T>
Results pointwise(const Tensor& x, const Tensor& kernel, const Tensor& weight, const Tensor& bias,
                  const std::optional<Tensor>& inner_weight, const std::optional<Tensor>& inner_bias,
                  double eps, double inner_eps, bool relu) {
  const T *in = x.const_data_ptr<T>(), *factors = checked_kernel<T>(x, kernel);
  const int64_t channels = x.size(1), out_channels = kernel.size(0);
  std::optional<Norm<T>> inner;
  if (inner_weight) {
    inner.emplace(x, *inner_weight, inner_bias.value(), inner_eps, false);
    inner->measure(in);
  }
  Tensor convolved = new_pixels(x, out_channels), out = new_pixels(x, out_channels);
  T *to = convolved.mutable_data_ptr<T>(), *to_out = out.mutable_data_ptr<T>();
  std::vector<T> transposed(channels * out_channels);
  for (int64_t i = 0; i < out_channels; ++i) {
    for (int64_t j = 0; j < channels; ++j) transposed[j * out_channels + i] = factors[i * channels + j];
  }
  const auto convolve = [&](int64_t first, int64_t n) {
    static thread_local std::vector<T> memory;
    const T* tile = normalized(inner, in + first * channels, n * channels, memory);
    T* result = to + first * out_channels;
    multiply<T>({n, out_channels, channels, false, false, tile, channels, transposed.data(), out_channels,
                 result, out_channels},
                behind(in + first * channels, n, channels), behind(result, n, out_channels));
  };
  Norm<T> norm(convolved, weight, bias, eps, relu);
  for (const int64_t pixel : few_pixels(norm.run)) convolve(pixel, 1);  // once more below
  norm.start(to);
  const Tasks tasks(norm.run.pixels, std::max(channels, out_channels));
  const int64_t width = 2 * norm.run.period;
  std::vector<double> partial(tasks.count * width), sums(2 * out_channels);
  tasks.run([&](int64_t task, int64_t first, int64_t n) {
    convolve(first, n);
    norm.kernels.moments(to + first * out_channels, norm.run.period, 0, n * out_channels, norm.centre.data(),
                         &partial[task * width]);
  });
  add_sums(norm.run, partial, sums);
  norm.set_statistics(sums);
  for_elements(norm.run,
               [&](int64_t begin, int64_t end) { norm.kernels.apply(norm.view(), to, to_out, begin, end); });
  return {
      out, convolved, norm.mean, norm.var, inner ? inner->mean : nothing(x), inner ? inner->var : nothing(x)};
}

template <class T>
Results pointwise_backward(const Tensor& grad, const Tensor& x, const Tensor& convolved, const Tensor& kernel,
                           const Tensor& mean, const Tensor& var, const Tensor& weight, const Tensor& bias,
                           const Tensor& inner_mean, const Tensor& inner_var,
                           const std::optional<Tensor>& inner_weight, const std::optional<Tensor>& inner_bias,
                           double eps, double inner_eps, bool relu) {
  const T *in = x.const_data_ptr<T>(), *factors = checked_kernel<T>(x, kernel);
  const T *conv = convolved.const_data_ptr<T>(), *grad_in = grad.const_data_ptr<T>();
  const int64_t channels = x.size(1), out_channels = kernel.size(0), factor_count = channels * out_channels;
  std::optional<Norm<T>> inner;
  if (inner_weight) {
    inner.emplace(x, inner_mean, inner_var, *inner_weight, inner_bias.value(), inner_eps, false);
  }
  Norm<T> norm(convolved, mean, var, weight, bias, eps, relu);
  norm.set_gradients(sums_of(norm.run, [&](int64_t begin, int64_t end, double* sums) {
    norm.kernels.gradient_sums(norm.view(), grad_in, conv, begin, end, sums);
  }));
  Tensor grad_x = torch::stable::empty_like(x), grad_kernel = torch::stable::empty_like(kernel);
  T *to = grad_x.mutable_data_ptr<T>(), *to_kernel = grad_kernel.mutable_data_ptr<T>();
  const Tasks tasks(norm.run.pixels, std::max(channels, out_channels));
  const int64_t width = inner ? 2 * inner->run.period : 0;
  std::vector<double> partial_sums(tasks.count * width), sums(2 * channels);
  const std::unique_ptr<T[]> partial(new T[tasks.count * factor_count]);
  tasks.run([&](int64_t task, int64_t first, int64_t n) {
    static thread_local std::vector<T> memory, inner_memory;
    memory.resize(n * out_channels);
    const T *x_tile = in + first * channels, *grad_tile = grad_in + first * out_channels;
    const T* conv_tile = conv + first * out_channels;
    T *conv_grad = memory.data(), *x_grad = to + first * channels;
    norm.gradient(grad_tile, conv_tile, conv_grad, 0, n * out_channels);
    const T* tile = normalized(inner, x_tile, n * channels, inner_memory);
    multiply<T>({n, channels, out_channels, false, false, conv_grad, out_channels, factors, channels, x_grad,
                 channels},
                behind(x_tile, n, channels), behind(x_grad, n, channels));
    multiply<T>({out_channels, channels, n, true, first > task * tasks.size, conv_grad, out_channels, tile,
                 channels, &partial[task * factor_count], channels},
                behind(grad_tile, n, out_channels), behind(conv_tile, n, out_channels));
    if (inner) {
      inner->kernels.gradient_sums(inner->view(), x_grad, x_tile, 0, n * channels,
                                   &partial_sums[task * width]);
    }
  });
  const auto add_partial = [&](int64_t begin, int64_t end) {
    std::copy(partial.get() + begin, partial.get() + end, to_kernel + begin);
    for (int64_t task = 1; task < tasks.count; ++task) {
      for (int64_t i = begin; i < end; ++i) to_kernel[i] += partial[task * factor_count + i];
    }
  };
  torch::stable::parallel_for(0, factor_count, kElementsPerTask / tasks.count + 1, add_partial);
  if (inner) {
    add_sums(inner->run, partial_sums, sums);
    inner->set_gradients(sums);
    for_elements(inner->run, [&](int64_t begin, int64_t end) { inner->gradient(to, in, to, begin, end); });
  }
  return {grad_x,
          grad_kernel,
          norm.grad_weight,
          norm.grad_bias,
          inner ? inner->grad_weight : nothing(x),
          inner ? inner->grad_bias : nothing(x)};
}

bool is_wide(const Tensor& x, const std::optional<Tensor>& inner_weight,
             const std::optional<Tensor>& inner_bias) {
  const bool wide = x.scalar_type() == ScalarType::Double;
  STD_TORCH_CHECK(wide || x.scalar_type() == ScalarType::Float,
                  "pointwise_batch_norm: x must be float32 or float64");
  STD_TORCH_CHECK(inner_weight.has_value() == inner_bias.has_value(),
                  "pointwise_batch_norm: inner_weight and inner_bias must be given both or neither");
  return wide;
}

Results pointwise_cpu(const Tensor& x, const Tensor& kernel, const Tensor& weight, const Tensor& bias,
                      std::optional<Tensor> inner_weight, std::optional<Tensor> inner_bias, double eps,
                      double inner_eps, bool relu) {
  const bool wide = is_wide(x, inner_weight, inner_bias);
  return (wide ? pointwise<double> : pointwise<float>)(x, kernel, weight, bias, inner_weight, inner_bias, eps,
                                                       inner_eps, relu);
}

Results pointwise_backward_cpu(const Tensor& grad, const Tensor& x, const Tensor& convolved,
                               const Tensor& kernel, const Tensor& mean, const Tensor& var,
                               const Tensor& weight, const Tensor& bias, const Tensor& inner_mean,
                               const Tensor& inner_var, std::optional<Tensor> inner_weight,
                               std::optional<Tensor> inner_bias, double eps, double inner_eps, bool relu) {
  STD_TORCH_CHECK(
      is_like(grad, convolved) && has_pixels_of(convolved, x) && convolved.size(1) == kernel.size(0),
      "pointwise_batch_norm: the gradient and the convolution's result must be like the output");
  const bool wide = is_wide(x, inner_weight, inner_bias);
  return (wide ? pointwise_backward<double>
               : pointwise_backward<float>)(grad, x, convolved, kernel, mean, var, weight, bias, inner_mean,
                                            inner_var, inner_weight, inner_bias, eps, inner_eps, relu);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(mmpose_sat, m) {
  m.def("batch_norm(Tensor x, Tensor weight, Tensor bias, float eps, bool relu) -> (Tensor, Tensor, Tensor)");
  m.def(
      "batch_norm_backward(Tensor grad, Tensor x, Tensor mean, Tensor var, Tensor weight, Tensor bias,"
      " float eps, bool relu) -> (Tensor, Tensor, Tensor)");
  m.def(
      "pointwise_batch_norm(Tensor x, Tensor kernel, Tensor weight, Tensor bias, Tensor? inner_weight,"
      " Tensor? inner_bias, float eps, float inner_eps, bool relu)"
      " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)");
  m.def(
      "pointwise_batch_norm_backward(Tensor grad, Tensor x, Tensor convolved, Tensor kernel, Tensor mean,"
      " Tensor var, Tensor weight, Tensor bias, Tensor inner_mean, Tensor inner_var, Tensor? inner_weight,"
      " Tensor? inner_bias, float eps, float inner_eps, bool relu)"
      " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CPU, m) {
  m.impl("batch_norm", TORCH_BOX(&batch_norm_cpu));
  m.impl("batch_norm_backward", TORCH_BOX(&batch_norm_backward_cpu));
  m.impl("pointwise_batch_norm", TORCH_BOX(&pointwise_cpu));
  m.impl("pointwise_batch_norm_backward", TORCH_BOX(&pointwise_backward_cpu));
}

}  // namespace mmpose_sat
