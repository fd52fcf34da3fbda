"""What can be done with accounts, as their log names it; and what a person is told at the next sign-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from workflow.text import Text

from ..store.logs import Done

ACTS: Final[Mapping[str, Text]] = {
    "signed_in": Text("登录", "signed in"),
    "failed": Text("登录失败", "failed to sign in"),
    "rests": Text("输错次数过多，账号暂停", "too many wrong tries, the account rests"),
    "signed_out": Text("退出", "signed out"),
    "others_ended": Text("退出其他登录", "ended the other sessions"),
    "password_changed": Text("修改密码", "changed the password"),
    "token_made": Text("建立令牌", "made a token"),
    "token_revoked": Text("撤销令牌", "revoked a token"),
    "factor_set": Text("设置动态验证码", "set up codes"),
    "appointed": Text("任命", "appointed"),
    "opened": Text("开通", "opened"),
    "reset": Text("重置密码", "gave a new password"),
    "linked": Text("关联统一身份认证", "linked to the organisation's sign-in"),
    "unlocked": Text("解除暂停", "ended the rest"),
    "closed": Text("关闭", "closed"),
    "factor_asked": Text("提出取消验证码", "asked to take the codes away"),
    "factor_taken": Text("同意取消验证码", "took the codes away"),
}
_TOUCHING: Final = ("reset", "linked", "factor_asked", "factor_taken")


def touched(lines: Sequence[Done]) -> bool:
    """Whether others changed how one comes in, between the last sign-in and the one before.

    Args:
        lines: of the account, the newest first, the last sign-in among them.
    """
    seen = 0
    for one in lines:
        seen += one.act == "signed_in"
        if seen == 2:
            break
        if one.act in _TOUCHING:
            return True
    return False
