"""Build hook: compile the library into the wheel, which then serves every CPython 3."""

import runpy
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeLibrary(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == 'editable':
            return
        runpy.run_path(str(Path(self.root) / 'build.py'))['build']()
        # No Python header is used, so any CPython 3 loads it.
        platform = sysconfig.get_platform().replace('-', '_').replace('.', '_')
        build_data.update(pure_python=False, tag=f'py3-none-{platform}')
