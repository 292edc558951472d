from taskgraph.util.caches import CACHES


def support_caches(config, task, taskdesc):
    wanted = task["run"].get("use-caches") or ["checkout"]
    for key, cache in CACHES.items():
        if wanted is True or key in wanted:
            make = cache.get("cache_name", lambda config, task: key)
            taskdesc["worker"].setdefault("caches", []).append({"type": "persistent", "name": make(config, task), "mount-point": "/" + key, "skip-untrusted": False})
            if cache.get("env"):
                taskdesc["worker"].setdefault("env", {})[cache["env"]] = "/" + key
