"""What can go wrong with our own servers."""


class EmbeddedError(Exception):
    """The embedded servers can't run. The message is one sentence or two, and says what to do."""
