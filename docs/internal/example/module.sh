#!/bin/sh
# Makes the project of an example a module that uses this repository, without asking the network.
set -eu
sed -e 's|^module .*|module example.com/greeter/ci|' "$REPOSITORY/go.mod" | grep -v -e '^tool' -e honnef > go.mod
printf 'require github.com/taskgraph-go/decision v0.0.0\nreplace github.com/taskgraph-go/decision => %s\n' "$REPOSITORY" >> go.mod
cp "$REPOSITORY/go.sum" .
go env -w "GOFLAGS=-mod=mod -ldflags=-w"
