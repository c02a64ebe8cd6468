"""Keep a run's figures as a small JSON file that the tables of the pages are made from.

Run it right after the training, in its environment: commit and machine are read off at that time.
"""

import json
from pathlib import Path

from _command_line import parser_of
from _provenance import provenance
from _work_dir import config_as_run

from mmpose_sat.visualization import read_scalars


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        'run', type=Path, help='work directory of a training that has just ended here'
    )
    parser.add_argument(
        '--out', type=Path, default=Path('benchmarks/results'), help='folder of such files'
    )
    parser.add_argument('--final-eval', type=Path, help='JSON written by tools/final_eval.py')
    args = parser.parse_args()
    try:
        final = json.loads(args.final_eval.read_text()) if args.final_eval else None
        scalars = read_scalars(args.run)
        name, loaded = config_as_run(args.run)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    path = args.out / f'{name}.json'
    total = loaded.train_cfg.get('max_epochs') or loaded.train_cfg.get('max_iters')
    curves = {key: scalars[key] for key in scalars if key in scalars.validated}
    done = max((values[-1][0] for values in curves.values()), default=0)
    if done != total:
        parser.error(f'{args.run} was last validated at {done} of {total}: it is not finished')
    if path.is_file() and json.loads(path.read_text())['test'] and not args.final_eval:
        parser.error(f'{path} has figures of a test: name those of this run, --final-eval')
    if final and Path(final['config']).stem != name:
        parser.error(f'--final-eval is of {Path(final["config"]).stem}, the run of {name}')
    if final and Path(final['checkpoint']).resolve().parent != args.run.resolve():
        parser.error(f'--final-eval is of {final["checkpoint"]}, which is not in {args.run}')
    result = dict(
        config=name,
        seed=loaded.get('randomness', {}).get('seed'),
        batch_size=loaded.train_dataloader.batch_size,
        epochs=loaded.train_cfg.get('max_epochs'),
        **provenance(),
        curves=curves,
        test=final['metrics'] if final else None,
    )
    args.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result) + '\n')
    print(path)


if __name__ == '__main__':
    main()
