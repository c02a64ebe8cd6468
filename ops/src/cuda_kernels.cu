// CUDA kernels of the box convolution: a thread block filters a plane, or a strip of rows of it, in
// shared memory, so that global memory is read and written once.
//
// A thread marches along one row, then along one column, with the sum of the pixels that the box
// covers fully: a pixel enters and one leaves, so a step reads two values whatever the box. Sums stay
// as small as the box, unlike a table's. A row's result takes the place of the pixels the box has left
// behind; rows have an odd pitch, so that neighbouring threads meet different banks.
//
// A strip reads the rows around it that its boxes reach. Where not even a strip fits, planes take their
// turn in global memory instead, with the same code.

#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>

#include "box_conv.h"

namespace mmpose_sat {
namespace {

constexpr int kWarp = 32;
constexpr int kMaxThreads = 256;
constexpr int kMaxPlanes = 8;  // per block
constexpr int kBatch = 16;     // pixels that a thread has on their way from global memory
constexpr int kVector = 4;     // pixels a load brings where alignment allows
constexpr int kSteps = 4;      // steps of a march whose values are read ahead

struct Job {
  Shape shape;
  CudaPlan plan;
  int64_t kernel_size;
  const void* boxes;
  bool wide_boxes;
  bool mirror;
  int stride_in, stride_out;  // distance, on the grid of x, of the pixels that exist
  bool vectors;               // rows are aligned for them
};

// What the threads of a block share besides pixels.
struct Geometry {
  Taps along_x, along_y;
  int x_shifts[2], y_shifts[2];  // whole pixels of the edges, for their gradient
};
struct Shared {
  Geometry planes[kMaxPlanes];
  double sums[kMaxThreads / kWarp][4];
};

extern __shared__ double2 dynamic_shared[];

__device__ int largest_reach(int64_t size, int64_t kernel_size) {
  return static_cast<int>(min(size, (kernel_size - 1) / 2 + 1));
}

__device__ Geometry geometry_of(const Job& job, int64_t channel) {
  const int64_t at = 4 * channel;
  const Edges edges = job.wide_boxes ? edges_of(static_cast<const double*>(job.boxes) + at, job.kernel_size)
                                     : edges_of(static_cast<const float*>(job.boxes) + at, job.kernel_size);
  const Edges e = job.mirror ? mirrored(edges) : edges;
  const int limit_x = largest_reach(job.shape.width, job.kernel_size);
  const int limit_y = largest_reach(job.shape.height, job.kernel_size);
  const auto whole = [](double edge, int limit) { return static_cast<int>(whole_pixels(edge, limit)); };
  return {make_taps(e.x_lo, e.x_hi, limit_x),
          make_taps(e.y_lo, e.y_hi, limit_y),
          {whole(edges.x_lo, limit_x), whole(edges.x_hi, limit_x)},
          {whole(edges.y_lo, limit_y), whole(edges.y_hi, limit_y)}};
}

// A row or a column, zeros outside [low, high).
template <class T>
struct Line {
  const T* origin;
  int step, low, high;
  __device__ T operator()(int i) const { return i >= low && i < high ? origin[i * step] : T(0); }
  __device__ void read(int i, T (&values)[kSteps]) const {
    if (i >= low && i + kSteps <= high) {
#pragma unroll
      for (int u = 0; u < kSteps; ++u) values[u] = origin[(i + u) * step];
    } else {
#pragma unroll
      for (int u = 0; u < kSteps; ++u) values[u] = (*this)(i + u);
    }
  }
};

// out(i, value) for i in [begin, end), in this order. It may overwrite what lies before i + taps.first + 1.
template <class T, class Out>
__device__ void march(const Taps& taps, Line<T> in, int begin, int end, Out out) {
  const int first = static_cast<int>(taps.first);
  const int last = max(static_cast<int>(taps.last), first + 1);  // its weight is 0 then
  const T sign = static_cast<T>(taps.sign);
  const T head = sign * static_cast<T>(taps.head), tail = sign * static_cast<T>(taps.tail);
  const auto sum_inside = [&](int i) {
    T sum = 0;
    for (int j = max(i + first + 1, in.low); j < min(i + last, in.high); ++j) sum += in.origin[j * in.step];
    return sum;
  };
  T inside = sum_inside(begin), behind = in(begin + first);
  const auto batch = [&](int i, int count) {
    T entering[kSteps], leaving[kSteps], sums[kSteps + 1] = {inside};
    in.read(i + last, entering);
    in.read(i + first + 1, leaving);
#pragma unroll
    for (int u = 0; u < kSteps; ++u) sums[u + 1] = sums[u] + (entering[u] - leaving[u]);
    if (!std::isfinite(sums[kSteps])) return false;
#pragma unroll
    for (int u = 0; u < kSteps; ++u) {
      if (u < count) out(i + u, head * behind + sign * sums[u] + tail * entering[u]);
      behind = leaving[u];
    }
    inside = sums[kSteps];
    return true;
  };
  int i = begin;
  while (i < end && batch(i, min(kSteps, end - i))) i += kSteps;
  // Subtraction does not take infinity or NaN away again: the rest of such a line is summed up box by box.
  for (; i < end; ++i) out(i, head * in(i + first) + sign * sum_inside(i) + tail * in(i + last));
}

// What a thread loads at once.
template <class S>
struct alignas(kVector * sizeof(S)) Vector {
  S values[kVector];
};

// `count` pixels, an integer number of rows of `width`.
template <class V, class S, class T>
__device__ void copy_rows(const S* from, int width, int count, T* to, int pitch) {
  constexpr int size = sizeof(V) / sizeof(S), loads = kBatch / size;
  const int threads = blockDim.x, vectors = width / size;
  const int rows = threads / vectors, columns = threads % vectors;
  int y = threadIdx.x / vectors, x = threadIdx.x % vectors;
  for (int i = threadIdx.x; i * size < count; i += loads * threads) {
    V loaded[loads];
#pragma unroll
    for (int u = 0; u < loads; ++u) {
      const int at = i + u * threads;
      if (at * size < count) loaded[u] = reinterpret_cast<const V*>(from)[at];
    }
#pragma unroll
    for (int u = 0; u < loads; ++u) {
      if ((i + u * threads) * size < count) {
        const S* values = reinterpret_cast<const S*>(&loaded[u]);
#pragma unroll
        for (int v = 0; v < size; ++v) to[y * pitch + x * size + v] = S::load(values[v]);
      }
      y += rows;
      x += columns;
      if (x >= vectors) {
        x -= vectors;
        ++y;
      }
    }
  }
}

// Rows [begin, end) of a plane of the grid of x, whose existing pixels are `stride` apart.
template <class S, class T>
__device__ void load_rows(const S* plane, int width, int stride, bool vectors, int begin, int end, T* to,
                          int pitch) {
  const int count = (end - begin) * width, threads = blockDim.x;
  if (stride > 1) {
    const int stored = (width + stride - 1) / stride;
    for (int i = threadIdx.x; i < count; i += threads) {
      const int y = begin + i / width, x = i % width;
      const bool exists = y % stride == 0 && x % stride == 0;
      to[(y - begin) * pitch + x] =
          exists ? S::load(plane[static_cast<int64_t>(y / stride) * stored + x / stride]) : T(0);
    }
    return;
  }
  const S* from = plane + static_cast<int64_t>(begin) * width;
  if (vectors) {
    copy_rows<Vector<S>>(from, width, count, to, pitch);
  } else {
    copy_rows<S>(from, width, count, to, pitch);
  }
}

// Where one strip of one plane lies in the buffer: row `top` first, column 0 at `origin`.
template <class T>
struct Strip {
  T* origin;
  int pitch, top, bottom;
  __device__ T* row(int y) const { return origin + (y - top) * pitch; }
  __device__ Line<T> along_row(int y, int width) const { return {row(y), 1, 0, width}; }
  __device__ Line<T> along_column(int x) const { return {origin - top * pitch + x, pitch, top, bottom}; }
};

struct Item {
  int64_t plane;
  int strip, begin, end;  // rows [begin, end)
};

__device__ Item item_of(const Job& job, int64_t index) {
  const int64_t strip = index % job.plan.strips, begin = strip * job.plan.strip_rows;
  const int64_t end = min(begin + job.plan.strip_rows, job.shape.height);
  return {index / job.plan.strips * job.plan.planes_per_block + threadIdx.y, static_cast<int>(strip),
          static_cast<int>(begin), static_cast<int>(end)};
}

template <class T, bool kInShared>
__device__ T* buffer_of(const Job& job, void* workspace) {
  if (kInShared) {
    constexpr int header = (sizeof(Shared) + sizeof(double2) - 1) / sizeof(double2);
    return reinterpret_cast<T*>(dynamic_shared + header) + threadIdx.y * job.plan.elements;
  }
  return static_cast<T*>(workspace) +
         (blockIdx.x * job.plan.planes_per_block + threadIdx.y) * job.plan.elements;
}

template <class T>
__device__ Strip<T> strip_of(const Job& job, const Geometry& at, T* buffer, int begin, int end) {
  const int first = static_cast<int>(at.along_x.first);
  return {buffer + max(0, -first), static_cast<int>(job.plan.pitch), max(0, begin),
          min(end, static_cast<int>(job.shape.height))};
}

// Filtered along x in place: column x then lies at x + along_x.first. `use` sees each value as well.
template <class T, class Use>
__device__ void filter_rows(const Strip<T>& strip, const Taps& taps, int width, Use use) {
  const int first = static_cast<int>(taps.first);
  for (int y = strip.top + threadIdx.x; y < strip.bottom; y += blockDim.x) {
    T* to = strip.row(y) + first;
    march(taps, strip.along_row(y, width), 0, width, [&](int x, T value) {
      to[x] = value;
      use(x, y, value);
    });
  }
}

template <class S, bool kInShared>
__global__ void __launch_bounds__(kMaxThreads, sizeof(typename S::Sum) == sizeof(double) ? 2 : 3)
    filter_kernel(Job job, const S* x, S* out, void* workspace) {
  using T = typename S::Sum;
  Geometry& at = reinterpret_cast<Shared*>(dynamic_shared)->planes[threadIdx.y];
  const int width = job.shape.width, height = job.shape.height, stride = job.stride_out;
  const int in_width = (width + job.stride_in - 1) / job.stride_in,
            in_height = (height + job.stride_in - 1) / job.stride_in;
  const int out_width = (width + stride - 1) / stride, out_height = (height + stride - 1) / stride;
  T* const buffer = buffer_of<T, kInShared>(job, workspace);
  for (int64_t index = blockIdx.x; index < job.plan.items; index += gridDim.x) {
    const Item item = item_of(job, index);
    const bool active = item.plane < job.shape.planes();
    if (active && threadIdx.x == 0) at = geometry_of(job, item.plane % job.shape.channels);
    __syncthreads();
    Strip<T> strip{};
    if (active) {
      strip = strip_of(job, at, buffer, item.begin + static_cast<int>(at.along_y.first),
                       item.end + static_cast<int>(at.along_y.last));
      load_rows(x + item.plane * in_height * in_width, width, job.stride_in, job.vectors, strip.top,
                strip.bottom, strip.origin, strip.pitch);
    }
    __syncthreads();
    if (active) filter_rows(strip, at.along_x, width, [](int, int, T) {});
    __syncthreads();
    for (int column = threadIdx.x; active && column < out_width; column += blockDim.x) {
      S* to = out + item.plane * out_height * out_width + column;
      const int at_column = column * stride + static_cast<int>(at.along_x.first);
      const Line<T> in = strip.along_column(at_column);
      if (stride == 1) {
        march(at.along_y, in, item.begin, item.end,
              [=](int y, T value) { to[y * out_width] = S::store(value); });
      } else {
        march(at.along_y, in, item.begin, item.end, [=](int y, T value) {
          if (y % stride == 0) to[y / stride * out_width] = S::store(value);
        });
      }
    }
    __syncthreads();
  }
}

__device__ double warp_sum(double value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_down_sync(~0u, value, step);
  return value;
}

// The gradient of x, and of each strip's share in the gradient of the edges: partial[n][strip][c][4].
//
// An edge moves one column (row) of the box: its gradient pairs x with the output's gradient filtered
// along the other axis only, shifted to that column (row).
template <class S, bool kInShared>
__global__ void __launch_bounds__(kMaxThreads, 2)
    backward_kernel(Job job, const S* grad, const S* x, S* grad_x, double* partial, void* workspace) {
  using T = typename S::Sum;
  Shared& shared = *reinterpret_cast<Shared*>(dynamic_shared);
  Geometry& at = shared.planes[threadIdx.y];
  const int width = job.shape.width, height = job.shape.height;
  const int64_t grad_size = job.shape.out_height() * job.shape.out_width();
  T* const buffer = buffer_of<T, kInShared>(job, workspace);
  T* const input = buffer + job.plan.input_offset;
  const int input_pitch = width | 1;
  for (int64_t index = blockIdx.x; index < job.plan.items; index += gridDim.x) {
    const Item item = item_of(job, index);
    const bool active = item.plane < job.shape.planes();
    if (active && threadIdx.x == 0) at = geometry_of(job, item.plane % job.shape.channels);
    __syncthreads();
    Strip<T> strip{};
    if (active) {
      const int first = static_cast<int>(at.along_y.first), last = static_cast<int>(at.along_y.last);
      strip = strip_of(job, at, buffer, item.begin + min(first, -max(at.y_shifts[0], at.y_shifts[1])),
                       item.end + max(last, -min(at.y_shifts[0], at.y_shifts[1])));
      load_rows(grad + item.plane * grad_size, width, job.stride_in, job.vectors, strip.top, strip.bottom,
                strip.origin, strip.pitch);
      load_rows(x + item.plane * height * width, width, 1, job.vectors, item.begin, item.end, input,
                input_pitch);
    }
    __syncthreads();
    T edges[4] = {};
    // along y only: the left and the right edge
    for (int column = threadIdx.x; active && column < width; column += blockDim.x) {
      const int left = column + at.x_shifts[0], right = column + at.x_shifts[1];
      const bool has_left = left >= 0 && left < width, has_right = right >= 0 && right < width;
      march(at.along_y, strip.along_column(column), item.begin, item.end, [&](int y, T value) {
        const T* row = input + (y - item.begin) * input_pitch;
        if (has_left) edges[0] -= value * row[left];
        if (has_right) edges[1] += value * row[right];
      });
    }
    __syncthreads();
    // along x only: the upper and the lower edge
    if (active) {
      filter_rows(strip, at.along_x, width, [&](int column, int y, T value) {
        const int upper = y + at.y_shifts[0], lower = y + at.y_shifts[1];
        const T* top = input + (upper - item.begin) * input_pitch + column;
        const T* bottom = input + (lower - item.begin) * input_pitch + column;
        if (upper >= item.begin && upper < item.end) edges[2] -= value * *top;
        if (lower >= item.begin && lower < item.end) edges[3] += value * *bottom;
      });
    }
    __syncthreads();
    for (int column = threadIdx.x; active && column < width; column += blockDim.x) {
      S* to = grad_x + item.plane * height * width + column;
      const int at_column = column + static_cast<int>(at.along_x.first);
      march(at.along_y, strip.along_column(at_column), item.begin, item.end,
            [=](int y, T value) { to[y * width] = S::store(value); });
    }
    // in a fixed order: the lanes of a warp, then the warps of the plane
    const int warps = blockDim.x / kWarp, own = threadIdx.y * warps;
    for (int edge = 0; edge < 4; ++edge) {
      const double sum = warp_sum(static_cast<double>(edges[edge]));
      if (threadIdx.x % kWarp == 0) shared.sums[own + threadIdx.x / kWarp][edge] = sum;
    }
    __syncthreads();
    if (active && threadIdx.x < 4) {
      double sum = 0;
      for (int warp = 0; warp < warps; ++warp) sum += shared.sums[own + warp][threadIdx.x];
      const int64_t n = item.plane / job.shape.channels, c = item.plane % job.shape.channels;
      partial[((n * job.plan.strips + item.strip) * job.shape.channels + c) * 4 + threadIdx.x] = sum;
    }
    __syncthreads();
  }
}

// One block per channel, one warp per edge, over images and strips in a fixed order.
__global__ void sum_kernel(const double* partial, int64_t count, void* grad_boxes, bool wide) {
  const int64_t channels = gridDim.x, at = 4 * static_cast<int64_t>(blockIdx.x) + threadIdx.y;
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kWarp) sum += partial[i * 4 * channels + at];
  sum = warp_sum(sum);
  if (threadIdx.x > 0) return;
  if (wide) {
    static_cast<double*>(grad_boxes)[at] = sum;
  } else {
    static_cast<float*>(grad_boxes)[at] = static_cast<float>(sum);
  }
}

int64_t size_of_sum(int dtype) { return dtype == 1 ? sizeof(double) : sizeof(float); }

int attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  if (cudaGetDevice(&device) != cudaSuccess || cudaDeviceGetAttribute(&value, which, device) != cudaSuccess)
    return 0;
  return value;
}

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, int64_t shared, void* stream,
                   Arguments... arguments) {
  // All that the device has, whatever this call needs: another thread may be about to launch the same kernel
  // with more.
  const cudaError_t allowed =
      cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                           attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
  if (allowed != cudaSuccess) return allowed;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = static_cast<size_t>(shared);
  config.stream = static_cast<cudaStream_t>(stream);
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

template <class S>
Job job_of(const CudaCall& call, bool mirror, const void* in, const void* also_in) {
  const auto aligned = [](const void* pixels) {
    return reinterpret_cast<uintptr_t>(pixels) % sizeof(Vector<S>) == 0;
  };
  const bool vectors = call.shape.width % kVector == 0 && aligned(in) && aligned(also_in);
  Job job{call.shape, call.plan, call.kernel_size, call.boxes, call.wide_boxes, mirror, 1, 1, vectors};
  (mirror ? job.stride_in : job.stride_out) = static_cast<int>(call.shape.stride);
  return job;
}

dim3 block_of(const CudaPlan& plan) {
  return dim3(static_cast<unsigned>(plan.threads), static_cast<unsigned>(plan.planes_per_block));
}

template <class V>
cudaError_t run_filter(const CudaCall& call, bool mirror, const void* x, void* out, void* workspace) {
  using S = Storage<V>;
  const auto kernel = workspace ? filter_kernel<S, false> : filter_kernel<S, true>;
  return launch(kernel, dim3(static_cast<unsigned>(call.plan.blocks)), block_of(call.plan),
                call.plan.shared_bytes, call.stream, job_of<S>(call, mirror, x, nullptr),
                static_cast<const S*>(x), static_cast<S*>(out), workspace);
}

template <class V>
cudaError_t run_backward(const CudaCall& call, const void* grad, const void* x, void* grad_x, double* partial,
                         void* workspace) {
  using S = Storage<V>;
  const auto kernel = workspace ? backward_kernel<S, false> : backward_kernel<S, true>;
  return launch(kernel, dim3(static_cast<unsigned>(call.plan.blocks)), block_of(call.plan),
                call.plan.shared_bytes, call.stream, job_of<S>(call, true, grad, x),
                static_cast<const S*>(grad), static_cast<const S*>(x), static_cast<S*>(grad_x), partial,
                workspace);
}

const char* message(cudaError_t error) { return error == cudaSuccess ? nullptr : cudaGetErrorString(error); }

}  // namespace

CudaPlan make_cuda_plan(const Shape& s, int64_t kernel_size, int dtype, bool with_input) {
  const int64_t size = size_of_sum(dtype), width = s.width, height = s.height;
  const int64_t reach = (kernel_size - 1) / 2 + 1;
  const int64_t available =
      attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin) - static_cast<int64_t>(sizeof(Shared)) - 16;
  CudaPlan plan{};
  plan.pitch = (width + std::min(width, reach)) | 1;
  // As few strips as let three blocks share a multiprocessor; else, as few as fit at all.
  int64_t region = 0;
  const auto cut = [&](int64_t strips, int64_t bytes) {
    plan.strip_rows = (height + strips - 1) / strips;
    plan.strips = (height + plan.strip_rows - 1) / plan.strip_rows;
    region = std::min(height, plan.strip_rows + 2 * reach);
    plan.input_offset = region * plan.pitch;
    plan.elements = plan.input_offset + (with_input ? plan.strip_rows * (width | 1) : 0);
    return plan.elements * size <= bytes;
  };
  bool fits = false;
  for (int64_t strips = 1; !fits && height / strips >= std::max<int64_t>(reach, 8); strips *= 2) {
    fits = cut(strips, available / 3);
  }
  for (int64_t strips = 1; !fits && strips <= height; strips *= 2) fits = cut(strips, available);
  if (!fits) cut(1, 0);
  plan.threads = std::min<int64_t>(kMaxThreads, (std::max(width, region) + kWarp - 1) / kWarp * kWarp);
  plan.planes_per_block = plan.strips > 1 ? 1 : std::clamp<int64_t>(128 / plan.threads, 1, kMaxPlanes);
  while (fits && plan.planes_per_block > 1 && plan.planes_per_block * plan.elements * size > available) {
    --plan.planes_per_block;
  }
  plan.items = (s.planes() + plan.planes_per_block - 1) / plan.planes_per_block * plan.strips;
  plan.blocks = plan.items;
  plan.shared_bytes = (static_cast<int64_t>(sizeof(Shared)) + 15) / 16 * 16;
  const int64_t pixels = plan.planes_per_block * plan.elements * size;
  if (fits) {
    plan.shared_bytes += pixels;
  } else {
    plan.blocks = std::min<int64_t>(plan.items, attribute(cudaDevAttrMultiProcessorCount));
    plan.workspace_bytes = plan.blocks * pixels;
  }
  return plan;
}

const char* cuda_filter(const CudaCall& call, bool mirror, const void* x, void* out, void* workspace) {
  if (call.plan.items == 0) return nullptr;
  switch (call.dtype) {
    case 0: return message(run_filter<float>(call, mirror, x, out, workspace));
    case 1: return message(run_filter<double>(call, mirror, x, out, workspace));
    case 2: return message(run_filter<Half>(call, mirror, x, out, workspace));
    default: return message(run_filter<BFloat16>(call, mirror, x, out, workspace));
  }
}

const char* cuda_backward(const CudaCall& call, const void* grad, const void* x, void* grad_x,
                          double* partial, void* grad_boxes, void* workspace) {
  const auto planes = [&] {
    switch (call.dtype) {
      case 0: return run_backward<float>(call, grad, x, grad_x, partial, workspace);
      case 1: return run_backward<double>(call, grad, x, grad_x, partial, workspace);
      case 2: return run_backward<Half>(call, grad, x, grad_x, partial, workspace);
      default: return run_backward<BFloat16>(call, grad, x, grad_x, partial, workspace);
    }
  };
  if (call.plan.items > 0) {
    if (const cudaError_t error = planes(); error != cudaSuccess) return message(error);
  }
  if (call.shape.channels == 0) return nullptr;
  return message(launch(sum_kernel, dim3(static_cast<unsigned>(call.shape.channels)), dim3(kWarp, 4), 0,
                        call.stream, partial, call.shape.batch * call.plan.strips, grad_boxes,
                        call.wide_boxes));
}

int64_t cuda_toolkit_version() { return CUDART_VERSION; }

int64_t cuda_driver_version() {
  int version = 0;
  return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

}  // namespace mmpose_sat
