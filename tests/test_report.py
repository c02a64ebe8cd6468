"""The page of a training run: all of it is there, in one file, and what is missing is named."""

import importlib
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_sat.datasets.synthetic import make_split

CONFIG = 'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py'
SECTIONS = (
    'Metrics', 'Training curves', 'PCK over the threshold', 'Joints', 'Predictions',
    'Receptive field', 'Learned boxes',
)  # fmt: skip
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')


class Page(HTMLParser):
    """Elements of a page, and the text of its sections by their headings."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.heading = [], {'': ''}, ''
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == 'h2':
            self.heading = None

    def handle_data(self, data):
        if self.heading is None:
            self.heading, self.texts[data] = data, ''
        else:
            self.texts[self.heading] += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def train(folder, people, change=lambda config: None):
    """Two epochs on a few rendered people; the checkpoints of both are kept."""
    config = Config.fromfile(CONFIG)
    config.work_dir = str(folder)
    config.visualizer.name = str(folder)  # those of earlier tests are still there
    config.train_cfg.update(max_epochs=2, val_begin=1, val_interval=1)
    config.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)
    config.model.backbone.update(
        channels=(8, 16), num_pairs=(1, 1), kernel_sizes=(7, 13), out_indices=(1,)
    )
    config.model.head.in_channels = 16
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(batch_size=4)
        loader.dataset.data_root = str(people)
    change(config)
    Runner.from_cfg(config).train()
    config.dump(folder / 'tiny.py')
    return folder


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    root = tmp_path_factory.mktemp('people')
    make_split(root, 'train', 6)
    make_split(root, 'val', 5)
    return root


@pytest.fixture(scope='module')
def run(people, tmp_path_factory):
    return train(tmp_path_factory.mktemp('run'), people)


@pytest.fixture
def report(run_tool, tmp_path):
    def write(folder, *arguments):
        path = tmp_path / 'report.html'
        result = run_tool('report.py', folder, '--out', path, *arguments)
        assert result.returncode == 0, result.stderr[-2000:]
        return path.read_text()

    return write


def test_all_sections_are_filled(report, run):
    text = report(run)
    page = Page(text)
    assert tuple(page.texts)[1:] == SECTIONS and 'class="empty"' not in text
    head = page.texts['']
    assert 'tiny' in head and '2 of 2' in head and 'annotations/val.json' in head
    scalars = [json.loads(line) for line in next(run.rglob('scalars.json')).open()]
    (accuracy,) = (
        line['oks/accuracy'] for line in scalars if line.get('step') == 2 and 'oks/accuracy' in line
    )
    assert f'{accuracy:.4g}' in page.texts['Metrics']
    assert any('boxes/side' in line for line in scalars)  # which has no best
    assert 'boxes/side' not in page.texts['Metrics']
    assert 'this one stands in' in page.texts['PCK over the threshold']
    assert 'left ankle' in page.texts['Joints']
    assert 'epoch 1' in page.texts['Learned boxes'] and 'epoch 2' in page.texts['Learned boxes']
    errors = [float(e) for e in re.findall(r'mean error ([\d.]+) %', page.texts['Predictions'])]
    assert len(errors) == 9 and errors[:3] == sorted(errors[:3]) and max(errors) == errors[-3]


def test_data_that_is_wrapped_is_named(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / 'tools')
    data = importlib.import_module('report').data
    lsp, coco = (dict(type=f'mmpose_sat.{name}', ann_file='a.json') for name in ('Lsp', 'Coco'))
    both = dict(type='CombinedDataset', datasets=[lsp, dict(type='RepeatDataset', dataset=coco)])
    assert data(both) == 'Lsp (a.json) + Coco (a.json)'


def test_the_page_loads_nothing_and_describes_its_pictures(report, run):
    text = report(run)
    assert 'http:' not in text and 'https:' not in text and '<script' not in text
    page = Page(text)
    for tag, attributes in page.elements:
        for name in ('src', 'href', 'xlink:href'):
            assert attributes.get(name, '#').startswith(('#', 'data:')), (tag, attributes[name])
    assert len(page.of('img')) == 9 and all(image['alt'] for image in page.of('img'))
    assert all(svg['role'] == 'img' and svg['aria-label'] for svg in page.of('svg'))
    ids = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
    assert len(ids) == len(set(ids))
    assert any(meta.get('name') == 'viewport' for meta in page.of('meta'))


def test_other_models_have_sections_without_boxes(report, people, tmp_path):
    """Coordinates in place of heatmaps, and a PCK that the config has."""

    def change(config):
        codec = dict(type='mmpose_sat.IntegralLabel', input_size=(96, 128))
        config.model.backbone.operator = 'conv3x3'
        config.model.head = dict(
            type='mmpose_sat.IntegralHead', in_channels=16, out_channels=17,
            deconv_out_channels=None, decoder=codec,
        )  # fmt: skip
        (step,) = (s for s in config.train_dataloader.dataset.pipeline if 'encoder' in s)
        step.encoder = codec
        config.val_evaluator = dict(type='mmpose_sat.TorsoPCK', torso=(5, 12))
        config.default_hooks.checkpoint.interval = 2

    page = Page(report(train(tmp_path, people, change)))
    assert 'no box convolutions' in page.texts['Learned boxes']
    assert '0.2 of the torso' in page.texts['PCK over the threshold']
    assert 'this one stands in' not in page.texts['PCK over the threshold']
    assert len(page.of('img')) > 3 and 'nose' in page.texts['Receptive field']


def test_a_run_that_was_interrupted_at_once(report, run, tmp_path):
    shutil.copy(run / 'tiny.py', tmp_path)
    page = Page(report(tmp_path))
    assert '0 of 2' in page.texts['']
    for title in ('Metrics', 'Training curves'):
        assert 'Nothing has been logged' in page.texts[title]
    for title in SECTIONS[2:]:
        assert 'The run has left no checkpoint' in page.texts[title]


def test_data_that_has_moved(report, run, people, tmp_path):
    shutil.copy(run / 'epoch_2.pth', tmp_path)
    config = Config.fromfile(run / 'tiny.py')
    config.val_dataloader.dataset.data_root = '/gone'
    config.dump(tmp_path / 'tiny.py')
    page = Page(report(tmp_path))
    for title in ('PCK over the threshold', 'Joints', 'Predictions', 'Receptive field'):
        assert 'Validation data not found, see --data-root' in page.texts[title]
        assert '/gone' in page.texts[title]
    assert 'stages' in page.texts['Learned boxes']
    page = Page(report(tmp_path, '--data-root', people, '--people', 3))
    assert len(page.of('img')) == 3
    assert 'person' in page.texts['Receptive field']


@pytest.mark.parametrize('missing', ['folder', 'config', 'checkpoint'])
def test_bad_input_ends_with_one_line(run_tool, run, tmp_path, missing):
    folder, named = tmp_path, f'{tmp_path} holds no config'
    if missing == 'folder':
        folder = tmp_path / 'gone'
        named = f'{folder} is no folder'
    elif missing == 'checkpoint':
        shutil.copy(run / 'tiny.py', folder)
        whole = (run / 'epoch_1.pth').read_bytes()
        (folder / 'epoch_1.pth').write_bytes(whole[: len(whole) // 2])
        named = f'{folder / "epoch_1.pth"} is no checkpoint that can be read'
    result = run_tool('report.py', folder, '--out', tmp_path / 'report.html')
    assert result.returncode == 1 and not (tmp_path / 'report.html').exists()
    (line,) = (line for line in result.stderr.splitlines() if line.startswith('report:'))
    assert named in line and result.stderr.endswith(f'{line}\n')


def test_a_phone_shows_the_page_without_scrolling_sideways(report, run, tmp_path):
    browser = os.environ.get('CHROMIUM') or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f'no Chromium: set CHROMIUM, or put one of {", ".join(BROWSERS)} on PATH')
    probe = tmp_path / 'probe.html'
    # Headless windows are never narrower than 500 px: the page is laid out in a frame of 390 px.
    report(run)
    probe.write_text(
        '<iframe src="report.html" style="width: 390px; height: 844px; border: 0"></iframe><p></p>'
        '<script>onload = () => { const page = frames[0].document.documentElement;'
        'document.querySelector("p").textContent = [page.clientWidth, page.scrollWidth, '
        'page.querySelectorAll("section").length].join() }</script>'
    )
    flags = ('headless', 'no-sandbox', 'disable-gpu', 'hide-scrollbars', 'enable-logging=stderr')
    flags += ('allow-file-access-from-files', f'user-data-dir={tmp_path}', 'dump-dom')
    result = subprocess.run(
        [browser, *(f'--{flag}' for flag in flags), probe.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert f'<p>390,390,{len(SECTIONS)}</p>' in result.stdout, result.stdout[-500:]
    assert 'CONSOLE' not in result.stderr, result.stderr[-2000:]
