"""Sentences of the pages whose figures are measured: each with where its figures come from."""

import re
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
from _accuracy_tables import DEMO, ROUNDED, WEIGHTS
from _runs import at_best_rate
from _tables import read

OKS = ('oks/accuracy', 'oks/persons')
NATIVE = 'backend native'
BOX, R50 = 'box-conv-net', 'simple-baseline-r50-scratch'
OURS = ('DSNT', 'DSNT, JS', 'I*', 'I1')


def bounds(values: Iterable[float]) -> tuple[float, float]:
    """Smallest and largest."""
    found = list(values)
    return min(found), max(found)


def val(run: str, key: str = 'lsp/PCK') -> float:
    """A kept run's figure after its last epoch."""
    return read(f'results/{run}')['curves'][key][-1][1]


def test(run: str, key: str = 'lsp/PCK') -> float:
    return read(f'results/{run}')['test'][key]


def rounding() -> Iterable[float]:
    """Of the boxes of the weights: how far edges move, and what that and fine-tuning do."""
    rounded = read('results/rounded')
    pcks, aucs = (
        [rounded[when][f'lsp/{key}'] for when in ('before', 'after')] for key in ('PCK', 'AUC')
    )
    tuned = (val(ROUNDED, f'lsp/{key}') for key in ('PCK', 'AUC'))
    return rounded['moved'], pcks[0] - pcks[1], *pcks, *aucs, *tuned


def head(method: str, deconvolutions: int, network: str = 'r18') -> float:
    """PCK at its best rate, the mean over seeds."""
    key = (method, deconvolutions)
    rows = read(f'heads/lsp_{network}')
    own = [row for row in rows if (row['method'], row['deconvolutions']) == key]
    return float(np.mean([row['pck'] for row in at_best_rate(own)]))


def leads(over: str, deconvolutions: int) -> tuple[float, float]:
    """Of DSNT and integral regression over another head."""
    return bounds(head(name, deconvolutions) - head(over, deconvolutions) for name in OURS)


def copies(file: str, key: str, operator: str) -> list[float]:
    """Times in copies of the input, kernel by kernel."""
    rows = read(f'op/{file}')['rows']
    return [row[key] / row['copy_ms'] for row in rows if row['operator'].startswith(operator)]


def errors(operator: str) -> float:
    """Largest over RMS."""
    rows = read('op/cpu_1thread')['rows']
    return max(row['error_over_rms'] for row in rows if row['operator'] == operator)


def times(file: str, over: str, key: str = 'total_ms') -> Iterable[float]:
    """Native kernels' milliseconds of one file over those of another, by kernel."""
    ms = [
        {row['kernel_size']: row[key] for row in found if row['operator'] == NATIVE}
        for found in (read(f'op/{name}')['rows'] for name in (file, over))
    ]
    return (ms[0][size] / ms[1][size] for size in ms[0].keys() & ms[1].keys())


def of_people(name: str, people: int) -> float:
    """PCK of a config of BoxConvNet's page with so many people."""
    rows = read('compared/people')
    (found,) = (
        row['pck']
        for row in rows
        if row['config'] == f'{name}_15e_lsp-128x96' and row['people'] == people and not row['seed']
    )
    return found


def growth() -> list[float]:
    """How many times as long as the smallest kernel the largest takes, forward and backward."""
    rows = read('op/cpu_1thread')['rows']
    fastest, slowest = bounds(row['total_ms'] for row in rows if row['operator'] == NATIVE)
    return [slowest / fastest]


def pieces() -> Iterable[float]:
    for number, key in product((2, 4), ('forward_ms', 'total_ms')):
        yield from bounds(copies('cpu_1thread_pieces', key, f'in pieces: {number}'))


SENTENCES: dict[str, dict[str, Callable[[], Iterable[float]]]] = {
    'README.md': {
        'PCK@0.2 of {:.1f} on the test images of Leeds': lambda: [test(WEIGHTS)],
        'with its gradient, k = 49 takes {:.1f} times as long as k = 3': growth,
        'Given 60 epochs, `BoxConvNet` has {:.1f}, its 3x3 twin {:.1f}, one with dilated kernels '
        '{:.1f}, ResNet-50 {:.1f}': lambda: (row['pck'] for row in read('compared/backbones_60e')),
        'It places the joints of {:.1f} % of {:.0f} rendered people': lambda: [
            test(DEMO, key) for key in OKS
        ],
    },
    'configs/box_conv_net/README.md': {
        'take {:.1f} times as long for 49x49 as for 3x3': growth,
        'All people, seen as often as 400 were, give BoxConvNet another {:.1f}, plain kernels '
        '{:.1f}, dilated ones {:.1f}, and SimpleBaseline-R50, which knows them all by heart, '
        '{:.1f}: its distance grows from {:.0f} to {:.0f}.': lambda: [
            *(
                of_people(name, 800) - of_people(name, 400)
                for name in (BOX, f'{BOX}-conv3x3', f'{BOX}-dilated', R50)
            ),
            *(of_people(BOX, people) - of_people(R50, people) for people in (400, 800)),
        ],
        'validates on: {:.1f} % of {:.0f} have an OKS of 0.5 or more. Of a third split, which '
        'nothing was chosen on, it is {:.1f} % of {:.0f}:': lambda: [
            of(DEMO, key) for of in (val, test) for key in OKS
        ],
        'Rounding moves an edge by {:.2f} px on average and costs {:.1f} PCK ({:.1f} to {:.1f} on '
        'the validation split, AUC {:.1f} to {:.1f}), an epoch of fine-tuning brings most of it '
        'back ({:.1f}, AUC {:.1f}, validated in bfloat16)': rounding,
    },
    'configs/integral/README.md': {
        'DSNT and integral regression are {:.0f} to {:.0f} PCK above heatmap matching with '
        "MMPose's standard codec and {:.0f} to {:.0f} above UDP; at 8x6 they are {:.0f} to {:.0f} "
        'above the one': lambda: [
            *leads('heatmap', 0), *leads('heatmap, UDP', 0), *leads('heatmap', 1)
        ],
        "Integral regression is {:.0f} to {:.0f} PCK above MMPose's head": lambda: bounds(
            head(name, size) - head('MMPose IntegralRegressionHead', size)
            for name, size in product(('I*', 'I1'), range(4))
        ),
        "DSNT with JS is {:.0f} above MMPose's `DSNTHead` at 4x3 cells (without: {:.0f}), {:.0f} "
        'at 8x6': lambda: [
            head(name, size) - head('MMPose DSNTHead', size)
            for name, size in (('DSNT, JS', 0), ('DSNT', 0), ('DSNT, JS', 1))
        ],
        'it gives {:.1f} with heatmap matching, {:.1f} with DSNT and JS and {:.1f} with I*:': (
            lambda: [head(name, 2, 'r18_init') for name in ('heatmap', 'DSNT, JS', 'I*')]
        ),
        'by {:.0f} to {:.0f} PCK at 8x6, heatmap matching from 16x12 on': lambda: bounds(
            head(name, 1, 'r50') - head('heatmap', 1, 'r50') for name in ('DSNT, JS', 'I*')
        ),
        'augmentation out (all 800 with it: {:.1f} and {:.1f})': lambda: [
            head(name, 2) for name in ('heatmap', 'DSNT, 10 JS')
        ],
        'begin with a heatmap loss are {:.1f} to {:.1f} PCK ahead of I*': lambda: bounds(
            head(name, 2) - head('I*', 2) for name in ('I1', 'I2', 'I3')
        ),
        'at 8x6 {:.0f} PCK ahead, and the integral, which hardly loses anything on the way down, '
        '{:.0f} (one seed': lambda: [
            head(name, 1, 'box-conv-net') - head('heatmap', 1, 'box-conv-net')
            for name in ('DSNT, 10 JS', 'I*')
        ],
    },
    'ops/README.md': {
        'A forward pass of the native kernels takes {:.1f} to {:.1f} copies': lambda: bounds(
            copies('cpu_1thread', 'forward_ms', NATIVE)
        ),
        'Their largest error over RMS is {:.0e} (': lambda: [errors(NATIVE)],
        'the summed-area table as the paper writes it is off by up to {:.0e}.': lambda: [
            errors('summed-area table, 16 taps')
        ],
        'Two threads are {:.1f} to {:.1f} times as fast': lambda: bounds(
            times('cpu_1thread', 'cpu_2threads')
        ),
        'boxes of random sizes take up to {:.1f} times as long forward, {:.1f} times both ways': (
            lambda: (
                max(times('cpu_1thread_random', 'cpu_1thread', key))
                for key in ('forward_ms', 'total_ms')
            )
        ),
        'a layer of two pieces takes {:.0f} to {:.0f} copies forward and {:.0f} to {:.0f} both '
        'ways, one of four {:.0f} to {:.0f} and {:.0f} to {:.0f} (': pieces,
    },
}  # fmt: skip


FIGURE = r'[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?'


def fill_sentences(page: str, text: str) -> str:
    """The page's text with the figures of its sentences made anew; lines may break anywhere.

    Raises:
        ValueError: The page lacks one of its sentences.
    """
    for sentence, figures in SENTENCES.get(page, {}).items():
        words = re.split(r'\{.*?\}', sentence)
        parts = [r'\s+'.join(map(re.escape, part.split(' '))) for part in words]
        match = re.search(FIGURE.join(f'({part})' for part in parts), text)
        if match is None:
            raise ValueError(f'there is no sentence {sentence!r}')
        formats = re.findall(r'\{.*?\}', sentence)
        made = [form.format(figure) for form, figure in zip(formats, figures(), strict=True)]
        kept = match.groups()
        line = ''.join(f'{part}{figure}' for part, figure in zip(kept, [*made, ''], strict=True))
        text = text[: match.start()] + line + text[match.end() :]
    return text
