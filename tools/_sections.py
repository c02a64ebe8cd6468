"""Sections of the report on a training run: each makes of a run what a part of the page shows."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import mmcv
import numpy as np
from _page import Section, Table, photograph, svg
from _people import input_image, responses
from _work_dir import BoxPCK, Missing, WorkDir
from markupsafe import Markup
from matplotlib.figure import Figure
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer

from mmpose_sat.ops import BoxConv2d
from mmpose_sat.visualization import (
    draw_boxes,
    half_response_area,
    plot_curves,
    plot_pck,
    plot_receptive_field,
)

LOWER_IS_BETTER = re.compile('MPJPE|EPE|NME|loss')


def number(value: float) -> str:
    return f'{value:.4g}' if abs(value) < 1000 else f'{value:,.0f}'


def last(run: WorkDir) -> str:
    return f'{run.step} {max(run.checkpoints)}'


def metrics(run: WorkDir) -> Section:
    """Last and best figures of the validations, those of single joints or actions apart."""
    rows: dict[bool, list] = {False: [], True: []}
    for name, values in run.metrics.items():
        sign = -1 if LOWER_IS_BETTER.search(name) else 1
        step, best = max(values, key=lambda value: (sign * value[1], -value[0]))
        rows[' ' in name].append((name, number(values[-1][1]), number(best), step))
    head = ('metric', 'last', 'best', f'at {run.step}')
    captions = {False: 'Validations during training', True: 'In detail'}
    return Section(tables=[Table(captions[kind], head, rows[kind]) for kind in rows if rows[kind]])


def curves(run: WorkDir) -> Section:
    """Loss, the first metric, and that metric on other data."""
    try:
        metric = next(iter(run.metrics))
    except Missing:
        metric = ''
    names = [name for name in ('loss', metric, f'train/{metric}') if name in run.scalars]
    if not names:
        raise Missing('Neither a loss nor a validation has been logged.')
    figures, notes = [], []
    for name in names:
        (first, start), (final, end) = run.scalars[name][0], run.scalars[name][-1]
        step = run.step if name in run.scalars.validated else 'iteration'
        text = f'{name}: {number(end)} at {step} {final}'
        if first == final:
            notes.append(f'{text}, the only figure so far.')
            continue
        text = f'{name}: {number(start)} at {step} {first}, {number(end)} at {step} {final}'
        draw = partial(plot_curves, {'': run.folder}, [name])
        figures.append((svg(text, draw), f'{text}.'))
    return Section(' '.join(notes), figures=figures)


def pck(run: WorkDir) -> Section:
    """PCK over the threshold, of the last checkpoint."""
    found = run.evaluation
    name, unit = found.metric.name, found.metric.unit
    note = (
        f'{len(found.people)} people of the validation data, network of {last(run)}. '
        f'{name} is the share of joints that are found within a distance of the truth, here up to '
        f'{found.metric.thr:g} of the {unit}.'
    )
    if isinstance(found.metric, BoxPCK):
        note += ' No metric of the config keeps errors of single joints: this one stands in.'
    reached, auc = found.figures[name], found.figures['AUC']
    text = f'{name} rises to {reached:.1f} %; its mean, the AUC, is {auc:.1f} %'
    picture = svg(text, partial(plot_pck, {run.name: run.curve}))
    return Section(note, figures=[(picture, f'{text}.')])


def joints(run: WorkDir) -> Section:
    """Errors of each joint."""
    found = run.evaluation
    rows = []
    for index, name in run.model.dataset_meta['keypoint_id2name'].items():
        errors = found.errors[:, index][~np.isnan(found.errors[:, index])]
        if len(errors):
            right = errors <= found.metric.thr + 1e-9
            cells = (f'{100 * f:.1f}' for f in (errors.mean(), np.median(errors), right.mean()))
            rows.append((name.replace('_', ' '), len(errors), *cells))
    unit = f'errors in % of the {found.metric.unit}'
    head = ('joint', 'count', 'mean', 'median', f'≤ {100 * found.metric.thr:g} %')
    return Section(tables=[Table(f'Joints of {len(found.people)} people, {unit}', head, rows)])


def pair(sample: PoseDataSample, meta: dict, height: int = 320) -> np.ndarray:
    """A person as annotated and as found, side by side, (height, W, 4), RGB and opacity."""
    corner = sample.input_center - sample.input_scale / 2
    scale = height / sample.input_scale[1]
    crop = np.column_stack([scale * np.eye(2), -scale * corner])
    size = round(sample.input_scale[0] * scale), height
    photo = mmcv.imread(sample.img_path, channel_order='rgb')
    image = cv2.warpAffine(photo, crop, size)
    inside = cv2.warpAffine(np.full(photo.shape[:2], 255, np.uint8), crop, size)
    drawn = PoseDataSample()
    for field in ('gt_instances', 'pred_instances'):
        points = sample.get(field).keypoints[:1, :, :2]
        visible = np.ones(points.shape[:2])
        if field == 'gt_instances':
            visible = sample.gt_instances.keypoints_visible.reshape(*visible.shape, -1)[..., 0]
        points = (points - corner) * scale
        drawn.set_field(InstanceData(keypoints=points, keypoints_visible=visible), field)
    visualizer = PoseLocalVisualizer(radius=4, line_width=2)
    visualizer.set_dataset_meta(meta)
    both = visualizer.add_datasample('', image, drawn, kpt_thr=0.5)
    drawn_on = (both != np.tile(image, (1, 2, 1))).any(2)
    opaque = np.where(drawn_on, np.uint8(255), np.tile(inside, (1, 2)))
    return np.insert(np.dstack([both, opaque]), [size[0]] * 8, 0, axis=1)


def predictions(run: WorkDir) -> Section:
    """The best, the median and the worst people."""
    found = run.evaluation
    total = len(found.ranks)
    some = min(3, max(1, total // 3))
    middle = (total - some) // 2
    chosen = {
        'best': found.ranks[:some],
        'median': found.ranks[middle : middle + some],
        'worst': found.ranks[::-1][:some],
    }
    figures = []
    for kind, people in chosen.items():
        for rank, index in enumerate(people, 1):
            sample = found.samples[index]
            text = f'{kind.capitalize()} {rank}: mean error {100 * found.means[index]:.1f} %'
            alt = f'{text}; {Path(sample.img_path).name}, annotated pose left, found pose right'
            figures.append((photograph(pair(sample, run.model.dataset_meta), alt), f'{text}.'))
    note = (
        f'Left as annotated, right as found by the network of {last(run)}; errors in % of the '
        f'longer side of the box, the mean over annotated joints. Of {total} people.'
    )
    return Section(note, figures=figures, width=17)


def boxes(run: WorkDir) -> Section:
    """The boxes of each layer, at up to four checkpoints."""
    if not any(isinstance(module, BoxConv2d) for module in run.model.modules()):
        raise Missing('The network has no box convolutions.')
    steps = list(run.checkpoints)
    steps = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, 4).round().astype(int))]
    rows: dict[tuple[str, str], list[tuple[Markup, str]]] = {}
    area = 0.0

    def draw(layer: BoxConv2d, path: Path) -> None:
        nonlocal area
        figure = Figure(figsize=(2, 2), layout='constrained')
        area = draw_boxes(figure.subplots(), layer)
        figure.savefig(path)

    for step in steps:
        for name, layer in run.load(step).named_modules():
            if isinstance(layer, BoxConv2d):
                picture = svg(f'Boxes of {name} at {run.step} {step}', partial(draw, layer))
                label = name.removeprefix('backbone.'), f'{layer.kernel_size}x{layer.kernel_size}'
                rows.setdefault(label, []).append((picture, f'{area:.1f}'))
    note = 'Every box over its kernel, coloured by where it lies, and the mean area of boxes in px.'
    if len(steps) == 1:
        figures = [
            (cells[0][0], f'{" ".join(name)}, {cells[0][1]} px') for name, cells in rows.items()
        ]
        return Section(f'{note} There is one checkpoint, of {last(run)}.', figures=figures, width=9)
    head = ('layer', *(f'{run.step} {step}' for step in steps))
    cell = Markup('{}{}').format
    content = [(cell(n, Markup('<br>') + k), *(cell(*c) for c in r)) for (n, k), r in rows.items()]
    return Section(note, [Table('Boxes of the layers', head, content)])


def receptive(run: WorkDir) -> Section:
    """By which part of an image the joints of the median person are found."""
    found = run.evaluation
    person = found.people[int(found.ranks[len(found.ranks) // 2])]
    image = input_image(person)
    step = max(1, max(image.shape[:2]) // 16)
    changes = responses(run.model, person, 2 * step, step)
    areas = 100 * half_response_area(changes)
    figures = []
    for joint, name in run.model.dataset_meta['keypoint_id2name'].items():
        if name.startswith('right_'):
            continue
        text = f'{name.replace("_", " ")}, {areas[joint]:.0f} %'

        def draw(path: Path, joint: int = joint) -> None:
            figure = plot_receptive_field(image, changes, {joint: ''}, 2 * step, step, path)
            figure.axes[0].set_title('')
            figure.savefig(path)

        figures.append((svg(f'Response to noise: {text}', draw), text))
    note = (
        f'A square of noise of {2 * step} px slides over the input of one person; the brighter a '
        'place, the more noise there changes what the network says of the joint. The number is the '
        'smallest share of the image that holds half of the response, in the mean over joints '
        f'{areas.mean():.0f} %.'
    )
    return Section(note, figures=figures, width=8)


SECTIONS: dict[str, Callable[[WorkDir], Section]] = {
    'Metrics': metrics,
    'Training curves': curves,
    'PCK over the threshold': pck,
    'Joints': joints,
    'Predictions': predictions,
    'Receptive field': receptive,
    'Learned boxes': boxes,  # at the end: it loads other checkpoints
}
