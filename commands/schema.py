"""The schema."""

from .arguments import command, group

app = group()


@command(app, "JSON Schema。", "The JSON Schema.")
def schema() -> None:
    pass
