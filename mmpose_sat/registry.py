"""Registries of scope ``mmpose_sat``.

A config names our parts as ``type='mmpose_sat.BoxConvNet'``; MMEngine then imports this module
and, through ``locations``, the parts. Nothing is ever registered under MMPose's own scope.
"""

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_CONSTRUCTORS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry
from mmpose.registry import KEYPOINT_CODECS as MMPOSE_KEYPOINT_CODECS

SCOPE = 'mmpose_sat'

MODELS = Registry('model', parent=MMENGINE_MODELS, scope=SCOPE, locations=['mmpose_sat.models'])
DATASETS = Registry(
    'dataset', parent=MMENGINE_DATASETS, scope=SCOPE, locations=['mmpose_sat.datasets']
)
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope=SCOPE, locations=['mmpose_sat.datasets']
)
METRICS = Registry(
    'metric', parent=MMENGINE_METRICS, scope=SCOPE, locations=['mmpose_sat.evaluation']
)
KEYPOINT_CODECS = Registry(
    'keypoint codec', parent=MMPOSE_KEYPOINT_CODECS, scope=SCOPE, locations=['mmpose_sat.codecs']
)
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope=SCOPE, locations=['mmpose_sat.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_CONSTRUCTORS,
    scope=SCOPE,
    locations=['mmpose_sat.engine'],
)

__all__ = [
    'DATASETS',
    'HOOKS',
    'KEYPOINT_CODECS',
    'METRICS',
    'MODELS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'SCOPE',
    'TRANSFORMS',
]
