"""Standard convolutions in place of box layers."""

import pytest
import torch
from torch import nn

from mmpose_sat.ops import BoxConv2d, boxes_to_convolutions
from mmpose_sat.ops.native import NOT_LOADED


@pytest.mark.parametrize('pieces', [1, '2h', '2v', 4])
@pytest.mark.parametrize(('kernel_size', 'stride'), [(1, 2), (9, 1), (9, 2)])
def test_convolutions_compute_the_same(pieces, kernel_size, stride):
    layer = BoxConv2d(3, kernel_size, stride, pieces)
    if layer.weights is not None:
        nn.init.normal_(layer.weights)
    model = nn.Sequential(nn.Sequential(layer), nn.ReLU()).eval()
    converted = boxes_to_convolutions(model)
    assert not any(isinstance(m, BoxConv2d) for m in converted.modules())
    assert not any(m.training for m in converted.modules())
    assert model[0][0] is layer
    x = torch.randn(2, 3, 11, 8)
    torch.testing.assert_close(converted(x), model(x), atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(boxes_to_convolutions(layer)(x), layer(x), atol=1e-4, rtol=1e-5)


def test_shared_layers_and_half_precision_are_converted_too():
    layer = BoxConv2d(4, 7)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), layer, nn.ReLU(), layer).half().eval()
    converted = boxes_to_convolutions(model)
    assert not any(isinstance(m, BoxConv2d) for m in converted.modules())
    assert {p.dtype for p in converted.parameters()} == {torch.float16}
    x = torch.rand(1, 3, 9, 9).half()
    torch.testing.assert_close(converted(x), model(x), rtol=1e-2, atol=1e-1)


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
def test_exporting_a_box_layer_itself_says_what_to_do(tmp_path):
    with pytest.raises(Exception, match=r'export mmpose_sat.ops.boxes_to_convolutions\(model\)'):
        torch.onnx.export(
            BoxConv2d(3, 7).eval(),
            (torch.randn(1, 3, 9, 9),),
            tmp_path / 'box.onnx',
            dynamo=True,
            verbose=False,
        )
