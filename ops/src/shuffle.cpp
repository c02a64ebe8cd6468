// The channel shuffle of two halves on the CPU, for tensors whose channels lie next to each other in memory
// (channels_last).

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <tuple>

#include "box_conv.h"
#include "tensors.h"

namespace mmpose_sat {
namespace {

using torch::stable::Tensor;

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
  STD_TORCH_CHECK(is_channels_last(left) && is_like(right, left),
                  "both halves must be (N, C, H, W) of one shape and dtype, dense, channels last in memory");
  index_of(left.scalar_type());  // refuses others
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
  index_of(x.scalar_type());
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
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CPU, m) {
  m.impl("shuffle_halves", TORCH_BOX(&shuffle_halves_cpu));
  m.impl("shuffle_halves_", TORCH_BOX(&shuffle_halves_in_place_cpu));
  m.impl("interleave", TORCH_BOX(&interleave_cpu));
  m.impl("deinterleave", TORCH_BOX(&deinterleave_cpu));
}

}  // namespace mmpose_sat
