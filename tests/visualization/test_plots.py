"""Pictures of boxes, curves, heatmaps, errors and costs show what they claim."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from mmpose_sat.ops import BoxConv2d
from mmpose_sat.visualization import (
    plot_border_error,
    plot_boxes,
    plot_curves,
    plot_heatmaps,
    plot_tradeoff,
    read_scalars,
)


def test_boxes_are_drawn_where_they_are(tmp_path):
    layer = BoxConv2d(2, 9)
    layer.set_boxes_(torch.tensor([[0.0, 8.0, 0.0, 8.0], [1.5, 3.0, 4.0, 4.0]]))
    figure = plot_boxes(nn.Sequential(layer, BoxConv2d(3, 5)), tmp_path / 'boxes.png')
    assert (tmp_path / 'boxes.png').stat().st_size > 1000
    first, second = figure.axes
    extents = [path.get_extents().extents for path in first.collections[0].get_paths()]
    # A box covers whole pixels at both ends: one pixel high where y_l = y_h.
    np.testing.assert_allclose(extents, [[0, 0, 9, 9], [1.5, 4, 4, 5]])
    assert '9 x 9' in first.get_title() and '5 x 5' in second.get_title()


def test_models_without_boxes_are_refused(tmp_path):
    with pytest.raises(ValueError, match='Linear has no BoxConv2d'):
        plot_boxes(nn.Linear(1, 1), tmp_path / 'boxes.png')


def write_run(folder, part, lines):
    path = folder / part / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(map(json.dumps, lines)))


def test_resumed_runs_are_joined(tmp_path):
    write_run(tmp_path, '1', [dict(loss=3.0, step=1), dict(loss=2.0, step=2)])
    write_run(tmp_path, '2', [dict(loss=1.5, step=2), {'lsp/PCK': 9.0, 'step': 1}])
    scalars = read_scalars(tmp_path)
    assert scalars == {'loss': [(1, 3.0), (2, 1.5)], 'lsp/PCK': [(1, 9.0)]}
    figure = plot_curves({'box': tmp_path}, ['loss', 'lsp/PCK'], tmp_path / 'curves.png')
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[1, 3], [2, 1.5]]


def test_a_shorter_run_in_the_same_folder_replaces_the_longer(tmp_path):
    write_run(tmp_path, '1', [dict(loss=3.0, step=10), dict(loss=2.0, step=20)])
    write_run(tmp_path, '2', [dict(loss=9.0, step=10), dict(time=5.0, step=1)])
    assert read_scalars(tmp_path) == {'loss': [(10, 9.0)]}


def test_a_line_cut_off_at_the_end_is_left_out(tmp_path):
    write_run(tmp_path, '1', [dict(loss=3.0, step=1), dict(loss=2.0, step=2)])
    (path,) = tmp_path.glob('*/vis_data/scalars.json')
    path.write_text(path.read_text()[:-8])
    assert read_scalars(tmp_path) == {'loss': [(1, 3.0)]}
    path.write_text(path.read_text()[3:])
    with pytest.raises(ValueError, match=r'scalars.json, line 1 is no JSON'):
        read_scalars(tmp_path)


def test_validations_are_told_apart_by_what_is_logged_with_them(tmp_path):
    lines = [dict(lr=0.1, loss=3.0, acc_pose=0.5, step=10), dict(PCK=40.0, time=5.0, step=1)]
    write_run(tmp_path, '1', lines)
    scalars = read_scalars(tmp_path)
    assert scalars.validated == {'PCK'} and scalars.keys() == {'lr', 'loss', 'acc_pose', 'PCK'}
    axes = plot_curves({'': tmp_path}, ['PCK', 'loss'], tmp_path / 'curves.png').axes
    assert [axis.get_xlabel() for axis in axes] == ['epoch', 'iteration']


def test_unknown_scalars_and_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='work directory'):
        read_scalars(tmp_path)
    write_run(tmp_path, '1', [dict(loss=3.0, step=1)])
    with pytest.raises(ValueError, match=r"no run has logged 'lsp/PCK'; logged were \['loss'\]"):
        plot_curves({'box': tmp_path}, ['lsp/PCK'], tmp_path / 'curves.png')


def test_heatmaps_of_any_size_lie_over_the_image(tmp_path):
    image = np.zeros((64, 48, 3), np.uint8)
    heatmaps = {'coarse': -np.ones((3, 4, 3)), 'fine': np.random.rand(3, 16, 12)}
    points = {label: np.array([[1.0, 2], [20, 30], [40, 60]]) for label in heatmaps}
    figure = plot_heatmaps(image, heatmaps, points, {'knee': 1}, tmp_path / 'heatmaps.png')
    photograph, coarse, fine = figure.axes
    assert photograph.get_ylabel() == 'knee' and coarse.get_title() == 'coarse'
    for axis in (coarse, fine):
        assert list(axis.images[0].get_extent()) == [-0.5, 47.5, 63.5, -0.5]
        assert axis.lines[0].get_xydata().tolist() == [[20, 30]]


def test_errors_are_averaged_by_distance_to_the_border(tmp_path):
    distance, error = np.array([1.0, 2, 9, 11, 30]), np.array([4.0, 6, 1, 3, 9])
    path = tmp_path / 'border.png'
    figure = plot_border_error({'net': (distance, error)}, [0, 8, 16, 24, 32], path)
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[4, 5], [12, 2]]
    with pytest.raises(ValueError, match='net: no bin of'):
        plot_border_error({'net': (distance[:1], error[:1])}, [0, 8], path)


def test_networks_of_a_method_are_joined_in_each_panel(tmp_path):
    networks = [(10.0, 100.0, 50.0), (20.0, 300.0, 60.0)]
    figure = plot_tradeoff({'a': networks}, ('ms', 'MB'), 'PCK', tmp_path / 'tradeoff.png')
    assert [axis.lines[0].get_xydata().tolist() for axis in figure.axes] == [
        [[10, 50], [20, 60]],
        [[100, 50], [300, 60]],
    ]
