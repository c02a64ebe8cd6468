"""Tools that are not part of the integration story."""

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1] / 'tools'


def call(name, *arguments):
    command = [sys.executable, str(TOOLS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_tables_of_the_pages_are_current():
    result = call('update_tables.py', '--check')
    assert result.returncode == 0, result.stderr


def test_flops_tool_splits_the_model():
    config = TOOLS.parent / 'configs' / 'box_conv_net' / 'box-conv-net_210e_coco-256x192.py'
    result = call('get_flops.py', config)
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[2:]}
    assert rows['total'] == ['1,853,745', '5.7635']
    assert rows['head'] == ['1,649', '0.0050']


def test_doctor_finds_this_environment_healthy():
    result = call('doctor.py')
    assert result.returncode == 0 and '0 problems' in result.stdout, result.stdout


def test_final_eval_refuses_other_data():
    config = TOOLS.parent / 'configs' / 'box_conv_net' / 'box-conv-net_210e_coco-256x192.py'
    result = call('final_eval.py', config, 'none.pth')
    assert result.returncode == 2 and 'not on mmpose_sat.LspDataset' in result.stderr
