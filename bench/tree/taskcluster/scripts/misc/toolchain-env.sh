#!/bin/bash
# Sourced by every toolchain script.
export UPLOAD_DIR=${UPLOAD_DIR:-$HOME/artifacts}
export PATH="$MOZ_FETCHES_DIR/bin:$PATH"
mkdir -p "$UPLOAD_DIR"
