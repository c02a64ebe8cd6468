#!/usr/bin/env bash
# Create or update the project's virtual environment from a lock file; does nothing when it is in place.
# Usage: tools/setup_env.sh [VENV [LOCK]]      PYTHON=... chooses the interpreter
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${1:-$root/.venv}
lock=${2:-$root/requirements.lock}
need_gib=8

fail() { echo "setup: $*" >&2; exit 1; }

stamp=$( (echo "$root"; cat "$lock" "${BASH_SOURCE[0]}") | sha256sum | cut -d' ' -f1)
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi

supported() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }
python=
for candidate in ${PYTHON:-python3 python3.11 python3.12}; do
  if supported "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || fail "needs CPython 3.11 or 3.12 with the venv module; set PYTHON=/path/to/python3.11"
headers='import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
"$python" -c "$headers" || fail "needs Python's headers to build mmcv (Debian: apt-get install python3-dev)"
command -v c++ >/dev/null || fail "needs a C++ compiler to build mmcv (Debian: apt-get install g++)"
mkdir -p "$venv" || fail "cannot write to $venv"
free_gib=$(($(df -Pk "$venv" | awk 'NR==2 {print $4}') / 1048576))
if [ ! -e "$venv/.stamp" ] && [ "$free_gib" -lt "$need_gib" ]; then
  fail "needs $need_gib GiB of free disk space for $venv, found $free_gib GiB"
fi

log=$venv.log
: > "$log"
step() { # step TITLE COMMAND...: run quietly, show that it is alive, show the log's end if it fails
  local title=$1 start=$SECONDS pid; shift
  echo "setup: $title"
  "$@" >>"$log" 2>&1 &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    sleep 1
    if (((SECONDS - start) % 30 == 29)); then echo "setup:   ... $((SECONDS - start)) s"; fi
  done
  wait $pid || { tail -n 25 "$log" >&2; fail "failed: $title (whole log: $log)"; }
}
export PATH=$venv/bin:$PATH # the build of mmcv looks for ninja there
pip() { "$venv/bin/python" -m pip --disable-pip-version-check install --no-input "$@"; }
built='^(xtcocotools|(onedl-)?mmcv)==' # against the numpy and the torch that are installed
build() { CFLAGS=-g0 MMCV_WITH_OPS=1 pip --no-build-isolation --no-deps "$@" $(grep -E "$built" "$lock"); }
works() { "$venv/bin/python" -c 'import mmcv.ops, mmdet, mmpose, mmpose_sat' >>"$log" 2>&1; }

rm -f "$venv/.stamp"
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || step '1/4 virtual environment' "$python" -m venv $([ ! -e "$venv/bin" ] || echo --clear) "$venv"
grep -vE "$built|^#|^$" "$lock" > "$venv/wheels.txt"
step '2/4 packages (PyTorch and its CUDA libraries are 4.7 GB; 1 to 3 minutes)' pip --no-deps -r "$venv/wheels.txt"
"$venv/bin/python" -c 'import cv2' >>"$log" 2>&1 || fail "OpenCV does not import, it needs libGL and GLib (Debian: apt-get install libgl1 libglib2.0-0; whole log: $log)"
step '3/4 mmcv and its operators, compiled (5 to 8 minutes on 2 cores, seconds when pip has it cached)' build
# Not an editable install: MMEngine finds configs of 'mmpose_sat::' on the path, but not through its metadata.
printf '%s\n' "$root" "$root/ops" > "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mmpose_sat.pth"
echo 'setup: 4/4 mmpose_sat'
works || step '3/4 again: what pip had cached may be of another torch' build --no-cache-dir --force-reinstall
works || { tail -n 5 "$log" >&2; fail "the installed packages do not import (whole log: $log)"; }
echo "$stamp" > "$venv/.stamp"
