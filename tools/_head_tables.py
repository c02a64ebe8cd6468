"""Tables of heads compared on real people, from the results that runs left."""

from collections import defaultdict

import numpy as np
from _runs import at_best_rate
from _tables import MISSING, read, table

USUAL_RATE = 3e-3


def _of_head(
    rows: list[dict], method: str, size: int, beside: str = 'auc', rates: bool = True
) -> str:
    """PCK (AUC, or another figure) of a head at the best of its rates, with one size of heatmaps.

    The rate is named where it is not the usual one; a raised 1 marks that no other was tried.
    Without ``rates``, neither.
    """
    found = [row for row in rows if (row['method'], row['deconvolutions']) == (method, size)]
    if not found:
        return MISSING
    best = at_best_rate(found)
    pck, other = np.array([(row['pck'], row[beside]) for row in best]).T
    spread = f' ± {pck.std(ddof=1):.1f}' if len(pck) > 1 else ''
    alone = '' if len({row['lr'] for row in found}) > 1 else '¹'
    rate = '' if best[0]['lr'] == USUAL_RATE else f' at {best[0]["lr"]:g}'
    return f'{pck.mean():.1f}{spread} ({other.mean():.1f})' + (alone + rate if rates else '')


LOSSES = ('R1', 'H1', 'H2', 'H3', 'I*', 'I1', 'I2', 'I3')  # of the integral paper's Table 1


def losses_table() -> str:
    """A column for each loss of integral regression and its baselines, at 16x12 cells."""
    rows = read('heads/lsp_r18')
    cells = (_of_head(rows, loss, 2) for loss in LOSSES)
    return table(('', *LOSSES), [('PCK@0.2 (AUC)', *cells)])


def heads_table(name: str, rates: bool = True) -> str:
    """Rows are heads, columns sizes of the heatmap; heads of one size are in losses_table."""
    rows = read(f'heads/{name}')
    sizes = sorted({row['deconvolutions'] for row in rows})
    methods = dict.fromkeys(row['method'] for row in rows if row['deconvolutions'] != 2)
    lines = [
        (method, *(_of_head(rows, method, size, rates=rates) for size in sizes))
        for method in methods
    ]
    return table(('head', *(f'{4 << size}x{3 << size} cells' for size in sizes)), lines)


def longer_heads_table() -> str:
    """Heads at 16x12 cells after the usual 15 epochs, and after 60."""
    usual, longer = read('heads/lsp_r18'), read('heads/lsp_r18_60e')
    methods = dict.fromkeys(row['method'] for row in longer)
    lines = [
        (method, *(_of_head(rows, method, 2) for rows in (usual, longer))) for method in methods
    ]
    return table(('head', '15 epochs', '60 epochs'), lines)


def heads_people_table() -> str:
    """Heads at 16x12 cells, few people, no augmentation: PCK, and that on the same people."""
    rows = read('heads/lsp_r18_people')
    numbers = sorted({row['people'] for row in rows})
    of = {number: [row for row in rows if row['people'] == number] for number in numbers}
    methods = dict.fromkeys(row['method'] for row in rows)
    lines = [
        (method, *(_of_head(of[number], method, 2, 'train_pck') for number in numbers))
        for method in methods
    ]
    return table(('head', *(f'{number} people' for number in numbers)), lines)


def limits_table() -> str:
    """Rows are codecs, columns sizes of the heatmap: what perfect heatmaps decode to."""
    limits: dict[str, dict] = defaultdict(dict)
    for row in read('heads/lsp_limits'):
        metrics = row['metrics']
        cell = f'{metrics["lsp/PCK"]:.1f} ({metrics["lsp/AUC"]:.1f})'
        limits[row['codec']]['{1}x{0} cells'.format(*row['heatmap_size'])] = cell
    sizes = list(next(iter(limits.values())))
    rows = ((codec, *(found[size] for size in sizes)) for codec, found in limits.items())
    return table(('codec', *sizes), rows)
