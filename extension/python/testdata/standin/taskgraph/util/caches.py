CACHES = {"checkout": {"cache_name": lambda config, task: "checkouts"}, "pip": {"env": "PIP_CACHE_DIR"}}
