"""What pages are made of: tables in Markdown, and the files that results are kept in."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MISSING = 'not measured'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns' names, a rule, and a line for each row."""
    lines = [f'| {" | ".join(cells)} |' for cells in (columns, *rows)]
    return '\n'.join([lines[0], '|---' * len(columns) + '|', *lines[1:]])


@cache
def read(name: str) -> Any:
    """A file of the benchmarks, by its path there without suffix."""
    return json.loads((ROOT / 'benchmarks' / f'{name}.json').read_text())
