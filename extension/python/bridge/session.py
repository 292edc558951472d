"""One session: what the kind of one generation, or the phases after the kinds, have the tree's code do."""

import logging
import os
import sys
import traceback
from time import monotonic

from . import reference, values
from .channel import Channel, Closed, dumps

# Outputs are sent when there are this many bytes of them.
ENOUGH = 1 << 16

logger = logging.getLogger("taskgraph.bridge")


class Source:
    """The stubs that come from the other side, a batch at a time, when the tree's code asks for them.

    The next batch is asked for before the tree's code gets the first stub of this one, so that it comes meanwhile.
    """

    def __init__(self, session, stubs, more):
        self.session = session
        self.stubs = stubs
        self.more = more
        self.taken = 0
        self.current = None

    def __iter__(self):
        while True:
            if self.more:
                self.session.ask("stubs")
            for stub in self.stubs:
                self.taken += 1
                self.current = stub
                yield stub
            if not self.more:
                return
            if self.session.source is not self:
                raise RuntimeError("the transform that these stubs were for has ended")
            self.stubs, self.more = self.session.answer()


class Session:
    def __init__(self, sock, world):
        self.channel = Channel(sock)
        self.world = world
        self.objects = values.Objects()
        self.step = self.source = None
        self.asked = False  # whether an answer is on its way
        self.early = None  # the answer that was asked for, where it had to be read before its turn
        self.store = None
        self.config = None
        self.params = None

    # The conversation.

    def need(self, what, *args):
        """Asks the other side for something that only it has, and waits for it."""
        if self.asked:
            self.early = self.receive()
        self.ask(what, *args)
        return values.unpack(self.receive(), self.objects)

    def ask(self, what, *args):
        """Asks the other side for something. It must not have been asked for anything whose answer was not received."""
        self.channel.send("N", values.pack([what, *args], self.objects))
        self.asked = True

    def receive(self):
        letter, payload = self.channel.receive()
        if letter != "D":
            raise Closed()
        self.asked = False
        return payload

    def answer(self):
        """Gives the answer to the last ask."""
        payload, self.early = self.early, None
        if payload is None:
            payload = self.receive()
        return values.unpack(payload, self.objects)

    def serve(self):
        while True:
            letter, payload = self.channel.receive()
            if letter != "C":
                raise Closed()
            self.step = self.source = None
            try:
                op, *args = values.unpack(payload, self.objects)
                result = getattr(self, "do_" + op.replace("-", "_"))(*args)
                reply = "R", values.pack(result, self.objects)
            except Closed:
                raise
            except BaseException as e:
                reply = "E", dumps(self.describe(e))
            if self.asked:
                self.receive()  # for code that took no more stubs
            self.early = None
            self.world.flush()
            self.channel.send(*reply)

    def describe(self, e):
        """Gives what the other side reports of an exception."""
        return describe(e, self.world.root_dir, getattr(e, "_taskgraph_step", self.step), self.label())

    def label(self):
        stub = self.source.current if self.source else None
        if isinstance(stub, dict):
            for key in ("label", "name"):
                if isinstance(stub.get(key), str):
                    return [key, stub[key]]
        return None

    def send(self, items, source):
        """Sends what a chain of generators makes, in as many frames as it takes."""
        batch, taken, size = [], [], 0
        for item in items:
            # At once: the generator may go on changing what it yielded.
            packed = values.pack(item, self.objects)
            batch.append(packed)
            taken.append(source.taken if source else 0)
            size += len(packed)
            if size >= ENOUGH:
                self.channel.send("O", dumps([batch, taken]))
                batch, taken, size = [], [], 0
        if batch:
            self.channel.send("O", dumps([batch, taken]))

    # Kinds.

    def do_begin(self, params, fast):
        from taskgraph.parameters import Parameters

        from . import tasks

        self.params = None if params is None else Parameters(**params)
        self.store = tasks.Store(self.need)

    def do_kind(self, name, path, write_artifacts):
        self.config = kind_config(self, name, path, write_artifacts)

    def dependencies(self):
        return {t.label: t for t in self.store.get(self.need("deps"))}

    def do_load(self, name):
        import inspect

        loader = self.world.find(name)
        config = self.config
        args = [config.kind, config.path, config.config, config.params, list(config.kind_dependencies_tasks.values())]
        if "write_artifacts" in inspect.signature(loader).parameters:
            args.append(config.write_artifacts)
        self.step = name
        stubs = loader(*args)
        # Read here, as the reference does: before a loader that is a generator has begun.
        self.channel.send("O", dumps([[values.pack([list(config.config.get("transforms") or [])], self.objects)], [-1]]))
        self.send(stubs, None)

    def do_transform(self, names, stubs, more):
        self.source = Source(self, stubs, more)
        items = iter(self.source)
        for name in names:
            transform = self.world.find(name)
            self.step = name
            items = transform(self.config, items)
            if items is None:
                raise Exception("Transform %s is not a generator" % (transform,))
            items = named(name, items)
        self.send(items, self.source)

    def do_run(self, using, implementation, task, description):
        module = reference.run_module()
        self.source = Source(self, [], False)
        self.source.current = task
        entry = module.registry[using][implementation]
        self.step = "%s (run.using %s on %s)" % (place(entry[0]), using, implementation)
        module.configure_taskdesc_for_run(self.config, task, description, implementation)
        return [task, description]

    def do_caches(self, task, description):
        from taskgraph.transforms.run.common import support_caches

        self.source = Source(self, [], False)
        self.source.current = task
        self.step = "%s (caches)" % place(support_caches)
        support_caches(self.config, task, description)
        return [task, description]

    def do_payload(self, implementation, task, definition):
        from taskgraph.util.schema import validate_schema

        entry = self.world.registry("payload")[implementation]
        self.source = Source(self, [], False)
        self.source.current = task
        self.step = "%s (payload builder %s)" % (place(entry.builder), implementation)
        validate_schema(entry.schema, task["worker"], "In task.run %r:" % task.get("label", "?no-label?"))
        entry.builder(self.config, task, definition)
        return [task, definition]

    def do_index(self, name, task):
        builder = self.world.registry("index")[name]
        self.source = Source(self, [], False)
        self.source.current = task
        self.step = "%s (index type %s)" % (place(builder), name)
        return builder(self.config, task)

    def do_group_by(self, name, numbers, arg):
        function = self.world.registry("group-by")[name]
        self.step = "%s (group-by %s)" % (place(function), name)
        tasks = self.store.get(numbers)
        if arg:
            schema = getattr(function, "schema", None)
            if schema:
                from taskgraph.util.schema import validate_schema

                validate_schema(schema, arg[0], "Invalid group-by %s argument" % name)
        groups = function(self.config, tasks, *arg)
        return [[self.store.number(t) for t in group] for group in groups]

    def do_set_name(self, name, numbers, primary, kind):
        function = self.world.registry("set-name")[name]
        self.step = "%s (set-name %s)" % (place(function), name)
        return function(self.config, self.store.get(numbers), self.store.get([primary])[0], kind)

    def do_context(self, name, task):
        function = self.world.registry("context")[name]
        self.source = Source(self, [], False)
        self.source.current = task
        self.step = "%s (task-context from-custom %s)" % (place(function), name)
        return function(self.config, task)

    # Phases after the kinds.

    def graph(self, numbers, edges):
        from . import tasks

        return tasks.graph(self.store.get(numbers), edges)

    def do_select(self, registry, name, numbers):
        function = self.world.registry(registry)[name]
        self.step = "%s (%s %s)" % (place(function), "target task method" if registry == "target" else "filter", name)
        return list(function(self.graph(numbers, False), self.params, self.world.graph_config))

    def do_ask(self, verb, questions):
        """Asks strategies about tasks. Whether a question is asked may depend on the answers to others before it."""
        tasks = self.store.get([q[2] for q in questions])
        strategies = {}
        answers, sent, gone = [], 0, []
        last = monotonic()
        for task, (set_name, name, _, arg, deadline, after) in zip(tasks, questions):
            answer = None
            if all(gone[i] for i in after):
                strategy = strategies.get((set_name, name))
                try:
                    if strategy is None:
                        strategy = strategies[set_name, name] = self.world.strategies(set_name)[name]
                    if verb == "remove":
                        answer = bool(strategy.should_remove_task(task, self.params, arg))
                    else:
                        answer = strategy.should_replace_task(task, self.params, deadline, arg)
                        answer = answer if isinstance(answer, str) else bool(answer)
                except Closed:
                    raise
                except BaseException as e:
                    step = "%s (optimization strategy %s)" % (place(type(strategy)), name)
                    answer = describe(e, self.world.root_dir, step, ["label", task.label])
            gone.append(answer is True or isinstance(answer, str) and answer != "")
            answers.append(answer)
            if monotonic() - last > 0.1:
                # The other side must not think that nothing comes any more.
                self.channel.send("O", values.pack(answers[sent:], self.objects))
                sent, last = len(answers), monotonic()
        return answers[sent:]

    def do_verify(self, phase, place_in_phase, numbers, edges, kinds):
        verification = self.world.verification(phase, place_in_phase)
        function = verification.func
        self.step = "%s (verification of %s)" % (place(function), phase)
        if phase == "initial":
            verification.verify()
        elif phase == "graph_config":
            verification.verify(self.world.graph_config)
        elif phase == "parameters":
            verification.verify(self.params)
        elif phase == "kinds":
            from taskgraph.generator import Kind

            verification.verify({name: Kind(name, path, config, self.world.graph_config) for name, path, config in kinds})
        else:
            verification.verify(self.graph(numbers, edges), self.world.graph_config, self.params)

    def do_morph(self, place_in_list, numbers, label_to_taskid):
        function = self.world.morphs()[place_in_list]
        self.step = "%s (morph)" % place(function)
        before = self.graph(numbers, True)
        given = dict(zip(numbers, self.store.get(numbers)))
        was = {n: repr([getattr(t, f) for f in MORPHED]) for n, t in given.items()}
        by_identity = {id(t): n for n, t in given.items()}
        by_name = {(t.label, t.task_id): n for n, t in given.items()}
        after, _ = function(before, dict(label_to_taskid), self.params, self.world.graph_config)
        changed, added, kept = [], [], set()
        for key, task in after.tasks.items():
            number = by_identity.get(id(task), by_name.get((task.label, task.task_id)))
            if number is None:
                added.append([key, task.kind, task.label, task.description, task.attributes, task.task, task.optimization, task.dependencies])
                continue
            kept.add(number)
            fields = {}
            if repr([getattr(task, f) for f in MORPHED]) != was[number]:
                fields = {f: getattr(task, f) for f in MORPHED}
            if "task" in task.__dict__:
                fields["task"] = task.task
            if fields:
                changed.append([number, fields])
        return [changed, added, [n for n in numbers if n not in kept]]

    def do_decision_parameters(self, name, parameters):
        hook = self.world.find(name)
        self.step = name
        hook(self.world.graph_config, parameters)
        return parameters

    def do_action(self, callback, task_group_id, task_id, input):
        from taskgraph.actions import registry

        self.step = "%s (action %s)" % (place(registry.callbacks[callback]), callback)
        registry.callbacks[callback](self.params, self.world.graph_config, input, task_group_id, task_id)

    def do_action_offer(self, number):
        """Gives what depends on the parameters: whether the action is offered, and for which tasks."""
        action = self.world.actions()[number]
        self.step = "action %s" % action["cb_name"]
        if not action["available"](self.params):
            return None
        context = action["context"]
        return [context(self.params) if callable(context) else context, None]

    def do_action_schema(self, number):
        action = self.world.actions()[number]
        self.step = "action %s" % action["cb_name"]
        schema = action["schema"]
        return schema(graph_config=self.world.graph_config) if callable(schema) else schema

    def do_strategies(self, set_name):
        return {name: getattr(s, "description", name) for name, s in self.world.strategies(set_name).items()}


# What a morph may change of a task, besides its definition.
MORPHED = ("description", "attributes", "optimization", "dependencies", "soft_dependencies", "if_dependencies")


def named(name, items):
    """Passes items on, and notes in an exception which step it comes from."""
    try:
        yield from items
    except (Exception, SystemExit, KeyboardInterrupt) as e:
        if not hasattr(e, "_taskgraph_step"):
            try:
                e._taskgraph_step = name
            except AttributeError:
                pass
        raise


def place(function):
    """Gives the name of a function as errors call it."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or repr(function)
    return "%s:%s" % (module, name) if module else name


def describe(e, root_dir, step, label):
    """Gives an exception as the other side reports it, with the place in the tree that is nearest to it."""
    frames = traceback.extract_tb(e.__traceback__)
    frames = [f for f in frames if not f.filename.startswith("<taskgraph bridge")]
    inside = [f for f in frames if os.path.abspath(f.filename).startswith(root_dir.rstrip("/") + "/")]
    # A syntax error is in the file that it names, not in the one that imports it.
    spot = None
    if isinstance(e, SyntaxError) and e.filename:
        spot = [os.path.abspath(e.filename), e.lineno or 0, ""]
    elif inside or frames:
        f = (inside or frames)[-1]
        spot = [os.path.abspath(f.filename), f.lineno or 0, f.name]
    try:
        message = str(e)
    except Exception:
        message = "an exception whose message cannot be made"
    return [
        type(e).__module__ + "." + type(e).__qualname__,
        message,
        spot,
        step,
        label,
        "".join(traceback.format_exception(type(e), e, e.__traceback__)),
        root_dir,
    ]


def kind_config(session, name, path, write_artifacts):
    """Makes the configuration that the tree's code sees: an object of the reference's class whose tasks, and kind.yml, come when they are
    asked for."""
    from taskgraph.transforms.base import TransformConfig

    class LazyConfig(TransformConfig):
        __slots__ = ()

        def __getattr__(self, attribute):
            if attribute == "kind_dependencies_tasks":
                tasks = session.dependencies()
                self.__dict__["kind_dependencies_tasks"] = tasks
                return tasks
            if attribute == "config":
                self.__dict__["config"] = session.need("config")[0]
                return self.__dict__["config"]
            raise AttributeError("%r object has no attribute %r" % (TransformConfig.__name__, attribute))

        __hash__ = object.__hash__

    LazyConfig.__name__ = TransformConfig.__name__
    LazyConfig.__qualname__ = TransformConfig.__qualname__
    LazyConfig.__module__ = TransformConfig.__module__
    made = LazyConfig.__new__(LazyConfig)
    made.__dict__.update(
        kind=name,
        path=path,
        params=session.params,
        graph_config=session.world.graph_config,
        write_artifacts=write_artifacts,
    )
    return made


def run(sock, world):
    """Serves one session until the other side closes it."""
    try:
        Session(sock, world).serve()
    except Closed:
        pass
    world.flush()
    sys.stdout.flush()
