// What the operators ask of PyTorch's tensors.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>

#include <array>
#include <cstdint>

namespace mmpose_sat {

// Where the kernels of a dtype are in their tables.
inline int index_of(torch::headeronly::ScalarType dtype) {
  using torch::headeronly::ScalarType;
  switch (dtype) {
    case ScalarType::Float: return 0;
    case ScalarType::Double: return 1;
    case ScalarType::Half: return 2;
    case ScalarType::BFloat16: return 3;
    default: STD_TORCH_CHECK(false, "mmpose_sat: tensors must be float32, float64, float16 or bfloat16");
  }
}

inline bool has_order(const torch::stable::Tensor& x, std::array<int64_t, 4> innermost_first) {
  int64_t expected = 1;
  for (const int64_t dim : innermost_first) {
    if (x.size(dim) == 1) continue;
    if (x.stride(dim) != expected) return false;
    expected *= x.size(dim);
  }
  return true;
}

inline bool is_channels_last(const torch::stable::Tensor& x) {
  return x.dim() == 4 && has_order(x, {1, 3, 2, 0});
}

// Of the dtype and shape of `model`, whatever the channels.
inline bool has_pixels_of(const torch::stable::Tensor& x, const torch::stable::Tensor& model) {
  return x.dim() == 4 && x.scalar_type() == model.scalar_type() && x.size(0) == model.size(0) &&
         x.size(2) == model.size(2) && x.size(3) == model.size(3);
}

// Of the dtype and shape of `model`, channels last in memory.
inline bool is_like(const torch::stable::Tensor& x, const torch::stable::Tensor& model) {
  return is_channels_last(x) && has_pixels_of(x, model) && x.size(1) == model.size(1);
}

// A tensor of the size, device and dtype of `like` but for its channels, which are last in memory.
inline torch::stable::Tensor new_pixels(const torch::stable::Tensor& like, int64_t channels) {
  return torch::stable::empty({like.size(0), channels, like.size(2), like.size(3)}, like.scalar_type(),
                              std::nullopt, like.device(), std::nullopt,
                              torch::headeronly::MemoryFormat::ChannelsLast);
}

// How many elements are worth waking a thread for.
constexpr int64_t kElementsPerTask = 65536;

}  // namespace mmpose_sat
