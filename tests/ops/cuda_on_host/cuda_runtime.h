// As much of CUDA as the kernels need to run on a CPU, one block after the other. The threads of a block
// take turns, each until it waits for the others; a kernel without races does not mind in which order.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#define CUDART_VERSION 0
#define __global__
#define __device__
#define __shared__
#define __launch_bounds__(...)

using std::max;
using std::min;

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(16) double2 {
  double x, y;
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_host {

inline int64_t shared_limit = 48 << 10, multiprocessors = 2;
inline bool last_thread_first = false;
// The dynamic shared memory, which whoever includes the kernels defines.
inline unsigned char* shared_memory = nullptr;
inline int64_t shared_capacity = 0;

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "cuda_on_host: %s\n", what);
  std::abort();
}

struct Thread {
  ucontext_t context;
  std::vector<char> stack = std::vector<char>(128 << 10);
  bool done;
  double exchanged;
};
inline std::vector<Thread> threads;
inline size_t current;
inline ucontext_t scheduler;
inline const std::function<void()>* body;

inline void wait() { swapcontext(&threads[current].context, &scheduler); }

inline void enter() {
  (*body)();
  threads[current].done = true;
  wait();
}

inline void run_block(const std::function<void()>& kernel) {
  const size_t count = blockDim.x * blockDim.y;
  if (threads.size() < count) threads = std::vector<Thread>(count);
  body = &kernel;
  for (size_t i = 0; i < count; ++i) {
    Thread& thread = threads[i];
    thread.done = false;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.data();
    thread.context.uc_stack.ss_size = thread.stack.size();
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, enter, 0);
  }
  for (size_t done = 0; done < count;) {
    done = 0;
    for (size_t i = 0; i < count; ++i) {
      current = last_thread_first ? count - 1 - i : i;
      threadIdx = dim3(current % blockDim.x, current / blockDim.x);
      swapcontext(&scheduler, &threads[current].context);
      done += threads[current].done;
    }
    if (done != 0 && done != count) fail("some threads wait at a barrier that others never reach");
  }
}

}  // namespace cuda_on_host

inline void __syncthreads() { cuda_on_host::wait(); }

inline double __shfl_down_sync(unsigned, double value, int step) {
  using namespace cuda_on_host;
  const size_t self = current;
  threads[self].exchanged = value;
  wait();
  const double found = self % 32 + step < 32 ? threads[self + step].exchanged : value;
  wait();
  return found;
}

enum cudaError_t { cudaSuccess, cudaErrorInvalidValue };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin, cudaDevAttrMultiProcessorCount };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
using cudaStream_t = void*;
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
};

inline const char* cudaGetErrorString(cudaError_t) { return "invalid value"; }
inline cudaError_t cudaDriverGetVersion(int*) { return cudaSuccess; }
inline cudaError_t cudaGetDevice(int*) { return cudaSuccess; }
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  using namespace cuda_on_host;
  *value = which == cudaDevAttrMultiProcessorCount ? multiprocessors : shared_limit;
  return cudaSuccess;
}
inline cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int bytes) {
  // A kernel has one limit on a device, whichever thread sets it.
  if (bytes < cuda_on_host::shared_limit) cuda_on_host::fail("other threads may need more shared memory");
  return bytes == cuda_on_host::shared_limit ? cudaSuccess : cudaErrorInvalidValue;
}

template <class... Parameters>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Parameters... parameters) {
  using namespace cuda_on_host;
  const int64_t bytes = config->dynamicSmemBytes, guard = 64;
  if (bytes + guard > shared_capacity) fail("the kernel asks for more shared memory than there is");
  blockDim = config->blockDim;
  gridDim = config->gridDim;
  if (gridDim.x == 0 || blockDim.x * blockDim.y == 0) return cudaErrorInvalidValue;
  for (unsigned block = 0; block < gridDim.x; ++block) {
    blockIdx = dim3(block);
    std::memset(shared_memory, 0xff, bytes + guard);  // every value is NaN
    run_block([&] { kernel(parameters...); });
    for (int64_t i = bytes; i < bytes + guard; ++i) {
      if (shared_memory[i] != 0xff) fail("a write past the end of shared memory");
    }
  }
  return cudaSuccess;
}
