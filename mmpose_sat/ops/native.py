"""Box convolution by the compiled kernels of the optional distribution ``mmpose_sat_ops``.

The library registers the two operators of ``torch.ops.mmpose_sat`` for each device; shapes without
data, autograd and vmap are registered here.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .separable import box_conv2d_separable

__all__ = ['NOT_LOADED', 'box_conv2d_native', 'refuses_halves', 'refuses_native']

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
        _register()
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
    if not torch.compiler.is_compiling() and (
        forward_ad._current_level >= 0 or _differentiated_by_functorch(x, boxes)
    ):
        return 'they have no derivatives in forward mode or inside torch.func.grad and its like'
    return None


def refuses_halves(x: Tensor) -> str | None:
    """Why the native channel shuffle cannot run on such a tensor, or ``None``."""
    if NOT_LOADED is not None:
        return NOT_LOADED
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return 'compilers and exporters have their own'
    if x.device.type != 'cpu' or x.dtype not in _DTYPES:
        return 'there is one for floating tensors of the CPU only'
    if torch._C._functorch.maybe_current_level() is not None or forward_ad._current_level >= 0:
        return 'it has no derivatives in forward mode or inside torch.func'
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


def _differentiated_by_functorch(*tensors: Tensor) -> bool:
    """Whether a transform of ``torch.func`` other than vmap is at work on the tensors."""
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


def _register() -> None:
    """Teach PyTorch what the library's kernels do not say: shapes, derivatives, batching."""
    forward, backward = torch.ops.mmpose_sat.box_conv2d, torch.ops.mmpose_sat.box_conv2d_backward

    def keeps_channels_last(x: Tensor) -> bool:
        last = x.is_contiguous(memory_format=torch.channels_last)
        return last and not x.is_contiguous() and x.device.type == 'cpu'

    @torch.library.register_fake('mmpose_sat::box_conv2d')
    def _(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            raise RuntimeError(
                'ONNX has no box convolution: export mmpose_sat.ops.boxes_to_convolutions(model)'
            )
        if stride == 1 and keeps_channels_last(x):
            return torch.empty_like(x)
        height, width = ((size + stride - 1) // stride for size in x.shape[2:])
        return x.new_empty(x.shape[0], x.shape[1], height, width)

    @torch.library.register_fake('mmpose_sat::box_conv2d_backward')
    def _(
        grad: Tensor,
        x: Tensor,
        boxes: Tensor,
        kernel_size: int,
        stride: int,
        needs_boxes: bool = True,
    ) -> tuple[Tensor, Tensor]:
        grad_x = torch.empty_like(x) if keeps_channels_last(x) else x.new_empty(x.shape)
        return grad_x, boxes.new_empty(boxes.shape)

    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, boxes, ctx.kernel_size, ctx.stride = inputs
        ctx.save_for_backward(x, boxes)

    def differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, boxes = ctx.saved_tensors
        # Asked for a graph of the gradients, answer with operators that have one.
        if torch.is_grad_enabled():
            # Aliases: the saved tensors' own hooks are the outer pass's to call.
            x, boxes = x.view_as(x), boxes.view_as(boxes)
            out = box_conv2d_separable(x, boxes, ctx.kernel_size, ctx.stride)
            wanted = [
                t for t, needed in zip((x, boxes), ctx.needs_input_grad, strict=False) if needed
            ]
            found = iter(torch.autograd.grad(out, wanted, grad, create_graph=True))
            grads = tuple(next(found) if needed else None for needed in ctx.needs_input_grad[:2])
        else:
            grads = backward(grad, x, boxes, ctx.kernel_size, ctx.stride, ctx.needs_input_grad[1])
        return *grads, None, None

    torch.library.register_autograd(
        'mmpose_sat::box_conv2d', differentiate, setup_context=setup_context
    )

    @torch.library.register_vmap('mmpose_sat::box_conv2d')
    def _(
        info: Any, in_dims: tuple[int | None, ...], x: Tensor, boxes: Tensor, k: int, stride: int
    ) -> tuple[Tensor, int]:
        size = info.batch_size
        x = x.movedim(in_dims[0], 0) if in_dims[0] is not None else x.expand(size, *x.shape)
        if in_dims[1] is None:  # one set of boxes: a larger batch
            out = forward(x.flatten(0, 1), boxes, k, stride)
            return out.unflatten(0, (size, -1)), 0
        boxes = boxes.movedim(in_dims[1], 0)  # its own boxes for each: more channels
        out = forward(x.movedim(0, 1).flatten(1, 2), boxes.flatten(0, 1), k, stride)
        return out.unflatten(1, (size, -1)), 1

    _register_halves()


def _register_halves() -> None:
    join, split = torch.ops.mmpose_sat.join_halves, torch.ops.mmpose_sat.split_halves

    def pixels(like: Tensor, channels: int) -> Tensor:
        return like.new_empty(like.shape[0], *like.shape[2:], channels).permute(0, 3, 1, 2)

    @torch.library.register_fake('mmpose_sat::join_halves')
    def _(left: Tensor, right: Tensor, shuffled: bool) -> Tensor:
        return pixels(left, 2 * left.shape[1])

    @torch.library.register_fake('mmpose_sat::split_halves')
    def _(x: Tensor, shuffled: bool) -> tuple[Tensor, Tensor]:
        return pixels(x, x.shape[1] // 2), pixels(x, x.shape[1] // 2)

    def remember(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.shuffled = inputs[-1]

    def of_join(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return *split(grad.contiguous(memory_format=torch.channels_last), ctx.shuffled), None

    def of_split(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        halves = (grad.contiguous(memory_format=torch.channels_last) for grad in grads)
        return join(*halves, ctx.shuffled), None

    register_autograd = torch.library.register_autograd
    register_autograd('mmpose_sat::join_halves', of_join, setup_context=remember)
    register_autograd('mmpose_sat::split_halves', of_split, setup_context=remember)


#: Why the library cannot be used in this process, or ``None``.
NOT_LOADED = _load()
