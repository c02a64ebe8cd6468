"""Name what is wrong with this environment for MMPose and mmpose_sat, and the fix."""

import importlib
import sys
from collections.abc import Callable
from importlib import metadata

CHECKS: list[Callable[[], str | None]] = []
# Names under which a package is installed: its own, and that of the maintained fork.
MMCV = ('mmcv', 'onedl-mmcv')
MMENGINE = ('mmengine', 'onedl-mmengine')
MMDET = ('mmdet', 'onedl-mmdetection')


def check(function: Callable[[], str | None]) -> Callable[[], str | None]:
    """Add a check: it returns a problem with its fix, or None."""
    CHECKS.append(function)
    return function


def version(*names: str) -> tuple[int, ...] | None:
    """Version of the first distribution that is installed, as numbers."""
    for name in names:
        try:
            text = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return tuple(int(part) for part in text.split('+')[0].split('.')[:3] if part.isdigit())
    return None


def failure(module: str) -> Exception | None:
    """Why a module does not import, or None."""
    try:
        importlib.import_module(module)
    except Exception as error:
        return error
    return None


@check
def packages() -> str | None:
    wanted = (('torch',), ('torchvision',), MMENGINE, MMDET, ('mmpose',))
    missing = [names[0] for names in wanted if version(*names) is None]
    if version(*MMCV) is None:
        missing.append('mmcv (with operators: MMCV_WITH_OPS=1 pip install --no-build-isolation)')
    return f'not installed: {", ".join(missing)}' if missing else None


@check
def mmcv_version() -> str | None:
    mmcv, mmdet = version(*MMCV), version('mmdet')
    if mmcv and mmdet and mmcv >= (2, 2) and mmdet <= (3, 3, 0):
        return (
            'mmdet 3.3.0 refuses mmcv >= 2.2 and takes mmpose.apis with it: install mmcv 2.1.0, or '
            'onedl-mmdetection in place of mmdet'
        )
    return None


@check
def mmcv_operators() -> str | None:
    if error := failure('mmcv.ops'):
        return (
            f'mmcv.ops does not import ({error}): build it against this torch, MMCV_WITH_OPS=1 pip '
            'install --no-build-isolation --no-deps --force-reinstall --no-cache-dir mmcv==2.1.0'
        )
    return None


@check
def torch_for_mmcv() -> str | None:
    torch, mmcv = version('torch'), version('mmcv')
    if torch and torch >= (2, 14) and (mmcv <= (2, 2, 0) if mmcv else not version('onedl-mmcv')):
        return 'mmcv forces C++17 and torch >= 2.14 needs C++20 to build it: use torch <= 2.13'
    return None


@check
def torchvision() -> str | None:
    try:
        importlib.import_module('torchvision')
    except Exception as error:
        return (
            f'torchvision does not import ({error}): install torch and torchvision in one command, '
            'both from the same index'
        )
    return None


@check
def setuptools() -> str | None:
    found = version('setuptools')
    if found is None or found >= (82,):
        return (
            "MMEngine's 'mmpose::' configs import pkg_resources, which setuptools >= 82 lacks: "
            "pip install 'setuptools<81'"
        )
    return None


@check
def xtcocotools() -> str | None:
    try:
        importlib.import_module('xtcocotools.coco')
    except ValueError as error:
        return (
            f'xtcocotools was built for another NumPy ({error}): pip install numpy==1.26.4, or pip '
            'install cython, then pip install --no-build-isolation --no-deps --force-reinstall '
            '--no-cache-dir --no-binary xtcocotools xtcocotools'
        )
    except ImportError as error:
        return f'xtcocotools does not import: {error}'
    return None


@check
def opencv() -> str | None:
    if error := failure('cv2'):
        return (
            f'cv2 does not import ({error}): opencv-python needs libGL and GLib (Debian: apt-get '
            'install libgl1 libglib2.0-0)'
        )
    return None


@check
def numpy_drawing() -> str | None:
    found = version('numpy')
    if found and found >= (2, 4):
        return 'MMPose cannot draw on numpy >= 2.4 (only 0-dimensional arrays ...): use numpy < 2.4'
    return None


@check
def patches() -> str | None:
    try:
        from mmpose_sat import compat

        applied = compat.apply()
    except Exception as error:
        is_absent = getattr(error, 'name', None) == 'mmpose_sat'
        fix = ': pip install . in its folder, or put the folder on PYTHONPATH' if is_absent else ''
        return f'mmpose_sat does not import ({error}){fix}'
    if missing := sorted(compat.PATCHES.keys() - set(applied)):
        reasons = {str(error) for error in compat.ERRORS.values()}
        return (
            f'patches {missing} are not in force: '
            + ('; '.join(sorted(reasons)) or 'MMPOSE_SAT_SKIP_PATCHES leaves them out')
            + ' ("Weights only load failed" comes of safe_checkpoints)'
        )
    return None


def main() -> None:
    problems = [problem for problem in (function() for function in CHECKS) if problem]
    for problem in problems:
        print(f'doctor: {problem}')
    print(f'doctor: {len(CHECKS)} checks, {len(problems)} problems')
    sys.exit(bool(problems))


if __name__ == '__main__':
    main()
