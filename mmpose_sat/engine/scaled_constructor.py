"""Learning rates of parts of a network, on top of those of kinds of parameters."""

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..registry import OPTIM_WRAPPER_CONSTRUCTORS

__all__ = ['ScaledOptimWrapperConstructor']


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ScaledOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's constructor with multipliers on top of others; ``custom_keys`` replace others.

    ``paramwise_cfg`` also takes ``scale``, name of a part -> factor of the learning rates of its
    parameters other than batch norms', and ``norm_bias_lr_mult``. With ``bias_lr_mult=2`` and
    ``scale=dict(refinements=4)`` a refinement stage's weights have 4 times the rate and its biases
    8 times, as in the code of arXiv 1906.04104.

    Raises:
        ValueError: a name in ``scale`` is in no parameter's; the optimizer's config has no ``lr``
            to multiply.
    """

    def add_params(
        self, params: list[dict], module: nn.Module, prefix: str = '', is_dcn_module: bool = False
    ) -> None:
        super().add_params(params, module, prefix, is_dcn_module)
        if prefix:
            return  # a part of the network; what follows is for the whole
        groups = {id(group['params'][0]): group for group in params}
        usual = self.optimizer_cfg.get('lr')
        scale = dict(self.paramwise_cfg.get('scale', {}))
        norm_bias = self.paramwise_cfg.get('norm_bias_lr_mult', 1)
        unused = set(scale)
        for owner_name, owner in module.named_modules():
            for name, parameter in owner.named_parameters(recurse=False):
                factor = 1.0
                if isinstance(owner, _BatchNorm):
                    factor = norm_bias if name == 'bias' else 1.0
                else:
                    for part in scale:
                        if part in f'{owner_name}.{name}'.split('.'):
                            factor *= scale[part]
                            unused.discard(part)
                # None where it is frozen, or belongs to another module, too.
                group = groups.pop(id(parameter), None)
                if group is None or factor == 1:
                    continue
                if (rate := group.get('lr', usual)) is None:
                    raise ValueError('scale and norm_bias_lr_mult need an lr of the optimizer')
                group['lr'] = factor * rate
        if unused:
            raise ValueError(f'scale names {sorted(unused)}, which no parameter belongs to')
