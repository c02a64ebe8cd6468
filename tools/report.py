"""Write what a training run has left as one HTML page that needs nothing else.

Takes the work directory of a run that has ended, was interrupted or is still going on. A section
whose ingredients are missing says so in a line. Networks run on the CPU.
"""

import contextlib
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from _arguments import input_size
from _command_line import parser_of
from _page import Section
from _provenance import commit, machine
from _sections import SECTIONS, number
from _work_dir import Missing, WorkDir, of_trainings
from get_flops import count
from jinja2 import Environment, FileSystemLoader

import mmpose_sat


def attempt(function: Callable[[WorkDir], Section], run: WorkDir) -> Section:
    """A section, or why it is empty: a page of an unusual run is worth having without it."""
    try:
        return function(run)
    except Missing as reason:
        return Section(empty=str(reason))
    except Exception as error:
        text = f'{type(error).__name__}: {error}'.strip().splitlines()[0]
        print(f'report: {function.__name__}: {text}', file=sys.stderr)
        return Section(empty=f'This section could not be made: {text}')


def data(config: dict) -> str:
    """A data set in words: its class, or those of its parts, and what it reads."""
    if 'type' not in config:
        return ''
    if 'datasets' in config:
        return ' + '.join(map(data, config['datasets']))
    if 'dataset' in config:
        return data(config['dataset'])
    ids = config.get('id_range')
    chosen = f', ids {ids[0]} to {ids[1]}' if ids else ''
    return f'{config["type"].split(".")[-1]} ({config.get("ann_file", "")}{chosen})'


def key_figures(run: WorkDir) -> dict[str, str]:
    """What is to be seen first."""
    key = {}
    with contextlib.suppress(Missing):
        name, values = next(iter(run.metrics.items()))
        key[name] = number(values[-1][1])
    total = run.train_cfg.get('max_epochs' if run.by_epoch else 'max_iters', '?')
    key[f'{run.step}s'] = f'{run.done} of {total}'
    try:
        parameters, macs = count(run.config)['total']
        key |= {'parameters': f'{parameters:,}', 'GMAC': f'{macs / 1e9:.4g}'}
    except Exception as error:  # not a top-down network
        print(f'report: parameters and GMAC: {error}', file=sys.stderr)
    return key


def facts(run: WorkDir) -> dict[str, str]:
    """What was run, on what and when, by the config and the logs."""
    train, val = (run.config.get(f'{kind}_dataloader') or {} for kind in ('train', 'val'))
    size = input_size(run.config) if 'codec' in run.config else None
    starts = [path.parents[1] for path in of_trainings(run.folder.glob('*/vis_data/config.py'))]
    paths = sorted(path for start in starts for path in start.glob('*.log'))
    logs = [path.read_text(errors='replace') for path in paths]
    days = [re.findall(r'^(\d{4}/\d\d/\d\d \d\d:\d\d)', log, re.M) for log in logs]
    versions = re.findall(r'^ +((?:PyTorch|MMEngine): \S+)', logs[-1], re.M) if logs else []
    device = re.search(r'^ +GPU 0\S*: (.+)', logs[-1], re.M) if logs else None
    spans = ', '.join(f'{times[0]} to {times[-1]}' for times in days if times)
    tools = ', '.join([device[1] if device else 'CPU', *versions])
    found = {
        'Training data': data(train.get('dataset', {})),
        'Validation data': data(val.get('dataset', {})),
        'Input': f'{size[0]} x {size[1]} px, height x width' if size else '',
        'Batch': str(train.get('batch_size', '')),
        'Seed': 'not fixed' if run.seed is None else str(run.seed),
        'Trained': spans.replace('/', '-'),
        'Trained on': tools.replace(':', '') if logs else '',
    }
    return {term: value for term, value in found.items() if value}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('work_dir', type=Path, help='as tools/train.py leaves it')
    parser.add_argument('--out', type=Path, default=Path('report.html'))
    parser.add_argument('--data-root', help='validation data, where the config names another place')
    parser.add_argument(
        '--people', type=int, default=400, help='people to evaluate at most, spread over the data'
    )
    args = parser.parse_args()
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            run = WorkDir(args.work_dir, args.people, Path(scratch), args.data_root)
        except (FileNotFoundError, ValueError) as error:
            sys.exit(f'report: {error}')
        page = environment.get_template('report.html').render(
            name=run.name,
            key=key_figures(run),
            facts=facts(run),
            sections={title: attempt(function, run) for title, function in SECTIONS.items()},
            made=f'Made {datetime.now():%Y-%m-%d %H:%M} by mmpose_sat {mmpose_sat.__version__}, '
            f'commit {commit()}, on {machine("cpu")}.',
        )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page, encoding='utf-8')
    print(args.out)


if __name__ == '__main__':
    main()
