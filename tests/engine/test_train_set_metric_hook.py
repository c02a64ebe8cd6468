"""Metrics on the training set; that they are logged is in test_integration.py."""

from types import SimpleNamespace

import pytest

from mmpose_sat.engine import TrainSetMetricHook


def test_an_interval_that_never_ends_is_refused():
    with pytest.raises(ValueError, match='interval=0 must be a positive'):
        TrainSetMetricHook({}, {}, interval=0)
    hook = TrainSetMetricHook({}, {}, interval=5)
    with pytest.raises(ValueError, match='interval=5 is never reached: training has 1 epochs'):
        hook.before_train(SimpleNamespace(max_epochs=1))  # a loop that counts iterations
