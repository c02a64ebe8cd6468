from .shuffle_units import OPERATORS, ShuffleUnit, TransitionUnit, depthwise

__all__ = ['OPERATORS', 'ShuffleUnit', 'TransitionUnit', 'depthwise']
