"""Runs the corpus with the comparison's own program, but masks what it means to mask.

Without the run-task program of the reference, digests of images that hold it differ. The comparison masks them for images
that are named like their directory; an image may also name another directory as its definition.

usage: corpus.py TOOLS --bin BINARY
"""
import glob, os, sys

tools = sys.argv.pop(1)
sys.path.insert(0, tools)
import conform
import yaml

by_directory = conform.images_with_run_task


def images(tree):
    held = set(by_directory(tree))
    out = set(held)
    for file in glob.glob(tree + "/taskcluster/kinds/*/*.yml"):
        try:
            doc = yaml.safe_load(open(file))
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        tasks = doc.get("tasks", doc) if isinstance(doc, dict) else {}
        for name, task in (tasks.items() if isinstance(tasks, dict) else ()):
            if isinstance(task, dict) and task.get("definition") in held:
                out.add(str(name))
    return sorted(out)


conform.images_with_run_task = images
conform.here = os.path.abspath(tools)
sys.exit(conform.main())
