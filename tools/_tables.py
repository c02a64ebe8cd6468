"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns' names, a rule, and a line for each row."""
    lines = [f'| {" | ".join(cells)} |' for cells in (columns, *rows)]
    return '\n'.join([lines[0], '|---' * len(columns) + '|', *lines[1:]])
