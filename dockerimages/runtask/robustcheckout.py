# This is not the robustcheckout extension of Mercurial. It stands for it where no directory of run-task was given when
# the task graph was generated.
raise SystemExit("robustcheckout: this is a stand-in that cannot check out; generate the graph again with a directory of run-task")
