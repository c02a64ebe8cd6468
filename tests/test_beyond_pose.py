"""The Flattening Module in MMDetection and MMSegmentation."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmpose_sat.datasets.synthetic import make_split
from mmpose_sat.ops import count_macs

DETECTION = 'configs/flattenet/detection/'
SMALL = DETECTION + 'centernet-flattenet-r18_8e_synthetic-128x160.py'


def test_counts_of_the_detector():
    from mmdet.registry import MODELS

    config = Config.fromfile(DETECTION + 'centernet-flattenet-r101-dcn_70e_voc-512x512.py')
    init_default_scope('mmdet')
    with torch.device('meta'):
        model = MODELS.build(config.model)
        assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(43.449, abs=6e-4)
        # Deformable convolutions do not run on the meta device: plain ones cost as much, and their
        # offsets 27 x 9 x 512 at each of 16 x 16 cells of three blocks.
        del config.model.backbone['dcn']
        plain = MODELS.build(config.model).eval()
        macs = count_macs(plain, torch.empty(1, 3, 512, 512), mode='tensor').total()
    offsets = 3 * 27 * 9 * 512 * 16 * 16
    assert (macs + offsets) / 2**30 == pytest.approx(39.86, abs=6e-3)


def test_a_detector_trains_and_its_boxes_feed_the_inferencer(tmp_path, monkeypatch):
    from mmpose.apis import MMPoseInferencer

    for split, images in (('train', 4), ('val', 2)):
        make_split(tmp_path, split, images, 1)
    monkeypatch.setenv('MMPOSE_SAT_SYNTHETIC', str(tmp_path))
    config = Config.fromfile(SMALL)
    config.work_dir = str(tmp_path / 'run')
    config.train_cfg.update(max_epochs=1, val_interval=1)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
    Runner.from_cfg(config).train()
    inferencer = MMPoseInferencer(
        pose2d='configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py',
        det_model=SMALL, det_weights=str(tmp_path / 'run' / 'epoch_1.pth'), det_cat_ids=[0],
        device='cpu',
    )  # fmt: skip
    image = str(next((tmp_path / 'val').glob('*.jpg')))
    (result,) = inferencer(image, bbox_thr=0.0, nms_thr=0.99)
    people = result['predictions'][0]
    assert people and all(len(person['keypoints']) == 17 for person in people)
    boxes = np.array([person['bbox'][0] for person in people])
    assert np.isfinite(boxes).all() and len(np.unique(boxes, axis=0)) > 1  # not the whole image


def test_segmentation_has_the_papers_counts():
    pytest.importorskip('mmseg', reason='MMSegmentation is not installed')
    from mmseg.registry import MODELS

    config = Config.fromfile(
        'configs/flattenet/segmentation/flattenet-r101_80k_pascal-context-59-480x480.py'
    )
    init_default_scope('mmseg')
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        macs = count_macs(model, torch.empty(1, 3, 480, 480), mode='tensor').total()
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(43.91, abs=6e-3)
    assert macs / 2**30 == pytest.approx(33.74, abs=6e-3)
