"""Box convolution by the compiled kernels of the optional distribution ``mmpose_sat_ops``.

The library registers the operators of ``torch.ops.mmpose_sat``: the box convolution for each
device, and for the CPU what surrounds it in BoxConvNet.
"""

import torch
from torch import Tensor
from torch.autograd import forward_ad

__all__ = [
    'NOT_LOADED',
    'box_conv2d_native',
    'is_exporting',
    'is_transformed',
    'prefers_other_formats',
    'refuses_channels_last',
    'refuses_native',
    'to_channels_last',
]

_DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def _load() -> str | None:
    """Load the library; ``None``, or in a few words why it cannot be used."""
    try:
        from mmpose_sat_ops import LIBRARY
    except ImportError:
        return 'mmpose_sat_ops is not installed (see ops/README.md)'
    if not LIBRARY.is_file():
        return f'{LIBRARY} is not built (python ops/build.py)'
    if torch.torch_version.TorchVersion(torch.__version__) < '2.10':
        return f'mmpose_sat_ops needs torch >= 2.10, this is {torch.__version__}'
    try:
        torch.ops.load_library(LIBRARY)
        from . import registrations  # noqa: F401
    except (OSError, RuntimeError, AttributeError) as error:
        return f'{LIBRARY} does not load: {error}'
    return None


def refuses_native(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> str | None:
    """Why the native kernels cannot run these arguments, or ``None``."""
    if x.device.type not in ('cpu', 'cuda', 'meta'):
        return f'there are no native kernels for {x.device.type} tensors'
    if x.dtype not in _DTYPES:
        return f'there are no native kernels for {x.dtype}'
    if NOT_LOADED is not None:
        return NOT_LOADED
    if x.device.type == 'cuda' and (reason := _refuses_gpu(x.device.index)) is not None:
        return reason
    compiling = torch.compiler.is_compiling()
    # The level is read here, where compilers see that it may change.
    if forward_ad._current_level >= 0 or (
        _compiled_derivatives() if compiling else _derivatives_of(x, boxes)
    ):
        return 'they have no derivatives in forward mode or inside torch.func.grad and its like'
    return None


def is_exporting() -> bool:
    """Whether a graph for other runtimes is being made, which must not have operators of our own.

    ``torch.compiler.is_exporting`` also holds while ``torch.compile`` traces (torch 2.11).
    """
    flag = getattr(torch.compiler, '_is_exporting_flag', None)
    exporting = torch.compiler.is_compiling() if flag is None else flag
    return exporting or torch.jit.is_tracing()


def refuses_channels_last(x: Tensor) -> str | None:
    """Why the native operators for channels_last cannot run on a tensor, or ``None``."""
    if (reason := prefers_other_formats(x)) is not None:
        return reason
    if not x.is_contiguous(memory_format=torch.channels_last) or x.is_contiguous():
        return 'it is not in channels_last'
    return None


def to_channels_last(x: Tensor) -> Tensor:
    """The tensor as the native operators for channels_last take it."""
    return x.contiguous(memory_format=torch.channels_last)


def prefers_other_formats(x: Tensor) -> str | None:
    """Why channels_last would not be faster for a tensor, or ``None``."""
    if NOT_LOADED is not None:
        return NOT_LOADED
    if is_exporting():
        return 'exporters have their own operators'
    if x.device.type != 'cpu' or x.dtype not in _DTYPES:
        return 'there are operators for floating tensors of the CPU only'
    if is_transformed() or forward_ad._current_level >= 0:
        return 'they have no derivatives in forward mode or inside torch.func'
    return None


@torch.compiler.assume_constant_result
def _refuses_gpu(index: int) -> str | None:
    """Why a GPU cannot run the library's kernels, or ``None``; launches nothing."""
    toolkit = torch.ops.mmpose_sat.cuda_toolkit() // 1000
    if not toolkit:
        return 'mmpose_sat_ops was built without nvcc, for the CPU only'
    capability = torch.cuda.get_device_capability(index)
    if capability < (7, 5):
        return (
            f'they need compute capability 7.5, cuda:{index} has {".".join(map(str, capability))}'
        )
    driver = torch.ops.mmpose_sat.cuda_driver() // 1000
    if driver < toolkit:
        return f'they were built with CUDA {toolkit}, the driver knows CUDA {driver}'
    return None


@torch.compiler.assume_constant_result
def is_transformed() -> bool:
    """Whether a transform of ``torch.func`` is at work."""
    return torch._C._functorch.maybe_current_level() is not None


@torch.compiler.assume_constant_result
def _compiled_derivatives() -> bool:
    """Whether a derivative is being compiled that the native kernels do not have."""
    functorch = torch._C._functorch
    have = (functorch.TransformType.Vmap, functorch.TransformType.Functionalize)
    transforms = [level.key() for level in functorch.get_interpreter_stack() or ()]
    return any(kind not in have for kind in transforms)


def _derivatives_of(*tensors: Tensor) -> bool:
    """The same while nothing is compiled: vmap aside, whether a transform knows the tensors."""
    functorch = torch._C._functorch
    for tensor in tensors:
        while functorch.is_batchedtensor(tensor):
            tensor = functorch.get_unwrapped(tensor)
        if functorch.is_gradtrackingtensor(tensor):
            return True
    return False


def box_conv2d_native(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> Tensor:
    """:func:`mmpose_sat.ops.box_conv2d` by the compiled kernels."""
    return torch.ops.mmpose_sat.box_conv2d(x, boxes, kernel_size, stride)


#: Why the library cannot be used in this process, or ``None``.
NOT_LOADED = _load()
