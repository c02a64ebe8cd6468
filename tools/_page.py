"""Parts of an HTML page that needs nothing else: tables, and pictures inside the text."""

import base64
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from cycler import cycler
from markupsafe import Markup, escape

INK, ACCENT = '#010203', '#040506'  # stand for colours of the page, which is light or dark
STYLE: dict[Any, Any] = {
    'svg.fonttype': 'none',
    'savefig.transparent': True,
    'axes.prop_cycle': cycler(color=[ACCENT]),
    'axes.spines.top': False,
    'axes.spines.right': False,
    'legend.frameon': False,
    **{f'{name}color': INK for name in ('text.', 'axes.edge', 'axes.label', 'xtick.', 'ytick.')},
}


@dataclass
class Table:
    caption: str
    head: Sequence[object]
    rows: Sequence[Sequence[object]]  # the first cell names the row


@dataclass
class Section:
    """What the template draws: a sentence, tables, and pictures with captions, side by side."""

    note: str = ''
    tables: Sequence[Table] = ()
    figures: Sequence[tuple[Markup, str]] = ()
    width: float = 20  # rem that a picture wants at least
    empty: str = ''  # why there is nothing else


def svg(alt: str, draw: Callable[[Path], object]) -> Markup:
    """What ``draw`` writes to a file, as an element of the page and in its colours."""
    with tempfile.TemporaryDirectory() as folder, matplotlib.rc_context(STYLE):
        path = Path(folder) / 'picture.svg'
        draw(path)
        text = path.read_text()
    text = text[text.index('<svg') :]
    # Names of groups would occur twice in a page; HTML knows the namespaces by itself.
    text = re.sub(
        r'<metadata>.*?</metadata>|(?<=<g) id="[^"]*"| xmlns(:\w+)?="[^"]*"', '', text, flags=re.S
    )
    text = text.replace(INK, 'currentColor').replace(ACCENT, 'var(--accent)')
    return Markup(text.replace('<svg', f'<svg role="img" aria-label="{escape(alt)}"', 1))


def photograph(image: np.ndarray, alt: str) -> Markup:
    """A picture (H, W, 4), RGB and opacity, as an element of the page."""
    _, data = cv2.imencode('.webp', image[..., [2, 1, 0, 3]], [cv2.IMWRITE_WEBP_QUALITY, 85])
    source = f'data:image/webp;base64,{base64.b64encode(data.tobytes()).decode()}'
    size = Markup('width="{1}" height="{0}"').format(*image.shape)
    return Markup('<img src="{}" alt="{}" {} loading="lazy">').format(source, alt, size)
