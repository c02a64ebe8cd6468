"""Training curves from MMEngine's ``scalars.json``."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ['plot_curves', 'read_scalars']


def read_scalars(run: str | Path) -> dict[str, list[tuple[int, float]]]:
    """All scalars that a run has logged, over resumed parts: name -> [(step, value), ...].

    Args:
        run: Work directory of a run.

    Raises:
        FileNotFoundError: The folder holds no ``vis_data/scalars.json``.
    """
    files = sorted(Path(run).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(f'{run} holds no */vis_data/scalars.json; is it a work directory?')
    # A later part counts from its first step on: it resumed there, or began again.
    scalars: dict[str, dict[int, float]] = defaultdict(dict)
    for file in files:
        started = set()
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            step = entry['step']
            for name, value in entry.items():
                # MMEngine logs validation's timing under the names of training's.
                timing = name in ('time', 'data_time') and 'loss' not in entry
                if name == 'step' or timing or not isinstance(value, int | float):
                    continue
                if name not in started:
                    started.add(name)
                    scalars[name] = {s: v for s, v in scalars[name].items() if s < step}
                scalars[name][step] = value
    return {name: sorted(values.items()) for name, values in scalars.items()}


def plot_curves(runs: Mapping[str, str | Path], names: Sequence[str], path: str | Path) -> Figure:
    """Draw scalars of one or more runs, a panel a scalar.

    Args:
        runs: Label -> work directory.
        names: Scalars to draw, for example ``loss`` and ``lsp/PCK``.
        path: Picture to write.

    Raises:
        ValueError: No run has logged one of the scalars; lists those it has.
    """
    scalars = {label: read_scalars(run) for label, run in runs.items()}
    figure = Figure(figsize=(4.5 * len(names), 3.2), layout='constrained')
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False).flat, names, strict=True):
        for label, logged in scalars.items():
            if name in logged:
                marker = '.' if len(logged[name]) < 100 else None
                axis.plot(*zip(*logged[name], strict=True), label=label, marker=marker)
        if not axis.lines:
            known = sorted(set().union(*scalars.values()))
            raise ValueError(f'no run has logged {name!r}; logged were {known}')
        axis.set(title=name, xlabel='epoch' if '/' in name else 'iteration')
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        if len(runs) > 1:
            axis.legend()
    figure.savefig(path, dpi=120)
    return figure
