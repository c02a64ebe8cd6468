"""The paper's learning rates: kinds of parameters and parts of the network multiply."""

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

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


def test_a_part_that_is_not_there_is_named(wrapper):
    wrapper.paramwise_cfg.scale = dict(refinement=4)
    with pytest.raises(ValueError, match=r"scale names \['refinement'\]"):
        build_optim_wrapper(UContextCPM(3, 1, channels=8), wrapper)
