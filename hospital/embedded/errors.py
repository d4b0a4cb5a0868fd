"""What can go wrong with our own servers."""

from hospital.environment import ConfigurationError


class EmbeddedError(ConfigurationError):
    """The embedded servers can't run. The message is one sentence or two, and says what to do."""
