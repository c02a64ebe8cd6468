// The CUDA kernels as C functions on tensors of the CPU, called by test_cuda_on_host.py.

#include "../../../ops/src/cuda_kernels.cu"

namespace mmpose_sat {
namespace {

double2 dynamic_shared[(256 << 10) / sizeof(double2)];

struct Request {
  int64_t batch, channels, height, width, stride, kernel_size, dtype, wide_boxes, shared_limit,
      last_thread_first;
};

CudaCall call_of(const Request& r, const void* boxes, bool with_input) {
  cuda_on_host::shared_memory = reinterpret_cast<unsigned char*>(dynamic_shared);
  cuda_on_host::shared_capacity = sizeof(dynamic_shared);
  cuda_on_host::shared_limit = r.shared_limit;
  cuda_on_host::last_thread_first = r.last_thread_first;
  const Shape shape{r.batch, r.channels, r.height, r.width, r.stride};
  const int dtype = static_cast<int>(r.dtype);
  return {shape,  r.kernel_size,     dtype,
          boxes,  r.wide_boxes != 0, make_cuda_plan(shape, r.kernel_size, dtype, with_input),
          nullptr};
}

// Exactly as large as asked for, so that a sanitizer sees what lies outside; every value is NaN.
struct Workspace {
  std::vector<unsigned char> bytes;
  explicit Workspace(const CudaPlan& plan) : bytes(plan.workspace_bytes, 0xff) {}
  void* get() { return bytes.empty() ? nullptr : bytes.data(); }
};

}  // namespace
}  // namespace mmpose_sat

using namespace mmpose_sat;

extern "C" const char* filter(const Request* request, int mirror, const void* x, const void* boxes, void* out,
                              int64_t* strips, int64_t* staged) {
  const CudaCall call = call_of(*request, boxes, false);
  Workspace workspace(call.plan);
  *strips = call.plan.strips;
  *staged = call.plan.workspace_bytes;
  return cuda_filter(call, mirror != 0, x, out, workspace.get());
}

extern "C" const char* backward(const Request* request, const void* grad, const void* x, const void* boxes,
                                void* grad_x, void* grad_boxes, int64_t* strips, int64_t* staged) {
  const CudaCall call = call_of(*request, boxes, true);
  Workspace workspace(call.plan);
  *strips = call.plan.strips;
  *staged = call.plan.workspace_bytes;
  std::vector<double> partial(call.shape.planes() * call.plan.strips * 4);
  return cuda_backward(call, grad, x, grad_x, partial.data(), grad_boxes, workspace.get());
}
