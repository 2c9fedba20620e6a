# Sent to the board in front of a test file; runs its test functions and marks what happens.
def _run(file, source, names):
    import sys

    def mark(event, name):
        print("\x1e" + event + " " + name)

    def call(test):
        result = test()
        if hasattr(result, "send"):
            import asyncio

            asyncio.run(result)
            asyncio.new_event_loop()

    space = {"__name__": file[:-3]}
    exec(compile(source, file, "exec"), space)
    for name in names:
        mark("start", name)
        try:
            call(space[name])
        except Exception as error:
            sys.print_exception(error)
            mark("fail", name)
        else:
            mark("pass", name)
