"""Configs of each paper train, evaluate and find the same poses again, on a few real people."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_sat.visualization import read_scalars

CONFIGS = [
    'dsnt/dsnt-r18_15e_lsp-128x96',
    'integral/integral-i1-r18_15e_lsp-128x96',
    'flattenet/flattenet-r18_10e_lsp-128x96',
    'u_context_cpm/box-context-cpm-2stage_10e_lsp-128x96',
]


@pytest.mark.parametrize('name', CONFIGS)
def test_two_epochs_and_the_checkpoint_again(name, data_root, tmp_path):
    config = Config.fromfile(f'configs/{name}.py')
    config.work_dir = str(tmp_path)
    config.visualizer.name = name  # one for each run: it writes the scalars
    config.train_cfg.update(max_epochs=2, val_interval=2)
    for hook in config.custom_hooks:
        if hook.type == 'mmpose_sat.SwitchLossHook':
            hook.epoch = 1
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=4)
        first = loader.dataset.id_range[0]
        loader.dataset.update(data_root=str(data_root), id_range=(first, first + 7))
    if config.model.backbone.type == 'ResNet':  # a quarter as wide
        config.model.backbone.base_channels = 16
        part = config.model.get('neck', config.model.head)
        part.in_channels = 128
        if 'neck' in config.model:
            part.layers = [dict(groups=(8, 16), multiplier=32)]
    Runner.from_cfg(config).train()
    scalars = read_scalars(tmp_path)
    assert len(scalars['loss']) > 0 and np.isfinite([value for _, value in scalars['loss']]).all()
    config.load_from = str(tmp_path / 'epoch_2.pth')
    config.work_dir = str(tmp_path / 'again')
    metrics = Runner.from_cfg(config).test()
    assert metrics['lsp/PCK'] == pytest.approx(scalars['lsp/PCK'][-1][1], abs=1e-6)


def test_keypoint_masks_can_be_browsed_in_place_of_body_masks(
    data_root, run_tool, tmp_path, monkeypatch
):
    monkeypatch.setenv('MMPOSE_SAT_DATA', str(data_root))
    result = run_tool(
        'browse_dataset.py', 'configs/u_context_cpm/u-context-cpm-2stage_10e_lsp-128x96.py',
        '--output-dir', tmp_path, '--not-show', '--max-item-per-dataset', 2, '--cfg-options',
        'train_dataloader.dataset.pipeline.5.type=mmpose_sat.RandomKeypointMask',
    )  # fmt: skip
    assert result.returncode == 0 and len(list(tmp_path.rglob('*.jpg'))) == 2
