"""What the first page shows, a visitor can paste."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

BLOCKS = re.findall(
    r'```python\n(.*?)```', (Path(__file__).parents[1] / 'README.md').read_text(), re.DOTALL
)
CONFIGS = [block for block in BLOCKS if '_base_' in block]


@pytest.mark.parametrize('block', CONFIGS, ids=['backbone', 'head'])
def test_configs_build(block, tmp_path):
    (tmp_path / 'mine.py').write_text(block)
    config = Config.fromfile(tmp_path / 'mine.py')
    init_default_scope(config.default_scope)
    config.model.backbone.init_cfg = None  # no network
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        output = model(torch.empty(1, 3, 256, 192), None, mode='tensor')
    assert (output[0] if isinstance(output, tuple) else output).shape[:2] == (1, 17)
    targets = config.train_dataloader.dataset.pipeline[-2]
    assert targets.type == 'GenerateTarget' and targets.encoder == config.model.head.decoder


def test_the_op_does_what_the_page_says():
    (block,) = (block for block in BLOCKS if 'box_kernel' in block)
    *before, last = block.strip().splitlines()
    names = {}
    exec('\n'.join(before), names)
    ours = names['y']
    exec(last, names)
    torch.testing.assert_close(ours, names['y'], rtol=1e-4, atol=1e-4)
