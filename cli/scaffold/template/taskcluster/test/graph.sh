#!/bin/sh
# Makes the graphs for the parameters beside this file and compares the labels of their tasks with what is expected.
#
#   taskcluster/test/graph.sh            shows what differs, and fails then
#   taskcluster/test/graph.sh --update   takes the graphs as what is expected
set -eu
cd "$(dirname "$0")"
: "${TASKGRAPH:=taskgraph}"
if [ "${1-}" = --update ]; then
  "$TASKGRAPH" target-graph --offline --quiet --parameters parameters --output-file 'expected/{params}.txt'
  exit
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$TASKGRAPH" target-graph --offline --quiet --parameters parameters --output-file "$made/{params}.txt"
status=0
for file in "$made"/*.txt; do
  name=$(basename "$file")
  diff -uN --label "$name: expected" --label "$name: made" "expected/$name" "$file" || status=1
done
exit $status
