"""Freed memory is kept and used again."""

import subprocess
import sys

from mmengine.config import Config

from mmpose_sat.registry import HOOKS

SCRIPT = """
import resource, sys
from types import SimpleNamespace
import torch
from mmpose_sat.engine import KeepMemoryHook, keep_freed_memory

def faults_of_a_new_tensor():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
faults_of_a_new_tensor()
returned = faults_of_a_new_tensor()
if not keep_freed_memory():
    sys.exit()  # not glibc
KeepMemoryHook().before_run(SimpleNamespace(model=torch.nn.Linear(1, 1)))
kept = min(faults_of_a_new_tensor() for _ in range(20))
assert kept < returned / 2, (kept, returned)
"""


def test_a_tensor_as_large_as_a_freed_one_costs_no_new_pages():
    subprocess.run([sys.executable, '-c', SCRIPT], check=True)


def test_our_configs_have_the_hook():
    config = Config.fromfile('configs/box_conv_net/box-conv-net_15e_lsp-128x96.py')
    assert {'type': 'mmpose_sat.KeepMemoryHook'} in config.custom_hooks
    assert HOOKS.build(config.custom_hooks[-1]).priority == 'VERY_HIGH'
