#!/bin/bash
set -e -x
echo "deb http://snapshot.debian.org/archive/debian/$1 bookworm main" > /etc/apt/sources.list
apt-get update
apt-get install -y build-essential clang git ninja-build "python3=$2*" zstd
