"""Native kernels of the box convolution; ``mmpose_sat.ops`` finds and loads them by itself."""

from pathlib import Path

__version__ = '0.1.0'
#: The compiled library, which registers ``torch.ops.mmpose_sat``; missing until it is built.
LIBRARY = Path(__file__).with_name('libmmpose_sat_ops.so')
