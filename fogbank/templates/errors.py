"""What goes wrong with templates."""

from __future__ import annotations


class TemplateError(ValueError):
    """The text is no template, or rendering it failed or took too much. The message is for the API's owner (its execution
    log), never for its clients."""
