#!/usr/bin/env bash
# Everything to run on an NVIDIA GPU, most telling first: tests, memory checks, the op, the networks.
# Usage: [PYTHON=python3] tools/measure_gpu.sh [FOLDER for figures, default: gpu_figures]
set -euo pipefail
out=$(realpath -m "${1:-gpu_figures}")
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

$python -m pytest tests/ops/test_cuda.py
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    compute-sanitizer --tool $tool --error-exitcode 1 $python -m pytest tests/ops/test_cuda.py -k 'oracle and 33'
  done
else
  echo 'measure_gpu: no compute-sanitizer here, memory checks left out' >&2
fi
for dtype in float32 bfloat16; do
  $python tools/benchmark_op.py --device cuda --shape 256 128 64 64 --dtype $dtype --limit 2 --out "$out/op_$dtype"
done
for compile in '' --compile; do
  $python tools/benchmark_model.py configs/simple_baseline/simple-baseline-r50-scratch_140e_lsp-256x192.py \
    configs/box_conv_net/box-conv-net_140e_lsp-256x192.py --device cuda --batches 1 64 --limit 5 $compile \
    --out "$out/model${compile#-}.json"
done
