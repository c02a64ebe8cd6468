// torch.ops.mmpose_sat: the operators, through LibTorch's stable ABI, so that one library serves every
// PyTorch from 2.10 on. Autograd, shapes and autocast are Python's: mmpose_sat/ops/native.py.

#include <dlfcn.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "box_conv.h"
#include "planes.h"
#include "tensors.h"

namespace mmpose_sat {

extern const CpuKernels portable;
#ifdef MMPOSE_SAT_X86
extern const CpuKernels avx2, avx512;
#endif

namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

// The widest vectors this processor has; ATEN_CPU_CAPABILITY=avx2 or =default asks for less, as it does
// in PyTorch itself.
const CpuKernels& best_cpu_kernels() {
#ifdef MMPOSE_SAT_X86
  const char* wish = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string limit = wish ? wish : "avx512";
  if (limit == "default" || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c")) {
    return portable;
  }
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  return wide && limit != "avx2" ? avx512 : avx2;
#else
  return portable;
#endif
}

// 0 portable, 1 AVX2, 2 AVX-512: what runs in this process.
int64_t cpu_capability() {
#ifdef MMPOSE_SAT_X86
  return &cpu_kernels() == &avx512 ? 2 : &cpu_kernels() == &avx2 ? 1 : 0;
#else
  return 0;
#endif
}

// Versions like 13000: of the CUDA toolkit that compiled the kernels for GPUs (0: there are none), and the
// newest one that the driver of this machine knows (0: there is no driver).
int64_t cuda_toolkit() {
#ifdef MMPOSE_SAT_CUDA
  return cuda_toolkit_version();
#else
  return 0;
#endif
}

int64_t cuda_driver() {
#ifdef MMPOSE_SAT_CUDA
  return cuda_driver_version();
#else
  return 0;
#endif
}

Shape shape_of(const Tensor& x, const Tensor& boxes, int64_t kernel_size, int64_t stride) {
  STD_TORCH_CHECK(x.dim() == 4 && boxes.dim() == 2 && boxes.size(0) == x.size(1) && boxes.size(1) == 4,
                  "box_conv2d: x must be (N, C, H, W) and boxes (C, 4)");
  STD_TORCH_CHECK(x.size(2) > 0 && x.size(3) > 0 && stride >= 1,
                  "box_conv2d: height, width and stride must be positive");
  STD_TORCH_CHECK(kernel_size >= 1 && kernel_size % 2 == 1,
                  "box_conv2d: kernel_size must be odd and positive, is ", kernel_size);
  // A stride beyond the map takes one pixel, like one as large as the map.
  stride = std::min(stride, std::max({x.size(2), x.size(3), int64_t{1}}));
  return {x.size(0), x.size(1), x.size(2), x.size(3), stride};
}

template <class T>
std::vector<Edges> edges_on_cpu(const Tensor& boxes, int64_t kernel_size) {
  const Tensor dense = torch::stable::contiguous(boxes);
  const T* box = dense.const_data_ptr<T>();
  std::vector<Edges> edges;
  for (int64_t c = 0; c < boxes.size(0); ++c, box += 4) edges.push_back(edges_of(box, kernel_size));
  return edges;
}

bool wide(const Tensor& boxes) { return boxes.scalar_type() == ScalarType::Double; }

std::vector<Edges> all_edges(const Tensor& boxes, int64_t kernel_size) {
  return wide(boxes) ? edges_on_cpu<double>(boxes, kernel_size) : edges_on_cpu<float>(boxes, kernel_size);
}

void check_gradient(const Tensor& grad, const Tensor& x, const Shape& s) {
  STD_TORCH_CHECK(grad.dim() == 4 && grad.size(0) == s.batch && grad.size(1) == s.channels &&
                      grad.size(2) == s.out_height() && grad.size(3) == s.out_width() &&
                      grad.scalar_type() == x.scalar_type(),
                  "box_conv2d: the gradient must have the output's shape and dtype");
}

// As PyTorch sees it, and not contiguous as well: then the output has this memory format too.
bool channels_last(const Tensor& x) {
  return x.numel() > 0 && is_channels_last(x) && !has_order(x, {3, 2, 1, 0});
}

// A tensor on the CPU as planes: where they lie, contiguous or channels_last.
struct Planes {
  Tensor tensor;
  PlaneLayout layout;
};

Planes planes_of(const Tensor& x) {
  const bool last = channels_last(x);
  return {last ? x : torch::stable::contiguous(x),
          {x.size(1), x.size(2) * x.size(3), x.element_size(), last}};
}

Planes new_planes(const Tensor& like, int64_t height, int64_t width) {
  if (channels_last(like) && height == like.size(2) && width == like.size(3)) {
    return planes_of(torch::stable::empty_like(like));
  }
  return planes_of(torch::stable::new_empty(like, {like.size(0), like.size(1), height, width}));
}

// work(n, c, count) for all planes, in groups of one image where channels are to be taken together.
// A thread is worth waking for some 30,000 elements.
template <class Work>
void for_planes(const Shape& s, bool in_groups, const Work& work) {
  const int64_t size = in_groups ? kChannelGroup : 1, groups = (s.channels + size - 1) / size;
  const int64_t pixels = std::max<int64_t>(1, s.height * s.width * size);
  torch::stable::parallel_for(0, s.batch * groups, std::max<int64_t>(1, 32768 / pixels),
                              [&](int64_t begin, int64_t end) {
                                for (int64_t i = begin; i < end; ++i) {
                                  const int64_t c = i % groups * size;
                                  work(i / groups, c, std::min(size, s.channels - c));
                                }
                              });
}

Tensor forward_cpu(const Tensor& x, const Tensor& boxes, int64_t kernel_size, int64_t stride) {
  const Shape s = shape_of(x, boxes, kernel_size, stride);
  const Planes in = planes_of(x);
  Planes out = new_planes(x, s.out_height(), s.out_width());
  const std::vector<Edges> edges = all_edges(boxes, kernel_size);
  const auto kernel = cpu_kernels().forward[index_of(x.scalar_type())];
  const void* source = in.tensor.const_data_ptr();
  void* target = out.tensor.mutable_data_ptr();
  for_planes(s, in.layout.channels_last, [&](int64_t n, int64_t c, int64_t count) {
    static thread_local std::vector<char> stage_in, stage_out;
    const char* from = read_planes(source, in.layout, n, c, count, stage_in);
    char* to = place_for_planes(target, out.layout, n, c, count, stage_out);
    for (int64_t i = 0; i < count; ++i) {
      kernel(s, edges[c + i], from + i * in.layout.step(), to + i * out.layout.step());
    }
    write_planes(target, out.layout, n, c, count, stage_out);
  });
  return out.tensor;
}

std::tuple<Tensor, Tensor> backward_cpu(const Tensor& grad, const Tensor& x, const Tensor& boxes,
                                        int64_t kernel_size, int64_t stride, bool needs_boxes) {
  const Shape s = shape_of(x, boxes, kernel_size, stride);
  check_gradient(grad, x, s);
  const Planes in = planes_of(x), in_grad = planes_of(grad);
  Planes out = new_planes(x, s.height, s.width);
  Tensor grad_boxes = torch::stable::new_empty(boxes, {s.channels, 4});
  const std::vector<Edges> edges = all_edges(boxes, kernel_size);
  std::vector<double> sums(needs_boxes ? 4 * s.planes() : 0);
  const auto kernel = cpu_kernels().backward[index_of(x.scalar_type())];
  const void *source = in.tensor.const_data_ptr(), *grad_source = in_grad.tensor.const_data_ptr();
  void* target = out.tensor.mutable_data_ptr();
  const bool in_groups = in.layout.channels_last || in_grad.layout.channels_last;
  for_planes(s, in_groups, [&](int64_t n, int64_t c, int64_t count) {
    static thread_local std::vector<char> stage_in, stage_grad, stage_out;
    const char* from = read_planes(source, in.layout, n, c, count, stage_in);
    const char* from_grad = read_planes(grad_source, in_grad.layout, n, c, count, stage_grad);
    char* to = place_for_planes(target, out.layout, n, c, count, stage_out);
    for (int64_t i = 0; i < count; ++i) {
      double* edge_sums = needs_boxes ? &sums[4 * (n * s.channels + c + i)] : nullptr;
      kernel(s, edges[c + i], from_grad + i * in_grad.layout.step(), from + i * in.layout.step(),
             to + i * out.layout.step(), edge_sums);
    }
    write_planes(target, out.layout, n, c, count, stage_out);
  });
  // Over the batch in a fixed order: the result does not depend on the number of threads.
  for (int64_t i = 0; i < 4 * s.channels; ++i) {
    double total = 0;
    for (int64_t n = 0; needs_boxes && n < s.batch; ++n) total += sums[n * 4 * s.channels + i];
    if (wide(boxes)) {
      grad_boxes.mutable_data_ptr<double>()[i] = total;
    } else {
      grad_boxes.mutable_data_ptr<float>()[i] = static_cast<float>(total);
    }
  }
  return {out.tensor, grad_boxes};
}

#ifdef MMPOSE_SAT_CUDA

// PyTorch's current stream. Looked up when first needed: a library that named this function could not be
// loaded by a PyTorch without CUDA.
void* current_stream(int32_t device) {
  using Getter = AOTITorchError (*)(int32_t, void**);
  static const auto getter = reinterpret_cast<Getter>(
      dlsym(dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD), "aoti_torch_get_current_cuda_stream"));
  void* stream = nullptr;
  STD_TORCH_CHECK(getter != nullptr && getter(device, &stream) == AOTI_TORCH_SUCCESS,
                  "box_conv2d: this PyTorch has no CUDA stream");
  return stream;
}

void check_launch(const char* error) {
  STD_TORCH_CHECK(error == nullptr, "box_conv2d: CUDA: ", error == nullptr ? "" : error);
}

// A call and what it needs to outlive it. The caller holds a guard of x's device.
struct CudaRequest {
  Tensor boxes, workspace;
  CudaCall call;
};

CudaRequest cuda_request(const Tensor& x, const Tensor& boxes, int64_t kernel_size, const Shape& s,
                         bool with_input) {
  STD_TORCH_CHECK(boxes.is_cuda() && boxes.get_device_index() == x.get_device_index(),
                  "box_conv2d: x and boxes must be on the same device");
  STD_TORCH_CHECK(s.height * s.width < (int64_t{1} << 30),
                  "box_conv2d: maps must have less than 2^30 pixels");
  const int dtype = index_of(x.scalar_type());
  const Tensor dense = torch::stable::contiguous(boxes);
  const CudaPlan plan = make_cuda_plan(s, kernel_size, dtype, with_input);
  STD_TORCH_CHECK(plan.blocks < (int64_t{1} << 31), "box_conv2d: too many planes for one launch");
  STD_TORCH_CHECK(plan.elements < (int64_t{1} << 31), "box_conv2d: maps are too large for 32-bit offsets");
  const Tensor workspace = torch::stable::new_empty(x, {plan.workspace_bytes}, ScalarType::Byte);
  return {dense,
          workspace,
          {s, kernel_size, dtype, dense.const_data_ptr(), wide(boxes), plan,
           current_stream(x.get_device_index())}};
}

void* workspace_of(CudaRequest& request) {
  return request.call.plan.workspace_bytes > 0 ? request.workspace.mutable_data_ptr() : nullptr;
}

Tensor forward_cuda(const Tensor& x, const Tensor& boxes, int64_t kernel_size, int64_t stride) {
  const torch::stable::accelerator::DeviceGuard guard(x.get_device_index());
  const Shape s = shape_of(x, boxes, kernel_size, stride);
  const Tensor dense = torch::stable::contiguous(x);
  Tensor out = torch::stable::new_empty(x, {s.batch, s.channels, s.out_height(), s.out_width()});
  CudaRequest request = cuda_request(x, boxes, kernel_size, s, false);
  check_launch(cuda_filter(request.call, false, dense.const_data_ptr(), out.mutable_data_ptr(),
                           workspace_of(request)));
  return out;
}

std::tuple<Tensor, Tensor> backward_cuda(const Tensor& grad, const Tensor& x, const Tensor& boxes,
                                         int64_t kernel_size, int64_t stride, bool needs_boxes) {
  const torch::stable::accelerator::DeviceGuard guard(x.get_device_index());
  const Shape s = shape_of(x, boxes, kernel_size, stride);
  check_gradient(grad, x, s);
  const Tensor dense_grad = torch::stable::contiguous(grad), dense = torch::stable::contiguous(x);
  Tensor grad_x = torch::stable::new_empty(x, {s.batch, s.channels, s.height, s.width});
  Tensor grad_boxes = torch::stable::new_empty(boxes, {s.channels, 4});
  CudaRequest request = cuda_request(x, boxes, kernel_size, s, needs_boxes);
  if (!needs_boxes) {
    check_launch(cuda_filter(request.call, true, dense_grad.const_data_ptr(), grad_x.mutable_data_ptr(),
                             workspace_of(request)));
    torch::stable::zero_(grad_boxes);
    return {grad_x, grad_boxes};
  }
  Tensor partial =
      torch::stable::new_empty(x, {s.planes() * request.call.plan.strips, 4}, ScalarType::Double);
  check_launch(cuda_backward(request.call, dense_grad.const_data_ptr(), dense.const_data_ptr(),
                             grad_x.mutable_data_ptr(), partial.mutable_data_ptr<double>(),
                             grad_boxes.mutable_data_ptr(), workspace_of(request)));
  return {grad_x, grad_boxes};
}

#endif

}  // namespace

const CpuKernels& cpu_kernels() {
  static const CpuKernels& best = best_cpu_kernels();
  return best;
}

STABLE_TORCH_LIBRARY(mmpose_sat, m) {
  m.def("box_conv2d(Tensor x, Tensor boxes, int kernel_size, int stride) -> Tensor");
  m.def(
      "box_conv2d_backward(Tensor grad, Tensor x, Tensor boxes, int kernel_size, int stride,"
      " bool needs_boxes=True) -> (Tensor, Tensor)");
  m.def("cpu_capability() -> int");
  m.def("cuda_toolkit() -> int");
  m.def("cuda_driver() -> int");
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CompositeExplicitAutograd, m) {
  m.impl("cpu_capability", TORCH_BOX(&cpu_capability));
  m.impl("cuda_toolkit", TORCH_BOX(&cuda_toolkit));
  m.impl("cuda_driver", TORCH_BOX(&cuda_driver));
}

STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CPU, m) {
  m.impl("box_conv2d", TORCH_BOX(&forward_cpu));
  m.impl("box_conv2d_backward", TORCH_BOX(&backward_cpu));
}

#ifdef MMPOSE_SAT_CUDA
STABLE_TORCH_LIBRARY_IMPL(mmpose_sat, CUDA, m) {
  m.impl("box_conv2d", TORCH_BOX(&forward_cuda));
  m.impl("box_conv2d_backward", TORCH_BOX(&backward_cuda));
}
#endif

}  // namespace mmpose_sat
