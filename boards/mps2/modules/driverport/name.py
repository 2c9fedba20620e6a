"""The name of the board, in messages."""

NAME = "mps2"
