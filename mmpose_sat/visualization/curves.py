"""Training curves from MMEngine's ``scalars.json``."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ['Scalars', 'plot_curves', 'read_scalars']


class Scalars(dict[str, list[tuple[int, float]]]):
    """What a run has logged: name -> [(step, value), ...].

    Attributes:
        validated: Names of what was logged with validations, whose steps are epochs in most runs.
    """

    def __init__(self, logged: Iterable = (), validated: Iterable[str] = ()) -> None:
        super().__init__(logged)
        self.validated = frozenset(validated)


def _entries(file: Path) -> Iterator[dict]:
    """The lines of a log; one that was cut off at the end, as by a full disk, is left out."""
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(f'{file}, line {number} is no JSON: {error}') from None


def read_scalars(run: str | Path) -> Scalars:
    """All scalars that a run has logged, over resumed parts.

    Args:
        run: Work directory of a run.

    Raises:
        FileNotFoundError: The folder holds no ``vis_data/scalars.json``.
        ValueError: A line of one is damaged.
    """
    files = sorted(Path(run).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(f'{run} holds no */vis_data/scalars.json; is it a work directory?')
    # A later part counts from its first step on: it resumed there, or began again.
    scalars: dict[str, dict[int, float]] = defaultdict(dict)
    validated = set()
    for file in files:
        started = set()
        for entry in _entries(file):
            step = entry['step']
            in_training = not entry.keys().isdisjoint(('loss', 'lr'))
            for name, value in entry.items():
                # MMEngine logs validation's timing under the names of training's.
                timing = name in ('time', 'data_time') and not in_training
                if name == 'step' or timing or not isinstance(value, int | float):
                    continue
                if not in_training:
                    validated.add(name)
                if name not in started:
                    started.add(name)
                    scalars[name] = {s: v for s, v in scalars[name].items() if s < step}
                scalars[name][step] = value
    return Scalars(((name, sorted(steps.items())) for name, steps in scalars.items()), validated)


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
    validated = set[str]().union(*(logged.validated for logged in scalars.values()))
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False).flat, names, strict=True):
        for label, logged in scalars.items():
            if name in logged:
                marker = '.' if len(logged[name]) < 100 else None
                axis.plot(*zip(*logged[name], strict=True), label=label, marker=marker)
        if not axis.lines:
            known = sorted(set().union(*scalars.values()))
            raise ValueError(f'no run has logged {name!r}; logged were {known}')
        axis.set(title=name, xlabel='epoch' if name in validated else 'iteration')
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        if len(runs) > 1:
            axis.legend()
    figure.savefig(path, dpi=120)
    return figure
