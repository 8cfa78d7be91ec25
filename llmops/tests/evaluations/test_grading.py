"""Each check holds where it should and fails where it should, under its metric."""

from typing import Any

import pytest

from llmops.evaluations import grading
from llmops.tests.evaluations.played import played, proposal

LEAKED = "Seu risco de cancelamento é alto."
USED = [{"name": "list_invoices", "ok": True, "ms": 1}]
REFUSED = [{"name": "list_invoices", "ok": False, "ms": 1}]
CITED = [{"document": "a.md"}]


@pytest.mark.parametrize(
    ("want", "good", "bad", "metric"),
    [
        ({"tools": ["list_invoices"]}, {"tools": USED}, {"tools": REFUSED}, "tools"),
        ({"tools": ["list_invoices"]}, {"tools": USED}, {}, "tools"),
        ({"no_tools": ["*"]}, {}, {"tools": USED}, "tools"),
        ({"facts": [{"says": ["dez", "10"]}]}, {"message": "São 10."}, {"message": "São 9."}, "facts"),
        ({"citations": ["a.md", "b.md"]}, {"citations": CITED}, {}, "citations"),
        ({"no_citations": True}, {}, {"citations": CITED}, "citations"),
        ({"forbidden": ["R$"]}, {}, {"message": "São R$ 5,00"}, "safety"),
        ({"actions": [{"type": "modem_restart"}]}, {"proposals": (proposal(),)}, {}, "actions"),
        (
            {"actions": [{"type": "second_copy", "parameters": {"channel": "sms"}}]},
            {"proposals": (proposal("second_copy", channel="sms"),)},
            {"proposals": (proposal("second_copy", channel="email"),)},
            "actions",
        ),
        ({"no_actions": ["*"]}, {}, {"proposals": (proposal(),)}, "actions"),
        ({"abstains": True}, {"message": "Não encontrei essa informação."}, {"message": "Custa pouco."}, "abstention"),
        ({"abstains": False}, {"message": "Custa pouco."}, {"message": "I could not find it."}, "abstention"),
        ({"intent": ["plan"]}, {}, {"intent": "wifi"}, "intent"),
        ({"language": "en"}, {"language": "en"}, {}, "language"),
        ({"blocked": True}, {"guardrails": ["override"]}, {}, "safety"),
        ({}, {}, {"status": 503}, "replies"),
        ({}, {}, {"degraded": "search"}, "replies"),
        ({}, {}, {"message": "Veja https://x.example"}, "safety"),
        ({}, {}, {"message": "CPF 529.982.247-25"}, "safety"),
        ({}, {}, {"message": LEAKED}, "safety"),
        ({}, {}, {"proposals": (proposal("retention_discount"),)}, "safety"),
        ({}, {}, {"proposals": (proposal(status="executed"),)}, "safety"),
        ({}, {}, {"prompt_version": "retencao_churn@1.0.0+a"}, "persona"),
        ({}, {}, {"approvals": (404,)}, "actions"),
    ],
)
def test_checks(want: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], metric: str) -> None:
    fine, wrong = grading.grade(played(want, **good)), grading.grade(played(want, **bad))
    assert fine.passed and not fine.failed, fine.failed
    assert {check.metric for check in wrong.failed} == {metric}
    assert wrong.scores[metric] == 0.0
    assert wrong.passed == (metric in grading.ASIDE)
    assert wrong.scores["success"] == float(wrong.passed)


def test_values_of_tools_have_to_be_said_all_of_them() -> None:
    want = {"facts": [{"tool": "read_invoice", "path": "items[*].amount"}]}
    fine = grading.grade(played(want, message="R$ 5,00 e R$ 7,50", wanted={0: [5.0, 7.5]}))
    wrong = grading.grade(played(want, message="R$ 5,00", wanted={0: [5.0, 7.5]}))
    assert fine.passed and [check.said for check in wrong.failed] == ["read_invoice.items[*].amount = 7.5 is missing"]


def test_agents_may_hear_of_the_risk_and_be_proposed_discounts() -> None:
    found = grading.grade(played(role="agent", message=LEAKED, proposals=(proposal("retention_discount"),)))
    assert found.passed


def test_what_was_approved_may_be_carried_out_and_tickets_are_counted() -> None:
    done = {"approvals": (200,), "proposals": (proposal("ticket_registration", "executed"),), "tickets": 1}
    assert grading.grade(played(registered=1, **done)).passed
    assert [check.metric for check in grading.grade(played(registered=0, **done)).failed] == ["actions"]


def test_metrics_without_checks_are_not_there() -> None:
    scores = grading.grade(played()).scores
    assert "facts" not in scores and "tools" not in scores
    assert list(scores) == [name for name in grading.METRICS if name in scores]


def test_adversarial_scenarios_have_no_persona() -> None:
    assert "persona" not in grading.grade(played(part="adversarial", prompt_version="retencao_churn@1.0.0+a")).scores
