"""A small campaign in which a region is looked at from four sides, for tests of what is said about values.

Self-check with a checklist, cross-check, inspection with a number and an objection, and the veterans'
review. Where they differ by 15 points the supervisor hears of it and an inspection is proposed.
"""

from __future__ import annotations

from textwrap import dedent


def _text(written: str) -> str:
    return dedent(written).lstrip("\n")


_ROLES = """
        roles:
          handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
          supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
"""

CAMPAIGN = _text("""
    campaign: four_sides
    prefix: FS
    label: {zh: 四方评价, en: Four sides}
    basis: {document: 示发2号, decided_by: bureau, on: 2026-01-01}
    units:
      city: {kind: city, label: {zh: 市, en: City}}
      bureau: {kind: bureau, in: city, label: {zh: 局, en: Bureau}}
      regions:
        kind: region
        in: city
        members:
          east: {zh: 东区, en: East}
          west: {zh: 西区, en: West}
          north: {zh: 北区, en: North}
    milestones: {start: 2026-03-02, completion: 2026-05-31, end: 2026-06-30}
    sources: {self: self_check.own_score, cross: cross_check.score, bureau: inspection.score,
      veterans: review.satisfaction}
    scores: {region: 0.2 self + 0.2 cross + 0.4 bureau + 0.2 veterans}
    escalations:
      they_differ: {of: creation, when: sources differ by 15, light: yellow, tells: supervisor,
        proposes: inspection, because: {zh: 四方评价不一, en: the four differ}}
      late: {when: overdue, light: yellow, tells: supervisor}
    rounds:
      hand_out: {at: start 09:00, opens: {creation: {each: region}, self_check: {each: region},
        cross_check: {each: region}, review: {each: region}}}
      inspections: {at: mon 09:00, completes: inspection}
""")

INDICATORS = _text("""
    version: 2026-1
    chapters: {service: {zh: 服务保障, en: Service}, work: {zh: 就业创业, en: Work}}
    items:
      - {id: "1.1", label: {zh: 服务站, en: Stations}, chapter: service, weight: 3, scored_by: self_check}
      - {id: "1.2", label: {zh: 走访, en: Visits}, chapter: service, weight: 1,
         scored_by: [self_check, inspection]}
      - {id: "2.1", label: {zh: 招聘, en: Job fairs}, chapter: work, weight: 2, scored_by: self_check,
         criterion: {zh: 每季一次, en: once a quarter}}
""")

CREATION = _text(f"""
        task: creation
        label: {{zh: 创建任务, en: Creation task}}
        parties: {{unit: region}}
        deadline: campaign completion
        {_ROLES.strip()}
        states:
          working: {{label: {{zh: 创建中, en: Working}}, waits_for: handler}}
          closed: {{label: {{zh: 已销号, en: Struck off}}, final: accepted}}
        transitions:
          close: {{label: {{zh: 销号, en: Strike off}}, from: working, to: closed, by: [handler, supervisor]}}
""")


def _check(kind: str, zh: str, en: str, fact: str, more: str = "", asks: str = "") -> str:
    facts = f"{fact}: {{type: number, min: 0, max: 100, label: {{zh: 得分, en: Score}}}}"
    return _text(f"""
        task: {kind}
        label: {{zh: {zh}, en: {en}}}
        parties: {{unit: region}}
        deadline: campaign completion
        {_ROLES.strip()}
        facts:
          {facts}
        {more.strip()}
        states:
          working: {{label: {{zh: 评价中, en: Working}}, waits_for: handler}}
          closed: {{label: {{zh: 已办结, en: Closed}}, final: accepted}}
          withdrawn: {{label: {{zh: 已撤销, en: Withdrawn}}, final: abandoned}}
        transitions:
          report: {{label: {{zh: 填报, en: Report}}, from: working, by: handler, asks: {asks or fact}}}
          close: {{label: {{zh: 办结, en: Close}}, from: working, to: closed, by: supervisor}}
          withdraw: {{label: {{zh: 撤销, en: Withdraw}}, from: working, to: withdrawn, by: supervisor}}
    """)


SELF_CHECK = _check(
    "self_check",
    "地区自查",
    "Self-check",
    "own_score",
    more="""lists:
          standards: {label: {zh: 自查标准, en: Standards}, scores: indicators, into: own_score}""",
    asks="standards",
)
CROSS_CHECK = _check("cross_check", "地区互查", "Cross-check", "score")
REVIEW = _check("review", "退役军人评议", "Veterans' review", "satisfaction")

# The review as a vote whose totals are told when it is over.
_BALLOT = """ballot: {from: campaign start, to: campaign completion, invites: sample of 200 per unit,
  at_least: 10, gives: {satisfaction: mean}, returned: returned}
states:"""
BALLOT = (
    REVIEW.replace("states:", _BALLOT)
    .replace("facts:\n", "facts:\n  returned: {type: count, label: {zh: 收回份数, en: Returned}}\n")
    .replace("campaign completion\nroles", "campaign end\nroles")
    .replace(
        "asks: satisfaction}",
        "asks: [returned, satisfaction]}\n"
        "  few: {label: {zh: 收回过少, en: Too few}, from: working, by: handler,\n    asks: returned}",
    )
)

INSPECTION = _text(f"""
        task: inspection
        label: {{zh: 市局督查, en: Inspection}}
        parties: {{unit: region}}
        deadline: 30 days after opened
        {_ROLES.strip()}
        facts:
          score: {{type: number, min: 0, max: 100, label: {{zh: 得分, en: Score}}}}
          first_score: {{type: number, min: 0, max: 100, label: {{zh: 首次得分, en: First score}}}}
        lists:
          findings: {{label: {{zh: 发现, en: Findings}}, columns: {{what: text,
            level: {{type: choice, choices: [minor, major], label: {{zh: 程度, en: Level}}}}}}}}
        states:
          drafted: {{label: {{zh: 草稿, en: Draft}}, draft: yes}}
          on_site: {{label: {{zh: 督查中, en: On site}}, waits_for: supervisor}}
          fed_back: {{label: {{zh: 已反馈, en: Fed back}}, waits_for: handler}}
          correcting: {{label: {{zh: 整改中, en: Correcting}}, waits_for: supervisor,
            opens: {{fix: {{each: findings, where: level == major, pass: {{what: what,
              deadline: campaign end, seen_by: bureau}}}}}}}}
          closed: {{label: {{zh: 已办结, en: Closed}}, final: accepted}}
          dropped: {{label: {{zh: 已作废, en: Dropped}}, final: abandoned}}
        transitions:
          completed: {{label: {{zh: 下达, en: Start}}, from: drafted, to: on_site, by: supervisor,
            number: "督查通〔{{year}}〕{{n}}号"}}
          conclude: {{label: {{zh: 反馈, en: Conclude}}, from: on_site, to: fed_back, by: supervisor,
            asks: [score, findings], sets: {{first_score: score}}}}
          object: {{label: {{zh: 提出异议, en: Object}}, from: fed_back, by: handler, opens: objection}}
          accept: {{label: {{zh: 接受, en: Accept}}, from: fed_back, to: correcting, by: handler}}
          changed: {{label: {{zh: 异议成立, en: Objection upheld}}, from: fed_back, to: correcting,
            after: any objection accepted, sets: {{score: objection.score}}, number: "督查改{{n}}号"}}
          close: {{label: {{zh: 办结, en: Close}}, from: correcting, to: closed, by: supervisor}}
""")

OBJECTION = _check("objection", "异议", "Objection", "score")

FIX = _text(f"""
        task: fix
        label: {{zh: 整改, en: Fix}}
        parties: {{unit: region, seen_by: bureau}}
        deadline: given
        {_ROLES.strip()}
        facts:
          what: {{type: text, label: {{zh: 问题, en: Problem}}}}
        states:
          working: {{label: {{zh: 整改中, en: Working}}, waits_for: handler}}
          closed: {{label: {{zh: 已办结, en: Closed}}, final: accepted}}
        transitions:
          close: {{label: {{zh: 办结, en: Close}}, from: working, to: closed, by: handler}}
""")

ENQUIRY = _text("""
        task: enquiry
        label: {zh: 征询意见, en: Enquiry}
        parties: {office: bureau}
        deadline: none
        roles:
          supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at office}
        states:
          working: {label: {zh: 征询中, en: Working}, waits_for: supervisor}
          closed: {label: {zh: 已办结, en: Closed}, final: accepted}
        transitions:
          send: {label: {zh: 发出, en: Send}, from: working, by: supervisor, opens: {ask: {each: region}}}
          close: {label: {zh: 办结, en: Close}, from: working, to: closed, by: supervisor}
""")

PEOPLE = _text("""
    people:
      li: {name: {zh: 李某, en: Li}, posts: supervisor at bureau}
      wang: {name: {zh: 王某, en: Wang}, posts: handler at east}
      zhao: {name: {zh: 赵某, en: Zhao}, posts: handler at west}
      qian: {name: {zh: 钱某, en: Qian}, posts: handler at north}
""")

FOUR_CHECKS = {
    "campaign": CAMPAIGN,
    "people": PEOPLE,
    "indicators": INDICATORS,
    "creation": CREATION,
    "self_check": SELF_CHECK,
    "cross_check": CROSS_CHECK,
    "inspection": INSPECTION,
    "review": REVIEW,
    "objection": OBJECTION,
    "fix": FIX,
}
