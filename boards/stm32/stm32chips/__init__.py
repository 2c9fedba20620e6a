"""Numbers of the STM32 families, a file each; a board's module `board` imports one as `chip`."""
