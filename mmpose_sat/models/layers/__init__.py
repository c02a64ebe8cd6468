from .shuffle_units import OPERATORS, ConvBNReLU, ShuffleUnit, TransitionUnit, depthwise

__all__ = ['OPERATORS', 'ConvBNReLU', 'ShuffleUnit', 'TransitionUnit', 'depthwise']
