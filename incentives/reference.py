"""What the bank pays from the first day: the bounties of domain section 6 and the split table of section 7.

Both are assumptions that the management changes in the application (ASM-7, ASM-8): a new version from a day on, never
another number in an old one.
"""

from __future__ import annotations

from django.db import transaction

from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.models import Bounty, SplitPolicy
from incentives.services.policies import add_shares
from organization.models.versions import FIRST_DAY, PolicyStatus

BOUNTIES = {"PK": 100_00, "JK": 150_00, "BJ": 300_00, "ZS": 600_00, "GWK": 80_00, "CZ": 120_00, "FS": 30_00}  # fen
# Basis points, the same on every path: who performs several roles earns their shares (100 / 50 / 25).
SHARES: dict[str, int] = {
    Performance.REFERRER: 2_500,
    Performance.COLLECTOR: 2_500,
    Performance.CREDIT_CHECK: 1_500,
    Performance.ENTRY: 1_000,
    Performance.TRACKER: 500,
    Performance.AFTER_SALES: 2_000,
}

# What is mostly sold beside the card (深度营销); anything else is typed.
OTHER_PRODUCTS = ("账单分期", "现金分期", "自动还款", "手机银行", "代发工资", "理财产品", "个人消费贷款")


@transaction.atomic
def install_policies() -> dict[str, int]:
    """Adds the first bounties and split table where they are missing, once the products are there; answers how many."""
    priced = Bounty.objects.filter(starts_on=FIRST_DAY, status=PolicyStatus.APPROVED).values("product_id")
    bounties = [
        Bounty(product=product, amount_fen=BOUNTIES[product.code], starts_on=FIRST_DAY, status=PolicyStatus.APPROVED)
        for product in Product.objects.filter(code__in=BOUNTIES).exclude(pk__in=priced)
    ]
    Bounty.objects.bulk_create(bounties)
    policy, is_new = SplitPolicy.objects.get_or_create(
        number=1, defaults={"starts_on": FIRST_DAY, "status": PolicyStatus.APPROVED}
    )
    if is_new:
        add_shares(policy, dict.fromkeys(Path.values, SHARES))
    return {"bounties": len(bounties), "split_policies": int(is_new)}
