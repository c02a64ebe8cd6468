"""Look Into Person from rows of its own annotation files."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from PIL import ExifTags, Image

from mmpose_sat.evaluation import PCKh
from mmpose_sat.visualization import read_scalars


def row(name, missing=()):
    values = [name]
    for joint in range(16):
        lost = joint in missing
        values += ['nan'] * 3 if lost else [str(10 + 2 * joint), str(5 * joint), str(joint % 2)]
    return ','.join(values)


@pytest.fixture
def folder(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.jpg'), np.zeros((90, 60, 3), np.uint8))
    return tmp_path


def build(folder, *rows, **options):
    (folder / 'lip.csv').write_text('\n'.join(rows) + '\n')
    return DATASETS.build(
        dict(
            type='mmpose_sat.LipDataset', data_root=str(folder), ann_file='lip.csv',
            data_prefix=dict(img=''), test_mode=True,
        )
        | options
    )  # fmt: skip


def test_rows_become_people(folder):
    people = build(folder, row('a.jpg'), row('a.jpg', missing=(0, 9)))
    whole, partial = people[0], people[1]
    assert whole['bbox'].tolist() == [[0, 0, 60, 90]]
    np.testing.assert_allclose(whole['keypoints'][0, 3], [16, 15])
    assert whole['keypoints_visible'].sum() == 16  # hidden joints are annotated
    assert partial['keypoints_visible'][0, [0, 9]].tolist() == [0, 0]
    assert np.isfinite(partial['keypoints']).all()
    np.testing.assert_allclose([whole['head_size'], partial['head_size']], [[29**0.5], [0]], 1e-6)
    assert people.metainfo['keypoint_id2name'][9] == 'head_top'
    assert people.metainfo['dataset_name'] == 'lip'


def test_the_box_is_that_of_the_image_as_it_is_shown(folder):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # a quarter turn
    Image.new('RGB', (100, 60)).save(folder / 'turned.jpg', exif=exif)
    person = build(folder, row('turned.jpg'), pipeline=[dict(type='LoadImage')])[0]
    assert person['img'].shape == (100, 60, 3)
    assert person['bbox'].tolist() == [[0, 0, 60, 100]]


def test_pckh_is_by_the_head_and_leaves_out_pelvis_and_thorax(folder):
    people = build(folder, row('a.jpg', missing=(3,)), row('a.jpg', missing=(8,)))
    metric = PCKh(prefix='lip')
    for person in (people[0], people[1]):
        found = person['keypoints'].copy()
        found[:, [6, 7]] += 100
        found[:, 5] += 100
        keys = ('keypoints', 'keypoints_visible', 'head_size')
        truth = {key: person[key] for key in keys}
        metric.process({}, [dict(gt_instances=truth, pred_instances=dict(keypoints=found))])
    # The second has no head to measure by; of the first, 13 joints count and one is wrong.
    assert metric.evaluate(2)['lip/PCKh'] == pytest.approx(100 * 12 / 13)


@pytest.mark.parametrize(
    ('rows', 'error', 'message'),
    [
        ([row('a.jpg'), row('a.jpg') + ',1'], ValueError, r'row 2: 50 values, .* are 49'),
        ([row('a.jpg').replace(',10,', ',ten,')], ValueError, r"row 1: .*'ten'"),
        ([row('a.jpg').replace(',10,', ',inf,')], ValueError, 'row 1: coordinates must be finite'),
        ([row('a.jpg'), row('a.jpg')[:-1] + '7'], ValueError, r'row 2: v must be .* 7\.0\]'),
        ([row('b.jpg')], FileNotFoundError, r'row 1: .*b\.jpg'),
        ([''], ValueError, 'holds no person'),
    ],
)
def test_broken_files_are_named(folder, rows, error, message):
    with pytest.raises(error, match=message):
        build(folder, *rows)


@pytest.mark.parametrize(
    'options', [dict(sample_interval=2), dict(bbox_file='b.json'), dict(data_mode='bottomup')]
)
def test_options_that_mean_nothing_are_refused(folder, options):
    (name,) = options
    with pytest.raises(ValueError, match=f'{name}=.* means nothing to LipDataset'):
        build(folder, row('a.jpg'), **options)


def test_the_papers_masks_are_on_the_photograph(folder):
    np.random.seed(0)
    cv2.imwrite(str(folder / 'f.jpg'), np.full((240, 60, 3), 255, np.uint8))
    config = Config.fromfile('configs/u_context_cpm/u-context-cpm-6stage_100e_lip-256x256.py')
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline[1].prob = 1
    for mask in ('RandomBodyMask', 'RandomKeypointMask'):  # as its page says, one for the other
        pipeline[1].type = f'mmpose_sat.{mask}'
        people = build(folder, row('f.jpg'), pipeline=pipeline[:2])
        grey = (people[0]['img'] == 128).all(-1)
        assert people[0]['img'].shape == (240, 60, 3) and 0 < grey.mean() < 0.4


def test_a_missing_file_says_where_to_look(folder):
    config = dict(type='mmpose_sat.LipDataset', ann_file='none.csv', data_prefix=dict(img=''))
    with pytest.raises(FileNotFoundError, match='MMPOSE_SAT_LIP'):
        DATASETS.build(config)


def test_the_papers_recipe_trains_and_is_tested_at_three_scales(folder):
    rng = np.random.default_rng(0)
    rows = []
    for name in ('b.jpg', 'c.jpg', 'd.jpg', 'e.jpg'):
        cv2.imwrite(str(folder / name), rng.integers(0, 255, (90, 60, 3), dtype=np.uint8))
        rows.append(row(name, missing=(2,)))
    (folder / 'lip.csv').write_text('\n'.join(rows) + '\n')
    for suffix in ('', '_multi-scale'):
        name = f'u-context-cpm-6stage_100e_lip-256x256{suffix}'
        config = Config.fromfile(f'configs/u_context_cpm/{name}.py')
        config.work_dir = str(folder / f'run{suffix}')
        config.visualizer.name = name  # one for each run: it writes the scalars
        config.model.backbone.update(num_stages=2, channels=8, trunk_init_cfg=None)
        config.model.head.num_stages = 2
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            loader.update(num_workers=0, persistent_workers=False, batch_size=4)
            loader.dataset.update(
                data_root=str(folder), ann_file='lip.csv', data_prefix=dict(img='')
            )
        if suffix:
            config.load_from = str(folder / 'run' / 'epoch_1.pth')
            assert 0 <= Runner.from_cfg(config).test()['lip/PCKh'] <= 100
        else:
            config.train_cfg.max_epochs = 1
            Runner.from_cfg(config).train()
            loss = dict(read_scalars(folder / 'run')['loss'])
            assert len(loss) == 1 and np.isfinite(list(loss.values())).all()
