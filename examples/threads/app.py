"""Three threads: a sensor that never waits long, a filter that computes, a display that is slow."""

import rtos

readings = rtos.Queue(8)
averages = rtos.Queue(4)


async def sensor():
    for n in range(12):
        await readings.put(n * n % 17)
        await rtos.sleep_ms(10)
    await readings.put(None)


async def average():
    last = []
    while True:
        value = await readings.get()
        if value is None:
            await averages.put(None)
            return
        last = (last + [value])[-4:]
        if len(last) == 4:
            await averages.put(sum(last) / 4)


async def display():
    while True:
        value = await averages.get()
        if value is None:
            return
        print("average", value)
        await rtos.sleep_ms(25)


async def main():
    async with rtos.TaskGroup() as group:
        group.start(sensor, priority=rtos.HIGH)
        group.start(average)
        group.start(display, priority=rtos.LOW)
    print("done")


rtos.run(main)
