// What the operators ask of PyTorch's tensors.
#pragma once

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

}  // namespace mmpose_sat
