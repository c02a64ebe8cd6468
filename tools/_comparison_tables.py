"""Tables of configs trained side by side (``compare_configs.py``), with intervals."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from _cost_tables import counts
from _tables import MISSING, ROOT, read, table


def lsp_costs() -> dict[str, dict]:
    """Latency and memory by config, one image of LSP's small size at a time."""
    timed = read('model/cpu_lsp')['rows']
    return {row['config']: row for row in timed}


def difference(runs: list[dict], others: list[dict]) -> str:
    """PCK of runs less that of others, the mean over the seeds of both, with a 95 % interval.

    The interval is of a bootstrap over the people of the validation split, the same people for
    both; PCK is pooled over joints.
    """
    seeds = {run['seed'] for run in runs} & {run['seed'] for run in others}
    if not seeds:
        return MISSING
    people = len(runs[0]['counted'])
    draws = np.random.default_rng(0).integers(0, people, (2000, people))
    draws = np.concatenate([np.arange(people)[None], draws])  # the first is the sample itself

    def pcks(found: list[dict]) -> np.ndarray:
        found = [run for run in found if run['seed'] in seeds]
        right, counted = (
            np.array([run[key] for run in found])[:, draws] for key in ('right', 'counted')
        )
        return (100 * right.sum(-1) / counted.sum(-1)).mean(0)

    gain = pcks(runs) - pcks(others)
    low, high = np.percentile(gain[1:], (2.5, 97.5))
    return f'{gain[0]:+.1f} ({low:+.1f} … {high:+.1f})'


def by_config(rows: list[dict]) -> dict[str, list[dict]]:
    """Runs of each config, in the order of the first ones."""
    runs = defaultdict(list)
    for row in rows:
        runs[row['config']].append(row)
    return runs


def file_of(config: str) -> Path:
    """The file of a config."""
    (file,) = (ROOT / 'configs').glob(f'*/{config}.py')
    return file


def linked(config: str) -> str:
    """A config's name with a link to its file."""
    return f'[{config}](/{file_of(config).relative_to(ROOT)})'


def compared_table(name: str, with_areas: bool = True, with_costs: bool = True) -> str:
    """Configs trained side by side, and differences to the first.

    Args:
        name: of the file.
        with_areas: whether receptive fields, where there are some, are of networks trained so long.
        with_costs: whether to show what the networks cost.
    """
    rows = read(f'compared/{name}')
    found = by_config([row for row in rows if row['epochs'] == rows[0]['epochs']])
    first = rows[0]['config']
    areas = read('compared/receptive_fields')
    columns = ['config']
    if with_costs:
        columns += ['parameters (M)', 'GMAC (10⁹)', 'ms', 'peak MB']
    columns += ['PCK@0.2 by seed', 'AUC', 'difference to the first']
    if with_areas := with_areas and not areas.keys().isdisjoint(found):
        columns.append('receptive field')
    costs, lines = lsp_costs(), []
    for config, runs in found.items():
        cells = [linked(config)]
        if with_costs:
            parameters, macs, _ = counts(file_of(config))
            cells += [f'{parameters:.2f}', f'{macs:.3f}']
            if cost := costs.get(config):
                cells += [f'{cost["inference_ms"]:.0f}', f'{cost["inference_mb"]:.0f}']
            else:
                cells += [MISSING, MISSING]
        cells += [', '.join(f'{run["pck"]:.1f}' for run in runs)]
        cells += [f'{np.mean([run["auc"] for run in runs]):.1f}']
        cells += ['' if config == first else difference(runs, found[first])]
        if with_areas:
            cells.append(f'{100 * areas[config]["area"]:.0f} %' if config in areas else MISSING)
        lines.append(cells)
    return table(columns, lines)


def people_table() -> str:
    """Configs trained on few people: PCK, that on those people, and differences to the first."""
    rows = read('compared/people')
    lengths = sorted({(row['people'], row['epochs']) for row in rows})
    lines = []
    for config in by_config(rows):
        cells = [linked(config)]
        for length in lengths:
            found = by_config([row for row in rows if (row['people'], row['epochs']) == length])
            runs, first = found[config], found[rows[0]['config']]
            pcks = ', '.join(f'{run["pck"]:.1f} ({run["train_pck"]:.1f})' for run in runs)
            cells += [pcks or MISSING, difference(runs, first) if runs and runs != first else '']
        lines.append(cells)
    headers = (
        title
        for people, epochs in lengths
        for title in (f'{people} people, {epochs} epochs', 'difference to the first')
    )
    return table(('config', *headers), lines)
