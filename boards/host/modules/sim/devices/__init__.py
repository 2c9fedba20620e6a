"""Device models that plug onto simulated buses, one file each: sim/devices/<name>.py.

`coil run --board host --i2c tmp105@0x48,alert=V5` looks in sim/devices/tmp105.py for

    DEVICE      the class; what follows the address are keyword arguments of its constructor
    OPTIONS     those arguments and what they are: "output" (a pin, of which it gets an open-drain
                sim.wires.Driver), "wire" (a sim.wires.Wire), "int" or "text"

Both are literals: the tools read OPTIONS without running the file.
"""
