"""What goes wrong with a backup, in words for whoever runs the command."""


class BackupError(Exception):
    """A backup can't be made, read or restored; the message says what to do."""
