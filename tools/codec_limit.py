"""What a perfect network reaches: the targets of the validation data, decoded and evaluated.

Codecs lose what they round. The limit of a config is that of its codec, head and pipeline, with
weights of any kind; the network is not run.
"""

import json
from pathlib import Path

from _arguments import load_config
from _command_line import parser_of
from _people import validation_people
from _provenance import commit
from _tables import table
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

import mmpose_sat  # noqa: F401 - registers what configs name


def target(sample: PoseDataSample) -> Tensor:
    """What the network should answer: heatmaps, or coordinates."""
    if 'heatmaps' in sample.get('gt_fields', {}):
        return sample.gt_fields.heatmaps
    if 'keypoint_labels' in sample.get('gt_instance_labels', {}):
        return sample.gt_instance_labels.keypoint_labels
    raise ValueError('only codecs of heatmaps and of keypoint_labels have a limit here')


def limit(config: Config) -> dict:
    """The config's codec, and its metrics for targets in place of predictions."""
    init_default_scope(config.default_scope)
    targets = next(t for t in config.train_dataloader.dataset.pipeline if 'encoder' in t)
    config.val_dataloader.dataset.pipeline.insert(-1, targets)
    people = validation_people(config)
    evaluator = Evaluator(config.val_evaluator)
    evaluator.dataset_meta = people.metainfo
    model = MODELS.build(config.model)
    codec = KEYPOINT_CODECS.build(targets.encoder)
    for index in range(len(people)):
        sample = people[index]['data_samples']
        keypoints, scores = codec.decode(target(sample).numpy())
        found = InstanceData(keypoints=keypoints, keypoint_scores=scores)
        evaluator.process(model.add_pred_to_datasample([found], None, [sample]))
    metrics = evaluator.evaluate(len(people))
    size = getattr(codec, 'heatmap_size', None)
    return dict(codec=targets.encoder.type, heatmap_size=size, metrics=metrics, commit=commit())


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('configs', nargs='+', help='top-down ones of MMPose')
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    rows = [dict(config=Path(name).stem) | limit(load_config(name)) for name in args.configs]
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text('[\n' + ',\n'.join(map(json.dumps, rows)) + '\n]\n')
    names = list(rows[0]['metrics'])
    lines = [(row['config'], *(f'{row["metrics"][name]:.4g}' for name in names)) for row in rows]
    print(table(('config', *names), lines))


if __name__ == '__main__':
    main()
