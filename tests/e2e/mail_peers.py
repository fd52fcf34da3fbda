"""Postfix and Dovecot on 127.0.0.1, with everything they need in one temporary folder.

Postfix takes mail by STARTTLS and AUTH (asking Dovecot whether the password is right), knows who has a
mailbox, and hands over to Dovecot by LMTP; Dovecot keeps the boxes, enforces a quota, serves IMAP over TLS.
"""

from __future__ import annotations

import email
import imaplib
import ssl
import subprocess
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from tests.e2e.processes import Program, free_port, until

DOMAIN: Final = "bureau.example"
PASSWORD: Final = "correct-horse"
BOXES: Final = ("duban", "reader", "full", "later", "bounces")
FULL: Final = "full"  # has room for less than a message
LATER: Final = "later"  # Postfix asks to try again

_POSTFIX: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.{domain}
mydomain = {domain}
myorigin = {domain}
mydestination =
mynetworks = 192.0.2.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
recipient_delimiter = +
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_transport = lmtp:unix:{folder}/lmtp
smtpd_tls_cert_file = {folder}/server.pem
smtpd_tls_key_file = {folder}/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
  check_recipient_access texthash:{folder}/later, permit_sasl_authenticated, reject
smtpd_reject_unlisted_recipient = yes
smtputf8_enable = yes
notify_classes =
"""

_MASTER: Final = """
127.0.0.1:{smtp} inet n - n - - smtpd
postlog   unix-dgram n - n - 1 postlogd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
tlsmgr    unix - - n 1000? 1 tlsmgr
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
proxymap  unix - - n - - proxymap
lmtp      unix - - n - - lmtp
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
"""

_DOVECOT: Final = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
passdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
  default_fields = uid=nobody gid=nogroup home={folder}/homes/%n
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=50M
}}
protocol lmtp {{
  mail_plugins = quota
  postmaster_address = postmaster@{domain}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
quota_full_tempfail = no
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailPeers:
    """Where they are."""

    folder: Path
    smtp: int  # STARTTLS
    imaps: int
    authority: Path  # the certificate that their certificates can be checked with

    def mails(self, box: str) -> list[bytes]:
        """What lies in a box, as IMAP gives it."""
        with self.imap(box) as server:
            server.select("INBOX", readonly=True)
            found = server.search(None, "ALL")[1][0].split()
            answers = [server.fetch(number, "(RFC822)")[1][0] for number in found]
        return [answer[1] for answer in answers if isinstance(answer, tuple)]

    def imap(self, box: str) -> imaplib.IMAP4_SSL:
        """A session of that box."""
        context = ssl.create_default_context(cafile=str(self.authority))
        server = imaplib.IMAP4_SSL("localhost", self.imaps, ssl_context=context, timeout=10)
        server.login(box, PASSWORD)
        return server

    def arrived(self, box: str, what: str) -> bytes:
        """The first mail of a box in whose bytes `what` stands, once it is there."""
        wanted = what.encode()
        return until(
            f"a mail with {what} for {box}",
            lambda: next((one for one in self.mails(box) if wanted in one), None),
        )


def parsed(raw: bytes) -> EmailMessage:
    """A mail as a reader's program sees it."""
    message: EmailMessage = email.message_from_bytes(raw, policy=SMTP)
    return message


def write_files(folder: Path) -> MailPeers:
    """Configuration, certificates and boxes, in the folder."""
    peers = MailPeers(folder=folder, smtp=free_port(), imaps=free_port(), authority=folder / "authority.pem")
    words = {"folder": folder, "domain": DOMAIN, "smtp": peers.smtp, "imaps": peers.imaps}
    conf = folder / "postfix"
    for one in (conf, folder / "queue", folder / "data", folder / "dovecot", folder / "homes"):
        one.mkdir(mode=0o755)
    (conf / "main.cf").write_text(_POSTFIX.format(**words))
    (conf / "master.cf").write_text(_MASTER.format(**words))
    (folder / "dovecot.conf").write_text(_DOVECOT.format(**words))
    (folder / "boxes").write_text("".join(f"{one}@{DOMAIN} {one}\n" for one in BOXES))
    (folder / "later").write_text(f"{LATER}@{DOMAIN} 450 4.7.1 not now\n")
    (folder / "users").write_text("".join(_user(one) for one in BOXES))
    (folder / "users").chmod(0o644)
    _own(folder)
    certificates(folder)
    return peers


def _user(name: str) -> str:
    extra = "userdb_quota_rule=*:storage=1k" if name == FULL else ""
    return f"{name}:{{PLAIN}}{PASSWORD}::::::{extra}\n"


def _own(folder: Path) -> None:
    subprocess.run(["chown", "postfix", str(folder / "data")], check=True)
    subprocess.run(["chown", "nobody:nogroup", str(folder / "homes")], check=True)


def certificates(folder: Path) -> None:
    """An authority of a day, and a certificate for localhost that it signed."""
    _openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout authority.key -out authority.pem "
        "-subj /CN=Duban-e2e",
    )
    _openssl(folder, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(
        folder,
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial "
        "-days 2 -extfile names -out server.pem",
    )


def _openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


def start_dovecot(peers: MailPeers) -> Program:
    """Dovecot, answering."""
    command = ["dovecot", "-F", "-c", str(peers.folder / "dovecot.conf")]
    return Program(command, folder=peers.folder, name="dovecot").ready(peers.imaps)


def start_postfix(peers: MailPeers) -> Program:
    """Postfix, answering."""
    conf = str(peers.folder / "postfix")
    subprocess.run(["postfix", "-c", conf, "check"], check=True, capture_output=True, cwd=peers.folder)
    master = peers.folder / "queue" / "pid" / "master.pid"
    command = ["postfix", "-c", conf, "start-fg"]
    return Program(command, folder=peers.folder, name="postfix", pid_file=master).ready(peers.smtp)
