"""A console with a notifier behind it: a folder for mail, and a gateway that calls back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.messaging import messages_of
from console.web import Place, create_app
from notifier.content import Wish
from notifier.links import LIFE_MS, mint, new_token
from notifier.settings import Settings, read_settings
from tests.stories.salts import counted_salts
from tests.stories.teller import Story
from workflow.definition import Pack

from .test_console_tasks import QUICK, Browsers
from .test_reading import copied

SITE = "http://127.0.0.1:8080"
SECRET = "the-secret-of-the-gateway"
WRITTEN = """
[site]
url = "{url}"
[manners]
quiet = "21:00-07:30"
[channels.files]
kind = "folder"
folder = "{folder}"
[channels.text]
kind = "http"
url = "https://gateway.example.org/send"
form = {{to = "{{to}}", text = "{{text}}"}}
success = {{status = [200]}}
{callback}
[channels.text.receipt]
reference = "id"
status = "status"
delivered = ["1"]
bounced = ["2"]
items = "reports"
"""
IN_PATH = '[channels.text.callback]\nsecret = "file:{folder}/secret"\n'
IN_HEADER = IN_PATH + 'header = "X-Gateway"\n'


@contextmanager
def copy_of(template: Path, folder: Path, pack: Pack) -> Iterator[Story]:
    """The campaign on its first morning, in a database of its own."""
    _, found = copied(template, folder / "ledger", pack)
    yield found
    found.close()


def settings(folder: Path, *, url: str = SITE, callback: str = IN_PATH) -> Settings:
    """The settings of such a place."""
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    file = folder / "duban.toml"
    written = WRITTEN.format(url=url, folder=folder, callback=callback.format(folder=folder))
    file.write_text(written, encoding="utf-8")
    return read_settings(file)


class Connected(Browsers):
    """Browsers of a console that knows a notifier."""

    def __init__(self, story: Story, own: Settings | None) -> None:
        super().__init__(story)
        self.salts = counted_salts()
        messages = None if own is None else messages_of(story.engine, own, self.salts, self.clock)
        self.app = create_app(
            Place(
                engine=story.engine,
                clock=self.clock,
                randomness=self._random,
                passwords=QUICK,
                messages=messages,
            )
        )

    def link(self, task: int, act: str, who: str, *, life: int = LIFE_MS) -> str:
        """The path of a link that stands in a notice to somebody."""
        token = new_token(self.salts)
        wish = Wish(
            person_id=self.story.person(who),
            task_id=task,
            act=act,
            revision=self.story.task(task).revision,
            delivery_id=1,
        )
        with self.story.port.write("clock") as tx:
            mint(tx, wish, self.story.now, token, life=life)
        return f"/a/{token}"
