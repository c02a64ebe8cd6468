"""Compile the native kernels into ``ops/mmpose_sat_ops/libmmpose_sat_ops.so``.

Usage: ``python ops/build.py [--force]``. Does nothing when sources, compiler and PyTorch's version
are those of the library in place. Needs g++ or clang++ and the headers that PyTorch >= 2.10 brings.
"""

import argparse
import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / 'src'
LIBRARY = ROOT / 'mmpose_sat_ops' / 'libmmpose_sat_ops.so'
FLAGS = ['-O3', '-fPIC', '-fopenmp-simd', '-fvisibility=hidden', '-Wall', '-Wextra']
AVX2 = ['-mavx2', '-mfma', '-mf16c']
# The table that cpu_kernels.cpp defines -> the instruction set it may use.
INSTRUCTION_SETS = {'portable': []}
if platform.machine() == 'x86_64':
    FLAGS.append('-DMMPOSE_SAT_X86')
    INSTRUCTION_SETS['avx2'] = AVX2
    INSTRUCTION_SETS['avx512'] = [
        *AVX2,
        *(f'-mavx512{part}' for part in ('f', 'vl', 'bw', 'dq')),
        '-mprefer-vector-width=512',
    ]


def run(command: list[str]) -> str:
    """Run a command and return what it printed; on failure exit with it."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f'ops/build.py: failed: {" ".join(command)}\n{done.stdout[-4000:]}')
    return done.stdout


def build(force: bool = False) -> Path:
    """Compile unless the library is up to date; return its path."""
    compiler = shlex.split(os.environ.get('CXX', 'c++'))
    if shutil.which(compiler[0]) is None:
        sys.exit(f'ops/build.py: no compiler {compiler[0]!r} (Debian: apt-get install g++)')
    try:
        torch = tuple(int(part) for part in metadata.version('torch').split('.')[:2])
    except metadata.PackageNotFoundError:
        sys.exit('ops/build.py: no torch here; pip needs --no-build-isolation to see yours')
    if torch < (2, 10):
        sys.exit(f'ops/build.py: needs torch >= 2.10, this is {metadata.version("torch")}')
    recipe = hashlib.sha256(f'{metadata.version("torch")} {run([*compiler, "--version"])}'.encode())
    for path in sorted([*SOURCES.iterdir(), Path(__file__)]):
        recipe.update(path.read_bytes())
    stamp = LIBRARY.with_suffix('.stamp')
    in_place = stamp.read_text() if LIBRARY.is_file() and stamp.is_file() else None
    if in_place == recipe.hexdigest() and not force:
        return LIBRARY
    print('ops/build.py: compiling the native kernels (some seconds)', file=sys.stderr)
    logging.getLogger('torch.utils.cpp_extension').setLevel(logging.ERROR)  # no GPU is no news
    from torch.utils.cpp_extension import include_paths, library_paths

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        compiled: dict[str, list[str]] = {}
        for name, options in INSTRUCTION_SETS.items():
            source, target = str(SOURCES / 'cpu_kernels.cpp'), f'{folder}/{name}.o'
            compiled[target] = [*options, f'-DMMPOSE_SAT_ISA={name}', '-c', source, '-o', target]
        target = f'{folder}/library.o'
        headers = [flag for path in include_paths() for flag in ('-isystem', path)]
        flags = [*FLAGS, *headers, f'-std=c++{20 if torch >= (2, 14) else 17}']  # as torch's own
        # Only what PyTorch 2.10 has, so that the library runs with every later version.
        stable = '-DTORCH_TARGET_VERSION=0x020a000000000000'
        source = str(SOURCES / 'library.cpp')
        compiled[target] = [stable, '-c', source, '-o', target]
        list(pool.map(lambda options: run([*compiler, *flags, *options]), compiled.values()))
        paths = [f'-L{path}' for path in library_paths()]
        output = f'{folder}/library.so'
        # The portable object first: what the objects share is taken from it.
        run(
            [*compiler, '-shared', *sorted(compiled, key=lambda t: 'portable' not in t)]
            + [*paths, '-ltorch_cpu', '-o', output]
        )
        fresh = LIBRARY.with_suffix('.new')
        shutil.copy(output, fresh)
        fresh.replace(LIBRARY)  # at once: another process may be loading it
    stamp.write_text(recipe.hexdigest())
    return LIBRARY


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--force', action='store_true', help='compile even if nothing has changed')
    print(build(**vars(parser.parse_args())))
