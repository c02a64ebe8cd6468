"""Mistakes that must stop a run before it starts."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import BaseLoop
from mmpose.models.heads import AssociativeEmbeddingHead, MotionRegressionHead
from torch import nn

from mmpose_sat.engine import SanityHook


class Loop(BaseLoop):
    def run(self):
        pass


class Pose(nn.Module):
    def __init__(self, joints):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 1)
        self.head = nn.Conv2d(4, joints, 1)


def runner(joints=14, annotated=14, train=False, resume=False):
    loop = Loop.__new__(Loop)
    dataset = SimpleNamespace(metainfo=dict(num_keypoints=annotated))
    loop.dataloader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(
        model=Pose(joints),
        _train_loop=loop if train else dict(by_epoch=True),
        _val_loop=None,
        _test_loop=None if train else loop,
        _resume=resume,
        _load_from='other.pth',
    )


def test_joint_counts_must_agree():
    SanityHook().before_run(runner())
    with pytest.raises(ValueError, match=r'out_channels=14, but SimpleNamespace has 17 joints'):
        SanityHook().before_run(runner(annotated=17))


def test_heads_whose_channels_are_not_joints_are_left_alone():
    with DefaultScope.overwrite_default_scope('mmpose'):
        heads = (
            AssociativeEmbeddingHead(8, num_keypoints=17, tag_dim=1, deconv_out_channels=None),
            MotionRegressionHead(8, 3, 8, loss=dict(type='MPJPEVelocityJointLoss')),
        )
    for head in heads:
        run = runner(annotated=17)
        run.model.head = head
        SanityHook().before_run(run)


def test_offsets_beside_each_joint_and_joints_left_out_of_tests():
    run = runner(annotated=17)
    run.model.head.out_channels = 51
    with pytest.raises(ValueError, match=r'set model\.head\.out_channels=17$'):
        SanityHook().before_run(run)
    run.model.head.decoder = SimpleNamespace(heatmap_type='combined')
    SanityHook().before_run(run)
    run = runner(joints=19, annotated=17)
    run.model.test_cfg = dict(output_keypoint_indices=list(range(17)))
    SanityHook().before_run(run)
    run.model.test_cfg['output_keypoint_indices'].pop()
    with pytest.raises(ValueError, match='has 16 joints, but SimpleNamespace has 17'):
        SanityHook().before_run(run)
    run = runner(joints=19, annotated=17, train=True)
    run.model.test_cfg = dict(output_keypoint_indices=list(range(17)))
    with pytest.raises(ValueError, match='out_channels=19, but'):
        SanityHook().before_run(run)


def test_a_test_needs_the_whole_model():
    hook, checkpoint = SanityHook(), dict(state_dict=Pose(17).state_dict())
    with pytest.raises(ValueError, match=r'other.pth is of another model; 2 of 4.*head.weight'):
        hook.after_load_checkpoint(runner(), checkpoint)
    with pytest.raises(ValueError, match=r'another model'):
        hook.after_load_checkpoint(runner(train=True, resume=True), checkpoint)
    del checkpoint['state_dict']['backbone.weight']
    with pytest.raises(ValueError, match=r'backbone.weight \(4, 3, 1, 1\) is missing in it'):
        hook.after_load_checkpoint(runner(joints=17), checkpoint)
    hook.after_load_checkpoint(runner(), dict(state_dict=Pose(14).state_dict()))


def test_fine_tuning_may_change_the_head():
    SanityHook().after_load_checkpoint(runner(train=True), dict(state_dict=Pose(17).state_dict()))


def test_weights_without_a_wrapper_are_understood():
    SanityHook().after_load_checkpoint(runner(), Pose(14).state_dict())
    with pytest.raises(ValueError, match='extra is unknown to the model'):
        SanityHook().after_load_checkpoint(
            runner(), {**Pose(14).state_dict(), 'extra': torch.ones(1)}
        )


def test_checkpoints_that_load_are_not_refused():
    """Of a wrapped model, of a model whose parameters had other names, without batch counters."""
    run = runner()
    run.model.norm = nn.BatchNorm2d(4)
    state = dict(run.model.state_dict())
    del state['norm.num_batches_tracked']
    SanityHook().after_load_checkpoint(run, dict(state_dict=state))
    wrapped = {f'module.{name}': value for name, value in state.items()}
    SanityHook().after_load_checkpoint(run, dict(state_dict=wrapped))

    def rename(_, state_dict, prefix, *__):
        for name in [name for name in state_dict if name.startswith('keypoint_head.')]:
            state_dict[name.removeprefix('keypoint_')] = state_dict.pop(name)

    run.model.register_load_state_dict_pre_hook(rename)
    old = {name.replace('head.', 'keypoint_head.'): value for name, value in state.items()}
    SanityHook().after_load_checkpoint(run, dict(state_dict=old))
    assert 'keypoint_head.weight' in old
