"""From reset to the first line of the program, which is here the line below the next one.

The counter starts with the first instructions after reset.  Mounting the file system is included,
the banner is not, and neither are the few hundred instructions of the text in front of this file.
"""

boot_ticks = time.ticks_cpu()
gc.collect()
report("boot.instructions_to_main", instructions=instructions(boot_ticks))
report("boot.ram_at_main", bytes=gc.mem_alloc())
