"""Human3.6M through MMPose's loop: four real images are learned by heart, and evaluated."""

from itertools import islice

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import DATA_SAMPLERS, DATASETS, MODELS

from mmpose_sat.visualization import read_scalars

CONFIG = 'configs/integral/integral-3d-r50_140e_h36m-256x256.py'
SIZE = (64, 64)
FILES = dict(
    ann_file='test_h36m_body3d.npz', camera_param_file='cameras.pkl', data_prefix=dict(img='')
)


def resize(pipeline):
    """The pipeline without augmentation, on small images."""
    for transform in pipeline:
        if 'input_size' in transform:
            transform.input_size = SIZE
        if 'encoder' in transform:
            transform.encoder.input_size = SIZE
    return [t for t in pipeline if 'Random' not in t.type]


def test_four_images_are_learned_to_a_few_millimetres(data_root, tmp_path):
    config = Config.fromfile(CONFIG)
    config.work_dir = str(tmp_path)
    config.visualizer.name = str(tmp_path)  # those of earlier tests are still there
    config.randomness = dict(seed=2)
    config.model.backbone = dict(
        type='mmpose_sat.BoxConvNet',
        stem_channels=32,
        channels=(32, 64),
        num_pairs=(1, 1),
        kernel_sizes=(7, 13),
        out_indices=(1,),
    )
    config.model.head.update(
        in_channels=64,
        depth=8,
        deconv_out_channels=None,
        decoder=dict(config.codec, input_size=SIZE),
    )
    config.model.test_cfg = dict(flip_test=False)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
        loader.dataset.update(
            FILES,
            data_root=str(data_root / 'mmpose_tests' / 'h36m'),
            frame_step=1,
            pipeline=resize(loader.dataset.pipeline),
        )
    config.optim_wrapper.optimizer.lr = 1e-2
    config.train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=300)
    config.param_scheduler = [dict(type='CosineAnnealingLR', T_max=300)]
    config.default_hooks.checkpoint = dict(type='CheckpointHook', interval=300)
    Runner.from_cfg(config).train()
    scalars = read_scalars(tmp_path)
    assert scalars['h36m/MPJPE'][-1][1] < 6
    assert scalars['h36m/PA-MPJPE'][-1][1] < 10
    assert {f'h36m/MPJPE {name}' for name in ('Directions', 'Greeting')} <= scalars.keys()


def test_half_of_each_batch_has_no_depth(data_root):
    config = Config.fromfile('configs/integral/integral-3d-i1-r50_140e_h36m-mpii-256x256.py')
    init_default_scope(config.default_scope)
    files, dataset = data_root / 'mmpose_tests', config.train_dataloader.dataset
    dataset.datasets[0].update(FILES, data_root=str(files / 'h36m'))
    dataset.datasets[1].update(
        data_root=str(files / 'mpii'), ann_file='test_mpii.json', data_prefix=dict(img='')
    )
    dataset = DATASETS.build(dataset)
    sampler = dict(config.train_dataloader.sampler, batch_size=4)
    indices = islice(DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset)), 4)
    samples = [dataset[index]['data_samples'] for index in indices]
    labels = [sample.gt_instance_labels for sample in samples]
    assert sum(label.depth_weights.any().item() for label in labels) == 2
    config.model.head.update(in_channels=8, deconv_out_channels=None, depth=8)
    head = MODELS.build(config.model.head)
    features = torch.randn(4, 8, 16, 16)
    for head.loss_module.phase in ('heatmap', 'joint'):
        losses = head.loss((features,), samples)
        assert losses[f'loss_{head.loss_module.phase}'].dtype == torch.float32
        assert all(value.isfinite() for value in losses.values())
