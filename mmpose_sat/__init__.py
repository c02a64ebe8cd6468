"""Five pose-estimation papers as first-class parts of MMPose 1.x."""

from . import compat
from .version import __version__

compat.apply()

__all__ = ['__version__', 'compat']
