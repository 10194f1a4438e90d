"""Domain, rules and examples fit together, and the conversations in tests/conversations go as they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rasa.shared.core.domain import Domain

PRODUCT_INTENTS = """
classify_photos teach_category parse_order list_orders best_courier plan_routes segment_buyers draft_promotion
recommend_products sales_report stock_report job_status cancel_job export_data undo support_report
order_status cancel_order change_order change_address return_item exchange_item refund_status ask_product ask_shipping
ask_payment ask_return_policy ask_store_info ask_discount request_invoice recommend_me report_problem complain ask_human
place_order greet goodbye thank affirm deny help why bot_challenge cancel chitchat nlu_fallback
""".split()
PRODUCT_ENTITIES = (
    "order_number product category quantity period segment discount courier place buyer".split()
)


def test_domain_has_the_fixed_names():
    """All intents and entities of the design are declared."""
    domain = Domain.load("domain.yml")
    assert set(PRODUCT_INTENTS) <= set(domain.intents)
    assert set(PRODUCT_ENTITIES) <= set(domain.entities)


def test_data_validates():
    """`data validate` finds nothing but the one intent that is never typed."""
    done = subprocess.run(
        [sys.executable, "-m", "nlu", "data", "validate", "--data", "data/nlu", "data/rules"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    warnings = [line for line in (done.stdout + done.stderr).splitlines() if "UserWarning" in line]
    assert [line for line in warnings if "'inform_choice'" not in line] == []


def test_conversations(model: Path, tmp_path: Path):
    """Every story of tests/conversations ends as written."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nlu", "test", "core", "--model", str(model)),
            *(
                "--stories",
                "tests/conversations",
                "--out",
                str(tmp_path),
                "--no-plot",
                "--fail-on-prediction-errors",
            ),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (
        not (tmp_path / "failed_test_stories.yml").exists()
        or "None of the test stories failed" in (tmp_path / "failed_test_stories.yml").read_text()
    )
