"""A small pack about people: who inspects whom, who signs with whom, and who hears an objection."""

from __future__ import annotations

from textwrap import dedent

CAMPAIGN = dedent("""
    campaign: checks
    prefix: CK
    label: {zh: 互查, en: Checks}
    basis: {document: 试发1号, decided_by: bureau, on: 2026-01-01}
    tracks: {service: {zh: 服务保障, en: Service}}
    units:
      bureau: {kind: bureau, label: {zh: 局, en: Bureau}}
      regions:
        kind: region
        in: bureau
        members: {east: {zh: 东区, en: East}, west: {zh: 西区, en: West}}
      east_station: {kind: station, in: east, label: {zh: 东区服务站, en: East station}}
    milestones: {start: 2026-03-02, end: 2026-12-31}
""").lstrip()

CROSS_CHECK = dedent("""
    task: cross_check
    label: {zh: 互查, en: Cross-check}
    parties: {checked: region, checker: region}
    deadline: given
    opened_by: planner
    roles:
      planner: {label: {zh: 计划员, en: Planner}, is: planner at bureau}
      supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau, else: planner}
      leader: {label: {zh: 互查方领导, en: Leader}, is: leader at checker, else: planner}
      head: {label: {zh: 被查方领导, en: Head}, is: leader at checked, else: planner}
      inspector: {label: {zh: 互查组, en: Inspectors}, is: team at checker, min: 2,
        recused: interest in checked, term: 60 days, else: leader}
    facts:
      scope: {type: text, label: {zh: 范围, en: Scope}}
      score: {type: number, min: 0, max: 100, label: {zh: 得分, en: Score}}
    lists:
      problems: {label: {zh: 问题, en: Problems}, columns: {what: text}}
    states:
      named: {label: {zh: 待组队, en: To be staffed}, waits_for: leader, within: 5 workdays}
      on_site: {label: {zh: 检查中, en: On site}, waits_for: inspector}
      fed_back: {label: {zh: 已反馈, en: Fed back}, waits_for: head}
      closed: {label: {zh: 已办结, en: Closed}, final: accepted}
      withdrawn: {label: {zh: 已撤销, en: Withdrawn}, final: abandoned}
    transitions:
      staff: {label: {zh: 组队, en: Staff}, from: named, to: on_site, by: leader, asks: inspector}
      restaff: {label: {zh: 换人, en: Staff anew}, from: on_site, by: leader, asks: inspector}
      note: {label: {zh: 记录, en: Note}, from: on_site, by: inspector, asks: [scope, problems]}
      conclude: {label: {zh: 作结论, en: Conclude}, from: on_site, to: fed_back, by: inspector, quorum: 2,
        asks: score}
      accept: {label: {zh: 认可, en: Accept}, from: fed_back, to: closed, by: head}
      object: {label: {zh: 提出异议, en: Object}, from: fed_back, by: head, asks: reason, opens: objection}
      withdraw: {label: {zh: 撤销, en: Withdraw}, from: any open, to: withdrawn, by: planner, asks: reason}
""").lstrip()

OBJECTION = dedent("""
    task: objection
    label: {zh: 异议, en: Objection}
    parties: {unit: region}
    deadline: 30 days after opened
    roles:
      judge: {label: {zh: 复核人, en: Judge}, is: supervisor at bureau, else: planner}
      planner: {label: {zh: 计划员, en: Planner}, is: planner at bureau, else: bureau_leader}
      bureau_leader: {label: {zh: 局领导, en: Bureau leader}, is: leader at bureau}
    states:
      heard: {label: {zh: 复核中, en: Heard}, waits_for: judge, within: 30 days}
      upheld: {label: {zh: 成立, en: Upheld}, final: accepted}
      dismissed: {label: {zh: 不成立, en: Dismissed}, final: abandoned}
    transitions:
      uphold: {label: {zh: 成立, en: Uphold}, from: heard, to: upheld, by: judge, asks: reason,
        not_by: anyone of the parent}
      dismiss: {label: {zh: 驳回, en: Dismiss}, from: heard, to: dismissed, by: judge, asks: reason,
        not_by: anyone of the parent}
""").lstrip()

ERRAND = dedent("""
    task: errand
    label: {zh: 任务, en: Errand}
    parties: {unit: region}
    deadline: 10 workdays after opened
    opened_by: [planner, supervisor]
    roles:
      planner: {label: {zh: 计划员, en: Planner}, is: planner at bureau}
      handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: leader}
      leader: {label: {zh: 领导, en: Leader}, is: leader at unit, else: supervisor}
      supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau, else: planner}
    facts:
      progress: {type: percent, label: {zh: 进度, en: Progress}}
    states:
      working: {label: {zh: 办理中, en: Working}, waits_for: handler}
      submitted: {label: {zh: 待审, en: Submitted}, waits_for: supervisor}
      closed: {label: {zh: 办结, en: Closed}, final: accepted}
    transitions:
      report: {label: {zh: 反馈, en: Report}, from: working, by: handler, asks: progress}
      submit: {label: {zh: 报送, en: Submit}, from: working, to: submitted, by: [handler, leader],
        quorum: all, asks: progress}
      approve: {label: {zh: 销号, en: Approve}, from: submitted, to: closed, by: supervisor, not_by: opened,
        confirmed_by: {role: planner, within: 3 workdays, else: lapse}}
      sign_off: {label: {zh: 会签销号, en: Sign off}, from: submitted, to: closed, by: supervisor, quorum: 2,
        confirmed_by: {role: planner, within: 3 workdays, else: lapse}}
    escalations:
      late: {when: overdue, light: yellow, tells: handler}
""").lstrip()

PEOPLE = dedent("""
    people:
      pan: {name: {zh: 潘某, en: Pan}, posts: planner at bureau}
      su: {name: {zh: 苏某, en: Su}, posts: supervisor at bureau}
      tao: {name: {zh: 陶某, en: Tao}, posts: supervisor at bureau}
      boss: {name: {zh: 鲍某, en: Bao}, posts: leader at bureau}
      east_head: {name: {zh: 董某, en: Dong}, posts: leader at east}
      east_clerk: {name: {zh: 戴某, en: Dai}, posts: handler at east}
      west_head: {name: {zh: 习某, en: Xi}, posts: leader at west}
      an: {name: {zh: 安某, en: An}, posts: handler at west}
      bei: {name: {zh: 贝某, en: Bei}, posts: clerk at west}
      cai: {name: {zh: 蔡某, en: Cai}, posts: [clerk at west, adviser at east_station]}
""").lstrip()

HEARING = {
    "campaign": CAMPAIGN,
    "cross_check": CROSS_CHECK,
    "objection": OBJECTION,
    "errand": ERRAND,
    "people": PEOPLE,
}
