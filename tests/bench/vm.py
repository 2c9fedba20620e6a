"""The virtual machine itself: what every other figure is made of."""


def empty():
    pass


def call_empty(rounds):
    call = empty  # a local name: the lookup of a global is not what is measured
    for _ in range(rounds):
        call()


def steps():
    while True:
        yield


def step_generator(rounds):
    send = steps().send
    for _ in range(rounds):
        send(None)


measure("vm.empty_call", call_empty, empty_loop)
measure("vm.generator_step", step_generator, empty_loop)
