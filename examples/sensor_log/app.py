"""A thermometer's readings, on the console and in a ring in an EEPROM; BUTTON1 starts and stops."""

import rtos
from drivers import I2C, DigitalOut, InterruptIn
from drivers.chips import AT24C, TMP105
from ring import Ring

PERIOD_MS = 200
EEPROM_BYTES = 8192

logging = rtos.EventFlags()
readings = rtos.Queue(8)
led = DigitalOut("LED1")


def celsius(steps):
    """Text of a temperature in 1/256 degrees."""
    return "%.2f C" % (steps / 256)


async def watch(button):
    """Each press starts or stops the log."""
    while True:
        await button.wait_for_rising()
        led.toggle()
        if led():
            logging.set(1)
        else:
            logging.clear(1)
        print("log", "on" if led() else "off")


async def sample(sensor):
    """Reads while the log is on; a reading that nobody has room for is dropped."""
    while True:
        await logging.wait_any(1, False)
        try:
            readings.put_nowait(sensor.raw())
        except OSError as error:
            print("no reading:", error)
        await rtos.sleep_ms(PERIOD_MS)


async def write(ring):
    """Takes its time: an EEPROM needs milliseconds for a record."""
    while True:
        steps = await readings.get()
        try:
            print("record %d: %s" % (ring.append(steps), celsius(steps)))
        except OSError as error:
            print("not written:", error)


async def main():
    i2c = I2C()
    try:
        sensor = TMP105(i2c, bits=12)
        sensor.check()
        eeprom = AT24C(i2c, size=EEPROM_BYTES)
        eeprom.check()
    except OSError as error:
        print(error)
        print("the README says how to attach the thermometer and the EEPROM")
        return
    ring = Ring(eeprom)
    newest = ring.newest()
    last = "nothing yet" if newest is None else "last %d: %s" % (newest[0], celsius(newest[1]))
    print("%d of %d records, %s" % (ring.count, ring.places, last))
    async with rtos.TaskGroup() as group:
        group.start(watch, InterruptIn("BUTTON1", debounce_ms=20), priority=rtos.HIGH)
        group.start(sample, sensor)
        group.start(write, ring, priority=rtos.LOW)
        print("press BUTTON1")


rtos.run(main)
