#!/bin/bash
set -e -x
. taskcluster/scripts/misc/toolchain-env.sh
cd "$MOZ_FETCHES_DIR"
./configure --prefix="$PWD/sccache" "$@"
make -j"$(nproc)" install
taskcluster/scripts/misc/pack.sh "$PWD/sccache"
