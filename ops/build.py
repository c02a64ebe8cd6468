"""Compile the native kernels into ``ops/mmpose_sat_ops/libmmpose_sat_ops.so``.

Usage: ``python ops/build.py [--force]``. Does nothing when sources, compilers and PyTorch's version
are those of the library in place. Needs g++ or clang++ and the headers that PyTorch >= 2.10 brings.
Kernels for GPUs are built when nvcc is on the PATH or in ``$CUDA_HOME/bin``, unless
``MMPOSE_SAT_CUDA=0`` says to leave them out.
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
NVCC_FLAGS = ['-O3', '--threads', '0', '--expt-relaxed-constexpr', '--extended-lambda']
NVCC_FLAGS += ['-Xcompiler', '-fPIC,-fvisibility=hidden', '-Xfatbin', '-compress-all']
#: Compute capabilities with machine code of their own; the last one's PTX serves those to come.
CUDA_ARCHITECTURES = (75, 80, 90, 100, 120)


def run(command: list[str]) -> str:
    """Run a command and return what it printed; on failure exit with it."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f'ops/build.py: failed: {" ".join(command)}\n{done.stdout[-4000:]}')
    return done.stdout


def find_nvcc() -> str | None:
    """The CUDA compiler, or ``None`` to build for the CPU only."""
    if os.environ.get('MMPOSE_SAT_CUDA') == '0':
        return None
    home = os.environ.get('CUDA_HOME', '/usr/local/cuda')
    return shutil.which('nvcc') or shutil.which('nvcc', path=f'{home}/bin')


def architecture_flags(nvcc: str) -> list[str]:
    """Those of CUDA_ARCHITECTURES that this compiler knows."""
    known = run([nvcc, '--list-gpu-arch']).split()
    chosen = [a for a in CUDA_ARCHITECTURES if f'compute_{a}' in known]
    if not chosen:
        sys.exit(f'ops/build.py: {nvcc} knows none of {CUDA_ARCHITECTURES}; MMPOSE_SAT_CUDA=0')
    codes = [(a, f'sm_{a}') for a in chosen] + [(chosen[-1], f'compute_{chosen[-1]}')]
    return [flag for a, code in codes for flag in ('-gencode', f'arch=compute_{a},code={code}')]


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
    nvcc = find_nvcc()
    compilers = run([*compiler, '--version']) + (run([nvcc, '--version']) if nvcc else '')
    recipe = hashlib.sha256(f'{metadata.version("torch")} {compilers}'.encode())
    for path in sorted([*SOURCES.iterdir(), Path(__file__)]):
        recipe.update(path.read_bytes())
    stamp = LIBRARY.with_suffix('.stamp')
    in_place = stamp.read_text() if LIBRARY.is_file() and stamp.is_file() else None
    if in_place == recipe.hexdigest() and not force:
        return LIBRARY
    duration = 'one minute, of which all but seconds for GPUs' if nvcc else 'some seconds'
    print(f'ops/build.py: compiling the native kernels ({duration})', file=sys.stderr)
    logging.getLogger('torch.utils.cpp_extension').setLevel(logging.ERROR)  # no GPU is no news
    from torch.utils.cpp_extension import include_paths, library_paths

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        headers = [flag for path in include_paths() for flag in ('-isystem', path)]
        headers.append(f'-std=c++{20 if torch >= (2, 14) else 17}')  # as torch's own
        # What the objects share is taken from the first: it must run everywhere.
        commands = {}
        for name, options in INSTRUCTION_SETS.items():
            options = [*options, f'-DMMPOSE_SAT_ISA={name}', str(SOURCES / 'cpu_kernels.cpp')]
            commands[f'{folder}/{name}.o'] = [*compiler, *FLAGS, *headers, *options]
        # Only what PyTorch 2.10 has, so that the library runs with every later version.
        options = ['-DTORCH_TARGET_VERSION=0x020a000000000000']
        libraries = [*(f'-L{path}' for path in library_paths()), '-ltorch_cpu']
        if nvcc:
            options.append('-DMMPOSE_SAT_CUDA')
            source = [*architecture_flags(nvcc), str(SOURCES / 'cuda_kernels.cu')]
            commands[f'{folder}/cuda.o'] = [nvcc, *NVCC_FLAGS, *headers, *source]
        for name in ('library', 'batch_norm', 'shuffle', 'shuffle_stage'):
            source = [*options, str(SOURCES / f'{name}.cpp')]
            commands[f'{folder}/{name}.o'] = [*compiler, *FLAGS, *headers, *source]
        list(pool.map(lambda c: run([*c[1], '-c', '-o', c[0]]), commands.items()))
        output = f'{folder}/library.so'
        hidden = ['-Xlinker', '--exclude-libs', '-Xlinker', 'ALL']
        linker = [nvcc] if nvcc else compiler  # nvcc adds its runtime, statically
        run([*linker, '-shared', *commands, *libraries, *hidden, '-o', output])
        fresh = LIBRARY.with_suffix('.new')
        shutil.copy(output, fresh)
        fresh.replace(LIBRARY)  # at once: another process may be loading it
    stamp.write_text(recipe.hexdigest())
    return LIBRARY


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--force', action='store_true', help='compile even if nothing has changed')
    print(build(**vars(parser.parse_args())))
