#!/usr/bin/env python
"""Every command of the site. Starts the embedded servers for the command's time where it needs them."""

import os
import sys

WITHOUT_SERVERS = {
    "help", "version", "check", "serve", "test", "collectstatic", "findstatic", "diffsettings",
    "makemessages", "compilemessages", "startapp",
}  # fmt: skip
"""Commands that ask no database, or, as ``serve`` does, see to the servers themselves."""


def needs_servers(arguments: list[str]) -> bool:
    """Say whether the command line asks for a database or Redis."""
    asks_for_words = {"-h", "--help", "--version"} & set(arguments)
    return bool(arguments) and not asks_for_words and arguments[0] not in WITHOUT_SERVERS


def main() -> None:
    """Run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")
    from hospital.environment import ConfigurationError  # noqa: PLC0415  # after the setting

    try:
        run(sys.argv)
    except ConfigurationError as error:
        sys.exit(str(error))


def run(command_line: list[str]) -> None:
    """Run the command, with the servers that it needs and nobody named."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from hospital.addresses import embedded_servers  # noqa: PLC0415
    from hospital.embedded.place import current_place  # noqa: PLC0415
    from hospital.embedded.using import running  # noqa: PLC0415

    if not needs_servers(command_line[1:]):
        execute_from_command_line(command_line)
        return
    with running(current_place(), embedded_servers()):
        execute_from_command_line(command_line)


if __name__ == "__main__":
    main()
