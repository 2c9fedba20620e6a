"""What stands in a driver port for what the board does not have."""

from errno import EOPNOTSUPP


class lacks:
    """Raises OSError(EOPNOTSUPP) when it is called; `Pwm = lacks("PwmOut")` in a board's table.

    feature: what the board has not, for the message.
    """

    def __init__(self, feature):
        self._feature = feature

    def __repr__(self):
        return "<no %s>" % self._feature

    def __call__(self, *args, **options):
        from driverport import NAME

        raise OSError(EOPNOTSUPP, "%s has no %s" % (NAME, self._feature))
