#!/bin/bash
# pack.sh DIR: packs a directory for upload.
set -e
tar -C "$(dirname "$1")" -cf - "$(basename "$1")" | zstd -19 -T0 > "$UPLOAD_DIR/$(basename "$1").tar.zst"
