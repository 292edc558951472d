#!/bin/bash
set -e -x
. taskcluster/scripts/misc/toolchain-env.sh
cd "$MOZ_FETCHES_DIR"
./configure --prefix="$PWD/wasi-sysroot" "$@"
make -j"$(nproc)" install
taskcluster/scripts/misc/pack.sh "$PWD/wasi-sysroot"
