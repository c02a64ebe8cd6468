"""What boxes look like, in numbers, and over training."""

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmpose_sat import engine  # noqa: F401 - registers the hook
from mmpose_sat.ops import BoxConv2d, box_statistics
from mmpose_sat.visualization import read_scalars


def layer(boxes, kernel_size, **options):
    """A layer with these boxes, edges in px from the kernel's corner."""
    found = BoxConv2d(len(boxes), kernel_size, **options)
    found.coords.data = torch.tensor(boxes) * 2 / (kernel_size - 1) - 1
    return found.eval()


def test_statistics_are_means_over_all_boxes():
    whole, point = [0.0, 8, 0, 8], [8.0, 8, 4, 4]  # k = 9; a pixel in the middle of the right edge
    model = nn.Sequential(layer([whole, point], 9), layer([[0.0, 2, 0, 0]], 3))
    found = box_statistics(model)
    sides, offsets = (1, 1 / 9, (3 * 1) ** 0.5 / 3), (0, 1, 1)
    assert found['side'] == pytest.approx(sum(sides) / 3)
    assert found['offset'] == pytest.approx(sum(offsets) / 3)
    assert found['asymmetry'] == pytest.approx(1 / 3)
    assert found['smallest'] == pytest.approx(2 / 3)
    split = layer([[0.0, 3, 8, 0, 8]], 9, pieces='2h')
    assert box_statistics(split)['side'] == pytest.approx(1)
    assert box_statistics(nn.Linear(1, 1)) == {}
    assert box_statistics(BoxConv2d(2, 1))['offset'] == 0


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.box = BoxConv2d(2, 7)

    def forward(self, x, mode='loss'):
        return dict(loss=self.box(x).square().mean()) if mode == 'loss' else [self.box(x)]


@pytest.mark.parametrize(
    ('loop', 'steps'),
    [
        (dict(by_epoch=True, max_epochs=2, val_interval=1), [1, 2]),
        (dict(by_epoch=False, max_iters=6, val_interval=3), [3, 6]),
    ],
    ids=['epochs', 'iterations'],
)
def test_they_are_logged_with_each_validation(tmp_path, loop, steps):
    def loader():
        return dict(
            dataset=[torch.rand(2, 8, 8) for _ in range(2)],
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=lambda batch: dict(x=torch.stack(batch)),
        )

    runner = Runner(
        model=Net(),
        work_dir=str(tmp_path),
        train_dataloader=loader(),
        train_cfg=loop,
        val_dataloader=loader(),
        val_cfg=dict(),
        val_evaluator=[],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        custom_hooks=[dict(type='mmpose_sat.BoxStatisticsHook')],
        visualizer=dict(
            type='Visualizer', name=f'boxes{steps}', vis_backends=[dict(type='LocalVisBackend')]
        ),
        experiment_name=f'boxes{steps}',
    )
    runner.train()
    logged = read_scalars(tmp_path)
    assert [step for step, _ in logged['boxes/side']] == steps
    for name, value in box_statistics(runner.model).items():
        assert logged[f'boxes/{name}'][-1][1] == pytest.approx(value)
