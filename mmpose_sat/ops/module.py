"""The box convolution as a layer that keeps its boxes legal by itself."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .checks import check_box_values, check_kernel_size, check_stride
from .functional import box_conv2d
from .reference import box_kernel, separable_kernels
from .splitting import PIECES, area, split_edges

__all__ = ['BoxConv2d']


def _legal(coords: Tensor, rows: int, columns: int) -> Tensor:
    """Boxes clipped to [-1, 1], crossed edges swapped."""
    along_x, along_y = split_edges(coords.clamp(-1, 1), rows, columns)
    return torch.cat((along_x.sort(-1).values, along_y.sort(-1).values), 1)


class BoxConv2d(nn.Module):
    """Depthwise convolution with one learnable box per channel (Zhang et al., Sec. 3).

    The parameter ``coords`` ``(C, 4)`` holds x_l, x_h, y_l, y_h relative to the largest box, in
    [-1, 1]: an edge lies ``(c + 1)(k - 1) / 2`` px from the kernel's top-left corner. It starts as
    sorted draws from U(-0.5, 0.5). The buffer ``kernel_side`` holds k, so that boxes of another
    kernel are refused on loading, where they would mean others.

    Optimizers know nothing of these bounds, so the layer restores them itself: a forward pass in
    training mode first makes the parameter legal (the paper's clipping after each iteration;
    crossed edges swap), a forward pass in evaluation mode uses legal boxes without touching the
    parameter, and ``state_dict()`` only ever holds legal ones. Averages (EMA) may stray by an
    optimizer step and are treated alike. Do not apply weight decay: it pulls a box towards one
    pixel.

    Args:
        channels: Number of channels C.
        kernel_size: Odd side k of the largest box in px.
        stride: Step between output pixels.
        pieces: How each box is cut: 1 not at all, ``'2h'`` into a left and a right piece, ``'2v'``
            into an upper and a lower one, 4 into both (Fig. 2). The edges between pieces are
            learned like the others (``coords`` has 5, 5 and 6 columns), and the parameter
            ``weights`` ``(C, rows, columns)``, one at first, holds a factor for each piece.
        normalize: Divide by the box's area: its mean, as Burkov & Lempitsky have it (NeurIPS 2018),
            instead of its sum.

    Shape:
        ``(N, C, H, W)`` -> ``(N, C, ceil(H / stride), ceil(W / stride))``.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        stride: int = 1,
        pieces: int | str = 1,
        normalize: bool = False,
    ) -> None:
        super().__init__()
        check_kernel_size(kernel_size)
        check_stride(stride)
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise ValueError(f'channels={channels!r} must be a positive int')
        if pieces not in PIECES:
            raise ValueError(f'pieces={pieces!r} must be one of {list(PIECES)}')
        self.channels = channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.pieces = pieces
        self.normalize = normalize
        self.grid = PIECES[pieces]  # rows and columns of pieces
        self.coords = nn.Parameter(torch.empty(channels, sum(self.grid) + 2))
        self.kernel_side: Tensor
        self.register_buffer('kernel_side', torch.empty((), dtype=torch.long))
        self.weights = None if pieces == 1 else nn.Parameter(torch.empty(channels, *self.grid))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new boxes: U(-0.5, 0.5), sorted (unsorted, three of four would be inverted)."""
        self.kernel_side.fill_(self.kernel_size)
        nn.init.uniform_(self.coords, -0.5, 0.5)
        if self.weights is not None:
            nn.init.ones_(self.weights)
        self.project_()

    def project_(self) -> None:
        """Make ``coords`` legal, in place: clip them, swap crossed edges."""
        # Through .data, unseen by autograd: legal boxes are written back unchanged, so a graph that
        # holds the parameter from an earlier pass stays valid.
        self.coords.data.copy_(_legal(self.coords.data, *self.grid))

    @property
    def boxes(self) -> Tensor:
        """``(C, 4)`` legal boxes x_l, x_h, y_l, y_h in px from the kernel's top-left corner.

        Split kernels have a third edge, x_m or y_m, between the two of an axis that is cut.
        """
        return self._to_pixels(_legal(self.coords, *self.grid))

    @torch.no_grad()
    def set_boxes_(self, boxes: Tensor) -> None:
        """Set the boxes, given like :attr:`boxes`.

        Raises:
            ValueError: Wrong shape, NaN, edges crossed or outside the kernel.
        """
        if boxes.shape != self.coords.shape:
            raise ValueError(
                f'boxes must have shape {tuple(self.coords.shape)}, got {tuple(boxes.shape)}'
            )
        check_box_values(boxes, self.kernel_size, *self.grid)
        reach = (self.kernel_size - 1) / 2
        self.coords.copy_((boxes - reach) / reach if reach else torch.zeros_like(boxes))

    def round_boxes_(self) -> None:
        """Move every edge to the nearest whole pixel, in place (to the 1e-6 px of ``coords``)."""
        self.set_boxes_(self.boxes.round())

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            # Straight from the parameter: clipping would stop the gradient of an edge outside.
            self.project_()
            boxes = self._to_pixels(self.coords)
        else:
            boxes = self.boxes
        return box_conv2d(
            x, boxes, self.kernel_size, self.stride, self.weights, normalize=self.normalize
        )

    @torch.no_grad()
    def to_depthwise(self) -> nn.Conv2d:
        """A ``torch.nn.Conv2d`` that computes the same, with the boxes written out as kernels."""
        kernel = box_kernel(self.boxes, self.kernel_size, self.weights) / self._divisor()[:, None]
        return self._depthwise(kernel, (self.stride, self.stride))

    @torch.no_grad()
    def to_separable(self) -> nn.Sequential:
        """The same in O(k), a k x 1 and a 1 x k depthwise convolution.

        Boxes in four pieces have no such product and stay one k x k convolution.
        """
        if self.pieces == 4:
            return nn.Sequential(self.to_depthwise()).train(self.training)
        column, row = separable_kernels(self.boxes, self.kernel_size, self.weights)
        column = column / self._divisor()
        return nn.Sequential(
            self._depthwise(column[:, :, None], (self.stride, 1)),
            self._depthwise(row[:, None], (1, self.stride)),
        ).train(self.training)

    def _divisor(self) -> Tensor:
        """What sums are divided by, ``(C, 1)``."""
        boxes = self.boxes
        whole = area(boxes, *self.grid) if self.normalize else boxes.new_ones(self.channels)
        return whole[:, None]

    def _depthwise(self, kernel: Tensor, stride: tuple[int, int]) -> nn.Conv2d:
        """The kernels ``(C, h, w)`` as a convolution."""
        conv = nn.Conv2d(
            self.channels,
            self.channels,
            (kernel.shape[1], kernel.shape[2]),
            stride,
            padding=(kernel.shape[1] // 2, kernel.shape[2] // 2),
            groups=self.channels,
            bias=False,
            device=kernel.device,
            dtype=kernel.dtype,
        )
        conv.weight.copy_(kernel[:, None])
        return conv.train(self.training)

    def extra_repr(self) -> str:
        split = '' if self.pieces == 1 else f', pieces={self.pieces!r}'
        mean = ', normalize=True' if self.normalize else ''
        return f'{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}{split}{mean}'

    def _to_pixels(self, coords: Tensor) -> Tensor:
        reach = (self.kernel_size - 1) / 2
        return coords * reach + reach

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> 'BoxConv2d':
        # Half a pixel in 50 needs more digits than bf16 has: half() and bfloat16() leave boxes
        # and their gradients wide.
        coords = self.coords.data
        grad = None if self.coords.grad is None else self.coords.grad.data
        super()._apply(fn, recurse)
        if self.coords.dtype not in (torch.float32, torch.float64):
            device = self.coords.device
            self.coords.data = coords.to(device)
            if grad is not None:
                self.coords.grad = grad.to(device)
        return self

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.project_()
        super()._save_to_state_dict(*args, **kwargs)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # Raised at once: MMEngine logs what PyTorch collects as errors, and goes on.
        coords = state_dict.get(f'{prefix}coords')
        if coords is not None and coords.shape == self.coords.shape and not coords.is_meta:
            try:
                check_box_values(self._to_pixels(coords), self.kernel_size, *self.grid)
            except ValueError as error:
                raise ValueError(f'{prefix}coords holds illegal boxes: {error}') from None
        side = state_dict.get(f'{prefix}kernel_side')
        if side is not None and not side.is_meta and side != self.kernel_size:
            raise ValueError(
                f'{prefix}coords holds boxes relative to a kernel of {int(side)} px, this layer '
                f'has kernel_size={self.kernel_size}'
            )
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
