"""Write tables and measured sentences of the pages from configs and recorded results."""

import re
import sys
from collections.abc import Callable
from functools import partial

from _accuracy_tables import (
    boxes_table,
    detectors_table,
    joints_table,
    parts_table,
    regularisers_table,
    trainings_table,
    weights_table,
)
from _command_line import parser_of
from _comparison_tables import compared_table, people_table
from _cost_tables import (
    BOX,
    CPM,
    DSNT,
    FLATTENET,
    INTEGRAL,
    counts_table,
    deploy_table,
    op_table,
    speed_table,
)
from _head_tables import (
    heads_people_table,
    heads_table,
    limits_table,
    longer_heads_table,
    losses_table,
)
from _sentences import fill_sentences
from _tables import ROOT

PAGES = (
    'README.md',
    'ops/README.md',
    'mmpose_sat/weights/README.md',
    *(
        f'configs/{name}/README.md'
        for name in ('box_conv_net', 'dsnt', 'integral', 'flattenet', 'u_context_cpm')
    ),
)


TABLES: dict[str, Callable[[], str]] = {
    'boxes': boxes_table,
    'compared_backbones': partial(compared_table, 'backbones'),
    'compared_backbones_60e': partial(compared_table, 'backbones_60e', with_areas=False),
    'compared_box_heads': partial(compared_table, 'box_heads'),
    'compared_contexts': partial(compared_table, 'contexts'),
    'compared_flattenet': partial(compared_table, 'flattenet'),
    'compared_tuned': partial(compared_table, 'tuned', with_costs=False),
    'counts': partial(counts_table, BOX),
    'cpm_counts': partial(counts_table, CPM),
    'trainings': trainings_table,
    'deploy': deploy_table,
    'detectors': detectors_table,
    'dsnt_counts': partial(counts_table, DSNT),
    'flattenet_counts': partial(counts_table, FLATTENET),
    'heads': partial(heads_table, 'lsp_r18'),
    'heads_box': partial(heads_table, 'lsp_box-conv-net', rates=False),
    'heads_r50': partial(heads_table, 'lsp_r50', rates=False),
    'heads_longer': longer_heads_table,
    'heads_people': heads_people_table,
    'integral_counts': partial(counts_table, INTEGRAL),
    'joints': joints_table,
    'limits': limits_table,
    'losses': losses_table,
    'op': op_table,
    'parts': parts_table,
    'people': people_table,
    'regularisers': regularisers_table,
    'speed': partial(speed_table, 'cpu_2threads'),
    'speed_compiled': partial(speed_table, 'cpu_2threads_compiled'),
    'speed_cpm': partial(speed_table, 'cpu_cpm'),
    'weights': weights_table,
}


def fill(text: str) -> str:
    """The page with all of its tables made anew.

    Raises:
        ValueError: A table has no end.
    """
    pattern = re.compile(
        r'(<!-- table: (\w+) [^\n]*-->\n)(?:(?!<!-- table:).)*?(<!-- end -->)', re.DOTALL
    )
    if len(pattern.findall(text)) != text.count('<!-- table:'):
        raise ValueError('a table has no <!-- end -->')
    return pattern.sub(lambda m: f'{m[1]}{TABLES[m[2]]()}\n{m[3]}', text)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('--check', action='store_true', help='only say whether pages are current')
    args = parser.parse_args()
    stale = []
    for name in PAGES:
        page = ROOT / name
        before = page.read_text()
        try:
            after = fill_sentences(name, fill(before))
        except ValueError as error:
            sys.exit(f'{name}: {error}')
        if after != before:
            stale.append(name)
            if not args.check:
                page.write_text(after)
    if args.check and stale:
        sys.exit(f'pages are not current: {", ".join(stale)}; run tools/update_tables.py')


if __name__ == '__main__':
    main()
