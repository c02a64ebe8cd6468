"""The backbone computes in bfloat16, hands on float32, and is itself again after training."""

from types import SimpleNamespace

import torch
from torch import nn

from mmpose_sat.registry import HOOKS


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        features = self.conv(x)
        self.dtype = features.dtype
        return (features,)


def test_only_the_backbone_is_in_bfloat16():
    model = nn.Module()
    model.backbone = Backbone()
    runner = SimpleNamespace(model=model)
    hook = HOOKS.build(dict(type='mmpose_sat.AutocastBackboneHook'))
    x = torch.randn(1, 3, 5, 5)
    (before,) = model.backbone(x)
    for _ in range(2):  # a config's own, and one that a tool adds
        hook.before_train(runner)
    (features,) = model.backbone(x)
    features.sum().backward()
    assert model.backbone.dtype == torch.bfloat16 and features.dtype == torch.float32
    assert model.backbone.conv.weight.grad.dtype == torch.float32
    torch.testing.assert_close(features, before, atol=0.02, rtol=0.02)
    for _ in range(2):
        hook.after_train(runner)
    assert torch.equal(model.backbone(x)[0], before)
