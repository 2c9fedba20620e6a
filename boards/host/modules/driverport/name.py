"""The name of the board, in messages."""

NAME = "host"
