"""Draw the accuracy of heads over latency and memory, from results of two other tools.

``tools/compare_heads.py`` wrote the accuracies, ``tools/benchmark_model.py`` the costs of the
networks that ``compare_heads.py --configs`` wrote. Networks without costs are left out.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from _command_line import parser_of
from _runs import at_best_rate
from compare_heads import network

from mmpose_sat.visualization import plot_tradeoff


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('accuracies', type=Path)
    parser.add_argument('costs', type=Path)
    parser.add_argument('--depth', type=int, default=18, help='of the ResNet')
    parser.add_argument('--out', default='tradeoff.png')
    args = parser.parse_args()
    measured = json.loads(args.costs.read_text())
    costs = {row['config']: row for row in measured['rows']}
    runs: dict[str, dict[int, list]] = defaultdict(lambda: defaultdict(list))
    for row in json.loads(args.accuracies.read_text()):
        runs[row['method']][row['deconvolutions']].append(row)
    methods = {}
    for method, sizes in runs.items():
        found = [
            (
                cost['inference_ms'],
                cost['training_mb'],
                np.mean([row['pck'] for row in at_best_rate(rows)]),
            )
            for size, rows in sorted(sizes.items())
            if (cost := costs.get(network(method, size, args.depth)))
        ]
        if found:
            methods[method] = found
    if not methods:
        parser.error(f'{args.costs} has none of the networks in {args.accuracies}')
    batch = measured['rows'][0]['batch']
    axes = (f'inference / ms, batch {batch}', 'peak memory of a training step / MB')
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    plot_tradeoff(methods, axes, 'PCK@0.2', args.out)
    print(args.out)


if __name__ == '__main__':
    main()
