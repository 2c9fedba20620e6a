"""Numbers of the nRF52 chips, a file each; a board's module `board` imports one as `chip`."""
