"""Box convolution by the compiled kernels of the optional distribution ``mmpose_sat_ops``.

The library registers the operators of ``torch.ops.mmpose_sat``: the box convolution for each
device, and for the CPU what surrounds it in BoxConvNet. Shapes without data, autograd and vmap are
registered here.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils.flop_counter import register_flop_formula

from .separable import box_conv2d_separable

__all__ = [
    'NOT_LOADED',
    'box_conv2d_native',
    'is_exporting',
    'prefers_other_formats',
    'refuses_channels_last',
    'refuses_native',
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


def prefers_other_formats(x: Tensor) -> str | None:
    """Why channels_last does not pay for a tensor, or ``None``."""
    if NOT_LOADED is not None:
        return NOT_LOADED
    if is_exporting():
        return 'exporters have their own operators'
    if x.device.type != 'cpu' or x.dtype not in _DTYPES:
        return 'there are operators for floating tensors of the CPU only'
    if torch.compiler.is_compiling():
        return None
    if torch._C._functorch.maybe_current_level() is not None or forward_ad._current_level >= 0:
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
        if torch.is_grad_enabled():
            like = partial(box_conv2d_separable, kernel_size=ctx.kernel_size, stride=ctx.stride)
            grads = _differentiable_gradients(ctx, like, (x, boxes), grad)
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

    _register_channels_last()


def _register_channels_last() -> None:
    operators = torch.ops.mmpose_sat

    def last(x: Tensor) -> Tensor:
        return x.contiguous(memory_format=torch.channels_last)

    @torch.library.register_fake('mmpose_sat::shuffle_halves')
    def _(left: Tensor, right: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        return torch.empty_like(left), torch.empty_like(right)

    @torch.library.register_fake('mmpose_sat::shuffle_halves_')
    def _(left: Tensor, right: Tensor) -> None:
        return None

    def setup_shuffle(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.inverse = inputs[2]

    def shuffle_gradients(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *operators.shuffle_halves(*map(last, grads), not ctx.inverse), None

    def pixels(like: Tensor, channels: int) -> Tensor:
        shape = like.shape[0], channels, *like.shape[2:]
        return torch.empty(
            shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
        )

    @torch.library.register_fake('mmpose_sat::interleave')
    def _(left: Tensor, right: Tensor) -> Tensor:
        return pixels(left, 2 * left.shape[1])

    @torch.library.register_fake('mmpose_sat::deinterleave')
    def _(x: Tensor) -> tuple[Tensor, Tensor]:
        return pixels(x, x.shape[1] // 2), pixels(x, x.shape[1] // 2)

    def interleave_gradients(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return operators.deinterleave(last(grad))

    def deinterleave_gradients(ctx: Any, *grads: Tensor) -> Tensor:
        return operators.interleave(*map(last, grads))

    @torch.library.register_fake('mmpose_sat::shuffle_stage')
    def _(x: Tensor, left: list[Tensor], *args: Any) -> Tensor:
        return x.new_empty(x.shape[0], 2 * left[-1].shape[0], *x.shape[2:])

    @torch.library.register_fake('mmpose_sat::batch_norm')
    def _(x: Tensor, weight: Tensor, bias: Tensor, eps: float, relu: bool) -> tuple[Tensor, ...]:
        return torch.empty_like(x), torch.empty_like(weight), torch.empty_like(weight)

    @torch.library.register_fake('mmpose_sat::batch_norm_backward')
    def _(grad: Tensor, x: Tensor, mean: Tensor, var: Tensor, *args: Any) -> tuple[Tensor, ...]:
        return torch.empty_like(x), torch.empty_like(mean), torch.empty_like(var)

    def normalize(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)

    def setup_norm(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        x, weight, bias, ctx.eps, ctx.relu = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(x, *output[1:], weight, bias)

    def norm_gradients(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, mean, var, weight, bias = ctx.saved_tensors
        if torch.is_grad_enabled():

            def like(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
                out = normalize(x, weight, bias, ctx.eps)
                return out.relu() if ctx.relu else out

            grads = _differentiable_gradients(ctx, like, (x, weight, bias), grad)
        else:
            saved = (x, mean, var, weight, bias)
            grads = operators.batch_norm_backward(last(grad), *saved, ctx.eps, ctx.relu)
        return *grads, None, None

    @torch.library.register_fake('mmpose_sat::pointwise_batch_norm')
    def _(
        x: Tensor,
        kernel: Tensor,
        weight: Tensor,
        bias: Tensor,
        inner_weight: Tensor | None,
        inner_bias: Tensor | None,
        *args: Any,
    ) -> tuple[Tensor, ...]:
        statistics = (
            x.new_empty(0) if like is None else torch.empty_like(like)
            for like in (weight, bias, inner_weight, inner_bias)
        )
        return pixels(x, len(kernel)), pixels(x, len(kernel)), *statistics

    @torch.library.register_fake('mmpose_sat::pointwise_batch_norm_backward')
    def _(
        grad: Tensor,
        x: Tensor,
        convolved: Tensor,
        kernel: Tensor,
        mean: Tensor,
        var: Tensor,
        weight: Tensor,
        bias: Tensor,
        inner_mean: Tensor,
        inner_var: Tensor,
        *args: Any,
    ) -> tuple[Tensor, ...]:
        like = (x, kernel, weight, bias, inner_mean, inner_var)
        return tuple(torch.empty_like(t) for t in like)

    @register_flop_formula(operators.pointwise_batch_norm)
    def products(x: tuple[int, ...], kernel: tuple[int, ...], *args: Any, **kwargs: Any) -> int:
        return 2 * math.prod(x) * kernel[0]

    @register_flop_formula(operators.pointwise_batch_norm_backward)
    def _(grad: Any, x: tuple[int, ...], convolved: Any, *args: Any, **kwargs: Any) -> int:
        return 2 * products(x, args[0])

    def setup_pointwise(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        x, *of_channels, ctx.eps, ctx.inner_eps, ctx.relu = inputs
        ctx.set_materialize_grads(False)  # or zeros the size of the convolution's result
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(x, *of_channels, *output[1:])

    def pointwise_gradients(ctx: Any, grad: Tensor | None, *_: Tensor) -> tuple[Tensor | None, ...]:
        if grad is None:
            return (None,) * 9
        x, kernel, weight, bias, inner_weight, inner_bias, *computed = ctx.saved_tensors
        inner = (inner_weight, inner_bias)
        convolved, mean, var, *inner_statistics = computed
        if torch.is_grad_enabled():

            def like(
                x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor, *inner: Tensor
            ) -> Tensor:
                if inner:
                    x = normalize(x, inner[0], inner[1], ctx.inner_eps)
                out = normalize(F.conv2d(x, kernel), weight, bias, ctx.eps)
                return out.relu() if ctx.relu else out

            inputs = tuple(t for t in (x, kernel, weight, bias, *inner) if t is not None)
            grads = _differentiable_gradients(ctx, like, inputs, grad)
            grads = *grads, *(None for _ in range(6 - len(grads)))
        else:
            grads = operators.pointwise_batch_norm_backward(
                last(grad),
                *(x, convolved, kernel, mean, var, weight, bias, *inner_statistics, *inner),
                *(ctx.eps, ctx.inner_eps, ctx.relu),
            )
            if inner[0] is None:
                grads = *grads[:4], None, None
        return *grads, None, None, None

    register = torch.library.register_autograd
    register('mmpose_sat::shuffle_halves', shuffle_gradients, setup_context=setup_shuffle)
    register('mmpose_sat::interleave', interleave_gradients)
    register('mmpose_sat::deinterleave', deinterleave_gradients)
    register('mmpose_sat::batch_norm', norm_gradients, setup_context=setup_norm)
    register('mmpose_sat::pointwise_batch_norm', pointwise_gradients, setup_context=setup_pointwise)


def _differentiable_gradients(
    ctx: Any, like: Callable[..., Tensor], inputs: tuple[Tensor, ...], grad: Tensor
) -> tuple[Tensor | None, ...]:
    """Gradients with a graph of their own, by operators that compute the same and have one."""
    # Aliases: the saved tensors' own hooks are the outer pass's to call.
    aliases = [t.view_as(t) for t in inputs]
    needed = ctx.needs_input_grad[: len(inputs)]
    wanted = [t for t, need in zip(aliases, needed, strict=True) if need]
    found = iter(torch.autograd.grad(like(*aliases), wanted, grad, create_graph=True))
    return tuple(next(found) if need else None for need in needed)


#: Why the library cannot be used in this process, or ``None``.
NOT_LOADED = _load()
