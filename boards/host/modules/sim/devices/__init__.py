"""Device models that plug onto simulated buses, one file each: sim/devices/<name>.py.

`coil run --board host --i2c tmp105@0x48` finds the class that DEVICE of that file names.
"""
