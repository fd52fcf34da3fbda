"""Small packs for tests: written from text into a folder, and changed a line at a time.

`CAMPAIGN` and `ERRAND` are the smallest pack that may run. `SUPERVISION` is a whole one: the campaign of
the design with its ladder, from self-check to referral.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from workflow.definition import Pack
from workflow.definition.yaml import Problem
from workflow.errors import PackError
from workflow.proof import check_pack

_ROLES = """\
    roles:
      handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: leader}
      leader: {label: {zh: 分管领导, en: Leader}, is: leader at unit, else: supervisor}
      supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau, else: bureau_leader}
      bureau_leader: {label: {zh: 局领导, en: Bureau leader}, is: leader at bureau}
"""


def _text(written: str) -> str:
    return dedent(written.replace("    ROLES\n", _ROLES)).lstrip("\n")


CAMPAIGN = _text("""
    campaign: trial
    prefix: TR
    label: {zh: 试点, en: Trial}
    basis: {document: 试发1号, decided_by: bureau, on: 2026-01-01}
    units:
      bureau: {kind: bureau, label: {zh: 局, en: Bureau}}
      regions:
        kind: region
        in: bureau
        members:
          east: {zh: 东区, en: East}
          west: {zh: 西区, en: West}
    milestones: {start: 2026-03-02, completion: 2026-05-31}
    rounds:
      hand_out: {at: start, opens: {errand: {each: region}}}
""")

ERRAND = _text("""
    task: errand
    label: {zh: 任务, en: Errand}
    parties: {unit: region}
    deadline: campaign completion
    roles:
      handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
      supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
    facts:
      progress: {type: percent, label: {zh: 进度, en: Progress}}
    states:
      open: {label: {zh: 办理中, en: Open}, waits_for: handler}
      closed: {label: {zh: 已销号, en: Closed}, final: accepted}
    transitions:
      report: {label: {zh: 反馈, en: Report}, from: open, by: handler, asks: progress}
      close: {label: {zh: 销号, en: Close}, from: open, to: closed, by: [handler, supervisor]}
    escalations:
      late: {when: overdue, light: yellow, tells: [handler, supervisor]}
""")

PEOPLE = _text("""
    people:
      li: {name: {zh: 李某, en: Li}, posts: supervisor at bureau}
      wang: {name: {zh: 王某, en: Wang}, posts: [handler at east, deputy handler at west]}
""")

_SUPERVISED = _text("""
    campaign: demonstration
    prefix: SFD
    label: {zh: 示范点创建, en: Demonstration}
    basis: {document: 示发〔2026〕1号, decided_by: bureau, on: 2026-03-02}
    zone: Asia/Shanghai
    tracks:
      service: {zh: 服务保障, en: Service}
    units:
      city: {kind: city, label: {zh: 市, en: City}}
      bureau: {kind: bureau, in: city, label: {zh: 局, en: Bureau}}
      regions:
        kind: region
        in: city
        members:
          east: {zh: 东区, en: East}
          west: {zh: 西区, en: West}
      leading_group:
        of each: region
        label: {zh: "{unit}领导小组", en: "{unit} Leading Group"}
    milestones:
      start: 2026-03-02
      self_check: 2026-04-30
      end: 2026-06-30
    defaults: {missed: run once, on_holiday: next workday, again: after 5 workdays}
    rounds:
      hand_out: {at: start, opens: {self_check: {each: region}}, track: service}
      weekly_dispatch: {at: mon 09:00, completes: dispatch}
      special_review: {at: day 1 09:00, completes: special_supervision}
""")


_SELF_CHECK = _text("""
    task: self_check
    label: {zh: 地区自查, en: Self-check}
    basis: 开展各地区自查
    parties: {unit: region}
    deadline: campaign self_check
    plan: {progress: {start: 0, 2026-03-31: 60, deadline: 100}}
    ROLES
    facts:
      progress: {type: percent, label: {zh: 进度, en: Progress}}
      own_score: {type: number, min: 0, max: 100, label: {zh: 自评得分, en: Own score}}
      verified_score: {type: number, min: 0, max: 100, label: {zh: 核定得分, en: Verified score}}
    lists:
      problems: {label: {zh: 问题清单, en: Problems}, columns: {what: text, due: date},
        closed_by: rectification}
    states:
      issued: {label: {zh: 已交办, en: Issued}, waits_for: handler, within: 2 workdays}
      working: {label: {zh: 自查中, en: Checking}, waits_for: handler}
      submitted: {label: {zh: 待审核, en: Under review}, waits_for: supervisor, within: 3 workdays,
        deadline: stopped}
      rectifying:
        label: {zh: 整改中, en: Rectifying}
        deadline: stopped
        opens: {rectification: {each: problems, pass: {what: what, deadline: due}}}
      closed: {label: {zh: 已销号, en: Struck off}, final: accepted}
      withdrawn: {label: {zh: 已撤销, en: Withdrawn}, final: abandoned}
    transitions:
      sign_for: {label: {zh: 签收, en: Sign for}, from: issued, to: working, by: handler}
      report: {label: {zh: 反馈, en: Report}, from: working, by: handler, asks: [progress]}
      extend:
        label: {zh: 申请延期, en: Ask for more time}
        from: working
        by: handler
        when: {not: overdue}
        asks: [until, reason]
        sets: {deadline: until}
        confirmed_by: {role: supervisor, within: 3 workdays, else: lapse, deadline: stopped}
      submit: {label: {zh: 报送, en: Submit}, from: working, to: submitted, by: handler,
        asks: [own_score, problems], evidence: 1}
      review: {label: {zh: 核定, en: Verify}, from: submitted, by: supervisor,
        asks: [verified_score, problems], not_by: submit}
      approve:
        label: {zh: 销号, en: Strike off}
        from: submitted
        to: closed
        by: supervisor
        when: {all: [verified_score >= 80, open problems == 0]}
        not_by: submit
      rectify: {label: {zh: 交办整改, en: Order correction}, from: submitted, to: rectifying,
        by: supervisor, when: open problems > 0}
      rectified: {from: rectifying, to: submitted, after: all rectification ended}
      return: {label: {zh: 退回, en: Return}, from: submitted, to: working, by: supervisor,
        asks: [reason], sets: {deadline: at least 5 workdays}}
      withdraw:
        label: {zh: 撤销, en: Withdraw}
        from: any open
        to: withdrawn
        by: supervisor
        asks: [reason]
        confirmed_by: {role: bureau_leader, within: 3 workdays, else: lapse}
    escalations:
      near: {when: due in 3 workdays, light: blue, tells: handler}
      slow: {when: progress behind plan by 20, light: yellow, proposes: dispatch,
        because: {zh: 推动缓慢, en: slow}}
      silent: {when: nothing reported for 10 workdays, light: yellow, tells: [handler, leader]}
      late: {when: overdue, light: yellow, ladder: lateness, proposes: dispatch}
      very_late: {when: overdue by 3 workdays, light: red, ladder: lateness, opens: special_supervision}
      poor: {when: verified_score < 80, light: red, opens: special_supervision,
        until: special_supervision ended}
      sent_back: {when: return happened 2 times, light: yellow, proposes: dispatch, again: never}
      slow_review: {when: step overdue, in: submitted, tells: [supervisor, bureau_leader]}
""")

_RECTIFICATION = _text("""
    task: rectification
    label: {zh: 整改, en: Rectification}
    parties: {unit: region}
    deadline: given
    ROLES
    facts:
      what: {type: text, label: {zh: 问题, en: Problem}}
      result: {type: text, label: {zh: 结果, en: Result}}
    states:
      issued: {label: {zh: 已交办, en: Issued}, waits_for: handler}
      submitted: {label: {zh: 待核验, en: To be verified}, waits_for: supervisor,
        within: 3 workdays, deadline: stopped}
      closed: {label: {zh: 已销号, en: Struck off}, final: accepted}
    transitions:
      submit: {label: {zh: 报送, en: Submit}, from: issued, to: submitted, by: handler,
        asks: result, evidence: 1}
      approve: {label: {zh: 销号, en: Strike off}, from: submitted, to: closed, by: supervisor,
        not_by: submit}
      return: {label: {zh: 退回, en: Return}, from: submitted, to: issued, by: supervisor, asks: reason}
    escalations:
      late: {when: overdue, light: yellow, proposes: dispatch}
""")

_DISPATCH = _text("""
    task: dispatch
    label: {zh: 工作调度, en: Dispatch}
    parties: {unit: any}
    deadline: none
    ROLES
    facts:
      actions: {type: text, label: {zh: 措施, en: Actions}}
      promised: {type: date, label: {zh: 承诺日期, en: Promised}}
    states:
      drafted: {label: {zh: 草稿, en: Draft}, draft: yes}
      to_sign: {label: {zh: 待签发, en: To sign}, waits_for: supervisor, within: 2 workdays}
      issued: {label: {zh: 已签发, en: Issued}, waits_for: leader, within: 3 workdays}
      answered: {label: {zh: 已答复, en: Answered}, waits_for: supervisor}
      closed: {label: {zh: 已办结, en: Closed}, final: accepted}
      withdrawn: {label: {zh: 已撤销, en: Withdrawn}, final: abandoned}
    transitions:
      completed: {label: {zh: 送签, en: Complete}, from: drafted, to: to_sign, by: supervisor}
      sign: {label: {zh: 签发, en: Sign}, from: to_sign, to: issued, by: [supervisor, bureau_leader]}
      answer: {label: {zh: 答复, en: Answer}, from: issued, to: answered, by: leader,
        asks: [actions, promised]}
      close: {label: {zh: 办结, en: Close}, from: answered, to: closed, by: supervisor, not_by: answer}
    escalations:
      ignored: {when: step overdue by 3 workdays, in: issued, light: red, opens: special_supervision}
      broken_word: {when: promised overdue, in: answered, light: yellow,
        tells: [leader, supervisor], again: every 5 workdays}
""")

_SPECIAL_SUPERVISION = _text("""
    task: special_supervision
    label: {zh: 专题督办, en: Special supervision}
    parties: {unit: any}
    deadline: 15 workdays after opened
    ROLES
    facts:
      exit_met: {type: yes/no, label: {zh: 达到销号条件, en: Exit conditions met}}
      grade: {type: choice, choices: [低, 中, 高], label: {zh: 等级, en: Grade}}
    states:
      drafted: {label: {zh: 草稿, en: Draft}, deadline: stopped, draft: yes}
      to_sign: {label: {zh: 待签发, en: To sign}, waits_for: supervisor, within: 3 workdays,
        deadline: stopped}
      issued: {label: {zh: 督办中, en: Issued}, waits_for: leader, within: 5 workdays}
      answered: {label: {zh: 已答复, en: Answered}, waits_for: supervisor, within: 5 workdays,
        deadline: stopped}
      closed: {label: {zh: 已办结, en: Closed}, final: accepted}
      withdrawn: {label: {zh: 已撤销, en: Withdrawn}, final: abandoned}
    transitions:
      completed: {label: {zh: 送签, en: Complete}, from: drafted, to: to_sign, by: supervisor}
      sign: {label: {zh: 签发, en: Sign}, from: to_sign, to: issued, by: supervisor, asks: grade,
        optional: [reason]}
      answer: {label: {zh: 答复, en: Answer}, from: issued, to: answered, by: leader, evidence: 1}
      review: {label: {zh: 核查, en: Verify}, from: answered, by: supervisor, asks: exit_met,
        not_by: anyone}
      return: {label: {zh: 退回, en: Return}, from: answered, to: back, by: supervisor,
        asks: reason, sets: {exit_met: no}}
      close:
        label: {zh: 办结, en: Close}
        from: answered
        to: closed
        by: supervisor
        when: {any: [exit_met == yes, parent ended]}
    escalations:
      grave: {when: {all: [grade in 中 or 高, step overdue]}, in: issued, light: yellow, tells: leader}
      unanswered: {when: step overdue by 3 workdays, in: issued, light: red, opens: referral}
""")

_REFERRAL = _text("""
    task: referral
    label: {zh: 提请关注, en: Referral}
    parties: {unit: any}
    deadline: month end
    ROLES
      group_leader: {label: {zh: 领导小组, en: Leading group}, is: leader at leading_group of unit,
        else: bureau_leader}
    states:
      referred: {label: {zh: 已提请, en: Referred}, waits_for: group_leader}
      closed: {label: {zh: 已办结, en: Closed}, final: accepted}
    transitions:
      reply: {label: {zh: 答复, en: Reply}, from: referred, to: closed,
        by: [group_leader, supervisor], asks: reason}
    escalations:
      unheard: {when: in state for 20 days, light: red, tells: [supervisor, bureau_leader]}
""")


SUPERVISION = {
    "campaign": _SUPERVISED,
    "people": PEOPLE,
    "self_check": _SELF_CHECK,
    "rectification": _RECTIFICATION,
    "dispatch": _DISPATCH,
    "special_supervision": _SPECIAL_SUPERVISION,
    "referral": _REFERRAL,
}


def write_pack(folder: Path, **files: str) -> Path:
    """Write a pack below `folder` and give its path; what isn't given is `CAMPAIGN` and `ERRAND`.

    Each keyword is a file without `.yaml`. A pack of other kinds than `errand` brings its own campaign.
    """
    own = files if "campaign" in files else {"campaign": CAMPAIGN, "errand": ERRAND, **files}
    path = folder / "pack"
    path.mkdir(parents=True, exist_ok=True)
    for name, text in own.items():
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def small_pack(folder: Path, **files: str) -> Pack:
    """Such a pack, read and proven."""
    return check_pack(write_pack(folder, **files))


def problems_of(path: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with the pack at `path`; nothing if it may run."""
    try:
        check_pack(path)
    except PackError as error:
        return tuple(one for one in error.problems if isinstance(one, Problem))
    return ()


def changed(text: str, old: str, new: str) -> str:
    """The text with one place in it changed, which must be the only one that reads so."""
    assert text.count(old) == 1, f"{text.count(old)} times: {old}"
    return text.replace(old, new)
