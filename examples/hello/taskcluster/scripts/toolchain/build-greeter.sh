#!/bin/sh
set -e
mkdir -p "$UPLOAD_DIR" greeter
cc -o greeter/greeter "$VCS_PATH/src/greeter.c"
tar -c greeter | zstd > "$UPLOAD_DIR/greeter.tar.zst"
