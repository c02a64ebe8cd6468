from .box_conv_net import BoxConvNet

__all__ = ['BoxConvNet']
