"""Run a tool of the installed MMPose, unchanged, with the plugin and its patches loaded."""

import runpy
import sys
from pathlib import Path

import mmpose

import mmpose_sat  # noqa: F401 - applies the patches


def run(tool: str) -> None:
    """Run ``tool`` (relative to MMPose's ``tools``) as ``__main__`` with this command line."""
    package = Path(mmpose.__file__).parent
    for root in (package / '.mim', package.parent):  # an installed MMPose, and a source checkout
        script = root / 'tools' / tool
        if script.is_file():
            sys.argv[0] = str(script)
            runpy.run_path(str(script), run_name='__main__')
            return
    sys.exit(f'the installed MMPose at {package} has no tools/{tool}')
