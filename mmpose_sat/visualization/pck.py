"""PCK over the threshold, as in Fig. 2 of integral regression (arXiv 1711.08229)."""

import json
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ['plot_pck']


def plot_pck(curves: Mapping[str, str | Path], path: str | Path) -> Figure:
    """Draw curves that :class:`~mmpose_sat.evaluation.PCKh` or ``TorsoPCK`` wrote to ``out_file``.

    Args:
        curves: Label -> JSON file.
        path: Picture to write.

    Raises:
        ValueError: The curves are in different units.
    """
    loaded = {label: json.loads(Path(file).read_text()) for label, file in curves.items()}
    units = {curve['unit'] for curve in loaded.values()}
    if len(units) > 1:
        raise ValueError(f'curves are in different units: {sorted(units)}')
    figure = Figure(figsize=(5, 3.4), layout='constrained')
    axis = figure.subplots()
    for label, curve in loaded.items():
        auc = sum(curve['pck']) / len(curve['pck'])
        axis.plot(curve['thresholds'], curve['pck'], label=f'{label} (AUC {auc:.1f})')
    axis.set(xlabel=f'distance to the truth / {units.pop()}', ylabel='PCK (%)', ylim=(0, 100))
    axis.margins(x=0)
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=120)
    return figure
