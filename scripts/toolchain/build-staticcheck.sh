#!/bin/bash
# Builds staticcheck from the source that the fetch task staticcheck downloaded.
set -euxo pipefail

out="$PWD/staticcheck"
mkdir -p "$out" "$UPLOAD_DIR"
cd "$MOZ_FETCHES_DIR/go-tools"
CGO_ENABLED=0 go build -trimpath -o "$out/staticcheck" ./cmd/staticcheck
cd "$out/.."
tar -c staticcheck | zstd > "$UPLOAD_DIR/staticcheck.tar.zst"
