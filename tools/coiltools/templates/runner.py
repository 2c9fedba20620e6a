# Sent to the board in front of a test file; runs its test functions and marks what happens.
def _run(file, source, names):
    import sys

    def mark(event, name):
        print("\x1e" + event + " " + name)

    def call(test):
        result = test()
        if hasattr(result, "send"):
            import asyncio

            try:
                asyncio.run(result)
            finally:
                asyncio.new_event_loop()

    def attempt(step, argument):
        try:
            step(argument)
            return True
        except BaseException as error:  # sys.exit() too would end all other tests
            sys.print_exception(error)
            return False

    space = {"__name__": file[:-3]}
    if attempt(lambda code: exec(compile(code, file, "exec"), space), source):
        for name in names:
            mark("start", name)
            mark("pass" if attempt(call, space[name]) else "fail", name)
    mark("end", "all")
