# Sent in front of a case file, on boards and to CPython; runs its test functions one by one, each
# with the core as it is after a reset and a fresh module, and marks what happens.
def _run(file, source, support, names):
    import gc
    import sys

    try:
        import _native as core
    except ImportError:
        import rtos._plaincore as core

    class Support:
        pass

    def mark(event, name):
        print("\x1e" + event + " " + name)

    def attempt(step, *arguments):
        try:
            step(*arguments)
            return True
        except BaseException as error:  # sys.exit() too would end all other tests
            if hasattr(sys, "print_exception"):
                sys.print_exception(error)
            else:
                import traceback

                traceback.print_exc(file=sys.stdout)
            return False

    helpers = {"__name__": "support"}
    for text in support:
        exec(compile(text, "support.py", "exec"), helpers)
    module = Support()
    for key in helpers:
        setattr(module, key, helpers[key])
    sys.modules["support"] = module

    code = compile(source, file, "exec")
    for name in names:
        core.__init__()
        gc.collect()
        mark("start", name)
        space = {"__name__": file[:-3]}
        done = attempt(exec, code, space) and attempt(space[name])
        mark("pass" if done else "fail", name)
    mark("end", "all")
