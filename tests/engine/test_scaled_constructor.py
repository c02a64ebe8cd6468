"""The paper's learning rates: kinds of parameters and parts of the network multiply."""

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmpose_sat.models import UContextCPM

CONFIG = 'configs/u_context_cpm/u-context-cpm-6stage_100e_lip-256x256.py'


@pytest.fixture
def wrapper():
    init_default_scope('mmpose')
    return Config.fromfile(CONFIG).optim_wrapper


def test_rates_and_decay_are_the_papers(wrapper):
    model = UContextCPM(3, 2, channels=8)
    optimizer = build_optim_wrapper(model, wrapper).optimizer
    groups = {id(group['params'][0]): group for group in optimizer.param_groups}
    parameters = dict(model.named_parameters())
    assert len(groups) == len(parameters)
    for name, rate, decay in [
        ('reduce.0.conv.weight', 1, 5e-4),
        ('reduce.0.conv.bias', 2, 0),
        ('reduce.0.bn.weight', 1, 0),
        ('reduce.0.bn.bias', 2, 0),
        ('trunk.model.1.0.weight', 1, 0),  # depthwise
        ('trunk.model.1.3.weight', 1, 5e-4),
        ('refinements.0.1.reduce.conv.weight', 4, 5e-4),
        ('refinements.0.1.reduce.conv.bias', 8, 0),
        ('refinements.0.1.branch.0.bn.weight', 1, 0),
        ('refinements.0.1.branch.0.bn.bias', 2, 0),
    ]:
        group = groups[id(parameters[name])]
        assert group['lr'] == pytest.approx(rate * 4e-5), name
        assert group['weight_decay'] == pytest.approx(decay), name


def test_frozen_parameters_are_left_out(wrapper):
    model = UContextCPM(3, 2, channels=8)
    model.trunk.requires_grad_(False)
    optimizer = build_optim_wrapper(model, wrapper).optimizer
    count = sum(p.requires_grad for p in model.parameters())
    assert len(optimizer.param_groups) == count


def test_a_parameter_of_two_modules_is_scaled_once():
    model = nn.ModuleDict(dict(a=nn.Linear(2, 2), b=nn.Linear(2, 2)))
    model.b.weight = model.a.weight
    config = dict(
        constructor='mmpose_sat.ScaledOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=1.0),
        paramwise_cfg=dict(scale=dict(a=4, b=4), bypass_duplicate=True),
    )
    groups = build_optim_wrapper(model, config).optimizer.param_groups
    assert [group['lr'] for group in groups] == [4] * 3


def test_without_a_rate_nothing_can_be_scaled():
    model = nn.ModuleDict(dict(a=nn.Linear(2, 2)))
    config = dict(
        constructor='mmpose_sat.ScaledOptimWrapperConstructor',
        optimizer=dict(type='Adam'),
        paramwise_cfg=dict(),
    )
    assert build_optim_wrapper(model, config).optimizer.defaults['lr'] == 1e-3
    config['paramwise_cfg'] = dict(scale=dict(a=4))
    with pytest.raises(ValueError, match='scale and norm_bias_lr_mult need an lr'):
        build_optim_wrapper(model, config)


def test_a_part_that_is_not_there_is_named(wrapper):
    wrapper.paramwise_cfg.scale = dict(refinement=4)
    with pytest.raises(ValueError, match=r"scale names \['refinement'\]"):
        build_optim_wrapper(UContextCPM(3, 1, channels=8), wrapper)
